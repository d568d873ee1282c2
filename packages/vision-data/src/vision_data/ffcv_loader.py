"""The loader over a ``.beton`` file through FFCV itself (extra ``ffcv``).

The batches, their order, ranks and resuming are those of `BetonLoader`; FFCV
decodes, crops and augments. It draws what is random from generators of its
own, so with this backend the augmentation does not follow the seed.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch

from neuroai_core.errors import InputError
from neuroai_core.extras import require
from vision_data.augment import (
    CenterCrop,
    Cutout,
    Pipeline,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomTranslate,
)
from vision_data.batches import Batches, EpochPlan
from vision_data.frames import ToFrames
from vision_data.pixels import ImageColumn
from vision_data.slabs import Slabs
from vision_data.time_axis import unroll


class FFCVLoader:
    """Batches over time from a ``.beton`` file, decoded by FFCV. Made by `get_ffcv_dataloader`."""

    def __init__(
        self,
        images: ImageColumn,
        label: str,
        batches: Batches,
        *,
        size: tuple[int, int],
        pipeline: Pipeline,
        frames: ToFrames,
        n_timesteps: int,
        num_workers: int,
        batches_ahead: int,
        os_cache: bool,
        device: torch.device | None,
        memory_format: torch.memory_format,
    ) -> None:
        self.batches = batches
        self.frames = frames
        self.n_timesteps = n_timesteps
        self.device = device
        self.memory_format = memory_format
        self._samples = np.arange(len(images.file))
        with warnings.catch_warnings():
            # FFCV asks for parts of torch, numpy and numba that these mean to remove.
            warnings.simplefilter("ignore")
            self._loader = self._make(
                images, label, pipeline, size, num_workers, batches_ahead, os_cache
            )

    def __len__(self) -> int:
        """Batches of a whole epoch."""
        return len(self.batches)

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        plan = self.batches.begin()
        for steps, (pixels, labels) in enumerate(self._regrouped(plan), start=1):
            self.batches.delivered(plan, steps)
            frames = self.frames(pixels, Slabs())
            if frames.data_ptr() == pixels.data_ptr():
                frames = frames.clone()  # else FFCV writes a later batch into it
            if self.device is not None:
                frames, labels = frames.to(self.device), labels.to(self.device)
            frames = frames.contiguous(memory_format=self.memory_format)
            yield unroll(frames, labels, self.n_timesteps)
        self.batches.finished(plan)

    def _regrouped(self, plan: EpochPlan) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Give the plan's batches, whose last ones may be smaller than FFCV would make them.

        FFCV reuses its buffers: what is yielded holds until the next is asked for.
        """
        parts = list(plan)
        if not parts:
            return
        self._samples = np.concatenate(parts)
        sizes = iter([len(part) for part in parts])
        held: list[tuple[torch.Tensor, torch.Tensor]] = []
        size = next(sizes, 0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as above: it compiles when it is first used
            batches = iter(self._loader)
        for pixels, labels in batches:
            if not held and len(labels) == size:
                yield pixels, labels.clone().view(-1)
                size = next(sizes, 0)
                continue
            held.append((pixels.clone(), labels.clone().view(-1)))
            while size and sum(len(h[1]) for h in held) >= size:
                images, targets = (torch.cat([h[i] for h in held]) for i in (0, 1))
                yield images[:size], targets[:size]
                held = [(images[size:], targets[size:])] if len(targets) > size else []
                size = next(sizes, 0)

    def _make(
        self,
        images: ImageColumn,
        label: str,
        pipeline: Pipeline,
        size: tuple[int, int],
        num_workers: int,
        batches_ahead: int,
        os_cache: bool,
    ) -> Any:
        loader = require("ffcv.loader", package="vision-data", extra="ffcv")
        decoders = require("ffcv.fields.decoders", package="vision-data", extra="ffcv")
        ffcv = require("ffcv.transforms", package="vision-data", extra="ffcv")
        pipelines: dict[str, Any] = dict.fromkeys(images.file.fields)
        pipelines[images.name] = [
            _decoder(decoders, images, pipeline, size),
            *(_operation(ffcv, o) for o in pipeline.operations if o is not pipeline.crop),
            ffcv.ToTensor(),
        ]
        pipelines[label] = [decoders.IntDecoder(), ffcv.ToTensor()]
        return loader.Loader(
            str(images.file.path),
            self.batches.batch_size,
            num_workers=max(num_workers, 1),
            order=_traversal(self),
            os_cache=os_cache,
            drop_last=False,
            batches_ahead=batches_ahead,
            pipelines=pipelines,
        )

    def set_epoch(self, epoch: int) -> None:
        """Let the next iteration be this epoch."""
        self.batches.set_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Give where the iteration stands: what was yielded, not what was prefetched."""
        return self.batches.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Let the next iteration go on at a state."""
        self.batches.load_state_dict(state)


def _traversal(source: FFCVLoader) -> Any:
    """Give FFCV an order of its own kind that says what the loader's plan says."""
    base = require("ffcv.traversal_order.base", package="vision-data", extra="ffcv")
    methods = {
        "__init__": lambda self: None,
        # FFCV takes an instance and calls it with its loader.
        "__call__": lambda self, loader: self,
        "sample_order": lambda self, epoch: source._samples,
    }
    return type("PlannedOrder", (base.TraversalOrder,), methods)()


def _decoder(decoders: Any, images: ImageColumn, pipeline: Pipeline, size: tuple[int, int]) -> Any:
    crop = pipeline.crop
    if isinstance(crop, RandomResizedCrop):
        return decoders.RandomResizedCropRGBImageDecoder(size, crop.scale, crop.ratio)
    if isinstance(crop, CenterCrop):
        return decoders.CenterCropRGBImageDecoder(size, crop.ratio)
    if images.uniform and images.common_size() == size:
        return decoders.SimpleRGBImageDecoder()
    return decoders.CenterCropRGBImageDecoder(size, 1.0)


def _operation(ffcv: Any, operation: object) -> Any:
    if isinstance(operation, RandomHorizontalFlip):
        return ffcv.RandomHorizontalFlip(operation.prob)
    if isinstance(operation, RandomTranslate):
        return ffcv.RandomTranslate(operation.padding, operation.fill)
    if isinstance(operation, Cutout):
        return ffcv.Cutout(operation.crop_size, operation.fill)
    raise InputError("FFCV has no such operation", found=repr(operation))
