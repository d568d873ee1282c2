"""Errors that say what was expected, what was found, and where."""

from __future__ import annotations

import difflib
import errno
import functools
import inspect
import operator
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

#: The parts of an error after its message, in the order they are printed.
PARTS = ("path", "key", "index", "expected", "found", "hint")
#: How many of the known names an error lists.
LISTED = 20


class NeuroAIError(Exception):
    """Base of every error that these packages raise on purpose.

    Parameters
    ----------
    message
        One sentence: what is wrong.
    path, key, index
        Where: the file or folder, the key or argument in it, the position.
    expected, found
        What would have been right, and what was there.
    hint
        What the user can do about it.

    Examples
    --------
    >>> print(DataError("label out of range", path="a.beton", index=3, expected="0 to 9", found=12))
    label out of range
      path: a.beton
      index: 3
      expected: 0 to 9
      found: 12
    """

    def __init__(
        self,
        message: str,
        *,
        path: object = None,
        key: object = None,
        index: object = None,
        expected: object = None,
        found: object = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path: Any = path  # ImportError has its own idea of the type
        self.key = key
        self.index = index
        self.expected = expected
        self.found = found
        self.hint = hint

    def __str__(self) -> str:
        parts = ((part, getattr(self, part)) for part in PARTS)
        return "\n".join([self.message, *(f"  {k}: {v}" for k, v in parts if v is not None)])

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword arguments do not survive the default pickling of exceptions,
        # and errors travel from worker processes to the main one.
        parts = {part: _portable(getattr(self, part)) for part in PARTS}
        more = {k: _portable(v) for k, v in vars(self).items() if k not in (*PARTS, "message")}
        return _rebuild, (type(self), self.message, parts), more


def _rebuild(cls: type[NeuroAIError], message: str, parts: dict[str, Any]) -> NeuroAIError:
    error = cls.__new__(cls, message)
    NeuroAIError.__init__(error, message, **parts)
    return error


def _portable(value: object) -> object:
    """Give the value itself, or its text where it cannot go to another process."""
    try:
        pickle.dumps(value)
    except (pickle.PicklingError, TypeError, AttributeError, NotImplementedError, ValueError):
        return str(value)
    return value


class InputError(NeuroAIError, ValueError):
    """An argument or a setting that cannot be right."""


class UnknownNameError(InputError):
    """A name that is not among those there are."""


class UnknownArgumentError(NeuroAIError, TypeError):
    """An argument that the function does not take."""


class DataError(NeuroAIError):
    """A file or a data set that is damaged, incomplete or not what it should be."""


class NotFoundError(NeuroAIError, FileNotFoundError):
    """A file or folder that is not there."""

    def __init__(self, message: str, **parts: Any) -> None:
        super().__init__(message, **parts)
        # What code that catches OSError looks at.
        self.errno, self.filename = errno.ENOENT, self.path

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild, arguments, more = super().__reduce__()
        name = _portable(self.filename)
        return rebuild, arguments, {**more, "errno": self.errno, "filename": name}


class ProblemsError(DataError):
    """Several problems, found and reported together: `problems` lists them."""

    problems: tuple[str, ...] = ()


class MissingExtraError(NeuroAIError, ImportError):
    """An optional dependency that is not installed: `name` is the module that is missing."""

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild, arguments, more = super().__reduce__()
        return rebuild, arguments, {**more, "name": self.name}


def unknown_name(
    kind: str, name: object, known: Iterable[object], **where: Any
) -> UnknownNameError:
    """Make the error for a name that is not known, with the near one and the list.

    Parameters
    ----------
    kind
        What the name names: ``"group"``, ``"data set"``.
    name
        The name that was given.
    known
        The names there are.
    **where
        ``path``, ``key`` or ``index``, as for `NeuroAIError`.

    Examples
    --------
    >>> print(unknown_name("group", "invertebrate", ["alphabet", "invertebrates"]))
    unknown group 'invertebrate'
      expected: one of 'alphabet', 'invertebrates'
      hint: did you mean 'invertebrates'?
    """
    names = sorted({str(k) for k in known})
    return UnknownNameError(
        f"unknown {kind} {str(name)!r}",
        expected=_one_of(names, f"(there is no {kind})"),
        hint=_suggest(str(name), names),
        **where,
    )


def problems(message: str, found: Sequence[str], *, path: object = None) -> ProblemsError:
    """Make one error of a list of problems, each of them shown.

    Examples
    --------
    >>> print(problems("a session is not valid", ["no rate", "2 rows of NaN"], path="a.h5"))
    a session is not valid
      path: a.h5
      found: 2 problem(s)
        - no rate
        - 2 rows of NaN
    """
    listed = "".join(f"\n    - {problem}" for problem in found)
    error = ProblemsError(message, path=path, found=f"{len(found)} problem(s){listed}")
    error.problems = tuple(found)
    return error


def check_known(kind: str, given: Iterable[object], known: Iterable[object], **where: Any) -> None:
    """Raise `UnknownNameError` for the first of `given` that is not in `known`."""
    known = list(known)
    for name in given:
        if name not in known:
            raise unknown_name(kind, name, known, **where)


def whole_number(
    key: str, value: object, *, least: int | None = None, most: int | None = None
) -> int:
    """Give a whole number as a plain int, or raise `InputError` if it is none or out of range.

    Examples
    --------
    >>> whole_number("batch_size", 32, least=1)
    32
    >>> whole_number("rank", 4, least=0, most=3)
    Traceback (most recent call last):
    neuroai_core.errors.InputError: rank is out of range
      key: rank
      expected: 0 to 3
      found: 4
    """
    expected = _range(least, most)
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # the question is whether it is
    except TypeError:
        raise InputError(
            f"{key} is no whole number", key=key, expected=expected, found=repr(value)
        ) from None
    if (least is not None and number < least) or (most is not None and number > most):
        raise InputError(f"{key} is out of range", key=key, expected=expected, found=number)
    return number


def _range(least: int | None, most: int | None) -> str:
    if least is None:
        return "a whole number" if most is None else f"{most} or less"
    if most is None:
        return f"{least} or more"
    return f"{least} to {most}" if least <= most else "none: there is nothing"


def strict_arguments(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function answer an unknown keyword with the name that was meant.

    Raises
    ------
    UnknownArgumentError
        On a call with a keyword that the signature does not have.

    Examples
    --------
    >>> @strict_arguments
    ... def load(path, *, batch_size=32): ...
    >>> load("a", batchsize=8)
    Traceback (most recent call last):
    neuroai_core.errors.UnknownArgumentError: load() has no argument 'batchsize'
      expected: one of 'batch_size', 'path'
      hint: did you mean 'batch_size'?
    """
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind == p.VAR_KEYWORD for p in parameters):
        return function  # it takes every keyword
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    known = [p.name for p in parameters if p.kind in by_name and p.name not in ("self", "cls")]
    name = function.__qualname__.rpartition("<locals>.")[2].removesuffix(".__init__")

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        reject_unknown(name, kwargs, known)
        return function(*args, **kwargs)

    return checked


def reject_unknown(function: str, given: Mapping[str, object], known: Iterable[str]) -> None:
    """Raise `UnknownArgumentError` for the first key of `given` that is not in `known`."""
    names = sorted(known)
    for key in given:
        if key not in names:
            raise UnknownArgumentError(
                f"{function}() has no argument {key!r}",
                expected=_one_of(names, "no keywords"),
                hint=_suggest(str(key), names),
            )


def _one_of(names: Sequence[str], none: str) -> str:
    if not names:
        return none
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return "one of " + ", ".join(map(repr, names[:LISTED])) + more


def _suggest(name: str, known: Sequence[str]) -> str | None:
    """Find the near name; case, dashes, underscores and blanks make no distance."""
    folded = {_fold(k): k for k in known}
    near = difflib.get_close_matches(_fold(name), folded, n=1, cutoff=0.6)
    return f"did you mean {folded[near[0]]!r}?" if near else None


def _fold(name: str) -> str:
    return name.casefold().translate({ord(sign): None for sign in "-_ ."})
