"""Image data sets for models unrolled in time: fetch, organise, group, convert, load."""

from vision_data.__about__ import __version__
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
from vision_data.pictures import contact_sheet, show_batch
from vision_data.presets import get_data_transform
from vision_data.split import split_folder, split_indices
from vision_data.summary import inspect_data
from vision_data.targets import TargetTransform, get_target_transform
from vision_data.unroll import unroll
from vision_data.verify import verify

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
    "contact_sheet",
    "convert_group",
    "fetch_data",
    "get_data_loader",
    "get_data_transform",
    "get_ffcv_dataloader",
    "get_target_transform",
    "inspect_data",
    "link_group",
    "read_config",
    "show_batch",
    "split_folder",
    "split_indices",
    "unroll",
    "verify",
    "write_beton",
    "write_classes",
]
