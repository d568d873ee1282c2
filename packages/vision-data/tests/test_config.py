from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from neuroai_core.errors import DataError, InputError, NotFoundError, UnknownNameError
from vision_data import Catalog, DataConfig, convert_group, link_group, read_config
from vision_data.catalog import Statistics
from vision_data.schema import config_schema


def _read(tmp_path, text):
    path = tmp_path / "config_data.yaml"
    path.write_text(text)
    return read_config(path)


def test_the_file_of_the_guide(tmp_path, guide):
    numbers, its_groups = guide.custom.split("data_groups:\n")
    text = guide.groups + its_groups + guide.mounted + numbers + "use_ffcv: True\n"
    config = _read(tmp_path, text)
    assert config.catalog["cifar100"].group("invertebrates")[2] == 14
    assert config.catalog["cifar100"].group("alphabet")[0] == 0  # shipped groups stay
    assert config.catalog["mnist"].group("89") == (8, 9)
    yours = config.catalog["your_dataset"]
    assert yours.group("your_group") == (0, 1, 2)
    assert (yours.resolution, yours.statistics) == (64, Statistics((0.5,) * 3, (0.25,) * 3))
    assert config.catalog.mounts == {"imagenet": None}
    assert config.use_ffcv


def test_nothing_said_is_what_is_shipped(tmp_path):
    for text in ("", "data_groups:\n", "mounted_datasets:\n"):
        assert _read(tmp_path, text) == DataConfig()


def test_a_number_without_quotes_names_a_group(tmp_path):
    config = _read(tmp_path, "data_groups: {mnist: {01: [0, 1]}}")
    assert config.catalog["mnist"].group("01") == (0, 1)


def test_places_of_mounted_data_sets(tmp_path):
    text = "mounted_datasets: [imagenet]\ndata_mount: /scratch/data"
    assert _read(tmp_path, text).catalog.mounts == {"imagenet": Path("/scratch/data/imagenet")}
    text = "mounted_datasets: {imagenet: /mnt/ilsvrc}"
    assert _read(tmp_path, text).catalog.mounts == {"imagenet": Path("/mnt/ilsvrc")}


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("\n\ndata_grups:\n", 3, "did you mean 'data_groups'"),
        ("data_groups:\n  mnist:\n    x: [0, one]", 3, "whole number"),
        ("data_groups:\n  mnist:\n    x: [0, -1]", 3, "whole number"),
        ("data_groups:\n  mnist:\n    x: [0, 0]", 3, "each of them once"),
        ("data_groups:\n  mnist:\n    x: []", 3, "class ids"),
        ("data_groups:\n  mnist:\n    x: 3", 3, "a list"),
        ("data_groups:\n  mnist:\n    all: [3]", 3, "another name"),
        ("data_groups:\n  mnist: [3]", 2, "a mapping"),
        ("data_groups:\n  mnist: {a: [1], a: [2]}", 2, "each of them once"),
        ("data_resolution:\n  x: 0", 2, "1 or more"),
        ("data_resolution:\n  x: 3.5", 2, "1 or more"),
        ("data_statistics:\n  x: {mean: [0.5]}", 2, "mean and std"),
        ("data_statistics:\n  x: {mean: [0.5], std: [0]}", 2, "above 0"),
        ("data_statistics:\n  x: {mean: [0.5], sdt: [1]}", 2, "did you mean 'std'"),
        ("data_statistics:\n  x: {mean: [a], std: [1]}", 2, "a number"),
        ("use_ffcv: maybe", 1, "true or false"),
        ("mounted_datasets: [[1]]", 1, "a text"),
        ("- a", 1, "a mapping"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, text, line, expected):
    with pytest.raises((DataError, UnknownNameError)) as caught:
        _read(tmp_path, text)
    message = str(caught.value)
    assert f"line {line}" in message
    assert expected in message
    assert "config_data.yaml" in message


def test_other_wrong_files(tmp_path):
    with pytest.raises(NotFoundError):
        read_config(tmp_path / "x.yaml")
    with pytest.raises(DataError, match="no YAML"):
        _read(tmp_path, "a: [")
    with pytest.raises(InputError, match="name of a group"):
        _read(tmp_path, "data_groups: {mnist: {../x: [1]}}")


def test_mounted_data_set_is_linked_where_it_lies(data_root, tmp_path):
    mount = tmp_path / "mnt" / "cifar100"
    mount.parent.mkdir()
    (data_root / "raw" / "cifar100").rename(mount)
    catalog = replace(Catalog.shipped(), mounts={"cifar100": mount})
    folder = link_group("cifar100", "invertebrates", root=data_root, catalog=catalog)
    assert (folder / "14").readlink() == mount / "train" / "14"
    convert_group("cifar100", "invertebrates", root=data_root, catalog=catalog)
    assert not (data_root / "raw" / "cifar100").exists()
    with pytest.raises(NotFoundError) as caught:
        link_group("imagenet", root=data_root, catalog=replace(catalog, mounts={"imagenet": None}))
    assert "say in the configuration where it is mounted" in str(caught.value)


def test_schema_knows_the_same_keys():
    from vision_data.config import KEYS

    assert set(config_schema()["properties"]) == set(KEYS)


def test_shipped_catalog():
    catalog = Catalog.shipped()
    for data_set in catalog.data_sets.values():
        for ids in data_set.groups.values():
            assert data_set.classes is not None
            data_set.classes.select(ids)
