"""One series of a recording: its values in physical units, and when they were taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.clock import GAP, Clock, regular_clock, scan_clock
from neural_shards.nwb.coded import Coded, Happenings, States, words_in
from neural_shards.nwb.stored import dtype_of, read, shape_of
from neural_shards.nwb.video import Film, Frames
from neuroai_core import DataError

#: Types whose samples are states that last until the next one, however long that is.
STATES = {"AnnotationSeries", "IntervalSeries", "IndexSeries"}
#: Types whose integers are codes of a converter, and so stand for a continuous quantity.
MEASURED = {
    "CurrentClampSeries",
    "CurrentClampStimulusSeries",
    "DecompositionSeries",
    "ElectricalSeries",
    "IZeroClampSeries",
    "OptogeneticSeries",
    "RoiResponseSeries",
    "SpatialSeries",
    "SpikeEventSeries",
    "VoltageClampSeries",
    "VoltageClampStimulusSeries",
}


@dataclass(frozen=True, eq=False)
class Series:
    """A series with time on its first axis.

    Parameters
    ----------
    path
        Where it stands in the file: ``"processing/behavior/Position/xy"``.
    neurodata_type
        ``"SpatialSeries"`` and so on.
    unit
        Of the values after conversion.
    data
        What is stored, ``(samples, ...)``; read in slices only.
    timestamps
        What is stored, or None for a rate.
    clock
        When the samples were taken.
    gain, offset
        Stored value times gain plus offset is the value in `unit`; a number, or
        one for each channel.
    channels
        Positions on the second axis that are taken; None takes all.
    words
        What the codes of a series of text stand for.
    """

    path: str
    neurodata_type: str
    unit: str
    data: Any
    timestamps: Any
    clock: Clock
    gain: float | npt.NDArray[np.float64] = 1.0
    offset: float = 0.0
    channels: npt.NDArray[np.int64] | None = None
    words: tuple[str, ...] | None = None

    @property
    def dtype(self) -> np.dtype[Any]:
        """The stored type; of text that of its codes."""
        return dtype_of(self.data)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample after the choice of channels; ``()`` for a plain number."""
        shape = shape_of(self.data)[1:]
        return shape if self.channels is None else (len(self.channels), *shape[1:])

    @property
    def continuous(self) -> bool:
        """Whether values between two samples mean something; states and codes do not."""
        if self.neurodata_type in STATES or self.words is not None or self.dtype.kind == "b":
            return False
        if self.dtype.kind == "f" or self.neurodata_type in MEASURED:
            return True
        return bool(np.any(self.gain != 1.0) or self.offset != 0.0)

    def rows(self, first: int, stop: int) -> npt.NDArray[Any]:
        """Read samples ``first .. stop - 1`` in the order of time, as they are stored."""
        order = self.clock.order
        if order is None or first >= stop:
            values = read(self.data, first, stop)
        else:
            wanted = order[first:stop]
            low = int(wanted.min())
            values = read(self.data, low, int(wanted.max()) + 1)[wanted - low]
        return values if self.channels is None else values[:, self.channels]

    def scaled(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Turn stored values, shape ``(..., *sample_shape)``, into `unit`."""
        gain = self.gain
        if isinstance(gain, np.ndarray):
            gain = gain if self.channels is None else gain[self.channels]
            gain = gain.reshape(-1, *(1,) * (len(self.sample_shape) - 1))
        if np.all(gain == 1.0) and self.offset == 0.0:
            return values
        if values.dtype == np.float16:  # holds neither volts nor large numbers
            values = values.astype(np.float32)
        return np.asarray(values * gain + self.offset)


def read_series(
    stored: Any,
    path: str,
    *,
    films: tuple[Film, ...] = (),
    channels: tuple[int, ...] | None = None,
    gap: float | None = GAP,
    events: bool = False,
) -> Series:
    """Read what a ``TimeSeries`` of pynwb says about itself, and go through its timestamps.

    Parameters
    ----------
    stored
        A ``pynwb.TimeSeries`` or one of its kinds.
    path
        Its path in the file.
    films
        The video files that hold its data, where it has none of its own.
    channels
        Positions on the second axis to take; None takes all.
    gap
        See `scan_clock`; states (annotations, intervals, indices) have no gaps.
    events
        Whether the samples are events of which only the times count.

    Raises
    ------
    DataError
        If the numbers of samples, timestamps and channels do not fit together.
    """
    kind = type(stored).__name__
    data: Any = Frames(films) if films else stored.data
    shape = shape_of(data)
    timestamps = stored.timestamps
    if timestamps is not None:
        _check_length(shape, shape_of(timestamps)[0], path)
    if events:
        return _events(timestamps, kind, shape[0], path)
    clock = _clock_of(stored, timestamps, shape[0], path, None if kind in STATES else gap)
    words = None
    if shape[0] and dtype_of(data).kind == "O":
        words = words_in(data, path)
        data = Coded(data, words)
    elif kind == "IntervalSeries":
        data = States(data)
    _check_electrodes(stored, shape, path)
    return Series(
        path,
        kind,
        str(stored.unit),
        data,
        timestamps,
        clock,
        _gain(stored, shape, path),
        float(_or(getattr(stored, "offset", None), 0.0)),
        _chosen(channels, shape, path),
        words,
    )


def _events(timestamps: Any, kind: str, n: int, path: str) -> Series:
    if timestamps is None:
        raise DataError(
            "a series at a rate has no events to count",
            key=path,
            expected="timestamps",
            hint="leave the rule 'counts' out",
        )
    clock = scan_clock(timestamps, name=path, gap=None)
    return Series(path, kind, "events", Happenings(n), timestamps, clock)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _clock_of(stored: Any, timestamps: Any, samples: int, path: str, gap: float | None) -> Clock:
    if timestamps is not None:
        return scan_clock(timestamps, name=path, gap=gap)
    rate = stored.rate
    if rate is None or not (np.isfinite(rate) and rate > 0):
        raise DataError(
            "a series has neither timestamps nor a rate",
            key=path,
            expected="a rate of more than 0 Hz",
            found=rate,
        )
    return regular_clock(samples, float(_or(stored.starting_time, 0.0)), float(rate))


def _gain(stored: Any, shape: tuple[int, ...], path: str) -> float | npt.NDArray[np.float64]:
    gain = float(_or(stored.conversion, 1.0))
    per_channel = getattr(stored, "channel_conversion", None)
    if per_channel is None:
        return gain
    factors = read(per_channel).astype(np.float64)
    if len(factors) != (shape[1] if len(shape) > 1 else 1):
        raise DataError(
            "channel_conversion does not fit the channels",
            key=path,
            expected=f"{shape[1] if len(shape) > 1 else 1} numbers",
            found=len(factors),
        )
    return gain * factors if len(shape) > 1 else gain * float(factors[0])


def _chosen(
    channels: tuple[int, ...] | None, shape: tuple[int, ...], path: str
) -> npt.NDArray[np.int64] | None:
    if channels is None:
        return None
    there = shape[1] if len(shape) > 1 else 0
    wrong = [c for c in channels if not 0 <= c < there]
    if wrong:
        raise DataError(
            "a series has no such channel",
            key=path,
            expected=f"0 to {there - 1}" if there else "no choice: it has one channel",
            found=wrong,
        )
    return np.array(channels, dtype=np.int64)


def _check_length(shape: tuple[int, ...], timestamps: int, path: str) -> None:
    if shape[0] == timestamps:
        return
    turned = len(shape) > 1 and shape[1] == timestamps
    raise DataError(
        "a series has another number of samples than of timestamps",
        key=path,
        expected=f"{timestamps} samples on the first axis",
        found=f"shape {shape}",
        hint="the data stands channels first; NWB wants time first" if turned else None,
    )


def _check_electrodes(stored: Any, shape: tuple[int, ...], path: str) -> None:
    electrodes = getattr(stored, "electrodes", None)
    if electrodes is None or len(shape) < 2 or shape[0] == 0:
        return
    n = shape_of(electrodes.data)[0]
    if n != shape[1] and n == shape[0]:
        raise DataError(
            "a series stands channels first",
            key=path,
            expected=f"(samples, {n}), time on the first axis",
            found=f"shape {shape}",
        )
