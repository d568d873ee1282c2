"""ImageNet's development kit: the synsets, their names, and the labels of the validation images."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imagenet_dm.matfile import read_structs
from neuroai_core.errors import DataError

ARCHIVE = "ILSVRC2012_devkit_t12.tar.gz"
META = "data/meta.mat"
TRUTH = "data/ILSVRC2012_validation_ground_truth.txt"


@dataclass(frozen=True, eq=False)
class Devkit:
    """What the kit says.

    Parameters
    ----------
    synsets
        In sorted order, which is that of the labels.
    names
        What each is called: ``"tench, Tinca tinca"``.
    validation
        Label of each validation image, in the order of their numbers, int32.
    """

    synsets: tuple[str, ...]
    names: tuple[str, ...]
    validation: npt.NDArray[np.int32]


def read_devkit(path: Path) -> Devkit:
    """Read the kit from its archive, or from the folder that it was unpacked to.

    Raises
    ------
    DataError
        If a file is missing or not what it should be.
    """
    meta, truth = (_read(path, name) for name in (META, TRUTH))
    leaves = [row for row in read_structs(meta, "synsets") if int(row["num_children"][0]) == 0]
    leaves.sort(key=lambda row: str(row["WNID"]))
    label = {int(row["ILSVRC2012_ID"][0]): at for at, row in enumerate(leaves)}
    try:
        validation = np.array([label[int(number)] for number in truth.split()], dtype=np.int32)
    except (KeyError, ValueError) as error:
        raise DataError(
            "the labels of validation are damaged",
            path=path,
            key=TRUTH,
            expected=f"numbers of {len(label)} synsets",
            found=str(error),
        ) from error
    synsets = tuple(str(row["WNID"]) for row in leaves)
    return Devkit(synsets, tuple(str(row["words"]) for row in leaves), validation)


def _read(path: Path, name: str) -> bytes:
    if path.is_dir():
        file = path / name
        if not file.is_file():
            raise DataError("the development kit is not whole", path=path, expected=name)
        return file.read_bytes()
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                if member.isfile() and member.name.endswith(name):
                    content = archive.extractfile(member)
                    return content.read() if content else b""
    except (tarfile.TarError, OSError, EOFError) as error:
        raise DataError(
            "the development kit cannot be read", path=path, found=str(error)
        ) from error
    raise DataError("the development kit is not whole", path=path, expected=name)
