"""Reading array files with errors that name the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import DataError


def load(path: Path, *, mapped: bool = False) -> npt.NDArray[Any]:
    """Read an array, or map it into memory; changes stay there.

    Raises
    ------
    DataError
        If the file is damaged, shorter than it says, or holds no plain array.
    """
    try:
        array = np.load(path, mmap_mode="c" if mapped else None, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise DataError("an array file is damaged", path=path, found=str(error)) from error
    return np.asanyarray(array)
