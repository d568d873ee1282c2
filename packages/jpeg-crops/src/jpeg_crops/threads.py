"""How many threads, and the work spread over them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from jpeg_crops.errors import CropError

T = TypeVar("T")
CGROUP = Path("/sys/fs/cgroup")


def thread_count(threads: int | None, items: int) -> int:
    """Return how many threads to use for so many items; ``None`` is one a usable CPU."""
    if threads is not None and (isinstance(threads, bool) or threads < 1):
        raise CropError("no threads to work with", expected="1 or more, or None", found=threads)
    return max(1, min(threads or usable_cpus(), items))


def usable_cpus(cgroup: Path = CGROUP) -> int:
    """Count the CPUs that this process may use: its affinity, and the quota of its container."""
    affinity = getattr(os, "sched_getaffinity", None)
    cpus = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(cpus, round(_quota(cgroup) or cpus)))


def _quota(cgroup: Path) -> float | None:
    # Version 2 keeps "quota period" in one file, version 1 a number in each of two.
    for names in (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            words = " ".join((cgroup / name).read_text() for name in names).split()
            quota, period = map(float, words)
        except (OSError, ValueError):  # not there, or "max": no quota
            continue
        if quota > 0 and period > 0:
            return quota / period
    return None


def each(
    work: Callable[[T], CropError | None], items: Iterable[T], threads: int
) -> list[CropError]:
    """Do the work for every item, whatever happens to the others; collect the errors in order."""
    if threads == 1:
        return [error for error in map(work, items) if error is not None]
    with ThreadPoolExecutor(threads, thread_name_prefix="jpeg-crops") as pool:
        return [error for error in pool.map(work, items) if error is not None]


def raise_first(errors: list[CropError]) -> None:
    """Raise the first of the errors, which carries the others; do nothing if there are none."""
    if errors:
        first, *first_others = errors
        first.others = tuple(first_others)
        raise first
