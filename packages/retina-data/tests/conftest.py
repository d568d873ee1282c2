"""Small data sets that several test modules read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from retina_data import DataPoint, Movie, Session, Stimulus, Test, hoefling_2024


@pytest.fixture(scope="session", autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep what the tests convert out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("RETINA_DATA_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def hoefling(tmp_path_factory: pytest.TempPathFactory):
    """A folder in the layout of Hoefling 2024 with 16 clips, and what was planted."""
    folder = tmp_path_factory.mktemp("hoefling")
    return folder, hoefling_2024.write_synthetic(folder, seed=3, n_clips=16, n_sessions=2)


@pytest.fixture(scope="session")
def make_session():
    """Make a session whose frames and responses hold their own time: alignment can be read."""

    def make(
        clips=(0, 1, 2, 3),
        clip_length=6,
        breaks=(),
        name="s",
        rest=0,
        neurons=2,
        channels=1,
        test="test",
    ) -> Session:
        unique = max(clips) + 1
        time = len(clips) * clip_length + rest
        frames = np.arange(unique * clip_length + rest, dtype=np.float32)
        movie = Movie(np.broadcast_to(frames[None, :, None, None], (channels, len(frames), 2, 3)))
        order = [c * clip_length + i for c in clips for i in range(clip_length)]
        order += range(unique * clip_length, unique * clip_length + rest)
        responses = np.stack([np.arange(time), np.array(order)] * ((neurons + 1) // 2))
        shown = Stimulus.whole(Movie(np.full((channels, 10, 2, 3), -1, np.float32)))
        return Session(
            name=name,
            stimulus=Stimulus(movie, np.array(order)),
            responses=responses[:neurons].astype(np.float32),
            tests={test: Test(shown, np.full((neurons, 10), -1, np.float32))},
            clips=np.array(clips),
            clip_length=clip_length,
            breaks=breaks,
        )

    return make


@pytest.fixture(scope="session")
def fit_ln():
    """Fit a factorised linear-nonlinear model through a loader; give its receptive fields."""

    def fit(loader, *, lags: int, epochs: int = 30, lr: float = 0.03) -> np.ndarray:
        first: DataPoint = next(iter(loader))
        _, channels, _, height, width = first.inputs.shape
        neurons = first.targets.shape[-1]
        torch.manual_seed(0)
        time = torch.nn.Parameter(torch.full((neurons, lags), 0.1))
        space = torch.nn.Parameter(torch.randn(neurons, channels, height, width) * 0.01)
        gain = torch.nn.Parameter(torch.zeros(neurons, 2))
        optimiser = torch.optim.Adam([time, space, gain], lr=lr)
        for _ in range(epochs):
            for inputs, targets in loader:
                still = torch.einsum("bcthw,nchw->bnt", inputs, space)
                kernel = time.flip(-1)[:, None]
                drive = torch.nn.functional.conv1d(still, kernel, groups=neurons)
                rate = torch.nn.functional.softplus(drive + gain[:, :1]) * gain[:, 1:].exp()
                wanted = targets[:, lags - 1 :].transpose(1, 2)
                loss = ((rate - wanted) ** 2).mean()
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
        return torch.einsum("nt,nchw->ncthw", time, space).detach().numpy()

    return fit


@pytest.fixture(scope="session")
def correlations():
    """Correlate what was found with what was planted, neuron by neuron."""

    def correlate(found: np.ndarray, planted: np.ndarray) -> np.ndarray:
        pairs = zip(found, planted, strict=True)
        return np.array([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs])

    return correlate
