"""Which engine there is, and why the fast one is not."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Literal, get_args

from jpeg_crops import native
from jpeg_crops.errors import CropError

Engine = Literal["auto", "native", "pillow"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EngineInfo:
    """What makes the crops here.

    Parameters
    ----------
    name
        ``"native"`` or ``"pillow"``: what ``engine="auto"`` takes.
    reason
        Why it is not ``"native"``; empty where it is.
    kernels
        The instruction sets that the native resize can use here, the fastest (which it
        uses) first.
    libjpeg
        The libjpeg that the native engine was built with.
    """

    name: Literal["native", "pillow"]
    reason: str = ""
    kernels: tuple[str, ...] = ()
    libjpeg: str = ""


def engine_info() -> EngineInfo:
    """Say which engine ``engine="auto"`` takes, and why it is not the fast one.

    Examples
    --------
    >>> engine_info().name in ("native", "pillow")
    True
    """
    library = native.library()
    if isinstance(library, str):
        return EngineInfo("pillow", reason=library)
    return EngineInfo("native", kernels=tuple(native.kernels()), libjpeg=native.libjpeg())


def native_available() -> bool:
    """Say whether the compiled engine is there; `engine_info` has the reason if it is not."""
    return engine_info().name == "native"


def choose(engine: Engine) -> Literal["native", "pillow"]:
    """Return the engine to use, after telling once that the fast one is not there."""
    if engine not in get_args(Engine):
        expected = "one of " + ", ".join(map(repr, get_args(Engine)))
        raise CropError("unknown engine", expected=expected, found=repr(engine))
    info = engine_info()
    if engine == "native" and info.name != "native":
        raise CropError("the native engine is not there", found=info.reason)
    if engine == "auto" and info.name == "pillow":
        _tell(info.reason)
    return "pillow" if engine == "pillow" else info.name


def _tell(reason: str) -> None:
    # A log message and no warning: under "error" filters a warning would end the training.
    if not _told:
        _told.append(reason)
        logger.warning(
            "jpeg-crops makes its crops with Pillow, at a third of the speed, because %s. %s",
            reason,
            "See 'The fast engine' in its README; engine='pillow' says that this is meant.",
        )


_told: list[str] = []
