"""Where the data set lies, and what is wrong where it is not there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path

from neuroai_core.errors import DataError, InputError, NotFoundError, unknown_name

#: The environment variable that gives the root.
VARIABLE = "IMAGENET_ROOT"
#: What counts as an image, in lower case.
SUFFIXES = (".jpeg", ".jpg", ".png", ".bmp", ".ppm", ".pgm", ".tif", ".tiff", ".webp")

LAYOUT = "train/<class>/*.JPEG and val/<class>/*.JPEG"


def find_root(
    data_root: str | os.PathLike[str] | None = None,
    location: str | None = None,
    locations: Mapping[str, str] | None = None,
) -> Path:
    """Give the folder of the data set.

    Parameters
    ----------
    data_root
        The folder itself; it comes before the other ways.
    location
        The name of one of `locations`.
    locations
        Folders by name, so that one configuration serves several machines.

    Raises
    ------
    InputError
        If none of them, nor ``IMAGENET_ROOT``, says where it is.
    NotFoundError
        If there is no such folder.

    Examples
    --------
    >>> find_root(location="local", locations={"local": ".", "production": "/fsx/imagenet"})
    PosixPath('.')
    """
    places = locations or {}
    if data_root is not None:
        root, how = Path(data_root), "data_root"
    elif location is not None:
        if location not in places:
            raise unknown_name("location", location, places, key="location")
        root, how = Path(places[location]), f"location {location!r}"
    elif os.environ.get(VARIABLE):
        root, how = Path(os.environ[VARIABLE]), VARIABLE
    else:
        raise InputError(
            "nothing says where the data set is",
            expected=f"data_root, a location with locations, or {VARIABLE} in the environment",
            found="none of them",
        )
    root = root.expanduser()
    if not root.exists():
        raise NotFoundError(
            "there is no such data set",
            path=root,
            key=how,
            expected=f"a folder with {LAYOUT}",
            found=_nearest(root),
        )
    return root


def wrong_layout(folder: Path, split: str) -> DataError:
    """Make the error for a root without the folder of a split: what was expected, what is there."""
    return DataError(
        f"this is no data set with a split {split!r}",
        path=folder,
        expected=LAYOUT,
        found=contents(folder),
        hint=_layout_hint(folder, split),
    )


def contents(folder: Path, most: int = 6) -> str:
    """List a folder in one line: its subfolders with a slash, then how many more there are."""
    with os.scandir(folder) as entries:
        seen = sorted(f"{e.name}/" if e.is_dir() else e.name for e in islice(entries, 2000))
    if not seen:
        return "an empty folder"
    more = f" and {len(seen) - most} more" if len(seen) > most else ""
    return ", ".join(seen[:most]) + more


def _nearest(path: Path) -> str:
    for parent in path.absolute().parents:
        if parent.is_dir():
            return f"{parent} with {contents(parent)}"
    return "nothing on the way to it"


def _layout_hint(folder: Path, split: str) -> str | None:
    if (folder.parent / split).is_dir():
        return f"give the folder above: {folder.parent}"
    inside = [f.parent for f in sorted(folder.glob(f"*/{split}"))]
    if inside:
        return f"give the folder below: {inside[0]}"
    if split == "val":
        return "val_from_train=50 takes 50 images of each class from train"
    return None
