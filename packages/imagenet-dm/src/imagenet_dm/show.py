"""A picture of what the model will see."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from imagenet_dm.datamodule import ImageNetDataModule
from imagenet_dm.names import class_names
from neuroai_core.errors import InputError, strict_arguments
from neuroai_core.files import atomic_path

MARGIN, LINE = 4, 12

#: A name, and what stands behind it and is never cut off.
Line = tuple[str, str]


@strict_arguments
def show_batch(
    dm: ImageNetDataModule, path: str | os.PathLike[str], *, images: int = 16, epoch: int = 0
) -> Path:
    """Write a PNG with training images, and below each what mixing and erasing make of it.

    Parameters
    ----------
    dm
        A data module; it is set up if it was not.
    path
        The file to write.
    images
        How many, one batch at most.
    epoch
        Whose crops they are.

    Returns
    -------
    The path.
    """
    if images < 1:
        raise InputError("there is nothing to show", key="images", expected=">= 1", found=images)
    dm.setup("fit")
    loader = dm.train_dataloader()
    loader.set_epoch(epoch)
    batch = next(iter(loader))
    plain, labels = batch[0][:images], batch[1][:images]
    mixed, soft = dm.on_after_batch_transfer(batch, 0)
    names = class_names(dm.root, dm.train_dataset.classes)
    rows = [(plain, [[(names[int(label)], "")] for label in labels])]
    if not torch.equal(soft[:images].float(), labels.float()) or dm.erasing.probability:
        captions = [_soft_caption(s, names) for s in soft[:images]]
        rows.append((mixed[:images], captions))
    cells = [
        [dm.normalise.undo(x) if x.dtype != torch.uint8 else x for x in part] for part, _ in rows
    ]
    picture = _grid(cells, [captions for _, captions in rows])
    with atomic_path(path) as partial:
        picture.save(partial, "PNG")
    return Path(path)


def _soft_caption(soft: Tensor, names: list[str]) -> list[Line]:
    if soft.ndim == 0:
        return [(names[int(soft)], "")]
    shares, labels = soft.topk(min(2, len(soft)))
    return [
        (names[label], f" {share:.2f}")
        for share, label in zip(shares.tolist(), labels.tolist(), strict=True)
        if share > 0.05
    ]


def _fitted(draw: ImageDraw.ImageDraw, name: str, share: str, width: int) -> str:
    """Shorten a name until it fits the image that it stands below."""
    text = name + share
    for keep in range(len(name), 0, -1):
        if draw.textlength(text) <= width:
            break
        text = f"{name[:keep].rstrip(' ,')}..{share}"
    return text


def _grid(rows: list[list[Tensor]], captions: list[list[list[Line]]]) -> Image.Image:
    """Lay images out, eight in a line, the rows that belong together under one another."""
    count, size = len(rows[0]), int(rows[0][0].shape[-1])
    across = min(count, 8)
    lines = -(-count // across) * len(rows)
    step = size + MARGIN
    high = step + LINE * max(len(caption) for texts in captions for caption in texts)
    picture = Image.new("RGB", (across * step, lines * high), "white")
    draw = ImageDraw.Draw(picture)
    for row, (images, texts) in enumerate(zip(rows, captions, strict=True)):
        for at, (image, caption) in enumerate(zip(images, texts, strict=True)):
            x = at % across * step
            y = (at // across * len(rows) + row) * high
            picture.paste(Image.fromarray(image.permute(1, 2, 0).contiguous().numpy()), (x, y))
            for line, (name, share) in enumerate(caption):
                text = _fitted(draw, name, share, size)
                draw.text((x, y + size + LINE * line), text, fill="black")
    return picture
