"""Pickles: arrays come out of them, and nothing else ever runs."""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import tarfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from neural_shards import ShardSet, WebDatasetWriter
from neural_shards.unpickle import unpickle
from neuroai_core.errors import DataError

ARRAYS = hnp.arrays(
    st.sampled_from(["?", "u1", "<i8", ">f4", "<f8", "<c16", "S3", "<U2"]),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)


class Evil:
    """Runs a command when it is unpickled by anything that does what it says."""

    def __init__(self, call, *arguments):
        self.reduced = call, arguments

    def __reduce__(self):
        return self.reduced


@given(ARRAYS, st.integers(2, 5))
def test_arrays_come_back(array, protocol):
    for value in (array, np.asfortranarray(array)):
        got = unpickle(pickle.dumps(value, protocol), {})
        np.testing.assert_array_equal(got, value, strict=True)


@pytest.mark.parametrize("value", [3, 2.5, "left", None, True, b"xyz", np.float32(2.5)])
def test_plain_values_come_back(value):
    assert unpickle(pickle.dumps(value), {}) == value


@pytest.mark.parametrize(
    "evil",
    [
        Evil(os.system, "touch owned"),
        Evil(eval, "open('owned', 'w')"),
        Evil(getattr, np.zeros(2), "tofile"),
        Evil(np.load, "x.npy"),
        Evil(np.ndarray, (10**12,)),
        np.array([Evil(os.system, "touch owned")], dtype=object),
        {"a": np.zeros(2)},
    ],
)
def test_anything_else_is_refused_and_does_not_run(evil, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError):
        unpickle(pickle.dumps(evil), {})
    assert list(tmp_path.iterdir()) == []


@given(st.binary(max_size=300))
def test_no_bytes_crash_it(content):
    with contextlib.suppress(DataError):
        unpickle(content, {})


@given(ARRAYS, st.data())
def test_no_mutation_of_an_array_crashes_it(array, data):
    content = bytearray(pickle.dumps(array))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        got = unpickle(bytes(content), {})
    except DataError:
        return
    assert np.asarray(got).nbytes <= 4 * len(content)


def test_a_type_that_numpy_would_evaluate_is_refused():
    content = pickle.dumps(np.zeros(2)).replace(b"\x8c\x02f8", b"\x8c\x0508,f8")
    with pytest.raises(DataError):
        unpickle(content, {})


def test_a_set_that_neurofmx_wrote(tmp_path):
    """Pickles in a tar whose members have today's times: what upstream's writer makes."""
    with tarfile.open(tmp_path / "shard_000000.tar", "w") as tar:
        for i in range(3):
            members = {"spikes.pyd": pickle.dumps(np.full((2, 3), i)), "metadata.json": b'{"t": 1}'}
            for suffix, content in members.items():
                info = tarfile.TarInfo(f"sample_{i:09d}.{suffix}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    with pytest.raises(DataError, match="allow_pickle"):
        ShardSet(tmp_path).sample(0)
    sample = ShardSet(tmp_path, allow_pickle=True).sample(2)
    np.testing.assert_array_equal(sample["spikes"], np.full((2, 3), 2))
    assert sample["metadata"] == {"t": 1}


def test_a_writer_of_pickles_for_those_who_must(tmp_path):
    with WebDatasetWriter(tmp_path, pickled=True) as writer:
        writer.write_sample({"spikes": np.arange(8)[::2], "side": "l"})
    with tarfile.open(tmp_path / "shard_000000.tar") as tar:
        stored = tar.extractfile("sample_000000001.spikes.pyd").read()
    np.testing.assert_array_equal(pickle.loads(stored), [0, 2, 4, 6])
    sample = ShardSet(tmp_path, allow_pickle=True).sample(0)
    np.testing.assert_array_equal(sample["spikes"], [0, 2, 4, 6])
    assert sample["side"] == "l"
