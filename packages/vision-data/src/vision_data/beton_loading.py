"""Loading ``.beton`` files: one function for this package's reader and FFCV's."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch

from neuroai_core import EpochOrder
from neuroai_core.errors import InputError, check_known, strict_arguments
from vision_data.augment import Pipeline
from vision_data.batches import Batches
from vision_data.beton.fields import IntField
from vision_data.beton.reader import BetonFile
from vision_data.beton_loader import BetonLoader
from vision_data.ffcv_loader import FFCVLoader
from vision_data.frames import Normalize, ToFrames
from vision_data.orders import Order, order_name
from vision_data.pixels import ImageColumn
from vision_data.presets import get_data_transform

Backend = Literal["native", "ffcv"]
#: Samples that quasi-random order mixes at least, where pages hold few.
SMALLEST_WINDOW = 1024


@strict_arguments
def get_ffcv_dataloader(
    path: str | os.PathLike[str],
    batch_size: int = 32,
    n_timesteps: int = 1,
    num_workers: int = 1,
    resolution: int | tuple[int, int] | None = None,
    normalize: Normalize | None = None,
    order: Order | Any = "sequential",
    dtype: torch.dtype = torch.float32,
    *,
    transform: Pipeline | str | Sequence[str] | None = None,
    seed: int = 0,
    drop_last: bool = False,
    batches_ahead: int = 3,
    device: torch.device | str | None = None,
    memory_format: torch.memory_format = torch.channels_last,
    indices: Sequence[int] | None = None,
    rank: int | None = None,
    world_size: int | None = None,
    image_field: str | None = None,
    label_field: str = "label",
    os_cache: bool = True,
    backend: Backend = "native",
) -> BetonLoader | FFCVLoader:
    """Load a ``.beton`` file in batches with a time axis.

    Parameters
    ----------
    path
        The file, written by this package or by FFCV.
    batch_size
        Images in a batch of one rank.
    n_timesteps
        Steps for which each image is shown: a view, see `unroll`.
    num_workers
        Threads that prepare batches; 0: none, each is prepared when asked for.
        The batches are the same for any number.
    resolution
        Height and width of the frames in pixels. By default that of the
        images, which must all have one size then.
    normalize
        Mean and standard deviation of each channel, in units of 0 to 1; None:
        frames from 0 to 1.
    order
        ``"sequential"``; ``"random"``, another in every epoch; or
        ``"quasi_random"``, random with few pages of the file in use at a time.
        FFCV's ``OrderOption`` is understood as well.
    dtype
        Type of the frames; ``torch.uint8`` leaves the pixels as they are.
    transform
        Augmentation: a preset such as ``"ffcv_train"`` or
        ``["ffcv_train", "imagenet"]``, or a `Pipeline`. Where nothing crops,
        images that all have this resolution are shown whole; of any others
        the central square is resized.
    seed
        Of the order and of all augmentation.
    drop_last
        Leave out the last images when they do not fill a batch of every rank.
        Otherwise each image comes exactly once, whatever the number of ranks.
    batches_ahead
        Batches that are prepared before they are asked for.
    device
        Where the batches go.
    memory_format
        Of a frame, ``(batch, channels, height, width)``.
    indices
        Use only these samples.
    rank, world_size
        For several processes that train together; by default what
        ``torch.distributed`` says.
    image_field, label_field
        The names of the columns in the file.
    os_cache
        For FFCV: whether the operating system keeps the file in memory, or
        FFCV reads the pages itself. The native reader maps the file, which
        leaves it to the system.
    backend
        ``"native"``: this package. ``"ffcv"``: FFCV itself, which must be
        installed (``pip install "vision-data[ffcv]"``); its augmentation does
        not follow the seed.

    Returns
    -------
    BetonLoader or FFCVLoader
        Yields ``(frames, labels)`` of shapes ``(batch, time, channels,
        height, width)`` and ``(batch, time)``.

    Raises
    ------
    NotFoundError, DataError
        If the file is not there, or damaged.

    Examples
    --------
    >>> import numpy as np
    >>> from vision_data import write_beton
    >>> from vision_data.beton import ImageField, IntField
    >>> data = [(np.full((32, 32, 3), 51 * i, np.uint8), i) for i in range(4)]
    >>> _ = write_beton("d.beton", data, {"image": ImageField(), "label": IntField()})
    >>> loader = get_ffcv_dataloader("d.beton", batch_size=3, n_timesteps=20)
    >>> for frames, labels in loader:
    ...     print(tuple(frames.shape), labels[:, 0].tolist())
    (3, 20, 3, 32, 32) [0, 1, 2]
    (1, 20, 3, 32, 32) [3]
    """
    file = BetonFile(path)
    images = ImageColumn(file, image_field)
    chosen = _chosen(file, indices)
    kind = order_name(order)
    epoch_order, samples = _order(images, chosen, kind, seed)
    if not isinstance(file.fields.get(label_field), IntField):
        raise InputError(
            "there is no field of whole numbers for the labels",
            path=path,
            key="label_field",
            expected="one of "
            + ", ".join(n for n, f in file.fields.items() if isinstance(f, IntField)),
            found=label_field,
        )
    check_known("backend", [backend], get_args(Backend))
    batches = Batches(
        epoch_order,
        batch_size,
        samples=samples,
        drop_last=drop_last,
        rank=rank,
        world_size=world_size,
        fingerprint=f"{file.fingerprint}, {kind}",
    )
    options: dict[str, Any] = {
        "size": _size(images, resolution),
        "pipeline": _pipeline(transform),
        "frames": ToFrames(dtype, normalize),
        "n_timesteps": n_timesteps,
        "num_workers": num_workers,
        "batches_ahead": batches_ahead,
        "device": None if device is None else torch.device(device),
        "memory_format": memory_format,
    }
    if backend == "ffcv":
        return FFCVLoader(images, label_field, batches, os_cache=os_cache, **options)
    return BetonLoader(images, label_field, batches, **options)


def _order(
    images: ImageColumn, chosen: npt.NDArray[np.int64], order: Order, seed: int
) -> tuple[EpochOrder, npt.NDArray[np.int64]]:
    if order != "quasi_random":
        return EpochOrder(len(chosen), seed=seed, shuffle=order == "random"), chosen
    pages = images.pointers[chosen] // images.file.page_size
    by_page = np.argsort(pages, kind="stable")
    _, sizes = np.unique(pages[by_page], return_counts=True)
    # Nothing but the file decides, so a run resumes with another batch size too.
    window = max(4 * int(np.median(sizes)) if len(sizes) else 1, SMALLEST_WINDOW)
    blocks = EpochOrder(len(chosen), seed=seed, blocks=sizes, window=window)
    return blocks, chosen[by_page]


def _chosen(file: BetonFile, indices: Sequence[int] | None) -> npt.NDArray[np.int64]:
    if indices is None:
        return np.arange(len(file))
    chosen = np.asarray(indices, dtype=np.int64)
    outside = (chosen < 0) | (chosen >= len(file))
    if outside.any():
        raise InputError(
            "an index is outside the file",
            key="indices",
            expected=f"0 to {len(file) - 1}",
            found=int(chosen[outside][0]),
        )
    return chosen


def _size(images: ImageColumn, resolution: int | tuple[int, int] | None) -> tuple[int, int]:
    if resolution is None:
        return images.common_size()
    height, width = (resolution, resolution) if isinstance(resolution, int) else resolution
    if min(height, width) < 1:
        raise InputError("a resolution is not positive", key="resolution", found=resolution)
    return height, width


def _pipeline(transform: Pipeline | str | Sequence[str] | None) -> Pipeline:
    if transform is None or isinstance(transform, Pipeline):
        return transform or Pipeline()
    made = get_data_transform(transform)
    if not isinstance(made, Pipeline):
        raise InputError(
            "this preset is not for .beton files",
            key="transform",
            expected='one that begins with "ffcv_"',
            found=transform,
        )
    return made
