"""Chunks of a session: where they start in an epoch, and their batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import Dataset, Sampler

from neuroai_core import rng
from neuroai_core.errors import InputError
from neuroai_core.order import EpochOrder
from retina_data import buffers
from retina_data.movies import Stimulus

Starts = npt.NDArray[np.int64]


class DataPoint(NamedTuple):
    """A sample or a batch: what was shown, and the responses to it.

    ``inputs`` is ``(batch, channels, time, height, width)``, ``targets``
    ``(batch, time, neurons)``; a single sample has no batch axis.
    """

    inputs: torch.Tensor
    targets: torch.Tensor


class ChunkOrder:
    """Where the chunks of an epoch begin, and in which order they come.

    Each stretch of `n` frames gives ``n // chunk_size`` chunks. The possible
    starts in it are divided evenly among them, and every epoch each chunk
    begins somewhere in its share, so every frame a chunk could show comes up,
    and the number of chunks stays.

    Parameters
    ----------
    stretches
        ``(stretches, 2)``: first frame and the one after the last.
    chunk_size
        Frames of a chunk.
    seed
        With `name` and the epoch it decides everything.
    name
        The session's name.
    shuffle
        False gives the chunks end to end from each stretch's first frame, in
        their order, in every epoch.
    """

    def __init__(
        self,
        stretches: npt.NDArray[np.int64],
        *,
        chunk_size: int,
        seed: int = 0,
        name: str = "",
        shuffle: bool = True,
    ) -> None:
        lengths = stretches[:, 1] - stretches[:, 0]
        counts = lengths // chunk_size
        chunk = np.repeat(np.arange(len(stretches)), counts)
        place = np.arange(len(chunk)) - np.repeat(np.cumsum(counts) - counts, counts)
        possible, count = (lengths - chunk_size + 1)[chunk], counts[chunk]
        first = stretches[chunk, 0]
        self.chunk_size = chunk_size
        self.seed = seed
        self.name = name
        self.shuffle = shuffle
        self.plain = first + place * chunk_size
        self._low = first + place * possible // np.maximum(count, 1)
        self._width = first + (place + 1) * possible // np.maximum(count, 1) - self._low
        key = int.from_bytes(rng.digest(seed, name, size=7), "little")
        self._order = EpochOrder(len(chunk), seed=key, shuffle=shuffle)

    def __len__(self) -> int:
        return len(self.plain)

    def starts(self, epoch: int) -> Starts:
        """Give the first frame of each chunk of an epoch, in the order they come."""
        if not self.shuffle or not len(self):
            return np.asarray(self.plain, dtype=np.int64)
        order = self._order.indices(epoch, np.arange(len(self)))
        draws = rng.generator(self.seed, self.name, epoch, "offset").random(len(self))
        starts = self._low + (draws * self._width).astype(np.int64)
        return np.asarray(starts[order], dtype=np.int64)


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
        self.responses = torch.from_numpy(np.ascontiguousarray(responses.T, dtype=np.float32))
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
        responses, length = self.responses.numpy(), self.chunk_size
        targets = buffers.empty((len(starts), length, responses.shape[1]), torch.float32)
        times = starts[:, np.newaxis] + np.arange(length)
        np.take(responses, times, axis=0, out=targets.numpy(), mode="clip")
        return DataPoint(inputs, targets)

    @property
    def movies(self) -> torch.Tensor:
        """All that was shown, ``(channels, time, height, width)``; laid out when asked."""
        return self.stimulus.dense()

    @property
    def mean_response(self) -> torch.Tensor:
        """Mean over time of each neuron, ``(neurons,)``."""
        return self.responses.mean(dim=0)


class BatchOrder(Sampler[Starts]):
    """The batches of an epoch, each an array of the first frames of its chunks.

    Going through it once moves on to the next epoch, so a plain loop over
    epochs sees new offsets and a new order each time.

    Parameters
    ----------
    order
        The chunks.
    batch_size
        Chunks in a batch.
    drop_last
        Whether a last batch that is not full is left out.
    """

    def __init__(self, order: ChunkOrder, batch_size: int, *, drop_last: bool) -> None:
        if batch_size < 1:
            raise InputError(
                "a batch is empty", key="batch_size", expected=">= 1", found=batch_size
            )
        self.order = order
        self.size = batch_size
        self.drop_last = drop_last
        self.epoch = 0
        self._latest: tuple[int, Starts] | None = None

    def __len__(self) -> int:
        full, rest = divmod(len(self.order), self.size)
        return full + bool(rest and not self.drop_last)

    def __iter__(self) -> Iterator[Starts]:
        epoch, self.epoch = self.epoch, self.epoch + 1
        for step in range(len(self)):
            yield self.batch(epoch, step)

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next."""
        self.epoch = epoch

    def batch(self, epoch: int, step: int) -> Starts:
        """Give one batch of any epoch."""
        if not 0 <= step < len(self):
            raise InputError("a batch is not there", expected=f"0 to {len(self) - 1}", found=step)
        if self._latest is None or self._latest[0] != epoch:
            self._latest = epoch, self.order.starts(epoch)
        return self._latest[1][step * self.size : (step + 1) * self.size]
