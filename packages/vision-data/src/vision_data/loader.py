"""The loader over any data set: batches with a time axis, the same for any workers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import DataLoader, IterableDataset

from neuroai_core import EpochOrder
from neuroai_core.errors import InputError, check_known, strict_arguments
from vision_data.batches import Batches, EpochPlan
from vision_data.round_robin import RoundRobin
from vision_data.sampling import Key, KeyedDataset, as_dtype, collate
from vision_data.time_axis import unroll

Device = str | torch.device


class _Keys:
    """What torch takes for a batch sampler: the keys of each batch of a plan."""

    def __init__(self, batches: Batches) -> None:
        self.batches = batches
        self.plan: EpochPlan | None = None

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[list[Key]]:
        plan = self.plan or self.batches.begin()
        for samples in plan:
            yield [Key(plan.epoch, i) for i in samples.tolist()]


class UnrolledLoader(DataLoader[Any]):
    """A torch loader whose batches have a time axis and that resumes to the sample.

    Made by `get_data_loader`. Every iteration is a new epoch with its own
    order; the first is epoch 0.
    """

    def __init__(
        self,
        dataset: Any,
        batches: Batches,
        *,
        n_timesteps: int,
        dtype: torch.dtype | None,
        device: Device | None,
        memory_format: torch.memory_format,
        **options: Any,
    ) -> None:
        self.batches = batches
        self.n_timesteps = n_timesteps
        self.image_dtype = dtype
        self.device = device
        self.memory_format = memory_format
        self._keys = _Keys(batches)
        super().__init__(dataset, batch_sampler=self._keys, collate_fn=collate, **options)

    # torch names the type of its own iterator
    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        self._keys.plan = plan = self.batches.begin()
        return self._batches(plan, super().__iter__())

    def _batches(self, plan: EpochPlan, inner: Iterator[Any]) -> Iterator[Any]:
        for steps, batch in enumerate(inner, start=1):
            self.batches.delivered(plan, steps)
            yield self._prepare(*batch)
        self.batches.finished(plan)

    def _prepare(self, images: torch.Tensor, labels: torch.Tensor, *rest: Any) -> tuple[Any, ...]:
        if self.device is not None:
            images = images.to(self.device, non_blocking=True)
            labels = labels.to(self.device, non_blocking=True)
        dtype = self.image_dtype or (torch.float32 if images.dtype == torch.uint8 else images.dtype)
        images = as_dtype(images, dtype).contiguous(memory_format=self.memory_format)
        return (*unroll(images, labels, self.n_timesteps), *rest)

    def set_epoch(self, epoch: int) -> None:
        """Let the next iteration be this epoch."""
        self.batches.set_epoch(epoch)

    def state_dict(self) -> dict[str, Any]:
        """Give where the iteration stands: what was yielded, not what was prefetched."""
        return self.batches.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Let the next iteration go on at a state, with any number of workers or ranks."""
        self.batches.load_state_dict(state)


Sampling = Literal["sequential", "random", "round_robin"]


@strict_arguments
def get_data_loader(
    dataset: Any,
    batch_size: int = 32,
    num_workers: int = 0,
    pin_memory: bool = False,
    prefetch_factor: int = 2,
    n_timesteps: int = 1,
    *,
    order: Sampling = "sequential",
    seed: int = 0,
    drop_last: bool = False,
    dtype: torch.dtype | None = None,
    device: Device | None = None,
    memory_format: torch.memory_format = torch.contiguous_format,
    indices: Sequence[int] | None = None,
    rank: int | None = None,
    world_size: int | None = None,
    persistent_workers: bool = False,
    multiprocessing_context: Literal["fork", "spawn", "forkserver"] | None = None,
) -> UnrolledLoader:
    """Load any map-style data set in batches with a time axis.

    Parameters
    ----------
    dataset
        Gives ``(image, label)`` or ``(image, label, ...)`` by index. PIL
        images become tensors, 0 to 1.
    batch_size
        Images in a batch of one rank.
    num_workers
        Processes that prepare batches; the batches are the same for any number.
    pin_memory
        Use page-locked memory; without a GPU it is of no use and left out.
    prefetch_factor
        Batches that each worker prepares ahead.
    n_timesteps
        Steps for which each image is shown: a view, see `unroll`.
    order
        ``"sequential"``; ``"random"``, another in every epoch; or
        ``"round_robin"``: the classes take turns, the order within each is
        random (needs ``dataset.targets``).
    seed
        Of the order and of all random transforms.
    drop_last
        Leave out the last images when they do not fill a batch.
    dtype
        Type of the images; 8-bit ones become 0 to 1 in a floating-point type.
        By default float32 for 8-bit ones, else what the data set gives.
    device
        Where the batches go.
    memory_format
        Of a frame, ``(batch, channels, height, width)``.
    indices
        Use only these samples.
    rank, world_size
        For several processes that train together; by default what
        ``torch.distributed`` says.
    persistent_workers, multiprocessing_context
        As for `torch.utils.data.DataLoader`.

    Returns
    -------
    UnrolledLoader
        Yields ``(images, labels, ...)`` of shapes ``(batch, time, channels,
        height, width)`` and ``(batch, time)``.

    Raises
    ------
    UnknownArgumentError
        For an argument that there is not.

    Examples
    --------
    >>> from PIL import Image
    >>> data = [(Image.new("RGB", (32, 32)), label) for label in range(5)]
    >>> loader = get_data_loader(data, batch_size=2, n_timesteps=20)
    >>> for images, labels in loader:
    ...     print(tuple(images.shape), labels[:, 0].tolist())
    (2, 20, 3, 32, 32) [0, 1]
    (2, 20, 3, 32, 32) [2, 3]
    (1, 20, 3, 32, 32) [4]
    """
    if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__getitem__"):
        raise InputError(
            "the data set cannot be asked for a sample by its index",
            expected="__len__ and __getitem__",
            found=type(dataset).__name__,
        )
    check_known("order", [order], get_args(Sampling))
    chosen = np.arange(len(dataset)) if indices is None else np.asarray(indices, dtype=np.int64)
    batches = Batches(
        _order(dataset, chosen, order, seed),
        batch_size,
        samples=chosen,
        drop_last=drop_last,
        rank=rank,
        world_size=world_size,
        fingerprint=f"{type(dataset).__name__} of {len(dataset)}, {order}",
    )
    workers: dict[str, Any] = {}
    if num_workers > 0:
        workers["prefetch_factor"] = prefetch_factor
        workers["persistent_workers"] = persistent_workers
        workers["multiprocessing_context"] = multiprocessing_context
    return UnrolledLoader(
        KeyedDataset(dataset, seed),
        batches,
        n_timesteps=n_timesteps,
        dtype=dtype,
        device=device,
        memory_format=memory_format,
        num_workers=num_workers,
        pin_memory=pin_memory and torch.cuda.is_available(),
        **workers,
    )


def _order(dataset: Any, chosen: npt.NDArray[np.int64], order: str, seed: int) -> EpochOrder:
    if order != "round_robin":
        return EpochOrder(len(chosen), seed=seed, shuffle=order == "random")
    targets = getattr(dataset, "targets", None)
    if targets is None or len(targets) != len(dataset):
        raise InputError(
            "the classes cannot take turns",
            key="order",
            expected="a data set with targets, the label of every sample",
            found=type(dataset).__name__,
        )
    return RoundRobin(np.asarray(targets)[chosen], seed=seed)
