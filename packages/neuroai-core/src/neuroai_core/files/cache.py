"""Where downloads are kept: looked up when asked, never at import."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder(package: str, variable: str | None = None) -> Path:
    """Give the folder in which a package keeps what it fetched; nothing is made.

    Parameters
    ----------
    package
        The distribution: a folder of that name inside the user's cache folder
        (``XDG_CACHE_HOME``, ``LOCALAPPDATA`` on Windows, else ``~/.cache``).
    variable
        An environment variable that names the folder itself, if it is set.

    Examples
    --------
    >>> cache_folder("retina-data", "RETINA_DATA_CACHE").name
    'retina-data'
    """
    if variable and os.environ.get(variable):
        return Path(os.environ[variable]).expanduser()
    base = os.environ.get("LOCALAPPDATA" if os.name == "nt" else "XDG_CACHE_HOME")
    # XDG says to ignore what is relative: it would be another folder from everywhere.
    return (Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache") / package
