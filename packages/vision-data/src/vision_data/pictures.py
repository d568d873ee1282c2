"""Pictures of a data set: a contact sheet by class, and what a loader gives."""

from __future__ import annotations

import os
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from neuroai_core.errors import InputError, strict_arguments
from vision_data.beton.reader import BetonFile
from vision_data.classes import TABLE_FILE, read_classes
from vision_data.folder import ImageFolder
from vision_data.frames import Normalize
from vision_data.images import read_image
from vision_data.pixels import ImageColumn

#: In pixels: a picture's side, what is between two, letters, the place of names, that of a title.
TILE, GAP, TEXT, NAME, TITLE = 64, 4, 12, 140, 24
#: Letters of a name in a line, and lines.
LETTERS, LINES = 20, 3
#: Rows stand beside each other where there are many of them, up to this width.
WIDEST, LOWEST = 1000, 8
PAPER, INK, PALE = (255, 255, 255), (30, 30, 30), (120, 120, 120)


@strict_arguments
def contact_sheet(
    path: str | os.PathLike[str], *, per_class: int = 8, classes: int = 24
) -> Image.Image:
    """Draw the first images of each class of a folder or ``.beton`` file, a class a row.

    Parameters
    ----------
    path
        A folder of class folders, or a ``.beton`` file with a ``label``.
    per_class, classes
        Images in a row, and rows, at most.
    """
    path = Path(path)
    chosen, counts = _chosen(path, per_class)
    if not counts:
        raise InputError("there is nothing to draw", path=path)
    names, shown = class_names(path), list(chosen.items())[:classes]
    sheet = _Sheet(len(shown), max(len(images) for _, images in shown))
    number = _count(sum(counts.values()), "image"), _count(len(counts), "class", "classes")
    more = f", the first {len(shown)} of them shown" if len(shown) < len(counts) else ""
    title = f"{path.name}: {', '.join(number)}{more}"
    sheet.write((GAP, TITLE // 2), title)
    for row, (label, images) in enumerate(shown):
        sheet.name(row, f"{label} {names.get(label, '')}", _count(counts[label], "image"))
        for column, image in enumerate(images):
            sheet.tile(row, column, image)
    return sheet.image


@strict_arguments
def show_batch(
    frames: torch.Tensor,
    labels: torch.Tensor,
    *,
    names: Mapping[int, str] | None = None,
    normalize: Normalize | None = None,
    images: int = 8,
    steps: int = 6,
) -> Image.Image:
    """Draw a batch as a loader gives it: an image a row, its steps from left to right.

    Parameters
    ----------
    frames
        Shape ``(batch, time, channels, height, width)``: 8-bit, or from 0 to 1.
    labels
        Shape ``(batch, time)``.
    names
        The name of each label.
    normalize
        The mean and standard deviation that the frames were normalised with.
    images, steps
        Rows, and columns spread evenly over time, at most.
    """
    if frames.ndim != 5 or labels.shape[:2] != frames.shape[:2]:
        raise InputError(
            "this is no batch over time",
            expected="(batch, time, channels, height, width) and (batch, time)",
            found=f"{tuple(frames.shape)} and {tuple(labels.shape)}",
        )
    batch, time = min(images, frames.shape[0]), frames.shape[1]
    shown = np.unique(np.linspace(0, time - 1, min(steps, time)).round().astype(int)).tolist()
    sheet = _Sheet(batch, len(shown), across=1)
    for column, step in enumerate(shown):
        sheet.write((NAME + GAP + column * (TILE + GAP), TITLE // 2), f"step {step}")
    for row in range(batch):
        label = int(labels[row, 0])
        sheet.name(row, f"{label} {(names or {}).get(label, '')}")
        for column, step in enumerate(shown):
            sheet.tile(row, column, _picture(frames[row, step], normalize))
    return sheet.image


def class_names(path: str | os.PathLike[str]) -> dict[int, str]:
    """Give the names of the class ids of a folder, or those stored beside a ``.beton`` file."""
    path = Path(path)
    if not path.is_file():
        return {c.id: c.name for c in ImageFolder(path).table}
    beside = (path.parent / TABLE_FILE).is_file()
    return {c.id: c.name for c in read_classes(path.parent)} if beside else {}


def _chosen(path: Path, per_class: int) -> tuple[dict[int, list[Image.Image]], Counter[int]]:
    """Give the first images of each class, and how many there are."""
    look: Callable[[int], Image.Image]
    if path.is_file():
        file = BetonFile(path)
        name = ImageColumn(file).name
        labels: Sequence[int] = file.column("label").tolist()
        look = lambda index: file.value(name, index)  # noqa: E731  one of two
    else:
        folder = ImageFolder(path)
        labels = folder.targets
        look = lambda index: read_image(folder.samples[index].path)  # noqa: E731
    chosen: dict[int, list[Image.Image]] = {}
    for index, label in enumerate(labels):
        row = chosen.setdefault(label, [])
        if len(row) < per_class:
            row.append(look(index))
    return dict(sorted(chosen.items())), Counter(labels)


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _picture(frame: torch.Tensor, normalize: Normalize | None) -> Image.Image:
    values = frame.detach().cpu()
    if values.dtype != torch.uint8:
        values = values.to(torch.float32)
        if normalize is not None:
            mean, std = (torch.tensor(p, dtype=torch.float32).view(-1, 1, 1) for p in normalize)
            values = values * std + mean
        values = (values.clamp(0, 1) * 255).round().to(torch.uint8)
    pixels = values.permute(1, 2, 0).numpy()
    return Image.fromarray(np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3))))


class _Sheet:
    """A sheet of paper with a title and rows of pictures, each with a name before it."""

    def __init__(self, rows: int, columns: int, *, across: int | None = None) -> None:
        self._width = NAME + columns * (TILE + GAP) + GAP
        across = across or max(min(WIDEST // self._width, -(-rows // LOWEST)), 1)
        self._rows = -(-rows // across)
        size = across * self._width, TITLE + self._rows * (TILE + GAP) + GAP
        self.image = Image.new("RGB", size, PAPER)
        self._draw = ImageDraw.Draw(self.image)
        self._font = ImageFont.load_default(TEXT)

    def place(self, row: int, column: int) -> tuple[int, int]:
        """Give the left and the top of a picture."""
        block, line = divmod(row, self._rows)
        left = block * self._width + NAME + GAP + column * (TILE + GAP)
        return left, TITLE + line * (TILE + GAP)

    def tile(self, row: int, column: int, image: Image.Image) -> None:
        scale = TILE / max(image.size)
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        # Small images are enlarged with their pixels visible.
        method = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BILINEAR
        left, top = self.place(row, column)
        corner = left + (TILE - size[0]) // 2, top + (TILE - size[1]) // 2
        self.image.paste(image.resize(size, method), corner)

    def name(self, row: int, name: str, note: str = "") -> None:
        """Write a name beside a row, broken into lines, and a note below."""
        lines = textwrap.wrap(name, LETTERS, max_lines=LINES, placeholder=" ...")
        left, top = self.place(row, 0)
        below = top + (TILE - (len(lines) + bool(note)) * (TEXT + 3)) // 2 + TEXT // 2
        for number, line in enumerate([*lines, note]):
            ink = INK if number < len(lines) else PALE
            self.write((left - NAME, below + number * (TEXT + 3)), line, ink)

    def write(self, place: tuple[int, int], text: str, ink: tuple[int, int, int] = INK) -> None:
        """Write a line; the place is its left end, in the middle of its height."""
        self._draw.text(place, text, fill=ink, font=self._font, anchor="lm")
