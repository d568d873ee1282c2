"""Errors that say what was expected, what was found, and where."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

#: The parts of an error after its message, in the order they are printed.
PARTS = ("path", "key", "index", "expected", "found", "hint")


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
        return _rebuild, (type(self), self.message, {part: getattr(self, part) for part in PARTS})


def _rebuild(cls: type[NeuroAIError], message: str, parts: dict[str, Any]) -> NeuroAIError:
    error = cls.__new__(cls, message)
    NeuroAIError.__init__(error, message, **parts)
    return error


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


class ProblemsError(DataError):
    """Several problems, found and reported together."""


class MissingExtraError(NeuroAIError, ImportError):
    """An optional dependency that is not installed."""


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
    expected = "one of " + ", ".join(map(repr, names)) if names else f"(there is no {kind})"
    return UnknownNameError(
        f"unknown {kind} {str(name)!r}", expected=expected, hint=_suggest(str(name), names), **where
    )


def problems(message: str, found: Sequence[str], *, path: object = None) -> ProblemsError:
    """Make one error of a list of problems, each of them shown."""
    listed = "".join(f"\n    - {problem}" for problem in found)
    return ProblemsError(message, path=path, found=f"{len(found)} problem(s){listed}")


def check_known(kind: str, given: Iterable[object], known: Iterable[object], **where: Any) -> None:
    """Raise `UnknownNameError` for the first of `given` that is not in `known`."""
    known = list(known)
    for name in given:
        if name not in known:
            raise unknown_name(kind, name, known, **where)


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
    signature = inspect.signature(function)
    known = [n for n, p in signature.parameters.items() if p.kind != p.VAR_POSITIONAL]
    name = function.__qualname__.removesuffix(".__init__")

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        reject_unknown(name, kwargs, [k for k in known if k != "self"])
        return function(*args, **kwargs)

    return checked


def reject_unknown(function: str, given: Mapping[str, object], known: Iterable[str]) -> None:
    """Raise `UnknownArgumentError` for the first key of `given` that is not in `known`."""
    names = sorted(known)
    for key in given:
        if key not in names:
            raise UnknownArgumentError(
                f"{function}() has no argument {key!r}",
                expected="one of " + ", ".join(map(repr, names)) if names else "no keywords",
                hint=_suggest(key, names),
            )


def _suggest(name: str, known: Sequence[str]) -> str | None:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else None
