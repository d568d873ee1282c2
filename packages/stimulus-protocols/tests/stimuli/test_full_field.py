from __future__ import annotations

import numpy as np
import pytest

from neuroai_core import InputError
from stimulus_protocols.stimuli import Chirp, ContrastStep, Flash, Flickering

ONE = {"height": 1, "width": 1}


@pytest.mark.parametrize("rate", [20.0, 60.0, 100.0])
def test_the_chirp_second_by_second(rate):
    chirp = Chirp(**ONE, frames=Chirp.frames_at(rate), frame_rate_hz=rate)
    assert chirp.frames == 33 * rate
    trace = chirp.signal()[0, :, 0, 0]
    n = int(rate)

    def part(a, b):
        return trace[a * n : b * n]

    for a, b, level in ((0, 2, -1), (2, 5, 1), (5, 8, -1), (8, 10, 0), (18, 20, 0), (28, 30, 0)):
        assert (part(a, b) == level).all()
    assert (part(30, 33) == -1).all()
    t = np.arange(8 * n) / rate
    # The phase is the integral of a frequency that rises from 0 to 8 Hz in 8 s.
    assert np.allclose(part(10, 18), np.sin(2 * np.pi * t**2 / 2), atol=1e-4)
    assert np.allclose(part(20, 28), t / 8 * np.sin(2 * np.pi * 2 * t), atol=1e-4)


def test_the_chirp_can_begin_at_half_a_hertz():
    chirp = Chirp(**ONE, frames=3300, frame_rate_hz=100.0, start_frequency_hz=0.5)
    t = np.arange(800) / 100
    expected = np.sin(2 * np.pi * (0.5 * t + 7.5 / 16 * t**2))
    assert np.allclose(chirp.signal()[0, 1000:1800, 0, 0], expected, atol=1e-4)


@pytest.mark.parametrize("rate", [10.0, 30.0, 59.94])
def test_a_flash_lasts_as_long_as_it_says(rate):
    flash = Flash(**ONE, frames=int(rate) * 2, frame_rate_hz=rate, onset_s=0.3, duration_s=0.7)
    on = flash.signal()[0, :, 0, 0]
    times = np.arange(flash.frames) / rate
    assert (on == ((times >= 0.3 - 1e-9) & (times < 1.0 - 1e-9))).all()


def test_a_step_stays():
    step = Flash(**ONE, frames=4, frame_rate_hz=2, onset_s=1)
    assert step.signal().ravel().tolist() == [0, 0, 1, 1]


def test_flicker_and_its_contrast_step():
    flicker = Flickering(**ONE, frames=60, frame_rate_hz=60.0, temporal_frequency_hz=5)
    spectrum = abs(np.fft.rfft(flicker.signal().ravel()))
    assert spectrum.argmax() == 5
    assert np.isclose(spectrum[5], 30, atol=1e-3)
    square = flicker.model_copy(update={"waveform": "square"}).signal().ravel()
    assert square.tolist() == ([1.0] * 6 + [-1.0] * 6) * 5
    step = ContrastStep(
        **ONE, frames=120, frame_rate_hz=60.0, temporal_frequency_hz=5, step_s=1, before=0.25
    )
    trace = step.signal().ravel()
    assert np.isclose(trace[:60].std() * np.sqrt(2), 0.25, atol=1e-3)
    assert np.isclose(trace[60:].std() * np.sqrt(2), 1, atol=1e-3)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Chirp(**ONE, frames=5, frame_rate_hz=15),
        lambda: Flickering(**ONE, frames=5, frame_rate_hz=9, temporal_frequency_hz=5),
        lambda: ContrastStep(**ONE, frames=5, frame_rate_hz=9, temporal_frequency_hz=5, step_s=1),
        lambda: Flash(**ONE, frames=5, duration_s=0),
    ],
)
def test_what_the_frames_cannot_show(make):
    with pytest.raises(InputError):
        make()
