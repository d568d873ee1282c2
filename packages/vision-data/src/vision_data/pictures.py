"""Pictures of a data set: a contact sheet by class, and what a loader gives."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from neuroai_core.errors import InputError, strict_arguments
from vision_data.beton.reader import BetonFile
from vision_data.classes import TABLE_FILE, read_classes
from vision_data.folder import ImageFolder, read_image
from vision_data.frames import Normalize
from vision_data.pixels import ImageColumn

TILE, GAP, TEXT, NAME = 64, 4, 14, 150
PAPER, INK = (255, 255, 255), (30, 30, 30)


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
    chosen, names = _chosen(Path(path), per_class)
    rows = list(chosen.items())[:classes]
    if not rows:
        raise InputError("there is nothing to draw", path=path)
    columns = max(len(images) for _, images in rows)
    sheet = _paper(columns, len(rows))
    for row, (label, images) in enumerate(rows):
        _name(sheet, row, f"{label} {names.get(label, '')}")
        for column, image in enumerate(images):
            _tile(sheet, row, column, image)
    return sheet


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
    sheet = _paper(len(shown), batch + 1)
    for column, step in enumerate(shown):
        left = NAME + GAP + column * (TILE + GAP)
        ImageDraw.Draw(sheet).text((left, TILE - TEXT), f"step {step}", fill=INK)
    for row in range(batch):
        label = int(labels[row, 0])
        _name(sheet, row + 1, f"{label} {(names or {}).get(label, '')}")
        for column, step in enumerate(shown):
            _tile(sheet, row + 1, column, _picture(frames[row, step], normalize))
    return sheet


def class_names(path: str | os.PathLike[str]) -> dict[int, str]:
    """Give the names of the class ids of a folder, or those stored beside a ``.beton`` file."""
    path = Path(path)
    if not path.is_file():
        return {c.id: c.name for c in ImageFolder(path).table}
    beside = (path.parent / TABLE_FILE).is_file()
    return {c.id: c.name for c in read_classes(path.parent)} if beside else {}


def _chosen(path: Path, per_class: int) -> tuple[dict[int, list[Image.Image]], dict[int, str]]:
    chosen: dict[int, list[Image.Image]] = {}
    if path.is_file():
        file = BetonFile(path)
        name = ImageColumn(file).name
        labels: Sequence[int] = file.column("label").tolist()
    else:
        folder = ImageFolder(path)
        labels = folder.targets
    for index, label in enumerate(labels):
        row = chosen.setdefault(label, [])
        if len(row) < per_class:
            row.append(
                file.value(name, index)
                if path.is_file()
                else read_image(folder.samples[index].path)
            )
    return dict(sorted(chosen.items())), class_names(path)


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


def _paper(columns: int, rows: int) -> Image.Image:
    size = NAME + columns * (TILE + GAP) + GAP, rows * (TILE + GAP) + GAP
    return Image.new("RGB", size, PAPER)


def _tile(sheet: Image.Image, row: int, column: int, image: Image.Image) -> None:
    scale = TILE / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    # Small images are enlarged with their pixels visible.
    method = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.BILINEAR
    corner = NAME + GAP + column * (TILE + GAP), GAP + row * (TILE + GAP)
    sheet.paste(image.resize(size, method), corner)


def _name(sheet: Image.Image, row: int, text: str) -> None:
    place = GAP, GAP + row * (TILE + GAP) + TILE // 2 - TEXT // 2
    ImageDraw.Draw(sheet).text(place, text.strip()[:24], fill=INK)
