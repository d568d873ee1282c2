"""The orders in which a file is read."""

from __future__ import annotations

from typing import Literal, get_args

from neuroai_core.errors import unknown_name

Order = Literal["random", "sequential", "quasi_random"]


def order_name(order: object) -> Order:
    """Give the name of an order, said by its name or by FFCV's ``OrderOption``.

    Examples
    --------
    >>> order_name("RANDOM")
    'random'
    """
    name = str(getattr(order, "name", order)).lower()
    for known in get_args(Order):
        if name == known:
            return known  # type: ignore[no-any-return]  # get_args loses the type
    raise unknown_name("order", name, get_args(Order))
