from __future__ import annotations

import pickle
import zipfile

import h5py
import numpy as np
import pytest

from neuroai_core import DataError
from retina_data import hdf5
from retina_data.hub import cache
from retina_data.repository import unpickled

PIXELS = np.arange(5 * 6 * 7, dtype=np.uint8).reshape(5, 6, 7)


def test_plain_bytes_are_mapped_where_they_lie(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["movie"] = PIXELS
    with hdf5.opened(tmp_path / "x.h5") as file:
        movie = hdf5.memory_map(file["movie"])
    assert isinstance(movie, np.memmap)
    assert (tmp_path / "x.h5").samefile(movie.filename)
    np.testing.assert_array_equal(movie, PIXELS)
    movie[0] = 0  # in memory alone
    with h5py.File(tmp_path / "x.h5") as file:
        np.testing.assert_array_equal(file["movie"], PIXELS)


@pytest.mark.parametrize(
    "how",
    [{"compression": "gzip"}, {"chunks": (2, 3, 7)}, {"dtype": ">i2"}, {"maxshape": (None, 6, 7)}],
)
def test_what_lies_in_pieces_is_copied_once_and_mapped(tmp_path, monkeypatch, how):
    monkeypatch.setattr(hdf5, "COPIED", 50)  # in several slices
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("train/movie", data=PIXELS, **how)
    for _ in range(2):
        with hdf5.opened(tmp_path / "x.h5") as file:
            movie = hdf5.memory_map(file["train/movie"])
        assert isinstance(movie, np.memmap)
        assert movie.dtype.isnative
        np.testing.assert_array_equal(movie, PIXELS)
    assert len(list((cache() / "converted").glob("x-*train-movie-v1.npy"))) >= 1


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "new" / "x.h5"

    def break_off():
        with hdf5.created(path) as file:
            file["half"] = PIXELS
            raise KeyboardInterrupt

    for kept in ([], ["x.h5"]):
        with pytest.raises(KeyboardInterrupt):
            break_off()
        assert [p.name for p in path.parent.iterdir()] == kept
        with hdf5.created(path) as file:
            file["movie"] = PIXELS
    with hdf5.opened(path) as file:
        assert list(file) == ["movie"]


def test_nothing_is_nothing(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("movie", shape=(0, 6, 7), maxshape=(None, 6, 7), dtype="u1")
    with hdf5.opened(tmp_path / "x.h5") as file:
        assert hdf5.memory_map(file["movie"]).shape == (0, 6, 7)


@pytest.mark.parametrize("archive", [True, False])
def test_a_pickle_is_converted_once(tmp_path, archive, caplog):
    content = {"a": PIXELS, "deep": {"b": np.float64(2.5), "c": [1, 2]}, "odd": [[1], [1, 2]]}
    path = tmp_path / ("x.zip" if archive else "x.pkl")
    if archive:
        with zipfile.ZipFile(path, "w") as file:
            file.writestr("x.pkl", pickle.dumps(content))
    else:
        path.write_bytes(pickle.dumps(content))
    found = unpickled(path)
    with hdf5.opened(found) as file:
        np.testing.assert_array_equal(hdf5.memory_map(file["a"]), PIXELS)
        assert file["deep/b"][()] == 2.5
        assert file["deep/c"][...].tolist() == [1, 2]
        assert "odd" not in file
    assert "'odd' is no array" in caplog.text
    when = found.stat().st_mtime_ns
    assert unpickled(path) == found
    assert found.stat().st_mtime_ns == when


def test_a_pickle_of_anything_else(tmp_path):
    (tmp_path / "x.pkl").write_bytes(pickle.dumps([1]))
    with pytest.raises(DataError, match="holds no dict"):
        unpickled(tmp_path / "x.pkl")
    (tmp_path / "y.pkl").write_bytes(pickle.dumps({"a": print}))
    with pytest.raises(DataError, match="nothing was run"):
        unpickled(tmp_path / "y.pkl")
    assert not list((cache() / "converted").glob("[xy]-*unpickled*h5.*"))
