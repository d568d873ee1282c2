"""The error that names the item."""

from __future__ import annotations

from collections.abc import Sequence


class CropError(ValueError):
    """A batch that cannot be made, and which item of it is the reason.

    Parameters
    ----------
    message
        One sentence: what is wrong.
    index
        The position of the item in the batch; ``None`` when the call itself is wrong.
    path
        The file of the item, where it was given as one.
    expected, found
        What would have been right, and what was there.
    others
        The errors of the other items of the same batch, in the order of their
        positions. The items that are in none of these errors are done: the array
        given as ``out`` holds their crops.

    Examples
    --------
    >>> print(CropError("the box leaves the image", index=3, expected="480 rows", found=500))
    the box leaves the image
      index: 3
      expected: 480 rows
      found: 500
    """

    def __init__(
        self,
        message: str,
        *,
        index: int | None = None,
        path: str | None = None,
        expected: object = None,
        found: object = None,
        others: Sequence[CropError] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.index = index
        self.path = path
        self.expected = expected
        self.found = found
        self.others = tuple(others)

    def __str__(self) -> str:
        parts = [(name, getattr(self, name)) for name in ("index", "path", "expected", "found")]
        lines = [
            self.message,
            *(f"  {name}: {value}" for name, value in parts if value is not None),
        ]
        if self.others:
            lines.append(f"  and {len(self.others)} more of this batch (see .others)")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword arguments do not survive the default pickling of exceptions,
        # and errors travel from the worker processes of a data loader.
        parts = ("index", "path", "expected", "found", "others")
        return _rebuild, (type(self), self.message, {p: getattr(self, p) for p in parts})


def _rebuild(cls: type[CropError], message: str, parts: dict[str, object]) -> CropError:
    return cls(message, **parts)  # type: ignore[arg-type]
