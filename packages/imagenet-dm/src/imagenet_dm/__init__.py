"""ImageNet, and any data set in its layout, as a Lightning data module.

- `datamodule`: the data module.
- `dataset`: a split as a torch data set.
- `fake`: a small data set to try things on.
- `geometry`, `views`, `custom`: what the model sees of an image.
- `index`, `index_file`, `layout`: which images there are, and where.
- `loader`, `requests`: batches, by workers or threads, in an order that resumes.
- `normalise`, `erasing`, `mixing`: what is done to a batch on the device.
- `policies`, `operations`: augmentation of single images.
- `sampling`, `selection`, `resolution`: which images when, and how large.
- `sources`: the forms of the data: `folder`, `tars` and `devkit`, `beton`, `shards`.
"""

from imagenet_dm.__about__ import __version__
from imagenet_dm.datamodule import ImageNetDataModule
from imagenet_dm.dataset import ImageNetDataset
from imagenet_dm.fake import write_fake
from imagenet_dm.geometry import RandomCrops
from imagenet_dm.loader import Batch, ImageNetLoader
from imagenet_dm.normalise import Normalise
from imagenet_dm.views import CentreView, TrainingView

__all__ = [
    "Batch",
    "CentreView",
    "ImageNetDataModule",
    "ImageNetDataset",
    "ImageNetLoader",
    "Normalise",
    "RandomCrops",
    "TrainingView",
    "__version__",
    "write_fake",
]
