"""One series of a recording: its values in physical units, and when they were taken."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from neural_shards.nwb.clock import GAP, Clock, regular_clock, scan_clock
from neural_shards.nwb.stored import dtype_of, read, shape_of
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

    @property
    def dtype(self) -> np.dtype[Any]:
        """The stored type; text is ``object``."""
        return dtype_of(self.data)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample after the choice of channels; ``()`` for a plain number."""
        shape = shape_of(self.data)[1:]
        return shape if self.channels is None else (len(self.channels), *shape[1:])

    @property
    def continuous(self) -> bool:
        """Whether values between two samples mean something; states and codes do not."""
        if self.neurodata_type in STATES or self.dtype.kind in "bO":
            return False
        if self.dtype.kind == "f" or self.neurodata_type in MEASURED:
            return True
        return bool(np.any(self.gain != 1.0) or self.offset != 0.0)

    def rows(self, first: int, stop: int) -> npt.NDArray[Any]:
        """Read samples ``first .. stop - 1`` in the order of time, as they are stored."""
        order = self.clock.order
        if order is None:
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
        return values * gain + self.offset

    def taking(self, channels: npt.NDArray[np.int64]) -> Series:
        """Give the same series with some channels only."""
        return replace(self, channels=channels)


def read_series(
    stored: Any, path: str, *, clock: Clock | None = None, gap: float | None = GAP
) -> Series:
    """Read what a ``TimeSeries`` of pynwb says about itself, and go through its timestamps.

    Parameters
    ----------
    stored
        A ``pynwb.TimeSeries`` or one of its kinds.
    path
        Its path in the file.
    clock
        What an earlier pass has found; the timestamps are then not read again.
    gap
        See `scan_clock`; states (annotations, intervals, indices) have no gaps.

    Raises
    ------
    DataError
        If the numbers of samples, timestamps and channels do not fit together.
    """
    kind = type(stored).__name__
    shape = shape_of(stored.data)
    samples = shape[0] if shape else 0
    timestamps = stored.timestamps
    if timestamps is not None:
        _check_length(samples, shape, shape_of(timestamps)[0], path)
        if samples == 0:
            timestamps = timestamps[:0]
    if clock is None:
        clock = _clock_of(stored, timestamps, samples, path, None if kind in STATES else gap)
    gain: float | npt.NDArray[np.float64] = float(_or(stored.conversion, 1.0))
    per_channel = getattr(stored, "channel_conversion", None)
    if per_channel is not None:
        gain = gain * read(per_channel).astype(np.float64)
        if len(shape) < 2 or len(gain) != shape[1]:
            raise DataError(
                "channel_conversion does not fit the channels",
                key=path,
                expected=f"{shape[1] if len(shape) > 1 else 1} numbers",
                found=len(gain),
            )
    _check_electrodes(stored, shape, path)
    offset = float(_or(getattr(stored, "offset", None), 0.0))
    return Series(path, kind, str(stored.unit), stored.data, timestamps, clock, gain, offset)


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


def _check_length(samples: int, shape: tuple[int, ...], timestamps: int, path: str) -> None:
    if samples == timestamps:
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
