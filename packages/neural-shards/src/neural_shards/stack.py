"""Values of a batch put into one array where they allow it, with a mask where asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from neural_shards.names import METADATA
from neuroai_core.errors import DataError, InputError, check_known

Array: TypeAlias = npt.NDArray[Any]
#: Makes the array that a modality of a batch is gathered into, from shape and type.
Allocate: TypeAlias = Callable[[tuple[int, ...], "np.dtype[Any]"], Array]
#: Says where a sample is, for an error, from its place in the batch.
Where: TypeAlias = Callable[[int], dict[str, Any]]
Ragged: TypeAlias = Literal["list", "pad", "chain", "error"]
Missing: TypeAlias = Literal["error", "mask"]


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


#: Stands for the value of a modality that a sample does not have; None is a value.
ABSENT = _Absent()


@dataclass(frozen=True)
class Policy:
    """What a batch does where its samples differ.

    Parameters
    ----------
    ragged
        Arrays of different shapes: ``"list"`` of arrays; ``"pad"`` the first
        axis with zeros and give ``<modality>_mask`` ``(batch, length)``, true
        where there is data; ``"chain"`` one behind the other, with
        ``<modality>_offsets`` ``(batch + 1,)``: sample `i` lies from
        ``offsets[i]`` up to ``offsets[i + 1]``; or ``"error"``.
    missing
        A modality that some samples do not have: ``"error"``; or ``"mask"``:
        zeros, and ``<modality>_mask`` ``(batch,)``, true where it was there
        (``(batch, length)`` if it is padded too).
    """

    ragged: Ragged = "list"
    missing: Missing = "error"

    def __post_init__(self) -> None:
        check_known("policy", [self.ragged], get_args(Ragged), key="ragged")
        check_known("policy", [self.missing], get_args(Missing), key="missing")


#: The policy where nothing is asked for.
PLAIN = Policy()


def has_companion(known: Mapping[str, Any] | None, policy: Policy) -> bool:
    """Say whether a modality has a mask or offsets in every batch, needed in this one or not.

    `known` is what the manifest says of it; the keys of a batch must not
    depend on which samples happen to be in it.
    """
    return known is not None and (
        (policy.ragged in ("pad", "chain") and _is_ragged(known)) or _may_lack(known, policy)
    )


def stack(
    name: str,
    values: Sequence[Any],
    policy: Policy,
    known: Mapping[str, Any] | None,
    allocate: Allocate,
    where: Where,
) -> dict[str, Any]:
    """Put the values of a modality into one array where they allow it.

    Parameters
    ----------
    name
        Of the modality.
    values
        One a sample, `ABSENT` where it has none.
    policy
        What to do where samples differ.
    known
        What the manifest says of the modality, if that is known.
    allocate, where
        As their types say.

    Returns
    -------
    The modality, and its mask or offsets if the policy gives them.
    """
    there = [place for place, value in enumerate(values) if value is not ABSENT]
    if name != METADATA and policy.missing == "error" and len(there) < len(values):
        raise DataError(
            "a sample lacks a modality that others have",
            **where(next(p for p, value in enumerate(values) if value is ABSENT)),
            expected=name,
            hint='missing="mask" gives zeros and a mask instead; modalities=... leaves it out',
        )
    arrays = [_as_array(values[place]) for place in there]
    if not arrays and known is not None and known.get("dtype"):
        arrays = [np.zeros([n or 0 for n in known["shape"]], known["dtype"])]
    if name == METADATA or not arrays or any(array is None for array in arrays):
        return {name: [None if value is ABSENT else value for value in values]}
    size = len(values)
    return _Stacker(name, [a for a in arrays if a is not None], there, size).stack(
        policy, known or {}, allocate, where
    )


def add(batch: dict[str, Any], made: Mapping[str, Any]) -> None:
    """Add a modality to a batch, and its mask or offsets; nothing is written over."""
    for name, value in made.items():
        if name in batch:
            raise InputError(
                "a modality has the name of another's mask or offsets",
                key=name,
                hint="choose one of them with modalities, or another policy",
            )
        batch[name] = value


@dataclass(frozen=True)
class _Stacker:
    """Arrays of a modality, their places in the batch, and its size."""

    name: str
    arrays: Sequence[Array]
    places: Sequence[int]
    size: int

    def stack(
        self, policy: Policy, known: Mapping[str, Any], allocate: Allocate, where: Where
    ) -> dict[str, Any]:
        shapes = list({array.shape: None for array in self.arrays})
        ragged = len(shapes) > 1 or _is_ragged(known)
        if len(shapes) > 1 and policy.ragged == "list":
            by_place = dict(zip(self.places, self.arrays, strict=False))
            return {self.name: [by_place.get(place) for place in range(self.size)]}
        if len(shapes) > 1 and (policy.ragged == "error" or len({s[1:] for s in shapes}) > 1):
            raise self._differ(where)
        lacking = len(self.places) < self.size or _may_lack(known, policy)
        if policy.ragged == "chain" and ragged:
            return self._chain(lacking, allocate)
        return self._fill(shapes, policy.ragged == "pad" and ragged, lacking, allocate)

    def _fill(
        self, shapes: Sequence[tuple[int, ...]], pad: bool, lacking: bool, allocate: Allocate
    ) -> dict[str, Any]:
        """Put array by array into its place; what is shorter or lacking is filled up with zeros."""
        lengths = [shape[0] for shape in shapes if shape]
        shape = (max(lengths), *shapes[0][1:]) if pad else shapes[0]
        out = allocate((self.size, *shape), self._dtype())
        mask = np.zeros((self.size, shape[0]) if pad else (self.size,), dtype=bool)
        if pad or len(self.places) < self.size:
            out[...] = 0
        for place, array in zip(self.places, self.arrays, strict=False):
            at = (place, slice(len(array))) if pad else place
            out[at], mask[at] = array, True
        return {self.name: out, f"{self.name}_mask": mask} if pad or lacking else {self.name: out}

    def _chain(self, lacking: bool, allocate: Allocate) -> dict[str, Any]:
        """Put the arrays one behind the other; what is lacking has no length."""
        lengths, there = np.zeros(self.size, dtype=np.int64), np.zeros(self.size, dtype=bool)
        lengths[self.places], there[self.places] = [len(array) for array in self.arrays], True
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        out = allocate((int(offsets[-1]), *self.arrays[0].shape[1:]), self._dtype())
        np.concatenate(self.arrays, out=out)
        chained = {self.name: out, f"{self.name}_offsets": offsets}
        return {**chained, f"{self.name}_mask": there} if lacking else chained

    def _dtype(self) -> np.dtype[Any]:
        return np.result_type(*{array.dtype for array in self.arrays}).newbyteorder("=")

    def _differ(self, where: Where) -> DataError:
        first = self.arrays[0].shape
        other = next(i for i, array in enumerate(self.arrays) if array.shape != first)
        return DataError(
            "arrays of a batch have different shapes",
            **where(self.places[other]),
            expected=f"{self.name} of shape {first}",
            found=self.arrays[other].shape,
            hint='ragged="list" gives a list; "pad" and "chain" take different first axes only',
        )


def _is_ragged(known: Mapping[str, Any]) -> bool:
    return bool(known.get("shape")) and known["shape"][0] is None


def _may_lack(known: Mapping[str, Any], policy: Policy) -> bool:
    return policy.missing == "mask" and bool(known.get("optional"))


def _as_array(value: Any) -> Array | None:
    if isinstance(value, np.ndarray):
        return value if value.dtype.kind in "biufc" else None
    if isinstance(value, bool | int | float):
        return np.asarray(value)
    return None
