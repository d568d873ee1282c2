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

    Space is a sum of slow cosines, for the fields are smooth, turned so that the stimulus is
    white in them. A spike-triggered average gives the start, its first singular vectors, and
    gradient descent goes on from there on filters and a soft rectifier together.
    """

    def cosines(n, count):
        at, wave = torch.arange(n)[:, None] + 0.5, torch.arange(min(n, count))[None, :]
        return torch.cos(torch.pi * at * wave / n)

    def fit(loader, *, lags: int, steps: int = 100) -> np.ndarray:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        _, c, _, h, w = next(iter(loader)).inputs.shape
        counts = (round(10 * n / min(h, w)) for n in (h, w))
        rows, columns = (cosines(n, count) for n, count in zip((h, w), counts, strict=True))

        def coarse(inputs):  # (batch, time, features)
            return (rows.T @ (inputs @ columns)).transpose(1, 2).flatten(2)

        pairs = [(coarse(inputs), targets) for inputs, targets in loader]
        features, targets = (torch.cat(parts) for parts in zip(*pairs, strict=True))
        square = features.flatten(0, 1).T @ features.flatten(0, 1) / features[..., 0].numel()
        values, vectors = torch.linalg.eigh(square)
        shown = values > 0.1 * values.mean()  # directions that the stimulus hardly has tell nothing
        white = (vectors[:, shown] / values[shown].sqrt()).T
        features, wanted = features @ white.T, targets[:, lags - 1 :].transpose(1, 2)
        neurons, length = wanted.shape[1:]

        centred = wanted - wanted.mean(dim=(0, 2), keepdim=True)
        before = [features[:, lags - 1 - lag :][:, :length] for lag in range(lags)]
        sta = torch.stack([torch.einsum("btk,bnt->nk", x, centred) for x in before], dim=1)
        u, _, v = torch.linalg.svd(sta, full_matrices=False)
        time, space = u[:, :, 0].clone(), v[:, 0].clone()
        time *= torch.sign(torch.einsum("nl,nlk,nk->n", time, sta, space))[:, None]
        gain = torch.zeros(neurons, 3)

        def drive():
            still = (features @ space.T).transpose(1, 2)
            return torch.nn.functional.conv1d(still, time.flip(-1)[:, None], groups=neurons)

        gain[:, 0] = -drive().std(dim=(0, 2)).log()
        parameters = [p.requires_grad_() for p in (time, space, gain)]
        moves = [torch.zeros_like(p) for p in parameters]  # torch.optim imports for seconds
        for _ in range(steps):
            unit = drive() * gain[:, :1].exp() + gain[:, 1:2]
            rate = torch.nn.functional.softplus(unit) * gain[:, 2:].exp()
            loss = ((rate - wanted) ** 2).mean(dim=(0, 2)).sum()
            gradients = torch.autograd.grad(loss, parameters)
            with torch.no_grad():
                for p, move, gradient in zip(parameters, moves, gradients, strict=True):
                    p -= 0.03 * move.mul_(0.9).add_(gradient)
        torch.set_num_threads(threads)
        with torch.no_grad():
            maps = (space @ white).reshape(neurons, c, rows.shape[1], columns.shape[1])
            return torch.einsum("nl,nchw->nclhw", time, rows @ maps @ columns.T).numpy()

    return fit


@pytest.fixture(scope="session")
def correlations():
    """Correlate what was found with what was planted, neuron by neuron."""

    def correlate(found: np.ndarray, planted: np.ndarray) -> np.ndarray:
        pairs = zip(found, planted, strict=True)
        return np.array([np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in pairs])

    return correlate
