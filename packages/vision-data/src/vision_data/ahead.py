"""Work done ahead of time by threads, delivered in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
T = TypeVar("T")


def ahead(make: Callable[[A], T], of: Iterable[A], *, threads: int, items: int) -> Iterator[T]:
    """Make an item of each thing in threads and give them in order.

    Parameters
    ----------
    make
        Makes an item; called from the threads, or by the caller for none.
    of
        What they are made of; iterated over by the caller's thread.
    threads
        Threads; 0 makes each item when it is asked for.
    items
        How many are made, or being made, before they are asked for.

    Examples
    --------
    >>> list(ahead(lambda i: i * i, range(4), threads=2, items=3))
    [0, 1, 4, 9]
    """
    if threads == 0:
        yield from map(make, of)
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="vision-data") as pool:
        waiting: deque[Future[T]] = deque()
        try:
            for thing in of:
                waiting.append(pool.submit(make, thing))
                if len(waiting) > items:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
