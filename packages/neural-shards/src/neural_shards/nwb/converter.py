"""The simple face: one recording after the other into one set."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from neural_shards.nwb.plan import plan
from neural_shards.nwb.recording import Source
from neural_shards.nwb.report import check_any_window
from neural_shards.nwb.settings import spec_for, usual_in
from neural_shards.nwb.spec import ConversionSpec, modality
from neural_shards.writer import WebDatasetWriter
from neuroai_core.errors import strict_arguments


class NWBToWebDatasetConverter:
    """Convert NWB recordings one by one into WebDataset shards of windows.

    Parameters
    ----------
    output_dir
        Folder of the set; empty, or with what an unfinished conversion left.
    shard_size
        Samples in a shard.
    modalities
        What to take: ``"spikes"``, ``"lfp"``, ``"behavior"``, ``"eeg"``, ``"ophys"``,
        ``"fmri"``, ``"video"``, ``"stimulus"``, ``"trials"``, or the name of a series.
        The default is what the first recording has of the usual ones.
    bin_size_ms
        Width of a bin in milliseconds.
    sequence_length
        Bins in a sample.
    overlap
        The part of a window that the next one repeats, ``0 <= overlap < 1``.
    spec
        All of it in full, instead of the four above; see `ConversionSpec` and `read_spec`.
    compression, overwrite
        As of `WebDatasetWriter`.
    """

    @strict_arguments
    def __init__(
        self,
        output_dir: str | os.PathLike[str],
        shard_size: int = 1000,
        modalities: Sequence[str] | None = None,
        bin_size_ms: float = 10.0,
        sequence_length: int = 100,
        overlap: float = 0.5,
        *,
        spec: ConversionSpec | None = None,
        compression: str = "none",
        overwrite: bool = False,
    ) -> None:
        self._named = spec is not None or modalities is not None
        self._spec = spec_for(  # a wrong setting is found before anything is written
            (),
            spec,
            modalities=modalities if self._named else ("spikes",),
            bin_size_ms=bin_size_ms,
            sequence_length=sequence_length,
            overlap=overlap,
        )
        self._writer = WebDatasetWriter(
            output_dir, shard_size, compression, metadata={"sessions": []}, overwrite=overwrite
        )

    def convert_nwb_file(self, path: Source) -> int:
        """Convert one recording.

        Parameters
        ----------
        path
            A path (HDF5 or Zarr), an address, or an open ``pynwb.NWBFile``.

        Returns
        -------
        The number of samples that it gave.

        Raises
        ------
        NotFoundError, DataError
            If the recording or what is to be taken of it is not there, or is damaged.
        """
        if not self._named:
            modalities = {name: modality(name) for name in usual_in([path])}
            self._spec, self._named = replace(self._spec, modalities=modalities), True
        planned = plan(path, self._spec)
        for sample, metadata in planned.samples():
            self._writer.write_sample(sample, metadata)
        self._writer.metadata["sessions"].append(dict(planned.session))
        return len(planned)

    def convert_nwb_files(self, paths: Iterable[Source]) -> int:
        """Convert recordings one after the other; gives the number of samples.

        The function `convert_nwb_files` does it with many processes, and goes on where it
        was stopped.
        """
        return sum(self.convert_nwb_file(path) for path in paths)

    def finalize(self) -> dict[str, Any]:
        """Close the last shard, write the manifest, and give what it says.

        Raises
        ------
        DataError
            If recordings were converted and none of them gave a window.
        """
        check_any_window(self._writer.metadata["sessions"])
        return self._writer.finalize()
