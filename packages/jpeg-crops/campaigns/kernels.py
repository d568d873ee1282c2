"""Compare the kernels of every instruction set with plain C, on an emulator where need be.

AVX2 and SSE4.1 run on the machine itself; NEON under ``qemu-aarch64``, where that and the
cross compiler are installed (``apt install gcc-aarch64-linux-gnu libc6-dev-arm64-cross
qemu-user``)::

    python campaigns/kernels.py --rounds 20000
"""

from __future__ import annotations

import argparse
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
SOURCES = ["coefficients.c", "memory.c", *sorted(p.name for p in PACKAGE.glob("csrc/kernels*.c"))]
FLAGS = ["-std=c11", "-O2", "-ffp-contract=off", "-I", str(PACKAGE / "csrc")]


def run(compiler: str, emulator: list[str], rounds: int, folder: str) -> int:
    """Compile for one machine, run there, and return its exit status."""
    program = f"{folder}/{Path(compiler).name}"
    sources = [str(PACKAGE / "csrc" / name) for name in SOURCES]
    sources.append(str(PACKAGE / "campaigns" / "kernels.c"))
    subprocess.run([compiler, *FLAGS, *sources, "-static", "-lm", "-o", program], check=True)
    return subprocess.run([*emulator, program, str(rounds)], check=False).returncode


def main() -> int:
    """Run on this machine and, if possible, on a 64-bit ARM."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        failed = run("cc", [], options.rounds, folder)
        cross, emulator = shutil.which("aarch64-linux-gnu-gcc"), shutil.which("qemu-aarch64")
        if cross and emulator:
            failed |= run(cross, [emulator], options.rounds, folder)
        elif platform.machine() != "aarch64":
            print("NEON not compared: no cross compiler or no emulator here")
    return failed


if __name__ == "__main__":
    sys.exit(main())
