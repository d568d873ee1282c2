"""Small immutable values, checked when they are made."""

from __future__ import annotations

import math
import numbers
from typing import Annotated, Any, NoReturn, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from neuroai_core.errors import InputError, reject_unknown


class Value(BaseModel):
    """A value with named parts: immutable, comparable, checked when made.

    An unknown part raises `UnknownArgumentError` with the near name, an
    impossible one `InputError` with its key; both say what was expected.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, **parts: Any) -> None:
        reject_unknown(type(self).__name__, parts, type(self).model_fields)
        try:
            super().__init__(**parts)
        except ValidationError as error:
            _translate(type(self).__name__, error)


def _translate(name: str, error: ValidationError) -> NoReturn:
    """Raise the first problem as one of the project's own errors."""
    first = error.errors(include_url=False)[0]
    cause = first.get("ctx", {}).get("error")
    # Between the keys stand the names of checks that were tried; those have brackets.
    key = ".".join(str(part) for part in first["loc"] if "[" not in str(part)) or None
    if isinstance(cause, InputError):
        if key is not None:
            cause.key = f"{key}.{cause.key}" if cause.key is not None else key
        raise cause from None
    raise InputError(
        f"{name} cannot be made: {first['msg'].removeprefix('Value error, ')}",
        key=key,
        found=None if first["type"] == "missing" else repr(first["input"]),
    ) from None


def _whole(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise InputError("not a whole number", expected="a whole number", found=repr(value))
    return int(value)


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InputError("not a number", expected="a number", found=repr(value))
    if not math.isfinite(value):
        raise InputError("not a finite number", expected="a finite number", found=repr(value))
    return float(value)


#: Any whole number; NumPy's too, but neither 2.0 nor True nor "2".
Whole: TypeAlias = Annotated[int, BeforeValidator(_whole)]
#: A whole number of 0 or more.
Count: TypeAlias = Annotated[int, BeforeValidator(_whole), Field(ge=0)]
#: A whole number of 1 or more.
Size: TypeAlias = Annotated[int, BeforeValidator(_whole), Field(ge=1)]
#: Any finite number.
Number: TypeAlias = Annotated[float, BeforeValidator(_number)]
#: A finite number of more than 0.
Positive: TypeAlias = Annotated[float, BeforeValidator(_number), Field(gt=0)]
#: A finite number of 0 or more.
NotNegative: TypeAlias = Annotated[float, BeforeValidator(_number), Field(ge=0)]
#: A contrast from -1 to 1; a negative one exchanges light and dark.
Contrast: TypeAlias = Annotated[float, BeforeValidator(_number), Field(ge=-1, le=1)]
#: A number from 0 to 1.
Fraction01: TypeAlias = Annotated[float, BeforeValidator(_number), Field(ge=0, le=1)]
