"""Sessions to loaders for training, validation and testing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader

from neuroai_core.errors import InputError, check_known, strict_arguments
from retina_data.chunks import Chunks, DataPoint
from retina_data.orders import BatchOrder, ChunkOrder
from retina_data.sessions import Session
from retina_data.splits import check_validation_clips, training_stretches, validation_starts

#: Names of splits that a test must not have.
SPLITS = ("train", "validation")


class SessionLoader(DataLoader[DataPoint]):
    """A `torch.utils.data.DataLoader` over the chunks of one session.

    Parameters
    ----------
    dataset
        The chunks.
    batch_size
        Chunks in a batch.
    drop_last
        Whether a last batch that is not full is left out.
    num_workers
        Processes that gather batches. One gather is so quick that 0 is
        fastest unless what follows it is slow.
    """

    def __init__(
        self, dataset: Chunks, *, batch_size: int, drop_last: bool = False, num_workers: int = 0
    ) -> None:
        self.batches = BatchOrder(dataset.order, batch_size, drop_last=drop_last)
        self.chunks = dataset
        super().__init__(
            dataset,
            sampler=self.batches,
            batch_size=None,
            num_workers=num_workers,
        )

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch the next iteration is; otherwise each is the one after the last."""
        self.batches.set_epoch(epoch)

    def normalize(self, inputs: torch.Tensor) -> torch.Tensor:
        """Turn inputs as they are stored into normalised ones, float32, on their device."""
        return self.chunks.stimulus.movie.normalize(inputs)

    def batch(self, epoch: int, step: int) -> DataPoint:
        """Give one batch of any epoch, without those before it."""
        return self.chunks[self.batches.batch(epoch, step)]


@strict_arguments
def session_loaders(
    sessions: Mapping[str, Session],
    *,
    validation_clips: Sequence[int] | Mapping[str, Sequence[int]],
    chunk_size: int = 50,
    batch_size: int = 32,
    seed: int = 0,
    allow_over_boundaries: bool = True,
    normalize_responses: bool = False,
    drop_last: bool = True,
    num_workers: int = 0,
    stored: bool = False,
) -> dict[str, dict[str, SessionLoader]]:
    """Make the loaders of all splits for many sessions.

    Parameters
    ----------
    sessions
        By their names.
    validation_clips
        Clips for validation, the same in all sessions or by session. No frame
        of them reaches a training batch, nor does a chunk cross where one was
        cut out.
    chunk_size
        Frames of a training chunk.
    batch_size
        Chunks in a batch; fewer in the last one if a session has fewer.
    seed
        With epoch and session it decides offsets and order of the chunks.
    allow_over_boundaries
        Whether a training chunk may go on from one clip into the next that
        was really shown after it.
    normalize_responses
        Divide each neuron's responses, of all splits, by their standard
        deviation over the training frames. A neuron that is constant there
        is left as it is.
    drop_last
        Whether a last training batch that is not full is left out, unless it
        is the only one.
    num_workers
        Worker processes of each loader.
    stored
        Give inputs as the movie is stored (8-bit pixels, say); call
        `SessionLoader.normalize` on them where the model is.

    Returns
    -------
    ``{"train": ..., "validation": ..., <test>: ...}``, each a dict from
    session to loader. Batches are `DataPoint`: inputs ``(batch, channels,
    time, height, width)``, targets ``(batch, time, neurons)``. A validation
    batch holds whole clips, a test batch the whole test stimulus.
    """
    if not sessions:
        raise InputError("there are no sessions", key="sessions")
    loaders: dict[str, dict[str, SessionLoader]] = {"train": {}, "validation": {}}
    for name, session in sessions.items():
        clips = validation_clips
        if isinstance(clips, Mapping):
            check_known("session in validation_clips", [name], clips)
            clips = clips[name]
        check_validation_clips(clips, session.clips)
        train = training_stretches(session, clips, over_boundaries=allow_over_boundaries)
        order = ChunkOrder(train, chunk_size=chunk_size, seed=seed, name=name)
        if len(order) == 0:
            raise InputError(
                f"session {name!r} has no stretch as long as a chunk",
                key="chunk_size",
                expected=f"{int((train[:, 1] - train[:, 0]).max())} at most",
                found=chunk_size,
            )
        scale = training_scale(session, train) if normalize_responses else np.float32(1)
        # Time first in memory, as `Chunks` holds them: training and validation share them.
        responses = np.ascontiguousarray((session.responses / scale).T, dtype=np.float32).T
        loaders["train"][name] = SessionLoader(
            Chunks(session.stimulus, responses, order, neurons=session.neurons, stored=stored),
            batch_size=batch_size,
            drop_last=drop_last and len(order) >= batch_size,
            num_workers=num_workers,
        )
        starts = validation_starts(session, clips)
        whole = ChunkOrder(
            np.stack([starts, starts + session.clip_length], axis=1),
            chunk_size=session.clip_length,
            shuffle=False,
        )
        loaders["validation"][name] = SessionLoader(
            Chunks(session.stimulus, responses, whole, neurons=session.neurons, stored=stored),
            batch_size=batch_size,
            num_workers=num_workers,
        )
        for split, loader in _tests(session, scale, num_workers, stored).items():
            loaders.setdefault(split, {})[name] = loader
    return loaders


def training_scale(session: Session, stretches: npt.NDArray[np.int64]) -> npt.NDArray[np.floating]:
    """Give each neuron's standard deviation over the training frames, ``(neurons, 1)``."""
    mask = np.zeros(len(session.stimulus), dtype=bool)
    for first, end in stretches:
        mask[first:end] = True
    sd = session.responses[:, mask].std(axis=1, keepdims=True)
    return np.where(sd > 0, sd, 1)


def _tests(
    session: Session,
    scale: npt.NDArray[np.floating] | np.floating,
    num_workers: int,
    stored: bool,
) -> dict[str, SessionLoader]:
    loaders = {}
    for split, test in session.tests.items():
        if split in SPLITS:
            raise InputError(
                f"a test of session {session.name!r} has the name of another split",
                key=split,
                expected=f"any name but {', '.join(SPLITS)}",
                hint="rename it: it would overwrite the split",
            )
        time = len(test.stimulus)
        order = ChunkOrder(np.array([[0, time]]), chunk_size=time, shuffle=False)
        trials = None if test.trials is None else test.trials / scale
        chunks = Chunks(
            test.stimulus,
            test.responses / scale,
            order,
            trials=trials,
            neurons=session.neurons,
            stored=stored,
        )
        loaders[split] = SessionLoader(chunks, batch_size=1, num_workers=num_workers)
    return loaders
