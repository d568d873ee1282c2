from __future__ import annotations

import numpy as np
import pytest
import torch

from neuroai_core import DataError, InputError
from stimulus_protocols import Noise, Presentation, StimulusProtocolDataLoader, blank, image
from stimulus_protocols.noise import scramble

KINDS = ["gaussian", "uniform", "pink", "phase_scrambled", "salt_and_pepper", "poisson"]


def picture(channels=3, size=48, seed=0):
    draw = np.random.Generator(np.random.PCG64(seed))
    y, x = np.mgrid[:size, :size] / size
    smooth = 0.5 + 0.3 * np.sin(9 * x + 3 * y) * np.cos(5 * y)
    return np.clip(smooth + 0.05 * draw.standard_normal((channels, size, size)), 0, 1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("snr", [0.8, 4.0])
def test_the_stated_ratio(kind, snr):
    shown = picture()
    noise = Noise(kind=kind, snr=snr)
    drawn = np.stack([noise.of(shown, shown, 5, frame) for frame in range(30)])
    assert abs(shown.var() / drawn.var() / snr - 1) < 0.05
    if kind != "salt_and_pepper":
        assert abs(drawn.mean()) < 0.05 * drawn.std() + 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_a_function_of_seed_key_and_frame(kind):
    shown = picture(size=16)
    noise = Noise(kind=kind, snr=2)
    assert (noise.of(shown, shown, 5, 3) == noise.of(shown, shown, 5, 3)).all()
    assert (noise.of(shown, shown, 5, 3) != noise.of(shown, shown, 6, 3)).any()
    assert (noise.of(shown, shown, 5, 3) != noise.of(shown, shown, 5, 4)).any()
    other = Noise(kind=kind, snr=2, seed=1)
    assert (noise.of(shown, shown, 5, 3) != other.of(shown, shown, 5, 3)).any()
    static = Noise(kind=kind, snr=2, dynamics="static")
    assert (static.of(shown, shown, 5, 3) == static.of(shown, shown, 5, 4)).all()


@pytest.mark.parametrize("kind", ["gaussian", "pink"])
def test_correlated_noise_is_correlated_as_it_says(kind):
    shown = picture(channels=1, size=24)
    noise = Noise(kind=kind, snr=1, dynamics="correlated", tau_frames=3)
    drawn = np.stack([noise.of(shown, shown, 0, t).ravel() for t in range(200)])
    assert abs(drawn.var() / shown.var() - 1) < 0.1
    for lag in (1, 2, 4, 8):
        correlation = (drawn[lag:] * drawn[:-lag]).mean() / (drawn**2).mean()
        assert abs(correlation - np.exp(-lag / 3)) < 0.06


def test_scrambling_keeps_the_spectrum_and_the_colours():
    shown = picture()
    scrambled = scramble(shown, np.random.Generator(np.random.PCG64(1)))
    before, after = (abs(np.fft.rfft2(part)) for part in (shown, scrambled))
    inner = (slice(None), slice(1, None), slice(1, -1))
    assert np.allclose(before[inner], after[inner], atol=1e-9)
    assert np.allclose(shown.mean((1, 2)), scrambled.mean((1, 2)))
    assert abs(np.corrcoef(shown.ravel(), scrambled.ravel())[0, 1]) < 0.3
    # The same phases in all channels: their differences are scrambled alike.
    cross = np.fft.rfft2(shown[0]) * np.conj(np.fft.rfft2(shown[1]))
    again = np.fft.rfft2(scrambled[0]) * np.conj(np.fft.rfft2(scrambled[1]))
    assert np.allclose(cross[1:, 1:-1], again[1:, 1:-1], atol=1e-8)


def test_on_a_presentation():
    images = torch.from_numpy(picture()).to(torch.float32)[None].repeat(2, 1, 1, 1)
    table = (blank(2) >> image(3)).table()
    labels = torch.tensor([1, 2])
    clean = Presentation(images, labels, table).materialise()

    def added(**arguments):
        noise = Noise(snr=2, **arguments)
        return Presentation(images, labels, table, noise=noise).materialise() - clean

    everywhere = added()
    # Blanks too have noise, as strong as that of the image.
    assert torch.allclose(everywhere.std(dim=(2, 3, 4)), everywhere.std(), rtol=0.1)
    assert len({float(part.sum()) for part in everywhere.flatten(0, 1)}) == 10
    stimulus = added(where="stimulus")
    assert (stimulus[:, :2] == 0).all()
    assert torch.equal(stimulus[:, 2:], everywhere[:, 2:])
    static = added(dynamics="static")
    assert torch.allclose(static[:, 2], static[:, 4], atol=1e-6)


def test_noise_does_not_depend_on_the_batch():
    data = [(torch.from_numpy(picture(seed=i, size=8)), i) for i in range(5)]

    def run(batch_size):
        loader = StimulusProtocolDataLoader(
            data, image(2), batch_size=batch_size, noise=Noise(snr=1, kind="pink")
        )
        return torch.cat([images for images, _ in loader])

    assert torch.equal(run(1), run(3))


@pytest.mark.parametrize(
    "wrong",
    [
        {"snr": 0},
        {"snr": -1},
        {"snr": float("inf")},
        {"snr": 1, "kind": "gausian"},
        {"snr": 1, "dynamics": "correlated"},
        {"snr": 1, "tau_frames": 3},
        {"snr": 1, "kind": "poisson", "dynamics": "correlated", "tau_frames": 3},
    ],
)
def test_impossible_noise(wrong):
    with pytest.raises(InputError):
        Noise(**wrong)


def test_salt_and_pepper_has_a_limit():
    shown = picture()
    with pytest.raises(DataError, match="so strong"):
        Noise(kind="salt_and_pepper", snr=0.01).of(shown, shown, 0, 0)


def test_an_image_without_contrast_has_no_noise():
    flat = np.full((1, 4, 4), 0.3)
    assert (Noise(snr=1).of(flat, flat, 0, 0) == 0).all()
