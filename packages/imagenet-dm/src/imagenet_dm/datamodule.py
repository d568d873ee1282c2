"""The Lightning data module."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Literal, get_args

import torch.distributed
from torch import nn

from imagenet_dm.custom import CustomView
from imagenet_dm.dataset import ImageNetDataset, OnError
from imagenet_dm.erasing import Erasing
from imagenet_dm.geometry import RandomCrops
from imagenet_dm.index import Index
from imagenet_dm.layout import find_root
from imagenet_dm.lightning_api import LightningDataModule
from imagenet_dm.loader import Engine, ImageNetLoader
from imagenet_dm.mixing import Mixing
from imagenet_dm.normalise import MEAN, STD, Normalise
from imagenet_dm.policies import PolicyName, named_policies
from imagenet_dm.requests import Request
from imagenet_dm.resolution import Resolution
from imagenet_dm.sampling import Sampling, SamplingName, named_sampling
from imagenet_dm.selection import Selection
from imagenet_dm.sources import Backend, find_backend, open_split, split_classes
from imagenet_dm.views import CentreView, TrainingView, View
from neuroai_core.errors import InputError, check_known, strict_arguments

NormaliseOn = Literal["auto", "host", "device"]
Stage = Literal["fit", "validate", "test", "predict"]


class ImageNetDataModule(LightningDataModule):
    """ImageNet, or any data set in its layout, for a Lightning ``Trainer`` or a loop of one's own.

    Parameters
    ----------
    data_root
        The folder with ``train/<class>/*.JPEG`` and ``val/<class>/*.JPEG``.
        Without it, `location` says where, or ``IMAGENET_ROOT`` in the environment.
    batch_size
        Images in a batch of one device.
    num_workers
        Worker processes (or threads) of one device.
    location, locations
        A name, and folders by name: one configuration for several machines.
    backend
        The form of the data: ``"folder"``, ``"tar"`` (ImageNet's archives),
        ``"beton"``, ``"webdataset"``; ``"auto"`` looks what is there.
    index_cache
        Keep the list of images in the user's cache folder, in the folder
        given, or (False) not at all; see `open_split`.
    classes
        Use only these classes, numbered in this order.
    train_subset
        How many training images of each class, what part of them, or a file
        that lists them; see `take_subset`.
    val_from_train
        Validate on so many images of each training class, or such a part of
        them, which are then not trained on; ``val/`` is not used.
    sampling
        ``"shuffled"``: every image once an epoch; ``"repeated"``: some of
        them, `repeats` times each; ``"balanced"``: classes equally often;
        ``"weighted"``: images with replacement by `class_weights`.
    repeats, class_weights
        Of the samplings of that kind; weights by class, 1 where none is given.
    image_size
        Height and width of the training crops in pixels, or sizes by epoch:
        ``{0: 160, 16: 192}`` grows from one to the other.
    val_size
        Height and width in validation, in pixels; the last `image_size` without it.
    crop_ratio
        `val_size` over what the shorter side is resized to before the central
        crop: 0.875 makes 256 of 224.
    scale, ratio, flip
        Of the random crops; see `RandomCrops`.
    augment
        ``"autoaugment"`` (ImageNet's policy), ``"randaugment"``,
        ``"trivialaugment"``, ``"augmix"``, ``"threeaugment"`` or None.
    augment_operations, augment_magnitude
        Of RandAugment: how many, and 0 to 30.
    colour_jitter
        Strength of changes of brightness, contrast and saturation; 0 is off.
    train_transform, val_transform
        Transforms of your own in place of all of the above: they take a whole
        RGB image (PIL) and give a tensor; see `CustomView`.
    on_error
        What becomes of an image that cannot be read: ``"raise"``, or
        ``"skip"``, which leaves it out and lists it in `skipped`.
    mean, std
        By colour channel, for values from 0 to 1.
    normalise_on
        ``"host"``: loaders give normalised float32. ``"device"``: they give
        uint8, a quarter of the bytes to send, and `on_after_batch_transfer`
        normalises. ``"auto"``: on the device where a Trainer calls that hook,
        on the host otherwise.
    mixup_alpha, cutmix_alpha, mix_probability
        Mixing of training batches after they are on the device; 0, the default,
        is off, 0.2 and 1.0 are usual. See `Mixing`.
    label_smoothing
        Of training labels; 0.1 is usual. They are smoothed here, so the loss
        must not smooth them again: under a Trainer that is an error.
    random_erasing
        Probability of erasing a rectangle of a training image; see `Erasing`.
    val_batch_size
        Images in a validation batch of one device; `batch_size` without it.
    seed
        Of the order, the crops and all else that is random.
    engine
        ``"workers"`` (a torch ``DataLoader``), ``"threads"`` or ``"auto"``.
    pin_memory, persistent_workers, prefetch_factor, timeout_s
        As in torch's ``DataLoader``.

    Examples
    --------
    >>> from imagenet_dm import write_fake
    >>> root = write_fake("imagenet", classes=2, train=4, val=2)
    >>> dm = ImageNetDataModule(data_root=root, batch_size=4, num_workers=0)
    >>> dm.setup("fit")
    >>> images, labels = next(iter(dm.train_dataloader()))
    >>> images.shape, labels.shape, len(dm.val_dataset)
    (torch.Size([4, 3, 224, 224]), torch.Size([4]), 4)
    """

    train_dataset: ImageNetDataset
    val_dataset: ImageNetDataset
    test_dataset: ImageNetDataset
    predict_dataset: ImageNetDataset

    @strict_arguments
    def __init__(
        self,
        data_root: str | os.PathLike[str] | None = None,
        batch_size: int = 256,
        num_workers: int = 8,
        *,
        location: str | None = None,
        locations: dict[str, str] | None = None,
        backend: Backend = "auto",
        index_cache: bool | str = True,
        classes: list[str] | None = None,
        train_subset: int | float | str | None = None,
        val_from_train: int | float | None = None,
        sampling: SamplingName = "shuffled",
        repeats: int = 3,
        class_weights: dict[str, float] | None = None,
        image_size: int | dict[int, int] = 224,
        val_size: int | None = None,
        crop_ratio: float = 0.875,
        scale: tuple[float, float] = (0.08, 1.0),
        ratio: tuple[float, float] = (3 / 4, 4 / 3),
        flip: float = 0.5,
        augment: PolicyName | None = None,
        augment_operations: int = 2,
        augment_magnitude: int = 9,
        colour_jitter: float = 0.0,
        train_transform: Callable[[Any], Any] | None = None,
        val_transform: Callable[[Any], Any] | None = None,
        on_error: OnError = "raise",
        mean: tuple[float, float, float] = MEAN,
        std: tuple[float, float, float] = STD,
        normalise_on: NormaliseOn = "auto",
        mixup_alpha: float = 0.0,
        cutmix_alpha: float = 0.0,
        mix_probability: float = 1.0,
        label_smoothing: float = 0.0,
        random_erasing: float = 0.0,
        val_batch_size: int | None = None,
        seed: int = 0,
        engine: Engine = "auto",
        pin_memory: bool = True,
        persistent_workers: bool = True,
        prefetch_factor: int = 2,
        timeout_s: float = 0,
    ) -> None:
        super().__init__()
        check_known("place to normalise", [normalise_on], get_args(NormaliseOn), key="normalise_on")
        self.root = find_root(data_root, location, locations)
        self._backend: Backend = backend
        self._index_cache = index_cache
        self.batch_size = batch_size
        self.val_batch_size = val_batch_size or batch_size
        self.normalise = Normalise(mean, std)
        self._device_normalise = Normalise(mean, std)  # this one moves
        self.normalise_on = normalise_on
        self.seed = seed
        self.mixing = Mixing(
            seed,
            mixup_alpha,
            cutmix_alpha,
            mix_probability,
            label_smoothing,
            repeats if sampling == "repeated" else 1,
        )
        self.erasing = Erasing(seed, random_erasing)
        crops = RandomCrops(seed, (scale[0], scale[1]), (ratio[0], ratio[1]), flip)
        policies = named_policies(
            augment,
            operations=augment_operations,
            magnitude=augment_magnitude,
            colour_jitter=colour_jitter,
        )
        resolution = Resolution.of(image_size)
        last = resolution.pixels[-1]
        self._train_view: View = TrainingView(crops, resolution, policies)
        self._val_view: View = CentreView.of(val_size or last, crop_ratio)
        if train_transform is not None:
            self._train_view = CustomView(train_transform, seed)
        if val_transform is not None:
            self._val_view = CustomView(val_transform, seed)
        self._select = Selection(classes, train_subset, val_from_train, seed)
        self._sampling: dict[str, Any] = {
            "name": sampling,
            "repeats": repeats,
            "class_weights": class_weights,
        }
        self._on_error: OnError = on_error
        self._loading: dict[str, Any] = {
            "num_workers": num_workers,
            "engine": engine,
            "seed": seed,
            "pin_memory": pin_memory,
            "persistent_workers": persistent_workers,
            "prefetch_factor": prefetch_factor,
            "timeout_s": timeout_s,
        }
        self._train_loader: ImageNetLoader | None = None
        self._loaders: list[ImageNetLoader] = []
        self._resume: Mapping[str, Any] | None = None
        self._request: Request | None = None

    def setup(self, stage: str | None = None) -> None:
        """Open the data sets that a stage needs.

        Parameters
        ----------
        stage
            ``"fit"``, ``"validate"``, ``"test"``, ``"predict"``, or None for all.

        Raises
        ------
        DataError
            If the root is not a data set; it says what was expected and what is there.
        InputError
            If validation has images of a class that training lacks; it names the class.

        Notes
        -----
        Labels are the same in every stage: positions in the classes of training,
        of which only the class folders are listed where its images are not
        needed, or in those of validation if there is no training split.
        """
        check_known("stage", [stage], [None, *get_args(Stage)])
        fits = stage in (None, "fit")
        if hasattr(self, "val_dataset") and (not fits or hasattr(self, "train_dataset")):
            return
        select, held = self._select, None
        classes: tuple[str, ...] = ()
        if fits or select.needs_train:
            whole = self._open("train")
            classes = whole.classes
            train, held = select.training(whole)
            self.train_dataset = self._dataset(train, self._train_view)
        if held is None:
            val = self._open("val")
            # Labels mean the same in every stage: those of training, if it is there at all.
            classes = classes or self._classes("train") or val.classes
            held = select.validation(val, classes)
        self.val_dataset = self._dataset(held, self._val_view)
        self.test_dataset = self.predict_dataset = self.val_dataset

    def _dataset(self, index: Index, view: View) -> ImageNetDataset:
        return ImageNetDataset(index, view, self.normalise, self._on_error)

    def prepare_data(self) -> None:
        """Find the images before the other ranks do: they use the index that this keeps."""
        if self._index_cache:
            for split in ("train", "val"):
                if find_backend(self.root, split):
                    self._open(split)

    def _open(self, split: str) -> Index:
        return open_split(self.root, split, backend=self._backend, index_cache=self._index_cache)

    def _classes(self, split: str) -> tuple[str, ...]:
        return split_classes(self.root, split, backend=self._backend, index_cache=self._index_cache)

    @property
    def num_classes(self) -> int:
        """How many classes there are; after `setup`."""
        known = getattr(self, "train_dataset", None) or self.val_dataset
        return len(known.classes)

    @property
    def skipped(self) -> dict[str, str]:
        """The images that were left out so far, with the reason of each, by path."""
        return {name: why for loader in self._loaders for name, why in loader.skipped.items()}

    def train_dataloader(self) -> ImageNetLoader:
        """Give the loader of the training crops, shuffled anew in every epoch."""
        self._check_smoothing()
        sampling = named_sampling(index=self.train_dataset.index, seed=self.seed, **self._sampling)
        loader = self._loader(self.train_dataset, self.batch_size, sampling)
        if self._resume is not None:
            loader.load_state_dict(self._resume)
            self._resume = None
        self._train_loader = loader
        return loader

    def val_dataloader(self) -> ImageNetLoader:
        """Give the loader of the validation images: each once over all ranks."""
        return self._loader(self.val_dataset, self.val_batch_size)

    def test_dataloader(self) -> ImageNetLoader:
        """Give the loader of the test images: each once over all ranks."""
        return self._loader(self.test_dataset, self.val_batch_size)

    def predict_dataloader(self) -> ImageNetLoader:
        """Give the loader of the images to predict: each once over all ranks."""
        return self._loader(self.predict_dataset, self.val_batch_size)

    def state_dict(self) -> dict[str, Any]:
        """Give how far training has come, for a checkpoint."""
        if self._train_loader is not None:
            return {"train": self._train_loader.state_dict()}
        return {} if self._resume is None else {"train": dict(self._resume)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where a state was taken: with the next loader, and one that is there already."""
        self._resume = state_dict.get("train")
        if self._train_loader is not None and self._resume is not None:
            self._train_loader.load_state_dict(self._resume)

    def on_before_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Remember what the batch was made from: a transfer keeps its tensors only."""
        del dataloader_idx
        self._request = getattr(batch, "request", None)
        if self._request is None and self._train_loader is not None and self._in_training():
            self._request = self._train_loader.latest
        return batch

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Normalise what came to the device as uint8; erase from and mix training batches.

        A Trainer calls it. In a loop of your own, call it with the batch:
        ``images, labels = dm.on_after_batch_transfer(batch.to(device), 0)``.
        """
        del dataloader_idx
        request, self._request = getattr(batch, "request", None) or self._request, None
        images, labels = batch
        if images.dtype == torch.uint8:
            images = self._device_normalise.to(images.device)(images)
        if request is None or not request.training:
            return images, labels
        if self.erasing.probability:
            images = self.erasing(images, request)
        if self.mixing.active:
            images, labels = self.mixing(images, labels, request, self.num_classes)
        return images, labels

    def _in_training(self) -> bool:
        return self.trainer is not None and bool(self.trainer.training)

    def _check_smoothing(self) -> None:
        """Refuse a loss that smooths labels which are smooth already."""
        model = getattr(self.trainer, "lightning_module", None)
        if not self.mixing.label_smoothing or model is None:
            return
        for name, part in model.named_modules():
            if isinstance(part, nn.CrossEntropyLoss) and part.label_smoothing:
                raise InputError(
                    "labels would be smoothed twice",
                    key=name,
                    expected="label_smoothing in the data module or in the loss",
                    found=f"{self.mixing.label_smoothing} and {part.label_smoothing}",
                )

    def _on_device(self) -> bool:
        if self.normalise_on == "auto":
            return self.trainer is not None
        return self.normalise_on == "device"

    def _ranks(self) -> tuple[int, int]:
        if self.trainer is not None:
            return self.trainer.global_rank, self.trainer.world_size
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            return torch.distributed.get_rank(), torch.distributed.get_world_size()
        return 0, 1

    def _loader(
        self, dataset: ImageNetDataset, batch_size: int, sampling: Sampling | None = None
    ) -> ImageNetLoader:
        rank, world_size = self._ranks()
        loader = ImageNetLoader(
            dataset,
            batch_size,
            training=sampling is not None,
            sampling=sampling,
            tail="spread" if sampling is None else "drop",
            rank=rank,
            world_size=world_size,
            normalise=None if self._on_device() else self.normalise,
            **self._loading,
        )
        self._loaders.append(loader)
        return loader
