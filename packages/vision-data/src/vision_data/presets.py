"""Transforms by name: presets written as YAML, read without executing anything."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal, cast

import torch
import yaml
from torchvision.transforms import (  # type: ignore[import-untyped]  # no types
    InterpolationMode,
    v2,
)

from neuroai_core.errors import DataError, InputError, NotFoundError, strict_arguments, unknown_name
from vision_data.augment import Pipeline
from vision_data.frames import Normalize

Backend = Literal["torch", "ffcv"]
CONTEXTS = ("train", "test")
KEYS = ("backend", "context", "name", "transforms")
#: Operations of torchvision in the order they belong in; all others stand between.
FIRST = ("Resize", "CenterCrop", "RandomCrop", "RandomResizedCrop", "FiveCrop", "TenCrop", "Pad")
#: Those that take no PIL image, so that they come after it became a tensor.
TENSORS = ("GaussianNoise", "LinearTransformation")
LAST = ("Normalize", "ToDtype")
#: What is done in any case.
ALWAYS = ("ToImage", "ToPureTensor")


@dataclass(frozen=True)
class Call:
    """An operation as a preset writes it: its name and plain arguments."""

    name: str
    args: tuple[Any, ...] = ()
    kwargs: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Call:
        """Read ``"Name(1, key='value')"``; the arguments are literals, nothing is executed.

        Examples
        --------
        >>> Call.parse("RandomResizedCrop(224, scale=(0.2, 1))")
        Call(name='RandomResizedCrop', args=(224,), kwargs=(('scale', (0.2, 1)),))
        """
        try:
            call = ast.parse(text.strip(), mode="eval").body
            if isinstance(call, ast.Name):
                return cls(call.id)
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
                raise ValueError("no call of a name")
            args = tuple(_literal(a) for a in call.args)
            kwargs = tuple((k.arg, _literal(k.value)) for k in call.keywords if k.arg)
            if len(kwargs) < len(call.keywords):
                raise ValueError("** is not allowed")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise InputError(
                "this is no operation of a preset",
                expected='"Name" or "Name(arguments)" with plain numbers, names, texts and lists',
                found=f"{text!r}: {error}",
            ) from error
        return cls(call.func.id, args, kwargs)

    def make(self, known: Mapping[str, type]) -> Any:
        """Make the operation from the classes it may be one of."""
        if self.name not in known:
            raise unknown_name("operation", self.name, known)
        try:
            return known[self.name](*self.args, **dict(self.kwargs))
        except (TypeError, ValueError) as error:
            raise InputError(
                "an operation does not take these arguments", key=self.name, found=str(error)
            ) from error


@dataclass(frozen=True)
class Preset:
    """A named list of operations for a backend and a context."""

    name: str
    backend: str
    context: str | None
    calls: tuple[Call, ...]


def read_presets(path: str | os.PathLike[str]) -> list[Preset]:
    """Read presets from a YAML file: a list of ``backend, context, name, transforms``.

    Raises
    ------
    NotFoundError, DataError, InputError
        If the file is not there, is no such list, or an operation is none.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotFoundError("there is no such file of presets", path=path) from None
    return _parse(text, path)


@strict_arguments
def get_data_transform(
    name: str | Sequence[str],
    data_name: str | None = None,
    *,
    presets: str | os.PathLike[str] | Iterable[Preset] | None = None,
) -> v2.Compose | Pipeline:
    """Give the transform of a preset, or of several together.

    Parameters
    ----------
    name
        ``"train"`` or ``"test"``, a data set (``"mnist"``, ``"cifar100"``,
        ``"imagenet"``, ...), ``"ffcv_train"`` or ``"ffcv_test"``, a preset of
        your own, or a list of them, put together in order.
    data_name
        The data set whose preset is put where it belongs: resizing and
        cropping first, normalising last. The same as its name in the list.
    presets
        More presets: a YAML file, or what `read_presets` gives. They come
        before those that are shipped.

    Returns
    -------
    A torchvision v2 transform from a PIL image or tensor to a float32 tensor,
    or to the type of a ``ToDtype`` of your own, which comes at the very end;
    for ``ffcv`` presets a `Pipeline` for `get_ffcv_dataloader`.

    Raises
    ------
    UnknownNameError
        If there is no such preset or data set.

    Examples
    --------
    >>> from PIL import Image
    >>> transform = get_data_transform(["train", "cifar100"])
    >>> transform(Image.new("RGB", (40, 40))).shape
    torch.Size([3, 32, 32])
    """
    names = [name] if isinstance(name, str) else list(name)
    known = [*_given(presets), *_shipped()]
    backend, names = _backend(names)
    if data_name is not None and data_name not in names:
        names.append(data_name)
    contexts = {n for n in names if n in CONTEXTS}
    if len(contexts) > 1:
        raise InputError("presets for training and for testing do not go together", found=names)
    context = next(iter(contexts), "test")
    selected = [_find(known, n, backend, context) for n in names]
    if backend == "ffcv":
        return Pipeline([c.make(Pipeline.OPERATIONS) for p in selected for c in p.calls])
    return v2.Compose(_torch_operations([c for p in selected for c in p.calls]))


