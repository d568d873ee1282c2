"""Files that appear whole or not at all, and that are what they should be."""

from neuroai_core.files.archive import extract
from neuroai_core.files.atomic import atomic_path, atomic_write, remove_partials
from neuroai_core.files.cache import cache_folder
from neuroai_core.files.checksum import check_file, checksum
from neuroai_core.files.download import download
from neuroai_core.files.lock import locked

__all__ = [
    "atomic_path",
    "atomic_write",
    "cache_folder",
    "check_file",
    "checksum",
    "download",
    "extract",
    "locked",
    "remove_partials",
]
