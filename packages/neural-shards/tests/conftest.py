"""What the tests of neural-shards share."""

from __future__ import annotations

import contextlib

import pytest


@pytest.fixture(scope="session")
def stock():
    """Read shards with webdataset's own stages; it gets our file, because it never closes its."""
    from webdataset.autodecode import Decoder, basichandlers
    from webdataset.tariterators import group_by_keys, tar_file_expander

    def read(paths):
        with contextlib.ExitStack() as stack:
            shards = [
                {"url": str(path), "stream": stack.enter_context(open(path, "rb"))}
                for path in paths
            ]
            decode = Decoder([basichandlers])
            return [decode(sample) for sample in group_by_keys(tar_file_expander(shards))]

    return read
