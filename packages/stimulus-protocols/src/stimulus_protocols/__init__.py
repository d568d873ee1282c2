"""What is shown when: timelines over images, and computed stimuli.

- `contrast`: contrast over time, as ramps and flicker.
- `generate`: three stimuli as functions from a shape to an array.
- `loader`, `loaders`: any data set or loader, presented over time.
- `pictures`: frames as GIF and contact sheet.
- `presentation`: a batch of trials, lazy or dense.
- `protocols`: the protocols of the field, as functions that make timelines.
- `stimuli`: computed stimuli.
- `table`: what is shown at every step, as numbers.
- `timeline`: what is shown when, as small values.
"""

from stimulus_protocols.__about__ import __version__
from stimulus_protocols.contrast import Flicker, Ramp
from stimulus_protocols.generate import (
    generate_gratings,
    generate_moving_bar,
    generate_noise_stimulus,
)
from stimulus_protocols.loader import StimulusProtocolDataLoader
from stimulus_protocols.loaders import (
    StimulusContrastDataLoader,
    StimulusDurationDataLoader,
    StimulusIntervalDataLoader,
)
from stimulus_protocols.pictures import write_contact_sheet, write_gif
from stimulus_protocols.presentation import Presentation
from stimulus_protocols.table import FrameTable
from stimulus_protocols.timeline import Between, Choice, Timeline, blank, image

__all__ = [
    "Between",
    "Choice",
    "Flicker",
    "FrameTable",
    "Presentation",
    "Ramp",
    "StimulusContrastDataLoader",
    "StimulusDurationDataLoader",
    "StimulusIntervalDataLoader",
    "StimulusProtocolDataLoader",
    "Timeline",
    "__version__",
    "blank",
    "generate_gratings",
    "generate_moving_bar",
    "generate_noise_stimulus",
    "image",
    "write_contact_sheet",
    "write_gif",
]
