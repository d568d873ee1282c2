"""What holds for every stimulus."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroai_core import InputError, UnknownArgumentError
from stimulus_protocols.stimuli import BY_TYPE, Disc


@pytest.mark.parametrize("name", BY_TYPE)
@given(data=st.data())
@settings(max_examples=15)
def test_any_slice_equals_the_slice_of_the_whole(examples, name, data):
    stimulus = data.draw(st.sampled_from(examples[name]))
    start = data.draw(st.integers(0, stimulus.frames))
    stop = data.draw(st.integers(start, stimulus.frames))
    whole = stimulus.render()
    assert whole.dtype == np.float32
    assert whole.shape == stimulus.shape
    assert np.isfinite(whole).all()
    assert (stimulus.render(start, stop) == whole[:, start:stop]).all()


@pytest.mark.parametrize("name", BY_TYPE)
def test_contrast_of_contrast_and_the_mean(examples, name):
    for stimulus in examples[name]:

        def at(contrast, mean=0.5, stimulus=stimulus):
            changed = {"contrast": contrast, "mean": mean, "amplitude": 0.5}
            return stimulus.model_copy(update=changed).render().astype(np.float64)

        for a, b in ((0.5, 0.3), (1.0, -1.0), (0.8, 0.0)):
            assert np.allclose(0.5 + b * (at(a) - 0.5), at(a * b), atol=2e-6)
        assert (at(0.0) == 0.5).all()
        assert np.allclose(at(0.7, mean=0.0) + 0.5, at(0.7), atol=2e-6)


@pytest.mark.parametrize("name", BY_TYPE)
def test_outside_an_aperture_is_exactly_the_mean(examples, name):
    for stimulus in examples[name]:
        seen = stimulus.model_copy(update={"aperture": Disc(radius_px=3.5), "mean": 0.37})
        y, x = np.mgrid[: seen.height, : seen.width]
        outside = np.hypot(x - (seen.width - 1) / 2, y - (seen.height - 1) / 2) > 3.5 + 0.71
        assert (seen.render()[..., outside] == np.float32(0.37)).all()


@pytest.mark.parametrize("name", BY_TYPE)
def test_a_tensor_and_an_array_are_the_same(examples, name):
    for stimulus in examples[name]:
        assert (stimulus.tensor(2, 5).numpy() == stimulus.render(2, 5)).all()


@pytest.mark.parametrize("name", BY_TYPE)
def test_as_data_and_back(examples, name):
    for stimulus in examples[name]:
        again = type(stimulus).model_validate_json(stimulus.model_dump_json())
        assert again == stimulus
        assert (again.render() == stimulus.render()).all()


@pytest.mark.parametrize("name", BY_TYPE)
def test_what_cannot_be_is_refused(examples, name):
    stimulus, kind = examples[name][0], BY_TYPE[name]
    parts = stimulus.model_dump()
    with pytest.raises(UnknownArgumentError, match="did you mean 'contrast'"):
        kind(**parts, contrst=1)
    for wrong in (
        {"frames": 0},
        {"height": -1},
        {"contrast": 2},
        {"mean": 0, "amplitude": None},
        {"frame_rate_hz": 0},
        {"channel_contrasts": (1,)},
        {"channel_contrasts": (1, 1, 1)},
    ):
        with pytest.raises(InputError):
            kind(**(parts | wrong))
    with pytest.raises(InputError):
        stimulus.render(3, 10**6)
