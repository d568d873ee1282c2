"""Recordings to shards."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

from neural_shards.nwb.plan import plan
from neural_shards.nwb.recording import Source
from neural_shards.nwb.spec import ConversionSpec, Windows, modality
from neural_shards.writer import WebDatasetWriter
from neuroai_core.errors import strict_arguments


class NWBToWebDatasetConverter:
    """Convert NWB recordings into WebDataset shards of windows.

    Parameters
    ----------
    output_dir
        Folder of the set; empty, or with what an unfinished conversion left.
    shard_size
        Samples in a shard.
    modalities
        What to take: ``"spikes"``, ``"lfp"``, ``"behavior"``, ``"eeg"``, ``"ophys"``,
        ``"fmri"``, ``"video"``, ``"stimulus"``, or the name of a series.
    bin_size_ms
        Width of a bin in milliseconds.
    sequence_length
        Bins in a sample.
    overlap
        The part of a window that the next one repeats, ``0 <= overlap < 1``.
    """

    @strict_arguments
    def __init__(
        self,
        output_dir: str | os.PathLike[str],
        shard_size: int = 1000,
        modalities: Sequence[str] = ("spikes",),
        bin_size_ms: float = 10.0,
        sequence_length: int = 100,
        overlap: float = 0.0,
        *,
        compression: str = "none",
        overwrite: bool = False,
    ) -> None:
        windows = Windows(length=sequence_length, overlap=overlap)
        names = {name: modality(name) for name in modalities}
        self.spec = ConversionSpec(names, bin_ms=bin_size_ms, windows=windows)
        self._writer = WebDatasetWriter(
            output_dir, shard_size, compression, metadata={"sessions": []}, overwrite=overwrite
        )

    def convert_nwb_file(self, path: Source) -> int:
        """Convert one recording.

        Parameters
        ----------
        path
            A path, or an open ``pynwb.NWBFile``.

        Returns
        -------
        The number of samples that it gave.
        """
        planned = plan(path, self.spec)
        for sample, metadata in planned.samples():
            self._writer.write_sample(sample, metadata)
        self._writer.metadata["sessions"].append(dict(planned.session))
        return len(planned)

    def convert_nwb_files(self, paths: Iterable[Source]) -> int:
        """Convert recordings one after the other; gives the number of samples."""
        return sum(self.convert_nwb_file(path) for path in paths)

    def finalize(self) -> dict[str, Any]:
        """Close the last shard, write the manifest, and give what it says."""
        return self._writer.finalize()


@strict_arguments
def convert_nwb_files(
    paths: Iterable[Source],
    output_dir: str | os.PathLike[str],
    *,
    shard_size: int = 1000,
    modalities: Sequence[str] = ("spikes",),
    bin_size_ms: float = 10.0,
    sequence_length: int = 100,
    overlap: float = 0.0,
    compression: str = "none",
    overwrite: bool = False,
) -> dict[str, Any]:
    """Convert recordings into one set of shards.

    The parameters are those of `NWBToWebDatasetConverter`.

    Returns
    -------
    What the manifest of the set says.
    """
    converter = NWBToWebDatasetConverter(
        output_dir,
        shard_size,
        modalities,
        bin_size_ms,
        sequence_length,
        overlap,
        compression=compression,
        overwrite=overwrite,
    )
    converter.convert_nwb_files(paths)
    return converter.finalize()
