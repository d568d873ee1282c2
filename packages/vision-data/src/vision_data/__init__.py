"""Image data sets for models unrolled in time: fetch, organise, group, convert, load."""

from vision_data.__about__ import __version__
from vision_data.augment import Pipeline
from vision_data.beton import BetonFile, write_beton
from vision_data.beton_loading import get_ffcv_dataloader
from vision_data.catalog import Catalog
from vision_data.classes import ClassTable, write_classes
from vision_data.convert import convert_group
from vision_data.folder import ImageFolder
from vision_data.layout import Layout
from vision_data.links import link_group
from vision_data.loader import get_data_loader
from vision_data.presets import get_data_transform
from vision_data.targets import TargetTransform, get_target_transform
from vision_data.unroll import unroll

__all__ = [
    "BetonFile",
    "Catalog",
    "ClassTable",
    "ImageFolder",
    "Layout",
    "Pipeline",
    "TargetTransform",
    "__version__",
    "convert_group",
    "get_data_loader",
    "get_data_transform",
    "get_ffcv_dataloader",
    "get_target_transform",
    "link_group",
    "unroll",
    "write_beton",
    "write_classes",
]
