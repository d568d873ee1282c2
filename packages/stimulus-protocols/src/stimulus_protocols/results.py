"""Responses to the conditions of an experiment, stored with what was shown (extra `results`)."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import InputError, NotFoundError
from neuroai_core.extras import require
from neuroai_core.files import atomic_path
from stimulus_protocols.experiments import Condition

if TYPE_CHECKING:
    import xarray

#: How each format's files end.
SUFFIX = {"netcdf": ".nc", "zarr": ".zarr"}


def results_path(
    folder: str | os.PathLike[str], condition: Condition, kind: Literal["netcdf", "zarr"]
) -> Path:
    """Give where the responses to a condition are stored."""
    return Path(folder) / condition.experiment / f"{condition.name}{SUFFIX[kind]}"


def write_results(
    path: Path,
    condition: Condition,
    responses: npt.NDArray[Any],
    labels: npt.NDArray[np.int64],
    phases: Sequence[Sequence[str]],
    *,
    dims: Sequence[str],
    dt_ms: float,
    attributes: dict[str, Any],
) -> None:
    """Write the responses to one condition; the file appears whole.

    Parameters
    ----------
    path
        Ending in ``.nc`` or ``.zarr``.
    responses
        ``(image, time, ...)`` or ``(image, ...)``, as `dims` says.
    labels, phases
        ``(image, time)``: label and phase of every step.
    dims
        Names of the axes of `responses`.
    dt_ms
        Milliseconds a step.
    attributes
        What else is kept with the data.
    """
    xr = require("xarray", package="stimulus-protocols", extra="results")
    steps = labels.shape[1]
    data = xr.Dataset(
        {"response": (tuple(dims), responses)},
        coords={
            "image": np.arange(len(responses)),
            "time_ms": ("time", np.arange(steps) * float(dt_ms)),
            "label": (("image", "time"), labels),
            "phase": (("image", "time"), np.asarray(phases, dtype=np.str_)),
            **{name: value for name, value in condition.values.items() if _plain(value)},
        },
        attrs={
            "experiment": condition.experiment,
            "condition": condition.name,
            "condition_sha256": condition.identity,
            "values": json.dumps(condition.values),
            **attributes,
        },
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".nc":
        with atomic_path(path) as partial:
            data.to_netcdf(partial, engine="netcdf4")
        return
    # A store of Zarr is a folder: it is made beside, and renamed when it is whole.
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        data.to_zarr(partial, mode="w", consolidated=False, zarr_format=2)
        shutil.rmtree(path, ignore_errors=True)
        partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def is_done(path: Path, identity: dict[str, Any]) -> bool:
    """Say whether responses are stored that were made of the very same."""
    if not path.exists():
        return False
    with _open(path) as data:
        return all(data.attrs.get(name) == value for name, value in identity.items())


def open_results(folder: str | os.PathLike[str]) -> xarray.DataTree:
    """Open all stored conditions of a run, lazily.

    Parameters
    ----------
    folder
        What `run` wrote to, or one experiment's folder in it.

    Returns
    -------
    xarray.DataTree
        A dataset for each condition, ``tree["experiment/condition"]``.
    """
    xr = require("xarray", package="stimulus-protocols", extra="results")
    root = Path(folder)
    found = sorted(
        path
        for suffix in SUFFIX.values()
        for path in root.rglob(f"*{suffix}")
        if not path.name.startswith(".")
    )
    if not found:
        raise NotFoundError("there are no results", path=root)
    opened = {
        f"/{path.relative_to(root).parent.as_posix()}/{path.stem}".replace("/./", "/"): _open(path)
        for path in found
    }
    tree: xarray.DataTree = xr.DataTree.from_dict(opened)
    return tree


def time_bins(
    responses: npt.NDArray[Any],
    bins_ms: Sequence[tuple[float, float]],
    *,
    dt_ms: float,
    axis: int = 1,
) -> npt.NDArray[Any]:
    """Average responses over bins of time, as Brain-Score's benchmarks ask for them.

    A step belongs to a bin by the part of its time that lies in it.

    Parameters
    ----------
    responses
        Steps along `axis`; step `k` lasts from ``k * dt_ms`` to ``(k + 1) * dt_ms``.
    bins_ms
        Start and end of each bin, from the first step on.

    Returns
    -------
    Array with bins in place of steps.

    Examples
    --------
    >>> time_bins(np.arange(6.0)[None], [(0, 20), (15, 25)], dt_ms=10).tolist()
    [[0.5, 1.5]]
    """
    steps = responses.shape[axis]
    begins = np.arange(steps) * dt_ms
    weights = np.zeros((len(bins_ms), steps))
    for row, (start, stop) in zip(weights, bins_ms, strict=True):
        if not 0 <= start < stop <= steps * dt_ms + 1e-9:
            raise InputError(
                "a bin is not within the responses",
                key="bins_ms",
                expected=f"0 <= start < stop <= {steps * dt_ms:g}",
                found=(start, stop),
            )
        row[:] = np.clip(np.minimum(begins + dt_ms, stop) - np.maximum(begins, start), 0, None)
    weights /= weights.sum(axis=1, keepdims=True)
    return np.moveaxis(np.tensordot(weights, responses, axes=(1, axis)), 0, axis)


def _open(path: Path) -> xarray.Dataset:
    xr = require("xarray", package="stimulus-protocols", extra="results")
    if path.suffix == ".nc":
        data: xarray.Dataset = xr.open_dataset(path, engine="netcdf4")
    else:
        data = xr.open_zarr(path, consolidated=False)
    return data


def _plain(value: object) -> bool:
    return isinstance(value, int | float | str)
