"""Work done ahead of time by threads, delivered in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def ahead(make: Callable[[int], T], count: int, *, threads: int, items: int) -> Iterator[T]:
    """Make items 0 to ``count - 1`` in threads and give them in order.

    Parameters
    ----------
    make
        Makes an item; called from the threads, or by the caller for none.
    count
        How many.
    threads
        Threads; 0 makes each item when it is asked for.
    items
        How many are made, or being made, before they are asked for.

    Examples
    --------
    >>> list(ahead(lambda i: i * i, 4, threads=2, items=3))
    [0, 1, 4, 9]
    """
    if threads == 0:
        yield from map(make, range(count))
        return
    with ThreadPoolExecutor(threads, thread_name_prefix="vision-data") as pool:
        waiting: deque[Future[T]] = deque()
        try:
            for item in range(count):
                waiting.append(pool.submit(make, item))
                if len(waiting) > items:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
