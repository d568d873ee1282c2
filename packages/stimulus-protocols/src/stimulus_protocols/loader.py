"""The general loader: any data set or loader, presented over time."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, default_collate

from neuroai_core.errors import DataError, InputError, reject_unknown
from stimulus_protocols.labels import LabelPolicy, check_label
from stimulus_protocols.memory import Recycled
from stimulus_protocols.noise import Noise
from stimulus_protocols.painter import Void, check_void
from stimulus_protocols.presentation import Presentation
from stimulus_protocols.table import FrameTable
from stimulus_protocols.timeline import Timeline
from stimulus_protocols.trials import Collector, Order, TrialBatch, Trials, batch_trials

_ARGUMENTS = tuple(inspect.signature(DataLoader.__init__).parameters)[2:]


class StimulusProtocolDataLoader:
    """Present the images of a data set, or of an existing loader, over time.

    Workers load the images, each once; they are put on the time axis where
    they are used, so what travels between processes does not grow with time.

    Parameters
    ----------
    data
        A map-style or iterable data set whose samples are ``(image, label)``
        (or mappings with these names), or any loader whose batches are.
    protocol
        What is shown when.
    void_value
        What a blank shows, and what contrast is scaled around (see
        `Presentation`). None: the mean luminance where the loader knows it,
        or else 0. It knows it of pictures of Pillow without a transform, which
        it brings to 0 to 1 itself: 0.5; and of a data set that says so as
        ``mean_luminance``, as `PictureFolder` does.
    void_label
        The label of blank steps.
    seed
        Of the order (with ``shuffle=True``) and of everything random in the
        protocol, which is drawn for each trial by ``(seed, image)``. Images
        are known by their number in a map-style data set, and by their place
        in the epoch in anything else.
    noise
        What is added to every frame; see `Noise`.
    label_policy
        When labels are asked for; see `LabelPolicy`.
    lazy
        Give every batch as a `Presentation`, which holds each image once.
    **loader_arguments
        Those of `torch.utils.data.DataLoader`, for a data set.

    Yields
    ------
    ``(images, labels, *extra)``: ``(batch, time, channels, height, width)`` in
    the type of the data set's images, and int64 ``(batch, time)``; extra is
    what else the samples hold. Every batch has memory of its own.

    Raises
    ------
    UnknownArgumentError
        For an argument that neither this nor `DataLoader` has.

    Examples
    --------
    >>> from stimulus_protocols import blank, image
    >>> data = [(torch.full((1, 2, 2), float(i)), i) for i in range(4)]
    >>> loader = StimulusProtocolDataLoader(data, blank(1) >> image(2), batch_size=2)
    >>> for images, labels in loader:
    ...     print(tuple(images.shape), labels.tolist())
    (2, 3, 1, 2, 2) [[-1, 0, 0], [-1, 1, 1]]
    (2, 3, 1, 2, 2) [[-1, 2, 2], [-1, 3, 3]]
    """

    def __init__(
        self,
        data: Any,
        protocol: Timeline,
        *,
        void_value: Void | None = None,
        void_label: int = -1,
        seed: int = 0,
        noise: Noise | None = None,
        label_policy: LabelPolicy | None = None,
        lazy: bool = False,
        **loader_arguments: Any,
    ) -> None:
        if not isinstance(protocol, Timeline):
            raise InputError(
                "the protocol is no timeline",
                key="protocol",
                expected="a Timeline, such as blank(2) >> image(3)",
                found=f"{protocol!r} ({type(protocol).__name__})",
            )
        reject_unknown(type(self).__name__, loader_arguments, (*_ARGUMENTS, *_own(type(self))))
        self.protocol = protocol
        if void_value is not None:
            check_void(void_value)
        self.void_value = void_value
        self.void_label = check_label(void_label)
        self.seed = seed
        self.noise = noise
        self.label_policy = label_policy or LabelPolicy()
        self.lazy = lazy
        self._order: Order | None = None
        self._delivered = 0
        self._resumed = 0
        self._memory = Recycled()
        self.loader = self._wrap(data, loader_arguments)
        self._table = None if protocol.is_random else self.label_policy.apply(protocol.table())

    @property
    def ignore_index(self) -> int:
        """The label of blank steps, for the loss of the same name."""
        return self.void_label

    @property
    def dataset(self) -> Any:
        """The data set that is presented."""
        dataset = getattr(self.loader, "dataset", self.loader)
        return dataset.dataset if isinstance(dataset, Trials) else dataset

    @property
    def batch_size(self) -> int | None:
        """Trials in a batch."""
        return getattr(self.loader, "batch_size", None)

    @property
    def sampler(self) -> Any:
        """The sampler of the loader inside."""
        return getattr(self.loader, "sampler", None)

    @property
    def batch_sampler(self) -> Any:
        """The batch sampler of the loader inside."""
        return getattr(self.loader, "batch_sampler", None)

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[Any]:
        # An iteration that was given up leaves no trace: this one counts from its own start.
        self._delivered = self._first()
        return self._batches(self._delivered)

    def _first(self) -> int:
        """Say how many trials of the epoch lie before where an iteration begins."""
        if self._order is not None:
            return self._order.start
        if isinstance(self.loader, Iterator):
            return self._delivered  # it cannot begin anew
        # A loader that was told where to go on does so once.
        first, self._resumed = self._resumed, 0
        return first

    def _batches(self, delivered: int) -> Iterator[Any]:
        known = isinstance(self.loader, DataLoader) and isinstance(self.loader.dataset, Trials)
        for batch in self.loader:
            trials = batch if known else batch_trials(batch, self.protocol.items, delivered)
            delivered += len(trials.items)
            self._delivered = delivered
            presentation = self._present(trials)
            if self.lazy:
                yield presentation
            else:
                images = trials.images
                out = self._memory.give(presentation.shape, images.dtype, images.device)
                yield (presentation.materialise(out), presentation.labels, *trials.extra)
                # Who asked for the next batch may have dropped this one: its memory is free.
                del out
        self._delivered = 0
        if self._order is not None:
            self._order.set_epoch(self._order.epoch + 1)

    def set_epoch(self, epoch: int) -> None:
        """Go to the start of an epoch: another order, where this loader shuffles."""
        self._delivered = self._resumed = 0
        for part in (self._order, self.sampler, self.loader):
            if part is not None and hasattr(part, "set_epoch"):
                part.set_epoch(epoch)
                return

    def state_dict(self) -> dict[str, Any]:
        """Give how far the epoch has come, as plain values."""
        inner = self.loader.state_dict() if hasattr(self.loader, "state_dict") else None
        if inner is None and self._order is None:
            raise InputError(
                "where this loader stands is not known",
                hint="give it a data set without a sampler, or a loader that has state_dict()",
            )
        epoch = self._order.epoch if self._order is not None else 0
        return {"version": 1, "delivered": self._delivered, "epoch": epoch, "loader": inner}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where `state_dict` was taken."""
        if set(state) != {"version", "delivered", "epoch", "loader"} or state["version"] != 1:
            raise DataError("this is no state of this loader", found=sorted(map(str, state)))
        self._delivered = self._resumed = state["delivered"]
        if self._order is not None:
            self._order.epoch, self._order.start = state["epoch"], state["delivered"]
        elif hasattr(self.loader, "load_state_dict"):
            self.loader.load_state_dict(state["loader"])
        else:
            raise InputError("the loader inside cannot resume")

    def _void(self, batch: TrialBatch) -> Void:
        if self.void_value is not None:
            return self.void_value
        dataset = self.dataset
        while isinstance(dataset, Subset):
            dataset = dataset.dataset
        known: Void | None = getattr(dataset, "mean_luminance", batch.mean)
        return 0.0 if known is None else known

    def _present(self, batch: TrialBatch) -> Presentation:
        if self._table is not None:
            table = self._table
        else:
            drawn = (self.protocol.resolve(self.seed, int(key)).table() for key in batch.keys)
            table = FrameTable.stack([self.label_policy.apply(trial) for trial in drawn])
        identity = batch.items.shape[1] == 1 and len(batch.items) == len(batch.images)
        return Presentation(
            batch.images,
            batch.labels,
            table,
            items=None if identity else batch.items,
            void_value=self._void(batch),
            void_label=self.void_label,
            noise=self.noise,
            keys=batch.keys,
            seed=self.seed,
            numbers=batch.numbers,
        )

    def _wrap(self, data: Any, arguments: dict[str, Any]) -> Any:
        if not _is_dataset(data):
            if arguments:
                raise InputError(
                    "an existing loader takes no arguments of DataLoader",
                    expected="a data set, or no such arguments",
                    found=sorted(arguments),
                )
            return data
        # A generator of its own, or torch would draw from the global one.
        arguments.setdefault("generator", torch.Generator().manual_seed(self.seed))
        if isinstance(data, IterableDataset):
            return DataLoader(data, **arguments)
        trials = Trials(data, self.protocol.items, self.seed)
        if not {"sampler", "batch_sampler"} & {k for k, v in arguments.items() if v is not None}:
            shuffle = bool(arguments.pop("shuffle", False))
            self._order = Order(len(trials), seed=self.seed, shuffle=shuffle)
            arguments["sampler"] = self._order
        collate = arguments.pop("collate_fn", None) or default_collate
        return DataLoader(trials, collate_fn=Collector(collate), **arguments)


def _is_dataset(data: Any) -> bool:
    # A loader of webdataset is, by type, a data set: a pipeline that begins with a loader.
    stages = getattr(data, "pipeline", None)
    if isinstance(stages, list) and stages and isinstance(stages[0], DataLoader):
        return False
    return isinstance(data, Dataset) or (
        hasattr(data, "__getitem__") and hasattr(data, "__len__") and not hasattr(data, "loader")
    )


def _own(cls: type) -> list[str]:
    return [name for name in inspect.signature(cls).parameters if name != "loader_arguments"]
