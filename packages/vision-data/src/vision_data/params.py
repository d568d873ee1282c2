"""The parameters of a loader, and what large data or a small machine make of them."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from neuroai_core.errors import InputError, strict_arguments
from vision_data.orders import Order, order_name

#: Images of more pixels a side, or sequences of more steps, are large.
LARGE_RESOLUTION, LARGE_STEPS = 224, 20
MAX_BATCH_SIZE, MAX_BATCHES_AHEAD, MAX_WORKERS = 256, 2, 4
#: The part of the memory that batches prepared ahead may take.
MEMORY_PART = 0.25


@dataclass(frozen=True)
class Change:
    """One parameter that was changed, and why."""

    name: str
    before: Any
    after: Any
    why: str

    def __str__(self) -> str:
        return f"{self.name}: {self.before} -> {self.after} ({self.why})"


@dataclass(frozen=True)
class Machine:
    """The cores and the memory, in bytes, that this process may use."""

    cores: int
    memory: int

    @classmethod
    def here(cls) -> Machine:
        """Ask the operating system, and the control group that a container or job runs in."""
        affinity = getattr(os, "sched_getaffinity", None)
        cores = len(affinity(0)) if affinity else os.cpu_count() or 1
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        quota = _cgroup_cores()
        limits = [m for m in (_cgroup_memory(), memory) if m]
        return cls(max(1, min(cores, quota or cores)), min(limits))


@dataclass(frozen=True)
class DatasetParams:
    """The parameters of a loader for images over time.

    Parameters
    ----------
    resolution
        Height and width in pixels.
    n_timesteps, batch_size, num_workers, batches_ahead
        Steps, images, workers, and batches prepared ahead.
    order
        ``"sequential"``, ``"random"`` or ``"quasi_random"``; FFCV's
        ``OrderOption`` is understood.
    os_cache
        Whether the operating system keeps the file in memory; None: not set.
    dtype
        Type of the images; None: not set.

    Examples
    --------
    >>> params = DatasetParams(resolution=256, batch_size=512, num_workers=2)
    >>> adjusted, changes = params.adjusted()
    >>> adjusted.batch_size, adjusted.dtype
    (256, torch.float16)
    >>> print(changes[0])
    batch_size: 512 -> 256 (resolution 256 is above 224)
    """

    resolution: int = 224
    n_timesteps: int = 1
    batch_size: int = 32
    num_workers: int = 1
    batches_ahead: int = 3
    order: Order | Any = "random"
    os_cache: bool | None = None
    dtype: torch.dtype | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "order", order_name(self.order))
        least = {
            "resolution": 1,
            "n_timesteps": 1,
            "batch_size": 1,
            "num_workers": 0,
            "batches_ahead": 1,
        }
        for name, smallest in least.items():
            value = getattr(self, name)
            if not isinstance(value, int) or value < smallest:
                raise InputError(
                    f"{name} cannot be right",
                    key=name,
                    expected=f"{smallest} or more",
                    found=repr(value),
                )

    @property
    def large(self) -> str | None:
        """Why this counts as large: resolution or steps; None: it does not."""
        if self.resolution > LARGE_RESOLUTION:
            return f"resolution {self.resolution} is above {LARGE_RESOLUTION}"
        if self.n_timesteps > LARGE_STEPS:
            return f"{self.n_timesteps} steps are more than {LARGE_STEPS}"
        return None

    def adjusted(self) -> tuple[DatasetParams, list[Change]]:
        """Give the parameters for large data, and what was changed and why.

        Batches are at most 256 and at most 2 of them are prepared ahead, by
        at most 4 workers; random order becomes quasi-random; the operating
        system's cache is off and the type is float16 where they were not set.
        """
        why = self.large
        if why is None:
            return self, []
        wanted: dict[str, Any] = {
            "batch_size": min(self.batch_size, MAX_BATCH_SIZE),
            "batches_ahead": min(self.batches_ahead, MAX_BATCHES_AHEAD),
            "order": "quasi_random" if self.order == "random" else self.order,
            "os_cache": False if self.os_cache is None else self.os_cache,
            "dtype": torch.float16 if self.dtype is None else self.dtype,
            "num_workers": min(self.num_workers, MAX_WORKERS),
        }
        return self._changed(wanted, why)

    def fitted(self, machine: Machine | None = None) -> tuple[DatasetParams, list[Change]]:
        """Give the parameters that a machine can bear, and what was changed and why.

        No more workers than cores, and no more batches ahead than a quarter
        of the memory holds, then smaller batches. Steps cost no memory.
        """
        machine = machine or Machine.here()
        workers = min(self.num_workers, machine.cores)
        params, changes = self._changed(
            {"num_workers": workers}, f"there are {machine.cores} cores"
        )
        room = int(MEMORY_PART * machine.memory) // self._image_bytes
        batch_size = max(1, min(self.batch_size, room // 2))
        ahead = max(1, min(self.batches_ahead, room // batch_size - 1))
        why = f"a quarter of {machine.memory / 2**30:.1f} GiB holds {room} images"
        params, more = params._changed({"batch_size": batch_size, "batches_ahead": ahead}, why)
        return params, changes + more

    @property
    def _image_bytes(self) -> int:
        size = (self.dtype or torch.float32).itemsize
        return 3 * self.resolution**2 * (size + 1)  # the pixels and the frame

    def _changed(self, wanted: dict[str, Any], why: str) -> tuple[DatasetParams, list[Change]]:
        changes = [
            Change(name, getattr(self, name), value, why)
            for name, value in wanted.items()
            if getattr(self, name) != value
        ]
        return replace(self, **wanted), changes


# A misspelt parameter is answered with the one that was meant.
DatasetParams.__init__ = strict_arguments(DatasetParams.__init__)  # type: ignore[method-assign]


SELF, MOUNT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def _cgroup_cores(mount: Path = MOUNT, own: Path = SELF) -> int | None:
    """Read the smallest quota of cores of this process's control group and those above it."""
    quotas = []
    for folder in _groups("cpu", mount, own):
        parts = _words(folder / "cpu.max")
        parts = parts or _words(folder / "cpu.cfs_quota_us") + _words(folder / "cpu.cfs_period_us")
        if len(parts) == 2 and parts[0].isdigit():
            quotas.append(max(1, -(-int(parts[0]) // int(parts[1]))))
    return min(quotas, default=None)


def _cgroup_memory(mount: Path = MOUNT, own: Path = SELF) -> int | None:
    """Read the smallest limit of memory, in bytes, likewise."""
    limits = [
        int(parts[0])
        for folder in _groups("memory", mount, own)
        for parts in (_words(folder / "memory.max"), _words(folder / "memory.limit_in_bytes"))
        if parts and parts[0].isdigit()
    ]
    return min(limits, default=None)


def _groups(controller: str, mount: Path, own: Path) -> list[Path]:
    """Find the folders of the control groups this process is in, of versions 1 and 2, upwards.

    A line of the kernel's list reads ``number:controllers:/path``, version 2 with
    no controllers. Where a container does not see its path, there is the mount.
    """
    places = [(mount, ""), (mount / controller, "")]
    for line in _text(own).splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            places += [(mount / controller, path), (mount / controllers, path)]
        elif not controllers:
            places += [(mount, path), (mount / "unified", path)]
    found: dict[Path, None] = {}
    for top, path in places:
        inside = top.joinpath(*(part for part in path.split("/") if part not in ("", "..")))
        depth = len(inside.parts) - len(top.parts)
        found |= dict.fromkeys([inside, *list(inside.parents)[:depth]])
    return list(found)


def _words(path: Path) -> list[str]:
    return _text(path).split()


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""  # not this version, or no control groups at all
