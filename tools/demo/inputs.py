"""What the demo runs on: photographs and a recording of its own, or the user's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from report import Report

from neuroai_core import DataError, NotFoundError

IMAGES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class Inputs:
    """Folders of class folders with images, and recordings."""

    train: Path
    val: Path
    recordings: list[Path]


def shipped(work: Path, report: Report) -> Inputs:
    """Write the photographs and the recording that the demo brings."""
    from photographs import write_photographs
    from recording import write_recording

    root = write_photographs(work / "photographs")
    recording = write_recording(work / "reaching.nwb")
    count = sum(1 for _ in root.rglob("*.jpg"))
    report.say(
        f"{count} crops of six photographs from scikit-image and scikit-learn, and a two-minute "
        f"recording of 24 units and a moving hand, written by pynwb ({recording.name})."
    )
    return Inputs(root / "train", root / "val", [recording])


def found(folder: Path, report: Report) -> Inputs:
    """Find class folders with images, and ``.nwb`` files, anywhere below the user's folder."""
    if not folder.is_dir():
        raise NotFoundError("there is no such folder", path=folder)
    parents = sorted({file.parent.parent for file in folder.rglob("*") if is_image(file)})
    recordings = sorted(folder.rglob("*.nwb"))
    if not parents or not recordings:
        raise DataError(
            "the demo needs images and recordings",
            path=folder,
            expected="<class>/<image> (jpg or png) and .nwb files somewhere below it",
            found=f"{len(parents)} folders with classes of images, {len(recordings)} .nwb files",
        )
    named = {parent.name: parent for parent in reversed(parents)}
    train = named.get("train", parents[0])
    val = next((named[name] for name in ("val", "test") if name in named), train)
    report.say(f"Images for training from {train}, for validation from {val}.")
    if val == train:
        report.say("There is no val or test folder: the training images serve for validation too.")
    report.say(f"Recordings: {', '.join(path.name for path in recordings)}.")
    return Inputs(train, val, recordings)


def is_image(file: Path) -> bool:
    """Say whether a path is one of an image, by its name."""
    return file.suffix.lower() in IMAGES and file.is_file()