def normalization(transform: v2.Compose | Pipeline | None) -> Normalize | None:
    """Give mean and standard deviation that a transform normalises with; None: it does not.

    Examples
    --------
    >>> normalization(get_data_transform("mnist"))
    ([0.1307, 0.1307, 0.1307], [0.3081, 0.3081, 0.3081])
    """
    for operation in getattr(transform, "transforms", ()):
        if isinstance(operation, v2.Normalize):
            return operation.mean, operation.std
    return None


def _torch_operations(calls: list[Call]) -> list[Any]:
    """Order the operations: sizes first, then those on tensors, normalising and types last."""
    placed = (*FIRST, *TENSORS, *LAST, *ALWAYS)
    first, tensors, normalize, types = (
        [c for c in calls if c.name in names] for names in (FIRST, TENSORS, *((n,) for n in LAST))
    )
    between = [c for c in calls if c.name not in placed]
    to_tensor = [Call("ToImage"), Call("ToDtype", (torch.float32,), (("scale", True),))]
    ordered = [*first, *between, *to_tensor, *tensors, *normalize, *types]
    known = _torchvision()
    return [*(c.make(known) for c in ordered), v2.ToPureTensor()]


@lru_cache(maxsize=1)
def _torchvision() -> dict[str, type]:
    known = {n: c for n, c in vars(v2).items() if isinstance(c, type) and n[0] != "_"}
    return {n: c for n, c in known.items() if issubclass(c, torch.nn.Module)}


def _backend(names: list[str]) -> tuple[Backend, list[str]]:
    plain = [n.removeprefix("ffcv_") for n in names]
    ffcv = [n.startswith("ffcv_") for n in names]
    return ("ffcv" if any(ffcv) else "torch"), plain


def _find(known: list[Preset], name: str, backend: str, context: str) -> Preset:
    own = [p for p in known if p.backend == backend]
    named = [p for p in own if p.name == name and p.context in (None, context)]
    if not named:
        prefix = "ffcv_" if backend == "ffcv" else ""
        raise unknown_name("preset", prefix + name, {prefix + p.name for p in own})
    return named[0]


def _given(presets: str | os.PathLike[str] | Iterable[Preset] | None) -> list[Preset]:
    if presets is None:
        return []
    if isinstance(presets, str | os.PathLike):
        return read_presets(presets)
    return list(presets)


@lru_cache(maxsize=1)
def _shipped() -> tuple[Preset, ...]:
    text = resources.files("vision_data").joinpath("data/presets.yaml").read_text("utf-8")
    return tuple(_parse(text, "presets.yaml"))


def _parse(text: str, path: object) -> list[Preset]:
    try:
        entries = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DataError("a file of presets is no YAML", path=path, found=str(error)) from error
    if not isinstance(entries, list):
        raise DataError("a file of presets holds no list", path=path, expected="- name: ...")
    return [_preset(entry, number, path) for number, entry in enumerate(entries)]


def _preset(entry: object, number: int, path: object) -> Preset:
    if not isinstance(entry, dict):
        raise DataError("a preset is no mapping", path=path, index=number, found=repr(entry))
    for key in entry:
        if key not in KEYS:
            raise unknown_name("key of a preset", key, KEYS, path=path, index=number)
    name, calls = entry.get("name"), entry.get("transforms")
    if not isinstance(name, str) or not isinstance(calls, list):
        raise DataError("a preset has no name or no list of transforms", path=path, index=number)
    backend, context = entry.get("backend", "torch"), entry.get("context")
    if backend not in ("torch", "ffcv"):
        raise unknown_name("backend", backend, ("torch", "ffcv"), path=path, index=number)
    if context is not None and context not in CONTEXTS:
        raise unknown_name("context", context, CONTEXTS, path=path, index=number)
    return Preset(name, backend, context, tuple(Call.parse(str(c)) for c in calls))


def _literal(node: ast.expr) -> Any:
    """Read a literal; the names of types and of interpolations stand for themselves."""
    if isinstance(node, ast.Name):
        named = {"float32": torch.float32, "float16": torch.float16, "uint8": torch.uint8}
        named |= {m.value: m for m in InterpolationMode}
        if node.id not in named:
            raise ValueError(f"the name {node.id!r} has no meaning here")
        return cast("Any", named[node.id])
    return ast.literal_eval(node)
