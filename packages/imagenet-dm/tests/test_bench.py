import shutil
from pathlib import Path

import pytest

from imagenet_dm import bench_dataset
from imagenet_dm.bench import _suggest
from neuroai_core.errors import DataError, InputError


def test_measures_stages_and_workers(fake):
    said = []
    settings = {"batch_size": 4, "batches": 2, "image_size": 32, "engine": "threads"}
    speeds = bench_dataset(fake, workers=[1, 2], progress=said.append, **settings)
    assert set(speeds.stages) == {"read", "headers", "view", "normalise"}
    assert set(speeds.loading) == {1, 2}
    assert min(*speeds.stages.values(), *speeds.loading.values()) > 0
    assert speeds.engine == "threads"
    assert speeds.suggested in (1, 2)
    assert len(said) == 3


def test_suggests_what_more_than_a_tenth_is_gained_by():
    assert _suggest({1: 100.0, 2: 190.0, 4: 200.0, 8: 350.0}) == 8
    assert _suggest({1: 100.0, 2: 105.0, 4: 109.0}) == 1


def test_a_damaged_image_is_named(fake, tmp_path):
    copy = Path(shutil.copytree(fake, tmp_path / "copy"))
    for image in sorted(copy.rglob("train/*/*.JPEG")):
        image.write_bytes(image.read_bytes()[:200])
    with pytest.raises(DataError, match="does not decode") as raised:
        bench_dataset(copy, batch_size=4, batches=1, image_size=32)
    assert raised.value.path.suffix == ".JPEG"


def test_too_little_is_an_error(fake):
    with pytest.raises(InputError, match="nothing to measure"):
        bench_dataset(fake, batches=0)
    with pytest.raises(InputError, match="too small"):
        bench_dataset(fake, batch_size=36, image_size=16, workers=[0])
