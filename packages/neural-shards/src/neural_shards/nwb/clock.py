"""When each sample of a series was taken: a rate, or timestamps with gaps and steps back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.stored import pieces, read, shape_of
from neuroai_core import DataError

#: The time of every so many samples is kept, to find a time without reading all of them.
MARK = 4096
#: A step longer than this many median steps is a gap.
GAP = 1.5
#: Samples that are out of place by no more than this many median steps are sorted.
SHUFFLED = 16.0


@dataclass(frozen=True, eq=False)
class Clock:
    """The times of the samples of one series, in stretches without a gap.

    Parameters
    ----------
    n
        Number of samples.
    step_s
        Time from one sample to the next: 1 / rate, or the median.
    segments
        Samples ``[first, stop)`` of each stretch, in the order of time, ``(segments, 2)``.
    spans_s
        Times of the first and the last sample of each stretch, ``(segments, 2)``.
    start_s
        Time of sample 0 where the series has a rate, else None.
    marks_s
        Times of every `MARK`-th sample where the series has timestamps.
    order
        Where samples were out of place: which stored sample is the i-th in time.
    holds
        True for a state that lasts until the next sample, however long that is.
    """

    n: int
    step_s: float
    segments: npt.NDArray[np.int64]
    spans_s: npt.NDArray[np.float64]
    start_s: float | None = None
    marks_s: npt.NDArray[np.float64] | None = None
    order: npt.NDArray[np.int64] | None = None
    holds: bool = False

    @property
    def first_s(self) -> float:
        """Time of the earliest sample."""
        return float(self.spans_s[0, 0])

    @property
    def last_s(self) -> float:
        """Time of the latest sample."""
        return float(self.spans_s[-1, 1])

    @property
    def gaps(self) -> int:
        """Number of gaps."""
        return max(len(self.segments) - 1, 0)

    def times(self, stored: Any, first: int, stop: int) -> npt.NDArray[np.float64]:
        """Give the times of samples ``first .. stop - 1`` in seconds."""
        if self.start_s is not None:
            return self.start_s + np.arange(first, stop, dtype=np.float64) * self.step_s
        if self.order is None:
            return read(stored, first, stop).astype(np.float64)
        rows = self.order[first:stop]
        if len(rows) == 0:
            return np.zeros(0)
        low = int(rows.min())
        return read(stored, low, int(rows.max()) + 1)[rows - low].astype(np.float64)

    def find(self, stored: Any, segment: int, time_s: float) -> int:
        """Give the first sample of a segment that is not before a time (or the segment's end)."""
        first, stop = (int(i) for i in self.segments[segment])
        if self.start_s is not None:
            at = np.ceil((time_s - self.start_s) / self.step_s - 1e-6)
            return int(np.clip(at, first, stop))
        if self.marks_s is None:
            return first
        # Marks inside this segment are in order; those outside need not be.
        low, high = -(-first // MARK), -(-stop // MARK)
        mark = low + int(np.searchsorted(self.marks_s[low:high], time_s))
        a, b = max((mark - 1) * MARK, first), min(mark * MARK + 1, stop)
        return a + int(np.searchsorted(self.times(stored, a, b), time_s))


def regular_clock(n: int, start_s: float, rate_hz: float) -> Clock:
    """Make the clock of `n` samples at a rate.

    Examples
    --------
    >>> clock = regular_clock(100, start_s=2.0, rate_hz=50.0)
    >>> clock.spans_s.tolist(), clock.find(None, 0, 2.03)
    ([[2.0, 3.98]], 2)
    """
    step = 1.0 / rate_hz
    if n == 0:
        return Clock(0, step, np.zeros((0, 2), np.int64), np.zeros((0, 2)), start_s)
    spans = np.array([[start_s, start_s + (n - 1) * step]])
    return Clock(n, step, np.array([[0, n]]), spans, start_s)


def scan_clock(stored: Any, *, name: str, gap: float | None = GAP) -> Clock:
    """Go through timestamps once, in pieces, and find the stretches without a gap.

    Parameters
    ----------
    stored
        Timestamps in seconds, ``(samples,)``.
    name
        What to call the series in an error.
    gap
        A step longer than this many median steps is a gap; None: there are no
        gaps, a value holds until the next.

    Raises
    ------
    DataError
        For a timestamp that is no number, and for a clock that was set back, so that
        two stretches claim the same time.

    Examples
    --------
    >>> clock = scan_clock([0.0, 0.1, 0.2, 0.9, 1.0], name="eye")
    >>> clock.segments.tolist(), clock.gaps
    ([[0, 3], [3, 5]], 1)
    """
    seen = _Seen(name, gap)
    for start, piece in pieces(stored):
        seen.add(start, piece.astype(np.float64, copy=False))
    n = shape_of(stored)[0]
    if n == 0:
        return Clock(0, 0.0, np.zeros((0, 2), np.int64), np.zeros((0, 2)), holds=gap is None)
    segments, spans = seen.stretches(n)
    if seen.longest_back > 0:
        if seen.longest_back <= SHUFFLED * seen.step:
            return _sorted_clock(read(stored), seen.step, gap)
        by_time = np.argsort(spans[:, 0], kind="stable")
        segments, spans = segments[by_time], spans[by_time]
        if (spans[1:, 0] < spans[:-1, 1]).any():
            raise _set_back(segments, spans, seen.longest_back, name)
    marks = np.concatenate(seen.marks)
    return Clock(n, seen.step, segments, spans, marks_s=marks, holds=gap is None)


class _Seen:
    """What is known of timestamps while they are gone through."""

    def __init__(self, name: str, gap: float | None) -> None:
        self.name = name
        self.gap = gap
        self.step = 0.0
        self.longest_back = 0.0
        self.marks: list[npt.NDArray[np.float64]] = []
        self._breaks: list[npt.NDArray[np.int64]] = []
        self._pairs: list[npt.NDArray[np.float64]] = []
        self._first = self._last = np.nan

    def add(self, start: int, times: npt.NDArray[np.float64]) -> None:
        """Take the next piece; `start` is the number of its first sample."""
        if not np.isfinite(times).all():
            lost = start + int(np.flatnonzero(~np.isfinite(times))[0])
            raise DataError("a timestamp is not a number", key=self.name, index=f"sample {lost}")
        if start == 0:
            self._first = self._last = float(times[0])
            forward = np.diff(times)
            forward = forward[forward > 0]
            self.step = float(np.median(forward)) if len(forward) else 0.0
        before = np.append(self._last, times[:-1])
        steps = times - before
        self.longest_back = max(self.longest_back, float(-steps.min()))
        far = np.inf if self.gap is None or self.step == 0 else self.gap * self.step
        apart = np.flatnonzero((steps < 0) | (steps > far))
        self._breaks.append(apart + start)
        self._pairs.append(np.stack([before[apart], times[apart]], axis=1))
        self.marks.append(times[(-start) % MARK :: MARK])
        self._last = float(times[-1])

    def stretches(self, n: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
        """Give the samples and the times of each stretch, in the order of the file."""
        cuts, pairs = np.concatenate(self._breaks), np.concatenate(self._pairs)
        samples = np.concatenate([[0], np.repeat(cuts, 2), [n]])
        times = np.concatenate([[self._first], pairs.ravel(), [self._last]])
        return samples.reshape(-1, 2).astype(np.int64), times.reshape(-1, 2)


def _sorted_clock(times: npt.NDArray[Any], step: float, gap: float | None) -> Clock:
    times = times.astype(np.float64)
    order = np.argsort(times, kind="stable")
    times = times[order]
    far = np.inf if gap is None else gap * step
    cuts = np.flatnonzero(np.diff(times) > far) + 1
    segments = np.stack([np.append(0, cuts), np.append(cuts, len(times))], axis=1)
    spans = np.stack([times[segments[:, 0]], times[segments[:, 1] - 1]], axis=1)
    return Clock(
        len(times),
        step,
        segments.astype(np.int64),
        spans,
        marks_s=times[::MARK],
        order=order,
        holds=gap is None,
    )


def _set_back(
    segments: npt.NDArray[np.int64],
    spans: npt.NDArray[np.float64],
    longest: float,
    name: str,
) -> DataError:
    at = int(np.flatnonzero(spans[1:, 0] < spans[:-1, 1])[0])
    described: Sequence[str] = [
        f"samples {a} to {b - 1} at {s:g} to {e:g} s"
        for (a, b), (s, e) in zip(segments[at : at + 2], spans[at : at + 2], strict=True)
    ]
    return DataError(
        "timestamps go back and claim the same time twice: the clock was set back",
        key=name,
        expected="times that rise, or stretches that do not overlap",
        found="; ".join(described) + f"; the longest step back is {longest:g} s",
        hint="split the series where its clock was set back, or leave it out",
    )
