"""What a tile index could save at most: restart markers in the files and their offsets beside.

A reader with such an index would decode just the tiles that a crop touches. Here each
crop gets a file of its own that holds no more than that, cut without loss by ``jpegtran``
(of libjpeg-turbo's tools): no real index comes as near, whose tiles end beside the crop's
edge, whose markers add bytes, and whose reader has to put a file together::

    python benchmarks/tiles.py --sizes 112 224
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from _data import arguments, photographs, random_boxes

from jpeg_crops import crop_batch, image_sizes

MARGIN = 8  # pixels that the interpolation of colours looks at, and a few more
UNIT = 16  # the blocks of a 4:2:0 file


def tile(path: Path, box: tuple[int, int, int, int], size: tuple[int, int], work: Path) -> bytes:
    """Cut the smallest file that holds the crop; its corner lies on a multiple of UNIT."""
    (top, left, height, width), (rows, columns) = box, size
    first = max(0, top - MARGIN) // UNIT * UNIT, max(0, left - MARGIN) // UNIT * UNIT
    past = min(rows, top + height + MARGIN), min(columns, left + width + MARGIN)
    region = f"{past[1] - first[1]}x{past[0] - first[0]}+{first[1]}+{first[0]}"
    target = work / "tile.jpg"
    command = ["jpegtran", "-copy", "none", "-crop", region, "-outfile", str(target), str(path)]
    subprocess.run(command, check=True)
    return target.read_bytes()


def moved(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """The box, counted from the tile's corner."""
    corner = [max(0, x - MARGIN) // UNIT * UNIT for x in box[:2]]
    return box[0] - corner[0], box[1] - corner[1], box[2], box[3]


def milliseconds(images: list[bytes], boxes: np.ndarray, size: int, out: np.ndarray) -> float:
    start = time.process_time()
    crop_batch(images, boxes, size, out=out, threads=1, engine="native")
    return 1e3 * (time.process_time() - start) / len(images)


def main() -> int:
    parser = arguments(__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[112, 224])
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if shutil.which("jpegtran") is None:
        print("no jpegtran here (libjpeg-turbo's tools): nothing measured")
        return 0
    files = photographs(options)
    sizes = image_sizes(files)
    boxes = random_boxes(sizes, np.random.default_rng(0))
    whole = [file.read_bytes() for file in files]
    pairs = list(zip(files, map(tuple, boxes.tolist()), map(tuple, sizes.tolist()), strict=True))
    tiles = [tile(file, box, size, options.work) for file, box, size in pairs]
    inside = np.array([moved(box) for _, box, _ in pairs])
    results = {}
    print(f"{len(files)} files of {np.mean([*map(len, whole)]) / 1e3:.0f} KB, ", end="")
    print(f"tiles of {np.mean([*map(len, tiles)]) / 1e3:.0f} KB; CPU ms an image, one thread")
    for size in options.sizes:
        out = np.empty((len(files), size, size, 3), np.uint8)
        crop_batch(tiles, inside, size, out=out, engine="native")
        same = (out == crop_batch(whole, boxes, size, engine="native")).mean()
        rounds = [
            (milliseconds(whole, boxes, size, out), milliseconds(tiles, inside, size, out))
            for _ in range(options.rounds)
        ]
        from_whole, from_tile = map(statistics.median, zip(*rounds, strict=True))
        print(f"crops of {size}: {from_whole:.3f} from the file, {from_tile:.3f} from the tile, ")
        print(f"  {from_whole / from_tile:.2f} times; {same:.2%} of the bytes the same")
        results[size] = {"whole": from_whole, "tile": from_tile, "rounds": rounds}
    (options.work / "tiles.json").write_text(json.dumps(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
