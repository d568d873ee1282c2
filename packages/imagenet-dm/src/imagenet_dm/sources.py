"""Where a split is read from: a folder, ImageNet's archives, a ``.beton``, or shards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, TypeAlias, get_args

from imagenet_dm.beton import scan_beton
from imagenet_dm.devkit import ARCHIVE
from imagenet_dm.folder import class_folders, scan_folder
from imagenet_dm.index import Index
from imagenet_dm.index_file import Stamps, beside_path, cache_path, cached
from imagenet_dm.layout import contents, wrong_layout
from imagenet_dm.shards import find_shards, has_shards, scan_shards
from imagenet_dm.tars import ARCHIVES, scan_tars
from neuroai_core.errors import DataError, check_known

Backend = Literal["auto", "folder", "tar", "beton", "webdataset"]
Scan: TypeAlias = Callable[[Path, str], tuple[Index, list[Path]]]

#: Fewer images are listed as fast as an index of them is opened.
KEEP_FROM = 5000

SCANS: Mapping[str, Scan] = {
    "folder": scan_folder,
    "tar": scan_tars,
    "beton": scan_beton,
    "webdataset": scan_shards,
}


def find_backend(root: Path, split: str) -> str | None:
    """Say in what form a split is there; None if it is not."""
    if find_shards(root, split):
        return "webdataset"
    if (root / split).is_dir():
        return "folder"
    if (root / f"{split}.beton").is_file():
        return "beton"
    if (root / ARCHIVES.get(split, "")).is_file():
        return "tar"
    return None


def open_split(
    root: Path,
    split: str,
    *,
    backend: Backend = "auto",
    index_cache: bool | str | Path = True,
) -> Index:
    """Find the images of a split.

    Parameters
    ----------
    root
        The folder of the data set.
    split
        ``"train"`` or ``"val"``.
    backend
        The form in which it is there; ``"auto"`` looks.
    index_cache
        Keep what was found, if it is much, in the user's cache folder (or the
        one that ``IMAGENET_DM_CACHE`` names), in the folder given, or not at
        all. An index beside the data (``imagenet-dm index``) is used in any case.

    Raises
    ------
    DataError
        If the split is not there; it says what was expected and what is there.
    """
    check_known("backend", [backend], get_args(Backend), key="backend")
    form = find_backend(root, split) if backend == "auto" else backend
    if form is None or (backend != "auto" and not _there(root, split, form)):
        if backend in ("auto", "folder"):
            raise wrong_layout(root, split)
        raise DataError(
            f"there is no split {split!r} in this form",
            path=root,
            key=backend,
            found=contents(root),
        )
    if form == "beton":  # is an index itself
        return SCANS[form](root, split)[0]
    paths, write = [beside_path(root, f"{split}-{form}")], None
    folder = None if isinstance(index_cache, bool) else Path(index_cache)
    if index_cache:
        write = cache_path(root, f"{split}-{form}", folder)
        paths.append(write)
    return cached(
        root,
        paths,
        lambda: scan_stamped(root, split, form),
        write,
        keep_from=KEEP_FROM if folder is None else 0,
        fits=lambda index: form != "webdataset" or has_shards(index, root, split),
    )


def scan_stamped(root: Path, split: str, form: str) -> tuple[Index, Stamps]:
    """Find the images of a split, and give what that depends on as it was before.

    What changes while the images are listed makes the list one that does not hold.
    """
    before = Stamps.take(_known(root, split, form))
    index, depends = SCANS[form](root, split)
    return index, Stamps.take(depends).since(before)


def _known(root: Path, split: str, form: str) -> list[Path]:
    """Give those folders and files that a scan depends on that are known before it."""
    if form == "folder":
        classes = class_folders(root / split)
        return [root / split, *(root / split / name for name in classes)] if classes else []
    if form == "webdataset":
        return find_shards(root, split)
    kits = (ARCHIVE, ARCHIVE.removesuffix(".tar.gz"))
    return [root / name for name in (ARCHIVES[split], *kits) if (root / name).exists()]


def split_classes(
    root: Path, split: str, *, backend: Backend = "auto", index_cache: bool | str | Path = True
) -> tuple[str, ...]:
    """Give the classes of a split in label order, of folders without listing the images.

    Nothing if the split is not there.
    """
    form = find_backend(root, split) if backend == "auto" else backend
    if form is None or not _there(root, split, form):
        return ()
    if form == "folder":
        return tuple(class_folders(root / split))
    return open_split(root, split, backend=backend, index_cache=index_cache).classes


def _there(root: Path, split: str, form: str) -> bool:
    if form == "webdataset":
        return bool(find_shards(root, split))
    names = {"folder": split, "beton": f"{split}.beton", "tar": ARCHIVES.get(split, "")}
    return (root / names[form]).exists()
