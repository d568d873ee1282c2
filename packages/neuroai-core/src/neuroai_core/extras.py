"""Optional dependencies: imported when used, and missed with the exact remedy."""

from __future__ import annotations

import importlib
from types import ModuleType

from neuroai_core.errors import MissingExtraError


def require(module: str, *, package: str, extra: str) -> ModuleType:
    """Import an optional dependency, or say how to install it.

    Parameters
    ----------
    module
        The module to import, dotted: ``"pynwb"``, ``"ffcv.loader"``.
    package
        The distribution whose extra brings it: ``"neural-shards"``.
    extra
        The name of that extra: ``"nwb"``.

    Returns
    -------
    The imported module.

    Raises
    ------
    MissingExtraError
        If the module is not installed. An error inside an installed module
        is passed on as it is: it has another remedy.

    Examples
    --------
    >>> require("json", package="neural-shards", extra="nwb").dumps({})
    '{}'
    >>> require("no_such_module", package="neural-shards", extra="nwb")
    Traceback (most recent call last):
    neuroai_core.errors.MissingExtraError: this needs no_such_module, which is not installed
      hint: pip install "neural-shards[nwb]"
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or not (module == error.name or module.startswith(error.name + ".")):
            raise
        missing = MissingExtraError(
            f"this needs {error.name}, which is not installed",
            hint=f'pip install "{package}[{extra}]"',
        )
        missing.name = error.name
        raise missing from error
