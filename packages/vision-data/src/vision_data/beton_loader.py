"""The loader over a ``.beton`` file, with nothing but wheels."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from vision_data.ahead import ahead
from vision_data.augment import CenterCrop, Draw, Pipeline, Whole
from vision_data.batches import Batches
from vision_data.frames import ToFrames
from vision_data.pixels import ImageColumn, mirror
from vision_data.slabs import Slabs
from vision_data.time_axis import unroll

#: Bytes of pixels that a thread prepares at a time: of small batches, several.
TOGETHER = 1 << 22
Frames = tuple[torch.Tensor, torch.Tensor]


class BetonLoader:
    """Batches over time from a ``.beton`` file. Made by `get_ffcv_dataloader`.

    Every iteration is a new epoch with its own order; the first is epoch 0.
    Threads prepare batches ahead; none of them is ever reused for another.
    """

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
        device: torch.device | None,
        memory_format: torch.memory_format,
    ) -> None:
        self.images = images
        self.labels = images.file.column(label)
        self.batches = batches
        self.size = size
        self.pipeline = pipeline
        self.frames = frames
        self.n_timesteps = n_timesteps
        self.num_workers = num_workers
        self.batches_ahead = batches_ahead
        self.device = device
        self.memory_format = memory_format
        self._slabs = Slabs()
        fits = images.uniform and images.common_size() == size
        self._crop = pipeline.crop or (Whole() if fits else CenterCrop())
        # Gathering needs no box: raw images of the right size that nothing crops.
        whole = self._crop == Whole() or (self._crop == CenterCrop() and size[0] == size[1])
        self._plain = whole and images.is_plain(size)

    def __len__(self) -> int:
        """Batches of a whole epoch."""
        return len(self.batches)

    def __iter__(self) -> Iterator[Frames]:
        plan = self.batches.begin()
        together = max(TOGETHER // (self.batches.batch_size * math.prod(self.size) * 3), 1)
        groups = ahead(
            lambda group: self._make(plan.epoch, group),
            _grouped(plan, together),
            threads=self.num_workers,
            items=max(-(-self.batches_ahead // together), self.num_workers),
        )
        for steps, (frames, labels) in enumerate(chain.from_iterable(groups), start=1):
            self.batches.delivered(plan, steps)
            if self.device is not None:
                frames = frames.to(self.device, non_blocking=True)
                labels = labels.to(self.device, non_blocking=True)
            yield unroll(frames, labels, self.n_timesteps)
        self.batches.finished(plan)

    def _make(self, epoch: int, group: list[npt.NDArray[np.int64]]) -> Iterator[Frames]:
        """Make some batches; every one has memory of its own."""
        draw = Draw(self.batches.order.seed, epoch, np.concatenate(group))
        parts = draw.split([len(samples) for samples in group])
        return iter([self._batch(part) for part in parts])

    def _batch(self, draw: Draw) -> Frames:
        samples = draw.samples
        batch = self._slabs.take((len(samples), *self.size, 3), torch.uint8)
        pixels = batch.numpy()
        flips = self.pipeline.flips(draw)
        if self._plain:
            self.images.gather(samples, pixels)
            mirror(pixels, flips)
        else:
            sizes = self.images.sizes[samples]
            boxes = self._crop.boxes(sizes, draw)
            self.images.crop(samples, boxes, flips, pixels)
        for operation in self.pipeline.changes:
            operation.apply(pixels, draw)
        frames = self.frames(batch, self._slabs)
        labels = torch.from_numpy(np.ascontiguousarray(self.labels[samples]))
        return frames.contiguous(memory_format=self.memory_format), labels

    def set_epoch(self, epoch: int) -> None:
        """Let the next iteration be this epoch."""
        self.batches.set_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Give where the iteration stands: what was yielded, not what was prefetched."""
        return self.batches.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Let the next iteration go on at a state, with any number of threads or ranks."""
        self.batches.load_state_dict(state)


def _grouped(
    plan: Iterable[npt.NDArray[np.int64]], together: int
) -> Iterator[list[npt.NDArray[np.int64]]]:
    batches = iter(plan)
    while group := list(islice(batches, together)):
        yield group
