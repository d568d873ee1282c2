"""Image data sets for models unrolled in time: fetch, organise, group, convert, load."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from vision_data.__about__ import __version__

if TYPE_CHECKING:
    from vision_data.augment import Pipeline
    from vision_data.beton import BetonFile, write_beton
    from vision_data.beton_loading import get_ffcv_dataloader
    from vision_data.catalog import Catalog
    from vision_data.classes import ClassTable, write_classes
    from vision_data.config import DataConfig, read_config
    from vision_data.convert import convert_group
    from vision_data.fetch import fetch_data
    from vision_data.folder import ImageFolder
    from vision_data.layout import Layout
    from vision_data.links import link_group
    from vision_data.loader import get_data_loader
    from vision_data.params import DatasetParams, Machine
    from vision_data.pictures import class_names, contact_sheet, show_batch
    from vision_data.presets import get_data_transform, normalization
    from vision_data.schema import config_schema
    from vision_data.split import split_folder, split_indices
    from vision_data.summary import inspect_data
    from vision_data.tables import number_classes
    from vision_data.targets import TargetTransform, get_target_transform
    from vision_data.time_axis import unroll
    from vision_data.verification import verify
    from vision_data.workflow import run_workflow

__all__ = [
    "BetonFile",
    "Catalog",
    "ClassTable",
    "DataConfig",
    "DatasetParams",
    "ImageFolder",
    "Layout",
    "Machine",
    "Pipeline",
    "TargetTransform",
    "__version__",
    "class_names",
    "config_schema",
    "contact_sheet",
    "convert_group",
    "fetch_data",
    "get_data_loader",
    "get_data_transform",
    "get_ffcv_dataloader",
    "get_target_transform",
    "inspect_data",
    "link_group",
    "normalization",
    "number_classes",
    "read_config",
    "run_workflow",
    "show_batch",
    "split_folder",
    "split_indices",
    "unroll",
    "verify",
    "write_beton",
    "write_classes",
]

#: Where each name comes from when it is first asked for: much of it loads
#: torch, for which the command line should not keep anybody waiting.
_MODULES = {
    "BetonFile": "vision_data.beton",
    "Catalog": "vision_data.catalog",
    "ClassTable": "vision_data.classes",
    "DataConfig": "vision_data.config",
    "DatasetParams": "vision_data.params",
    "ImageFolder": "vision_data.folder",
    "Layout": "vision_data.layout",
    "Machine": "vision_data.params",
    "Pipeline": "vision_data.augment",
    "TargetTransform": "vision_data.targets",
    "class_names": "vision_data.pictures",
    "config_schema": "vision_data.schema",
    "contact_sheet": "vision_data.pictures",
    "convert_group": "vision_data.convert",
    "fetch_data": "vision_data.fetch",
    "get_data_loader": "vision_data.loader",
    "get_data_transform": "vision_data.presets",
    "get_ffcv_dataloader": "vision_data.beton_loading",
    "get_target_transform": "vision_data.targets",
    "inspect_data": "vision_data.summary",
    "link_group": "vision_data.links",
    "normalization": "vision_data.presets",
    "number_classes": "vision_data.tables",
    "read_config": "vision_data.config",
    "run_workflow": "vision_data.workflow",
    "show_batch": "vision_data.pictures",
    "split_folder": "vision_data.split",
    "split_indices": "vision_data.split",
    "unroll": "vision_data.time_axis",
    "verify": "vision_data.verification",
    "write_beton": "vision_data.beton",
    "write_classes": "vision_data.classes",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
