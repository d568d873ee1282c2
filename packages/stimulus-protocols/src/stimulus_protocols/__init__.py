"""What is shown when: timelines over images, and computed stimuli.

- `contrast`: contrast over time, as ramps and flicker.
- `describe`: what a stimulus or a timeline is, in words.
- `events`: what was shown when, as a table.
- `generate`: three stimuli as functions from a shape to an array.
- `labels`: when labels are asked for, and losses over time.
- `loader`, `loaders`: any data set or loader, presented over time.
- `movie`: timelines of computed stimuli as movies.
- `noise`: noise with a stated signal-to-noise ratio.
- `pictures`: frames as GIF and contact sheet.
- `presets`: stimulus sets of published recordings, by name.
- `presentation`: a batch of trials, lazy or dense.
- `protocols`: the protocols of the field, as functions that make timelines.
- `specs`: stimuli and timelines as YAML or JSON.
- `stimuli`: computed stimuli.
- `table`: what is shown at every step, as numbers.
- `timeline`: what is shown when, as small values.
"""

from stimulus_protocols.__about__ import __version__
from stimulus_protocols.contrast import Flicker, Ramp
from stimulus_protocols.describe import describe
from stimulus_protocols.events import events, write_events
from stimulus_protocols.generate import (
    generate_gratings,
    generate_moving_bar,
    generate_noise_stimulus,
)
from stimulus_protocols.labels import LabelPolicy, loss_mask, masked_cross_entropy
from stimulus_protocols.loader import StimulusProtocolDataLoader
from stimulus_protocols.loaders import (
    StimulusContrastDataLoader,
    StimulusDurationDataLoader,
    StimulusIntervalDataLoader,
)
from stimulus_protocols.movie import movie
from stimulus_protocols.noise import Noise
from stimulus_protocols.pictures import write_contact_sheet, write_gif
from stimulus_protocols.presentation import Presentation
from stimulus_protocols.table import FrameTable
from stimulus_protocols.timeline import Between, Choice, Timeline, blank, computed, image

__all__ = [
    "Between",
    "Choice",
    "Flicker",
    "FrameTable",
    "LabelPolicy",
    "Noise",
    "Presentation",
    "Ramp",
    "StimulusContrastDataLoader",
    "StimulusDurationDataLoader",
    "StimulusIntervalDataLoader",
    "StimulusProtocolDataLoader",
    "Timeline",
    "__version__",
    "blank",
    "computed",
    "describe",
    "events",
    "generate_gratings",
    "generate_moving_bar",
    "generate_noise_stimulus",
    "image",
    "loss_mask",
    "masked_cross_entropy",
    "movie",
    "write_contact_sheet",
    "write_events",
    "write_gif",
]
