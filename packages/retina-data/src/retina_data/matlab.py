"""Structs in MATLAB 7.3 files, which are HDF5: axes come reversed, structs as groups.

An array of structs is a group, too: each of its fields is an array of
references to the values, which lie elsewhere in the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

Value = float | npt.NDArray[Any] | Mapping[str, Any]


def structs(file: h5py.File, key: str) -> list[dict[str, h5py.Dataset | h5py.Group]]:
    """Give the fields of each struct of an array of structs; of a single one, those of it.

    Parameters
    ----------
    file
        The open file.
    key
        The name of the variable; one that is not there has no struct.
    """
    group = file.get(key)
    if not isinstance(group, h5py.Group):
        return []
    fields = dict(group.items())
    referred = {name: item for name, item in fields.items() if _refers(item)}
    if not referred:
        return [fields]
    count = max(item.size for item in referred.values())
    return [
        {name: file[item[...].reshape(-1)[i]] for name, item in referred.items() if i < item.size}
        for i in range(count)
    ]


def number(struct: Mapping[str, Any] | h5py.Group | None, name: str) -> float | None:
    """Give a field that holds one number, or None."""
    item = None if struct is None else struct.get(name)
    if not isinstance(item, h5py.Dataset) or item.size != 1 or item.dtype.kind not in "biuf":
        return None
    return float(item[...].reshape(-1)[0])


def numbers(
    struct: Mapping[str, Any] | h5py.Group | None, names: Sequence[str], where: str
) -> tuple[dict[str, int], list[str]]:
    """Give fields that must each hold one whole number, and what is wrong with the others."""
    found, problems = {}, []
    for name in names:
        value = number(struct, name)
        if value is None or value != int(value):
            problems.append(f"{where}/{name}: no whole number")
        else:
            found[name] = int(value)
    return found, problems


def write(group: h5py.Group, values: Mapping[str, Value | Sequence[Mapping[str, Any]]]) -> None:
    """Write variables as MATLAB does, a list of dicts as an array of structs.

    Parameters
    ----------
    group
        The file, or a struct in it.
    values
        Arrays in MATLAB's order of axes, numbers, structs as dicts.
    """
    for name, value in values.items():
        if isinstance(value, Mapping):
            _struct(group, name, value)
        elif isinstance(value, list):
            _struct_array(group, name, value)
        else:
            array = np.asarray(value)
            if array.ndim < 2:  # there are no vectors: a list is a column
                array = array.reshape(-1, 1)
            group[name] = array.T


def _struct(group: h5py.Group, name: str, value: Mapping[str, Any]) -> None:
    struct = group.create_group(name)
    struct.attrs["MATLAB_class"] = np.bytes_("struct")
    write(struct, value)


def _struct_array(group: h5py.Group, name: str, value: Sequence[Mapping[str, Any]]) -> None:
    array = group.create_group(name)
    array.attrs["MATLAB_class"] = np.bytes_("struct")
    elsewhere = group.file.require_group("#refs#")
    for field in value[0]:
        references = np.empty((len(value), 1), h5py.ref_dtype)
        for i, struct in enumerate(value):
            write(elsewhere, {f"{name}_{field}_{i}": struct[field]})
            references[i, 0] = elsewhere[f"{name}_{field}_{i}"].ref
        array.create_dataset(field, data=references, dtype=h5py.ref_dtype)


def _refers(item: object) -> bool:
    return isinstance(item, h5py.Dataset) and h5py.check_ref_dtype(item.dtype) is not None
