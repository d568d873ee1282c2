"""The folder a set is written into: empty, a run that was killed, or cleared when asked."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

from neural_shards import manifest
from neural_shards.index import ENDING
from neural_shards.names import is_numbered
from neuroai_core.errors import DataError, InputError
from neuroai_core.files import atomic_write
from neuroai_core.files.atomic import PARTIAL

#: Stands in a folder from before its first shard until after its manifest.
MARKER = ".unfinished.json"


def begin(folder: Path, *, overwrite: bool, plan: str | None = None) -> bool:
    """Make a folder ready to be written into.

    What a killed run left is cleared, unless the same plan goes on.

    Parameters
    ----------
    folder
        Made if it is not there.
    overwrite
        Clear a shard set that is there: its manifest, the shards that this
        names, and those named as a writer names them with an index beside.
        All other files are never removed: they are an error.
    plan
        What will be written, as a checksum; None if that is not known.

    Returns
    -------
    Whether the shards that are there belong to this plan.

    Raises
    ------
    InputError
        If the folder holds anything and `overwrite` is false, or foreign files.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError("the output is no folder", key="output_dir", path=folder)
    folder.mkdir(parents=True, exist_ok=True)
    there = sorted(path.name for path in folder.iterdir())
    # A writer may be killed even while it writes its marker, or before it takes it away.
    begun = MARKER in there or all(_is_partial(name) for name in there)
    if not begun and not overwrite:
        raise InputError(
            "the output folder is not empty",
            key="output_dir",
            path=folder,
            found=", ".join(there[:5]) + (" ..." if len(there) > 5 else ""),
            hint="choose another folder, or clear this one with overwrite=True (--overwrite)",
        )
    goes_on = MARKER in there and plan is not None and _plan(folder) == plan
    _clear(folder, there, partial_only=goes_on)
    atomic_write(folder / MARKER, json.dumps({"format": manifest.FORMAT, "plan": plan}) + "\n")
    return goes_on


def finish(folder: Path) -> None:
    """Take the marker away, after the manifest was written."""
    (folder / MARKER).unlink(missing_ok=True)


def is_unfinished(folder: Path) -> bool:
    """Say whether a set in a folder was begun and not finished."""
    return (folder / MARKER).exists() and not (folder / manifest.NAME).exists()


def _plan(folder: Path) -> object:
    try:
        content = json.loads((folder / MARKER).read_bytes())
    except ValueError:
        return None
    return content.get("plan") if isinstance(content, dict) else None


def _clear(folder: Path, there: list[str], *, partial_only: bool) -> None:
    ours = _ours(folder, there)
    foreign = [name for name in there if name not in ours]
    if foreign:
        raise InputError(
            "the output folder holds files that are none of a shard set's; nothing was removed",
            key="output_dir",
            path=folder,
            found=", ".join(foreign[:5]) + (" ..." if len(foreign) > 5 else ""),
        )
    # The manifest goes first: what is half cleared must not look like a set.
    for name in sorted(there, key=lambda name: name != manifest.NAME):
        if not partial_only or _is_partial(name):
            (folder / name).unlink()


def _ours(folder: Path, there: list[str]) -> set[str]:
    """Give what writers of sets left: only what a manifest names, or what a writer names so."""
    own = {name for name in there if name == MARKER or _is_partial(name)}
    shards = set[str]()
    if (folder / manifest.NAME).is_file():
        content = (folder / manifest.NAME).read_bytes()
        if not manifest.is_foreign(content):
            own.add(manifest.NAME)
        with contextlib.suppress(DataError):  # damaged: it names nothing
            read = manifest.Manifest.from_bytes(content, folder / manifest.NAME)
            shards = {shard.name for shard in read.shards}
    for name in there:
        shard = name.removesuffix(ENDING)
        # A killed writer's last shard may lack its index, and its folder has the marker.
        whole = {shard, shard + ENDING} <= set(there) or MARKER in there
        if shard in shards or (is_numbered(shard) and whole):
            own.add(name)
    return own


def _is_partial(name: str) -> bool:
    return name.startswith(".") and name.endswith(PARTIAL)
