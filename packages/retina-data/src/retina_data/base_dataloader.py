"""The base class for a lab's own data: samples by index make a data set and a loader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch.utils.data import DataLoader, Dataset

from neuroai_core.errors import DataError, strict_arguments, whole_number
from retina_data.chunks import DataPoint

#: What a sample's two parts may be called in a dict.
INPUTS = ("inputs", "stimulus")
TARGETS = ("targets", "response")


class BaseDataLoader(Dataset[DataPoint]):
    """Samples of stimulus and response, from a class that says how to get one.

    A subclass defines ``get_item(idx)``, which gives a dict with ``stimulus``
    and ``response`` (or ``inputs`` and ``targets``) or a pair of them, and
    ``__len__``. The object is then a data set of `DataPoint` samples, and
    `loader` makes batches of them; a cycler takes it as it is.

    Parameters
    ----------
    batch_size
        Samples in a batch.
    shuffle
        Whether `loader` shuffles.
    drop_last
        Whether a last batch that is not full is left out.
    num_workers
        Processes that get samples.

    Examples
    --------
    >>> import torch
    >>> class Flashes(BaseDataLoader):
    ...     def __len__(self): return 5
    ...     def get_item(self, idx):
    ...         return {"stimulus": torch.full((1, 4, 4), idx), "response": torch.ones(3)}
    >>> [inputs.shape[0] for inputs, targets in Flashes(batch_size=2).loader()]
    [2, 2, 1]
    """

    @strict_arguments
    def __init__(
        self,
        batch_size: int = 32,
        *,
        shuffle: bool = False,
        drop_last: bool = False,
        num_workers: int = 0,
    ) -> None:
        super().__init__()
        self.batch_size = whole_number("batch_size", batch_size, least=1)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.num_workers = num_workers

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} must define __len__(): its samples")

    def get_item(self, idx: int) -> Any:
        """Give sample `idx`: a dict of stimulus and response, or a pair of them."""
        raise NotImplementedError(f"{type(self).__name__} must define get_item(idx)")

    def __getitem__(self, idx: int) -> DataPoint:
        if not -len(self) <= idx < len(self):
            raise IndexError(f"sample {idx} of {len(self)}")
        return _data_point(self.get_item(idx % len(self)), type(self).__name__, idx)

    def __iter__(self) -> Iterator[DataPoint]:
        return (self[i] for i in range(len(self)))

    def loader(self) -> DataLoader[DataPoint]:
        """Make a `torch.utils.data.DataLoader` of batches that unpack as inputs, targets."""
        return DataLoader(
            self,
            batch_size=self.batch_size,
            shuffle=self.shuffle,
            drop_last=self.drop_last,
            num_workers=self.num_workers,
        )


def _data_point(item: object, name: str, idx: int) -> DataPoint:
    if isinstance(item, Mapping):
        keys = [next((k for k in known if k in item), None) for known in (INPUTS, TARGETS)]
        if set(keys) == set(item):
            return DataPoint(item[keys[0]], item[keys[1]])
        found = f"a dict of {', '.join(map(repr, item))}"
    elif isinstance(item, tuple | list) and len(item) == 2:
        return DataPoint(item[0], item[1])
    else:
        found = f"{type(item).__name__}" + (f" of {len(item)}" if isinstance(item, tuple) else "")
    raise DataError(
        f"{name}.get_item gave no sample",
        index=idx,
        expected="a dict of 'stimulus' and 'response', or a pair of them",
        found=found,
    )
