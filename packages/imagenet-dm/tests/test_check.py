import shutil

import pytest

from imagenet_dm import check_dataset
from neuroai_core.errors import DataError


def test_a_whole_data_set_has_no_problems(fake):
    seen = []
    report = check_dataset(fake, progress=lambda done, total: seen.append((done, total)))
    assert report.problems == ()
    assert (report.splits["train"].images, report.splits["val"].images) == (36, 15)
    assert (report.splits["val"].fewest, report.splits["val"].most) == (5, 5)
    assert seen[-1] == (51, 51)


def test_what_is_wrong_is_listed(fake, tmp_path):
    root = tmp_path / "data"
    shutil.copytree(fake, root)
    first, second, *_ = sorted((root / "train" / "n01440764").iterdir())
    first.write_bytes(b"text")
    second.write_bytes(second.read_bytes()[:400])
    (root / "train" / "n99").mkdir()
    shutil.rmtree(root / "val" / "n01443537")
    report = check_dataset(root)
    assert [name for name, _ in report.splits["train"].undecodable] == [str(first), str(second)]
    text = "\n".join(report.problems)
    assert "train: 1 classes without images: n99" in text
    assert "train: 2 classes that only it has: n01443537, n99" in text
    assert len(report.problems) == 4
    assert check_dataset(root, decode=False).splits["train"].undecodable == ()


def test_imagenets_validation_has_fifty_of_each(fake, tmp_path):
    image = next((fake / "val").rglob("*.JPEG"))
    for label in range(1000):
        folder = tmp_path / "val" / f"n{label:08d}"
        folder.mkdir(parents=True)
        (folder / "a.JPEG").symlink_to(image)
    report = check_dataset(tmp_path, decode=False)
    assert report.problems[0].startswith("val: 1000 classes without 50 images: n00000000 (1)")


def test_nothing_to_check_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no data set"):
        check_dataset(tmp_path)
