"""Directions as other programs write them."""

from __future__ import annotations

from neuroai_core.errors import check_known

#: Our direction is ``offset + sign * theirs``, in degrees.
_RULES = {
    # `ori` of a grating turns clockwise; growing phase moves it rightward at 0.
    "psychopy": (0.0, -1.0),
    # Shown by PsychoPy, and counted as it counts.
    "allen": (0.0, -1.0),
    # The moving bar of its scripts sets out at `angle - 90` and moves back
    # through the centre: at 0 downward, at 90 leftward.
    "qdspy": (270.0, -1.0),
}


def from_convention(angle_deg: float, convention: str) -> float:
    """Give the direction of motion that an angle of another program stands for.

    Parameters
    ----------
    angle_deg
        Its angle.
    convention
        ``"psychopy"`` (the `ori` of a grating whose phase grows), ``"allen"``
        (the direction in the Brain Observatory's tables) or ``"qdspy"`` (the
        `DirList` of the moving bar).

    Returns
    -------
    Degrees from 0 to 360: 0 rightward, counter-clockwise.

    Examples
    --------
    >>> from_convention(90, "psychopy"), from_convention(0, "qdspy")
    (270.0, 270.0)
    """
    check_known("convention", [convention], _RULES)
    offset, sign = _RULES[convention]
    return (offset + sign * angle_deg) % 360


def to_convention(direction_deg: float, convention: str) -> float:
    """Give the angle by which another program writes a direction; undoes `from_convention`.

    Examples
    --------
    >>> to_convention(270, "psychopy")
    90.0
    """
    check_known("convention", [convention], _RULES)
    offset, sign = _RULES[convention]
    return (sign * (direction_deg - offset)) % 360
