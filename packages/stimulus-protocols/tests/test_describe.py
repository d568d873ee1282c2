from __future__ import annotations

import pytest

from stimulus_protocols import Between, Choice, Ramp, blank, computed, describe, image
from stimulus_protocols.stimuli import GaussianWindow, Grating, Uniform, in_turn
from stimulus_protocols.timeline import Padded, Segment

SIZE = {"frames": 6, "height": 4, "width": 5}
GRATING = Grating(**SIZE, spatial_frequency_cpp=0.1, aperture=GaussianWindow(sigma_px=2.5))


@pytest.mark.parametrize(
    ("shown", "lines"),
    [
        (
            GRATING,
            ["6 frames (0.2 s, 1 x 4 x 5): "
             "grating(aperture=gaussian(sigma_px=2.5), spatial_frequency_cpp=0.1)"],
        ),
        (
            in_turn(Uniform(**SIZE, mean=0.25), GRATING.model_copy(update={"mean": 0.25})),
            ["12 frames (0.4 s, 1 x 4 x 5): in_turn(mean=0.25)",
             "  6 frames (0.2 s, 1 x 4 x 5): uniform(mean=0.25)",
             "  6 frames (0.2 s, 1 x 4 x 5): "
             "grating(mean=0.25, aperture=gaussian(sigma_px=2.5), spatial_frequency_cpp=0.1)"],
        ),
        (
            blank(Between(low=1, high=3)) >> computed(Uniform(**SIZE)),
            ["9 steps: one after the other", "  1 to 3 steps: blank",
             "  6 steps: uniform, uniform()"],
        ),
        (
            Choice(options=(image(2), blank(2)), weights=(3, 1)),
            ["up to 2 steps: one of, drawn for each trial, weights [3.0, 1.0]",
             "  2 steps: stimulus, image 0", "  2 steps: blank"],
        ),
        (
            Padded(part=image(3, contrast=Ramp(start=0.5, stop=1)) | image(3, item=1), frames=5),
            ["5 steps: padded with blank", "  3 steps: at once",
             "    3 steps: stimulus, image 0, ramp(start=0.5, stop=1)",
             "    3 steps: stimulus, image 1"],
        ),
        (
            Segment(frames=2, item=0, jitter_px=1.5, scrambled=True),
            ["2 steps: segment, image 0, phases scrambled, jitter 1.5 px"],
        ),
    ],
)  # fmt: skip
def test_what_is_said(shown, lines):
    assert describe(shown).splitlines() == lines


def test_of_long_lists_the_beginning_is_shown():
    many = blank(1)
    for frames in range(2, 21):
        many = many >> blank(frames)
    lines = describe(many, most=3).splitlines()
    assert lines[0].startswith("210 steps")
    assert lines[-1] == "  ... and 17 more"
    assert len(lines) == 5
