"""Chunks of a session: what was shown and the responses to it, by where they begin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset

from retina_data import buffers
from retina_data.movies import Stimulus
from retina_data.orders import ChunkOrder


class DataPoint(NamedTuple):
    """A sample or a batch: what was shown, and the responses to it.

    ``inputs`` is ``(batch, channels, time, height, width)``, ``targets``
    ``(batch, time, neurons)``; a single sample has no batch axis.
    """

    inputs: torch.Tensor
    targets: torch.Tensor


class Chunks(Dataset[DataPoint]):
    """The chunks of a session that begin at given times.

    Parameters
    ----------
    stimulus
        What was shown.
    responses
        ``(neurons, time)``.
    order
        Where the chunks begin.
    trials
        Single trials of a test, ``(trials, neurons, time)``.
    neurons
        Table of the neurons.
    stored
        Give inputs as the movie is stored, to be normalised on the device.

    Notes
    -----
    ``chunks[i]`` is the `i`-th chunk in its place without an offset;
    ``chunks[starts]``, for an array of first frames, is a batch, gathered at
    once.
    """

    def __init__(
        self,
        stimulus: Stimulus,
        responses: npt.NDArray[np.floating],
        order: ChunkOrder,
        *,
        trials: npt.NDArray[np.floating] | None = None,
        neurons: Mapping[str, npt.NDArray[np.generic]] | None = None,
        stored: bool = False,
    ) -> None:
        self.stored = stored
        self.stimulus = stimulus
        self.order = order
        self.chunk_size = order.chunk_size
        # Time first: a chunk of all neurons lies together.
        self._held = np.ascontiguousarray(responses.T, dtype=np.float32)
        self._within = np.arange(order.chunk_size)
        self.responses = torch.from_numpy(self._held)
        self.test_responses_by_trial = (
            None if trials is None else torch.from_numpy(np.asarray(trials, np.float32))
        )
        self.neurons = dict(neurons or {})

    def __len__(self) -> int:
        return len(self.order)

    def __getitem__(self, starts: int | npt.NDArray[np.integer]) -> DataPoint:
        if isinstance(starts, int | np.integer):
            one = self[self.order.plain[[starts]]]
            return DataPoint(one.inputs[0], one.targets[0])
        inputs = self.stimulus.chunks(starts, self.chunk_size)
        if not self.stored:
            inputs = self.stimulus.movie.normalize(inputs)
        times = starts[:, np.newaxis] + self._within
        targets = buffers.empty((*times.shape, self._held.shape[1]), torch.float32)
        self._held.take(times, axis=0, out=targets.numpy(), mode="clip")
        return DataPoint(inputs, targets)

    @property
    def movies(self) -> torch.Tensor:
        """All that was shown, ``(channels, time, height, width)``; laid out when asked."""
        return self.stimulus.dense()

    @property
    def mean_response(self) -> torch.Tensor:
        """Mean over time of each neuron, ``(neurons,)``."""
        return self.responses.mean(dim=0)
