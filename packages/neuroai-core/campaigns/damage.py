"""Archives damaged at random: `extract` unpacks them or says DataError, and leaves nothing.

Run: python campaigns/damage.py [rounds]
"""

from __future__ import annotations

import io
import shutil
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

from neuroai_core import DataError
from neuroai_core.files import extract
from neuroai_core.rng import generator

CONTENT = {"a.txt": b"a", "folder/b.bin": bytes(range(256)) * 20, "folder/" + "c" * 120: b"long"}
KINDS = ("zip", "zip stored", "zip lzma", "tar", "tar.gz", "tar.bz2", "tar.xz", "tar pax")


def archive(kind: str) -> bytes:
    file = io.BytesIO()
    if kind.startswith("zip"):
        packed = {"zip stored": zipfile.ZIP_STORED, "zip lzma": zipfile.ZIP_LZMA}
        with zipfile.ZipFile(file, "w", packed.get(kind, zipfile.ZIP_DEFLATED)) as made:
            for name, content in CONTENT.items():
                made.writestr(name, content)
        return file.getvalue()
    form = tarfile.PAX_FORMAT if kind == "tar pax" else tarfile.GNU_FORMAT
    mode = {"tar.gz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}.get(kind, "w:")
    with tarfile.open(fileobj=file, mode=mode, format=form) as tar:  # type: ignore[call-overload]
        for name, content in CONTENT.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def damaged(whole: bytes, *keys: int | str) -> bytes:
    """Change, cut out, repeat or cut off; headers and ends more often than the middle."""
    random = generator("damage", *keys)
    data = bytearray(whole)
    for _ in range(int(random.integers(1, 5))):
        at = int(random.integers(len(data)))
        if random.random() < 0.5:
            near = int(random.integers(min(600, len(data))))
            at = near if random.random() < 0.5 else len(data) - 1 - near
        how = random.random()
        if how < 0.7:
            data[at] = int(random.integers(256))
        elif how < 0.8:
            data[at] = 255
        elif how < 0.9:
            del data[at + 1 : at + int(random.integers(2, 40))]
        else:
            del data[at + 1 :]
    return bytes(data)


def main(rounds: int) -> None:
    for kind in KINDS:
        outcomes: Counter[str] = Counter()
        whole = archive(kind)
        with tempfile.TemporaryDirectory() as folder:
            broken, target = Path(folder, "broken"), Path(folder, "target")
            for number in range(rounds):
                broken.write_bytes(damaged(whole, kind, number))
                try:
                    extract(broken, target)
                    outcomes["unpacked"] += 1
                    shutil.rmtree(target)
                except DataError as error:
                    outcomes[error.message] += 1
                if left := [path for path in Path(folder).iterdir() if path != broken]:
                    raise SystemExit(f"{kind}, {number}: left {left}")
        print(f"{kind:12}", dict(outcomes), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
