"""An epoch dealt to ranks and workers in equal steps, and how far it has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import DataError, InputError, check_known, whole_number
from neuroai_core.permutation import LARGEST

Tail = Literal["drop", "pad", "spread"]


@dataclass(frozen=True)
class Stripes:
    """Which positions of an epoch make up which batch of which rank.

    Step `s` of all ranks together is one global batch of
    ``batch_size * world_size`` consecutive positions; rank `r` takes the
    `r`-th part. All ranks make the same number of steps, and the same global
    batches come out for every number of ranks with the same global size (of
    ``"spread"`` all but the last two, which are dealt to the ranks there are).

    Parameters
    ----------
    n
        Positions in the epoch.
    batch_size
        Samples in a batch of one rank.
    rank, world_size
        This rank and how many there are.
    tail
        What is done with the last positions when they do not fill a step:
        ``"drop"`` leaves them out, ``"pad"`` fills the step from the epoch's
        start (see `valid`), ``"spread"`` deals each exactly once in smaller
        batches, none of them empty.
    start
        Positions that were delivered already; the rest is dealt anew, also
        over another number of ranks than before.

    Examples
    --------
    >>> stripes = Stripes(10, batch_size=2, rank=1, world_size=2, tail="spread")
    >>> [stripes.positions(step).tolist() for step in range(stripes.steps)]
    [[2, 3], [6, 7], [9]]
    >>> list(stripes.worker_steps(worker=1, num_workers=2))
    [1]
    """

    n: int
    batch_size: int
    rank: int = 0
    world_size: int = 1
    tail: Tail = "drop"
    start: int = 0

    def __post_init__(self) -> None:
        ranges: dict[str, tuple[int, int | None]] = {
            "n": (0, LARGEST),
            "batch_size": (1, None),
            "world_size": (1, None),
            "rank": (0, self.world_size - 1),
            "start": (0, self.n),
        }
        for key, (least, most) in ranges.items():
            value = whole_number(key, getattr(self, key), least=least, most=most)
            object.__setattr__(self, key, value)
        check_known("tail", [self.tail], get_args(Tail))
        fits = self._left % self.global_batch == 0
        if self.tail == "spread" and not fits and len(self._spread) == 0:
            raise InputError(
                "there are too few samples to give every rank one in every step",
                expected=f"a larger batch size, or {self.world_size} samples at least",
                found=f"{self._left} samples, batch size {self.batch_size}",
                hint="use tail='pad' and leave out what valid() says is a repeat",
            )

    @property
    def global_batch(self) -> int:
        """Positions in a full step of all ranks."""
        return self.batch_size * self.world_size

    @property
    def steps(self) -> int:
        """Batches of every rank from `start` to the epoch's end."""
        full, rest = divmod(self._left, self.global_batch)
        return full + bool(rest and self.tail != "drop")

    @property
    def _left(self) -> int:
        return self.n - self.start

    def positions(self, step: int) -> npt.NDArray[np.int64]:
        """Give the positions of this rank's batch at a step, shape ``(batch,)``."""
        first, size = self._extent(step)
        return (self.start + first + np.arange(size, dtype=np.int64)) % self.n

    def valid(self, step: int) -> npt.NDArray[np.bool_]:
        """Say for each position of a batch whether it is no repeat, shape ``(batch,)``."""
        first, size = self._extent(step)
        return self.start + first + np.arange(size, dtype=np.int64) < self.n

    def delivered(self, steps: int) -> int:
        """Count the positions of the epoch that all ranks have had after so many steps."""
        steps = whole_number("steps", steps, least=0, most=self.steps)
        spread = self._spread
        before = min(steps, self.steps - len(spread)) * self.global_batch
        after = int(spread[: max(steps - (self.steps - len(spread)), 0)].sum())
        return min(self.start + before + after, self.n)

    def worker_steps(self, worker: int, num_workers: int) -> range:
        """Give the steps that a worker prepares: dealt in turn, as torch collects them."""
        num_workers = whole_number("num_workers", num_workers, least=1)
        worker = whole_number("worker", worker, least=0, most=num_workers - 1)
        return range(worker, self.steps, num_workers)

    def _extent(self, step: int) -> tuple[int, int]:
        """Give the first position after `start` and the size of this rank's batch."""
        step = whole_number("step", step, least=0, most=self.steps - 1)
        spread = self._spread
        plain = self.steps - len(spread)
        if step < plain:
            return step * self.global_batch + self.rank * self.batch_size, self.batch_size
        sizes = spread.reshape(-1)
        slot = (step - plain) * self.world_size + self.rank
        return plain * self.global_batch + int(sizes[:slot].sum()), int(sizes[slot])

    @cached_property
    def _spread(self) -> npt.NDArray[np.int64]:
        """Deal the tail evenly: batch sizes by (step, rank), no step where it fits exactly.

        The last step takes what is left over; where that is less than one
        sample a rank, the step before it shares with it.
        """
        rest = self._left % self.global_batch
        if self.tail != "spread" or rest == 0:
            return np.zeros((0, self.world_size), dtype=np.int64)
        steps = 1 if rest >= self.world_size else 2
        total, slots = rest + (steps - 1) * self.global_batch, steps * self.world_size
        if total > self._left or total < slots:
            return np.zeros((0, self.world_size), dtype=np.int64)
        sizes = np.full(slots, total // slots, dtype=np.int64)
        sizes[: total % slots] += 1
        return sizes.reshape(steps, self.world_size)


@dataclass(frozen=True)
class Progress:
    """How far a run has come: all that is needed to go on exactly, by any ranks and workers.

    Parameters
    ----------
    fingerprint
        What identifies the data set; resuming on another is an error.
    n
        Its number of samples.
    seed, epoch
        Which order is under way.
    delivered
        Positions of that epoch that all ranks together have had.

    Examples
    --------
    >>> state = Progress("a1b2", n=100, seed=0, epoch=3, delivered=64).state_dict()
    >>> Progress.from_state(state).delivered
    64
    """

    fingerprint: str
    n: int
    seed: int
    epoch: int = 0
    delivered: int = 0

    #: The version of the state's format.
    VERSION = 1

    def __post_init__(self) -> None:
        ranges: dict[str, tuple[int | None, int | None]] = {
            "n": (0, LARGEST),
            "seed": (None, None),
            "epoch": (0, None),
            "delivered": (0, self.n),
        }
        for key, (least, most) in ranges.items():
            value = whole_number(key, getattr(self, key), least=least, most=most)
            object.__setattr__(self, key, value)

    def state_dict(self) -> dict[str, Any]:
        """Give the state as plain values, ready for JSON."""
        return {"version": self.VERSION, **asdict(self)}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Progress:
        """Read a state back, refusing what is not one.

        Raises
        ------
        DataError
            If the version, the keys, a type or a range are not what `state_dict` gives.
        """
        expected = {
            "version": int,
            **{f.name: str if f.type == "str" else int for f in fields(cls)},
        }
        if set(state) != set(expected) or state["version"] != cls.VERSION:
            raise DataError(
                "this is not a state of this format",
                expected=f"version {cls.VERSION} with {', '.join(sorted(expected))}",
                found=f"version {state.get('version')} with {', '.join(sorted(map(str, state)))}",
            )
        for key, kind in expected.items():
            if type(state[key]) is not kind:
                raise DataError(
                    "a state has a value of the wrong type",
                    key=key,
                    expected=kind.__name__,
                    found=repr(state[key]),
                )
        try:
            return cls(**{key: state[key] for key in expected if key != "version"})
        except InputError as error:
            raise DataError(
                "a state is out of range",
                key=error.key,
                expected=error.expected,
                found=error.found,
            ) from error

    def check(self, *, fingerprint: str, n: int) -> None:
        """Raise `DataError` if the data set is not the one the state was taken on."""
        if (self.fingerprint, self.n) != (fingerprint, n):
            raise DataError(
                "the data set has changed since the state was saved",
                expected=f"{self.n} samples, fingerprint {self.fingerprint}",
                found=f"{n} samples, fingerprint {fingerprint}",
                hint="start anew, or resume on the data set of before",
            )
