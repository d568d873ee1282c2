"""Fuzz the compiled engine with address and undefined-behaviour sanitizers on.

Needs clang with its libFuzzer run-time (``apt install clang libclang-rt-dev``) and
libjpeg-turbo's headers. What it finds is written to the folder and reported::

    python campaigns/fuzz.py --runs 10000000 --folder /tmp/fuzz
"""

from __future__ import annotations

import argparse
import io
import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

PACKAGE = Path(__file__).parents[1]
FLAGS = ["-std=c11", "-O2", "-g", "-fno-omit-frame-pointer", "-ffp-contract=off", "-pthread"]
SANITIZERS = ["-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=undefined"]


def seeds() -> list[bytes]:
    """Small files of every kind, each behind the bytes that choose its crop."""
    rng = np.random.default_rng(0)
    kinds = [
        {"subsampling": sampling, "quality": quality, **more}
        for sampling, quality, more in itertools.product(
            ["4:4:4", "4:2:2", "4:2:0"],
            [20, 95],
            [{}, {"progressive": True}, {"optimize": True, "restart_marker_blocks": 2}],
        )
    ]
    files = []
    for number, options in enumerate(kinds):
        pixels = rng.integers(0, 256, (9, 7, 3)).astype(np.uint8)
        picture = Image.fromarray(pixels).resize((13 + 2 * number, 42 - number))
        for mode in ("RGB", "L", "CMYK"):
            file = io.BytesIO()
            chosen = options if mode == "RGB" else {"quality": options["quality"]}
            picture.convert(mode).save(file, "JPEG", **chosen)
            files.append(rng.bytes(12) + file.getvalue())
    return files


def build(folder: Path, compiler: str) -> Path:
    """Compile the engine and the target with the sanitizers."""
    target = folder / "fuzz"
    sources = [*map(str, sorted((PACKAGE / "csrc").glob("*.c"))), str(PACKAGE / "campaigns/fuzz.c")]
    include = ["-I", str(PACKAGE / "csrc"), *os.environ.get("CFLAGS", "").split()]
    libraries = [*os.environ.get("LDFLAGS", "").split(), "-ljpeg", "-lm"]
    command = [compiler, *FLAGS, *SANITIZERS, *include, *sources, "-o", str(target), *libraries]
    subprocess.run(command, check=True)
    return target


def main() -> int:
    """Build, run, and report the executions."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, default=Path("build/fuzz-jpeg-crops"))
    parser.add_argument("--compiler", default="clang")
    options = parser.parse_args()
    if shutil.which(options.compiler) is None:
        print(f"no {options.compiler} here: nothing fuzzed")
        return 1
    corpus, found = options.folder / "corpus", options.folder / "found"
    corpus.mkdir(parents=True, exist_ok=True)
    found.mkdir(exist_ok=True)
    for number, data in enumerate(seeds()):
        (corpus / f"seed-{number:03}").write_bytes(data)
    target = build(options.folder, options.compiler)
    command = [str(target), f"-runs={options.runs}", f"-artifact_prefix={found}/", "-max_len=2048"]
    # Wall time: long, for a machine that is busy otherwise.
    command += ["-timeout=100", "-rss_limit_mb=1024", "-print_final_stats=1", str(corpus)]
    with (options.folder / "log").open("w") as log:
        settings = {**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=4"}
        done = subprocess.run(command, stderr=log, check=False, env=settings)
    text = (options.folder / "log").read_text(errors="replace")
    executed = re.search(r"number_of_executed_units: (\d+)", text)
    rate = re.search(r"average_exec_per_sec: +(\d+)", text)
    print(f"executions: {executed and executed[1]}, a second: {rate and rate[1]}")
    print(f"inputs kept: {len(list(corpus.iterdir()))}, failures: {len(list(found.iterdir()))}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
