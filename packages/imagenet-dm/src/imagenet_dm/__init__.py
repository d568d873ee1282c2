"""ImageNet, and any data set in its layout, as a Lightning data module.

- `bench`, `check`, `show`: how fast, how whole, and what it looks like; `cli`: from a shell.
- `datamodule`: the data module.
- `dataset`: a split as a torch data set.
- `fake`: a small data set to try things on.
- `geometry`, `views`, `custom`: what the model sees of an image.
- `index`, `index_file`, `layout`: which images there are, and where.
- `loader`, `engines`, `requests`, `batch`: batches in an order that resumes, and what loads them.
- `normalise`, `erasing`, `mixing`: what is done to a batch on the device.
- `policies`, `operations`: augmentation of single images.
- `sampling`, `selection`, `resolution`: which images when, and how large.
- `sources`: the forms of the data: `folder`, `tars` and `devkit`, `beton`, `shards`.
"""

from imagenet_dm.__about__ import __version__
from imagenet_dm.batch import Batch
from imagenet_dm.bench import Speeds, bench_dataset
from imagenet_dm.check import Report, check_dataset
from imagenet_dm.custom import CustomView
from imagenet_dm.datamodule import ImageNetDataModule
from imagenet_dm.dataset import ImageNetDataset
from imagenet_dm.erasing import Erasing
from imagenet_dm.fake import write_fake
from imagenet_dm.geometry import RandomCrops
from imagenet_dm.loader import ImageNetLoader
from imagenet_dm.mixing import Mixing
from imagenet_dm.names import class_names
from imagenet_dm.normalise import Normalise
from imagenet_dm.resolution import Resolution
from imagenet_dm.show import show_batch
from imagenet_dm.views import CentreView, TrainingView

__all__ = [
    "Batch",
    "CentreView",
    "CustomView",
    "Erasing",
    "ImageNetDataModule",
    "ImageNetDataset",
    "ImageNetLoader",
    "Mixing",
    "Normalise",
    "RandomCrops",
    "Report",
    "Resolution",
    "Speeds",
    "TrainingView",
    "__version__",
    "bench_dataset",
    "check_dataset",
    "class_names",
    "show_batch",
    "write_fake",
]
