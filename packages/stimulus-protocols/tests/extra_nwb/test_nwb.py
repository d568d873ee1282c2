from __future__ import annotations

import json

import numpy as np
import pynwb
import pytest

from stimulus_protocols import blank, computed, movie, specs
from stimulus_protocols.export import export
from stimulus_protocols.stimuli import Grating, WhiteNoise, in_turn

GRATING = Grating(
    frames=30,
    height=6,
    width=8,
    frame_rate_hz=20,
    spatial_frequency_cpp=0.1,
    temporal_frequency_hz=4,
)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_templates_once_and_indices_for_repeats(tmp_path, channels):
    grating = GRATING.model_copy(update={"channels": channels})
    noise = WhiteNoise(
        frames=4, height=6, width=8, channels=channels, frame_rate_hz=20, frames_per_update=2
    )
    shown = in_turn(grating, noise)
    export(shown, tmp_path / "a.nwb")
    with pynwb.NWBHDF5IO(tmp_path / "a.nwb", "r") as io:
        file = io.read()
        series = file.stimulus["shown"]
        assert series.rate == 20
        pictures = [p.data[:] for p in series.indexed_images.order_of_images.data[:]]
        # The grating repeats after 5 frames, the noise is held for 2.
        assert len(pictures) == 5 + 2
        frames = movie(shown).swapaxes(0, 1)
        for index, frame in zip(series.data[:], frames, strict=True):
            if channels == 3:
                assert (np.moveaxis(pictures[index], -1, 0) == frame).all()
            else:
                assert (pictures[index] == np.concatenate(list(frame), axis=1)).all()
        trials = file.trials.to_dataframe()
        assert trials["stimulus"].tolist() == ["grating", "white_noise"]
        assert trials["start_time"].tolist() == [0, 1.5]
        assert json.loads(trials["parameters"][0])["temporal_frequency_hz"] == 4
        assert specs.from_yaml(file.experiment_description) == shown
    assert not pynwb.validate(path=str(tmp_path / "a.nwb"))


def test_a_part_of_a_timeline(tmp_path):
    timeline = blank(10) >> computed(GRATING) >> blank(5)
    export(timeline, tmp_path / "a.nwb", start=5, stop=20)
    with pynwb.NWBHDF5IO(tmp_path / "a.nwb", "r") as io:
        file = io.read()
        trials = file.trials.to_dataframe()
        assert trials["stimulus"].tolist() == ["blank", "grating"]
        assert trials["start_time"].tolist() == [0.25, 0.5]
        assert trials["stop_time"].tolist() == [0.5, 1.0]
        assert file.stimulus["shown"].starting_time == 0.25
