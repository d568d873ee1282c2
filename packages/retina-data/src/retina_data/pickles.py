"""Reading a pickle of numbers without letting it run anything."""

from __future__ import annotations

import codecs
import pickle
from collections.abc import Callable
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import DataError


def _frombuffer(
    buffer: bytes, dtype: np.dtype[Any], shape: tuple[int, ...], order: Literal["C", "F"]
) -> npt.NDArray[Any]:
    return np.frombuffer(buffer, dtype=dtype).reshape(shape, order=order)


#: All that a pickle of arrays, numbers, strings, lists and dicts asks for. What NumPy
#: keeps in its core, under another name since version 2, is taken from an array.
ALLOWED: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): codecs.encode,
    ("collections", "OrderedDict"): dict,
}
for _core in ("numpy.core", "numpy._core"):
    ALLOWED[_core + ".multiarray", "_reconstruct"] = np.zeros(1).__reduce__()[0]  # type: ignore[assignment]
    ALLOWED[_core + ".multiarray", "scalar"] = np.float64(1).__reduce__()[0]  # type: ignore[assignment]
    ALLOWED[_core + ".numeric", "_frombuffer"] = _frombuffer


class _Restricted(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ALLOWED:
            raise DataError(
                "a pickle asks for more than arrays need; nothing was run",
                found=f"{module}.{name}",
            )
        return ALLOWED[module, name]


def load(file: IO[bytes], *, path: object) -> Any:
    """Read a pickle of arrays, numbers, strings, lists and dicts; nothing else is unpickled.

    Parameters
    ----------
    file
        The open file.
    path
        Its name, for messages.

    Raises
    ------
    DataError
        If it is damaged, or asks for any other class or function.

    Examples
    --------
    >>> import io
    >>> load(io.BytesIO(pickle.dumps({"a": 1})), path="a.pickle")
    {'a': 1}
    >>> load(io.BytesIO(pickle.dumps(print)), path="bad.pickle")
    Traceback (most recent call last):
    neuroai_core.errors.DataError: a pickle asks for more than arrays need; nothing was run
      path: bad.pickle
      found: builtins.print
    """
    try:
        return _Restricted(file).load()
    except DataError as error:
        error.path = path
        raise
    except (
        pickle.UnpicklingError,
        EOFError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        KeyError,
        ImportError,
        MemoryError,
        OverflowError,
        RecursionError,
        SystemError,  # NumPy's, for a state that no array has
    ) as error:
        raise DataError(
            "a pickle is damaged", path=path, found=f"{type(error).__name__}: {error}"
        ) from error
