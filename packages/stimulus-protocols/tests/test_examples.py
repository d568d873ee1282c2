from __future__ import annotations

import pytest
from PIL import Image

from stimulus_protocols import presets, protocols
from stimulus_protocols.examples import example_presets, example_protocols, example_stimuli
from stimulus_protocols.stimuli import BY_TYPE


@pytest.fixture
def stimuli(tmp_path):
    Image.new("L", (80, 60)).save(tmp_path / "a.png")
    return example_stimuli(tmp_path / "a.png", frames=7, height=8, width=10, channels=2)


def test_nothing_is_left_out(stimuli):
    assert {one.model_dump()["type"] for one in stimuli.values()} == set(BY_TYPE)
    assert set(example_presets()) == set(presets.BY_NAME)
    assert len(example_protocols()) >= len(protocols.BY_NAME)


def test_all_have_the_size_that_was_asked_for(stimuli):
    frames = {"Chirp": 990, "In turn": 14}
    for name, one in stimuli.items():
        assert one.shape == (2, frames.get(name, 7), 8, 10), name


def test_a_catch_trial_is_among_those_of_the_example():
    table = example_protocols()["Catch trials"].resolve(0, 0).table()
    shown = (table.source >= 0).reshape(4, 20).any(axis=1)
    assert set(shown.tolist()) == {False, True}
