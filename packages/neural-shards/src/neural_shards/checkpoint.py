"""A loader that writes down where it is, and goes on from there."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from neural_shards.loader import WebDatasetLoader
from neural_shards.parts import this_consumer
from neural_shards.samples import Samples
from neuroai_core.errors import DataError, InputError, reject_unknown
from neuroai_core.files import atomic_write

_OPTIONS = (
    "shuffle",
    "buffer_size",
    "seed",
    "modalities",
    "tensors",
    "shard_pattern",
    "check",
    "on_error",
    "allow_pickle",
)


class ResumableWebDatasetLoader(WebDatasetLoader):
    """A `WebDatasetLoader` that keeps its position in a file.

    The file is written whole or not at all, every `checkpoint_interval`
    samples and at the end of an epoch. It counts a sample when the next one is
    asked for: what was being worked on when the run was killed comes again.

    Parameters
    ----------
    shard_dir
        Folder of the shards, or samples that are open.
    checkpoint_path
        The file; if it is there, the first iteration goes on from it. None: no file.
    checkpoint_interval
        Samples between two writes.
    **options
        As of `WebDatasetLoader`.

    Raises
    ------
    DataError
        If the checkpoint was written for another data set, order or seed.

    Examples
    --------
    >>> import numpy as np
    >>> from neural_shards import create_shards_from_arrays
    >>> _ = create_shards_from_arrays("shards", {"spikes": np.arange(12).reshape(4, 3)})
    >>> loader = ResumableWebDatasetLoader("shards", "at.json", 2, shuffle=False)
    >>> for number, sample in enumerate(loader, 1):
    ...     if number == 3:
    ...         break  # killed: two samples were finished
    >>> loader = ResumableWebDatasetLoader("shards", "at.json", shuffle=False)
    >>> next(iter(loader))["spikes"]
    array([6, 7, 8])
    """

    def __init__(
        self,
        shard_dir: str | os.PathLike[str] | Samples,
        checkpoint_path: str | os.PathLike[str] | None = None,
        checkpoint_interval: int = 1000,
        **options: Any,
    ) -> None:
        known = ("shard_dir", "checkpoint_path", "checkpoint_interval", *_OPTIONS)
        reject_unknown("ResumableWebDatasetLoader", options, known)
        super().__init__(shard_dir, **options)
        if checkpoint_interval < 1:
            raise InputError(
                "checkpoint_interval is out of range", key="checkpoint_interval", expected=">= 1"
            )
        self.checkpoint_path = None if checkpoint_path is None else Path(checkpoint_path)
        self.checkpoint_interval = checkpoint_interval
        self.load_checkpoint()

    def save_checkpoint(self) -> None:
        """Write the position down."""
        if self.checkpoint_path is not None:
            self.checkpoint_path.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(self.checkpoint_path, json.dumps(self.state_dict(), indent=1) + "\n")

    def load_checkpoint(self) -> bool:
        """Go on from what is written down, and say whether there was anything."""
        path = self.checkpoint_path
        if path is None or not path.exists():
            return False
        try:
            self.load_state_dict(json.loads(path.read_bytes()))
        except (ValueError, TypeError, AttributeError) as error:
            raise DataError("a checkpoint is damaged", path=path, found=str(error)) from error
        except DataError as error:
            error.path = path
            raise
        return True

    def __iter__(self) -> Iterator[dict[str, Any]]:
        if self.checkpoint_path is not None and this_consumer().in_worker:
            raise InputError(
                "workers cannot share a checkpoint file",
                key="checkpoint_path",
                hint="use num_workers=0, or create_webdataset_dataloader and its state_dict()",
            )
        for number, sample in enumerate(super().__iter__(), 1):
            yield sample
            if number % self.checkpoint_interval == 0:
                self.save_checkpoint()
        self.save_checkpoint()
