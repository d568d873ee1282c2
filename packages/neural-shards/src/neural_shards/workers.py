"""Processes of this machine that convert, and end when the one that started them does."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor

from neuroai_core.errors import InputError


@contextlib.contextmanager
def processes(workers: int, *, preload: Sequence[str] = ()) -> Iterator[Executor | None]:
    """Start worker processes for the length of a block; none for one worker.

    Where the system can, they are forked from a server that has imported what they need, so
    that more of them cost no more imports. They start at once, beside what is done meanwhile.

    Parameters
    ----------
    workers
        How many.
    preload
        Modules that they will need; those that are not installed are passed over.

    Yields
    ------
    The executor; None for one worker, whose work is done where it is asked for.
    """
    if workers < 1:
        raise InputError("workers is out of range", key="--workers", expected=">= 1", found=workers)
    if workers == 1:
        yield None
        return
    served = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if served else "spawn")
    if served:
        context.set_forkserver_preload(list(preload))
    with ProcessPoolExecutor(workers, context, initializer=_end_with_parent) as executor:
        for _ in range(workers):
            executor.submit(os.getpid)
        yield executor


def _end_with_parent() -> None:
    """End this worker when the process that started it is killed; nobody else would."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
