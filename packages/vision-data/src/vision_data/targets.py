"""From class ids to indices in a group, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import overload

import torch

from neuroai_core.errors import DataError, InputError, strict_arguments, unknown_name
from vision_data.catalog import ALL, Catalog, DataSet


class TargetTransform:
    """Maps the class ids of a group to the indices 0, 1, ... in it.

    Parameters
    ----------
    ids
        The class ids in the order of their indices.

    Examples
    --------
    >>> transform = TargetTransform([6, 7, 14])
    >>> transform(14), transform.inverse(2)
    (2, 14)
    >>> transform(torch.tensor([[6], [14]])).tolist()
    [[0], [2]]
    """

    def __init__(self, ids: Iterable[int]) -> None:
        self.ids = tuple(int(i) for i in ids)
        self._index = {class_id: index for index, class_id in enumerate(self.ids)}
        if len(self._index) < len(self.ids) or any(i < 0 for i in self.ids):
            raise InputError("class ids are negative or come twice", found=list(self.ids))

    @overload
    def __call__(self, target: int) -> int: ...
    @overload
    def __call__(self, target: torch.Tensor) -> torch.Tensor: ...
    def __call__(self, target: int | torch.Tensor) -> int | torch.Tensor:
        """Give the index in the group of a class id, or of each in an integer tensor.

        Raises
        ------
        DataError
            For a class id that is not in the group.
        """
        if isinstance(target, torch.Tensor):
            return self._map(target, self._index)
        if int(target) not in self._index:
            raise self._outside(int(target), self.ids)
        return self._index[int(target)]

    @overload
    def inverse(self, index: int) -> int: ...
    @overload
    def inverse(self, index: torch.Tensor) -> torch.Tensor: ...
    def inverse(self, index: int | torch.Tensor) -> int | torch.Tensor:
        """Give the class id of an index in the group, or of each in an integer tensor."""
        if isinstance(index, torch.Tensor):
            return self._map(index, dict(enumerate(self.ids)))
        if not 0 <= int(index) < len(self.ids):
            raise self._outside(int(index), range(len(self.ids)))
        return self.ids[int(index)]

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"TargetTransform({list(self.ids)})"

    def _map(self, values: torch.Tensor, mapping: dict[int, int]) -> torch.Tensor:
        keys = torch.tensor(sorted(mapping), device=values.device)
        results = torch.tensor([mapping[k] for k in sorted(mapping)], device=values.device)
        place = torch.searchsorted(keys, values.contiguous()).clamp(max=len(keys) - 1)
        strange = keys[place] != values
        if bool(strange.any()):
            raise self._outside(int(values[strange][0]), sorted(mapping))
        return results[place]

    @staticmethod
    def _outside(value: int, known: Iterable[int]) -> DataError:
        return DataError(
            "a label is not in the group", expected=f"one of {list(known)}", found=value
        )


@strict_arguments
def get_target_transform(name: str, *, catalog: Catalog | None = None) -> TargetTransform:
    """Give the target transform of a group.

    Parameters
    ----------
    name
        ``"<data set>_<group>"``; either may hold underscores of its own.
    catalog
        Which groups there are, see `read_config`; by default those that are shipped.

    Raises
    ------
    UnknownNameError
        If there is no such data set and group.
    InputError
        If the name can be read in two ways.

    Examples
    --------
    >>> transform = get_target_transform("cifar100_invertebrates")
    >>> transform(99), transform.inverse(9)
    (9, 99)
    """
    catalog = catalog or Catalog.shipped()
    pairs = [(d, group) for d in catalog.data_sets.values() for group in _groups(d)]
    readings = [(d, group) for d, group in pairs if f"{d.name}_{group}" == name]
    if not readings:
        raise unknown_name("group", name, [f"{d.name}_{group}" for d, group in pairs])
    if len(readings) > 1:
        raise InputError(
            "the name of a group can be read in more than one way",
            expected="names whose underscores leave one reading",
            found=" or ".join(f"{group!r} of {d.name!r}" for d, group in readings),
        )
    data_set, group = readings[0]
    return TargetTransform(data_set.group(group))


def _groups(data_set: DataSet) -> list[str]:
    return [*data_set.groups, *([ALL] if data_set.classes else [])]
