"""Small data sets that several test modules read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from retina_data import Movie, Session, Stimulus, Test, hoefling_2024


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
    """Fit a factorised linear-nonlinear model through a loader; give its receptive fields.

    Spike-triggered average, its first singular vectors, then gradient descent
    on filters and a soft rectifier together.
    """

    def average(loader, lags, passes):
        total = 0.0
        for _ in range(passes):
            for inputs, targets in loader:
                wanted = targets[:, lags - 1 :] - targets.mean(dim=(0, 1))
                n = wanted.shape[1]
                shifted = [inputs[:, :, lags - 1 - lag :][:, :, :n] for lag in range(lags)]
                rows = [torch.einsum("bcthw,btn->nchw", x, wanted) for x in shifted]
                total = total + torch.stack(rows, dim=1)
        return total  # (neurons, lags, channels, height, width)

    def fit(loader, *, lags: int, passes: int = 1, epochs: int = 2, lr: float = 0.1) -> np.ndarray:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        sta = average(loader, lags, passes)
        u, _, v = torch.linalg.svd(sta.flatten(2), full_matrices=False)
        time, space = u[:, :, 0].clone(), v[:, 0].reshape(len(sta), *sta.shape[2:]).clone()
        sign = torch.sign(torch.einsum("nl,nlchw,nchw->n", time, sta, space))
        time *= sign[:, None]
        gain = torch.zeros(len(sta), 3)

        def drive(inputs):
            still = torch.einsum("bcthw,nchw->bnt", inputs, space)
            return torch.nn.functional.conv1d(still, time.flip(-1)[:, None], groups=len(sta))

        gain[:, 0] = -drive(next(iter(loader)).inputs).std(dim=(0, 2)).log()
        parameters = [p.requires_grad_() for p in (time, space, gain)]
        steps = [torch.zeros_like(p) for p in parameters]  # torch.optim imports for seconds
        for _ in range(epochs):
            for inputs, targets in loader:
                unit = drive(inputs) * gain[:, :1].exp() + gain[:, 1:2]
                rate = torch.nn.functional.softplus(unit) * gain[:, 2:].exp()
                loss = ((rate - targets[:, lags - 1 :].transpose(1, 2)) ** 2).mean()
                gradients = torch.autograd.grad(loss, parameters)
                with torch.no_grad():
                    for p, step, gradient in zip(parameters, steps, gradients, strict=True):
                        p -= lr * step.mul_(0.9).add_(gradient)
        torch.set_num_threads(threads)
        return torch.einsum("nt,nchw->ncthw", time, space).detach().numpy()

    return fit


@pytest.fixture(scope="session")
def correlations():
    """Correlate what was found with what was planted, neuron by neuron."""

    def correlate(found: np.ndarray, planted: np.ndarray) -> np.ndarray:
        pairs = zip(found, planted, strict=True)
        return np.array([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs])

    return correlate
