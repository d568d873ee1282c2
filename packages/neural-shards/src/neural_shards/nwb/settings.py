"""The few settings of the simple face, as a full specification."""

from __future__ import annotations

from collections.abc import Sequence

from neural_shards.nwb.find import series_in, usual
from neural_shards.nwb.recording import Source, name_of, opened
from neural_shards.nwb.spec import ConversionSpec, Windows, modality
from neuroai_core import InputError
from neuroai_core.errors import strict_arguments

DEFAULTS = {"bin_size_ms": 10.0, "sequence_length": 100, "overlap": 0.5}


@strict_arguments
def spec_for(
    paths: Sequence[Source],
    spec: ConversionSpec | None = None,
    *,
    modalities: Sequence[str] | None = None,
    bin_size_ms: float = 10.0,
    sequence_length: int = 100,
    overlap: float = 0.5,
) -> ConversionSpec:
    """Give `spec`, or make one of the simple settings.

    Parameters
    ----------
    paths
        Recordings; looked into for what all of them have, where no modality is named.
    spec
        A full specification; nothing else may be said beside it.
    modalities, bin_size_ms, sequence_length, overlap
        As of `NWBToWebDatasetConverter`.

    Raises
    ------
    InputError
        If something is said twice, or nothing can be taken.

    Examples
    --------
    >>> spec_for([], modalities=["spikes"], bin_size_ms=20.0).bin_ms
    20.0
    """
    simple = {
        "bin_size_ms": bin_size_ms,
        "sequence_length": sequence_length,
        "overlap": overlap,
    }
    if spec is not None:
        twice = [name for name, value in simple.items() if value != DEFAULTS[name]]
        twice += ["modalities"] * (modalities is not None)
        if twice:
            raise InputError(
                "what the specification says is said twice",
                key=", ".join(twice),
                hint="change it in the specification, or do without one",
            )
        return spec
    if isinstance(modalities, str):
        raise InputError("modalities are a list of names", key="modalities", found=repr(modalities))
    names = usual_in(paths) if modalities is None else modalities
    taken = {name: modality(name) for name in names}
    return ConversionSpec(taken, bin_size_ms, Windows(sequence_length, overlap))


def usual_in(paths: Sequence[Source]) -> tuple[str, ...]:
    """Give the usual modalities that all recordings have.

    Raises
    ------
    InputError
        If there is none, with the series that the last one holds.
    """
    common: tuple[str, ...] | None = None
    series: list[str] = []
    for source in paths:
        with opened(source) as recording:
            found, series = usual(recording.file), list(series_in(recording.file))
        common = found if common is None else tuple(name for name in common if name in found)
    if not common:
        raise InputError(
            "there is nothing that is usually taken and that all recordings have",
            key="modalities",
            path=", ".join(name_of(source) for source in paths[:3]),
            found="series " + ", ".join(series) if series else "no series at all",
            hint="name the modalities or series to take",
        )
    return common
