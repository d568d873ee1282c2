"""Compile the engine into the wheel, where a C compiler and libjpeg-turbo's headers are.

Without them the wheel is pure Python: it makes the same crops with Pillow, and says at run
time why. ``JPEG_CROPS_NATIVE`` decides: ``auto`` (the default), ``require`` (fail instead of
building a pure wheel) or ``off`` (build a pure wheel). ``CC``, ``CFLAGS`` and ``LDFLAGS`` are
heeded; ``pkg-config`` says where libjpeg is, if it knows.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PACKAGE = "jpeg_crops"
LIBRARY = "_native.dylib" if sys.platform == "darwin" else "_native.so"
REASON = "_native_missing.txt"

FLAGS = [
    "-std=c11",
    "-O3",
    "-fPIC",
    "-shared",
    "-fvisibility=hidden",
    "-ffp-contract=off",  # a fused multiply-add would round the filter's weights otherwise
    "-pthread",
]


class NotBuiltError(Exception):
    """There is no compiled library, and this is why."""


class CustomBuildHook(BuildHookInterface):
    """Add the shared library, or the reason why there is none, to a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build before the files of the wheel are gathered."""
        root = Path(self.root)
        if version == "editable":  # beside the sources, where the interpreter looks
            folder = root / "src" / PACKAGE
        else:
            folder = Path(tempfile.mkdtemp(prefix="jpeg-crops-"))
            self._temporary = folder
        for name in (LIBRARY, REASON):
            (folder / name).unlink(missing_ok=True)
        made = self._make(root / "csrc", folder)
        if made.name == LIBRARY:
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{_platform()}"
        if version != "editable":
            build_data["force_include"][str(made)] = f"{PACKAGE}/{made.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what is in the wheel by now."""
        temporary = getattr(self, "_temporary", None)
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)

    def _make(self, sources: Path, folder: Path) -> Path:
        wanted = os.environ.get("JPEG_CROPS_NATIVE", "auto")
        if wanted not in ("auto", "require", "off"):
            raise ValueError(f"JPEG_CROPS_NATIVE is 'auto', 'require' or 'off', not {wanted!r}")
        try:
            if wanted == "off":
                raise NotBuiltError("it was built with JPEG_CROPS_NATIVE=off")
            return _compile(sources, folder / LIBRARY)
        except NotBuiltError as error:
            if wanted == "require":
                raise
            self.app.display_warning(f"jpeg-crops without its compiled engine: {error}")
            (folder / REASON).write_text(f"{error}\n", encoding="utf-8")
            return folder / REASON


def _compile(sources: Path, library: Path) -> Path:
    if os.name != "posix":
        raise NotBuiltError("the compiled engine needs a POSIX system")
    compiler = shlex.split(os.environ.get("CC", "")) or ["cc"]
    command = [
        *compiler,
        *FLAGS,
        *shlex.split(os.environ.get("CFLAGS", "")),
        *_libjpeg("--cflags"),
        *map(str, sorted(sources.glob("*.c"))),
        "-o",
        str(library),
        *shlex.split(os.environ.get("LDFLAGS", "")),
        *(_libjpeg("--libs") or ["-ljpeg"]),
        "-lm",
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - the builder's compiler
    except OSError as error:
        raise NotBuiltError(f"there was no C compiler to build it ({error})") from error
    if done.returncode:
        missing = "jpeglib.h" in done.stderr or "-ljpeg" in done.stderr
        what = "libjpeg-turbo's headers (2.1 or newer) were not found" if missing else "cc failed"
        lines = [line for line in done.stderr.splitlines() if "error" in line] or [done.stderr]
        raise NotBuiltError(f"{what} when it was built ({lines[0].strip()})")
    return library


def _libjpeg(option: str) -> list[str]:
    if shutil.which("pkg-config") is None:
        return []
    command = ["pkg-config", option, "libjpeg"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    return shlex.split(found.stdout) if found.returncode == 0 else []


def _platform() -> str:
    return sysconfig.get_platform().replace("-", "_").replace(".", "_")
