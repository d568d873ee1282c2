import pytest
from PIL import Image

from imagenet_dm import write_fake
from neuroai_core.errors import InputError


def test_writes_the_layout_the_same_each_time(tmp_path):
    roots = [write_fake(tmp_path / name, classes=2, train=3, val=1) for name in "ab"]
    files = [sorted(p.relative_to(r) for p in r.rglob("*.JPEG")) for r in roots]
    assert files[0] == files[1]
    assert len(files[0]) == 8
    for file in files[0]:
        assert (roots[0] / file).read_bytes() == (roots[1] / file).read_bytes()
        with Image.open(roots[0] / file) as image:
            assert min(image.size) >= 160


def test_never_writes_into_a_data_set(tmp_path):
    write_fake(tmp_path / "a", classes=1, train=1, val=1)
    with pytest.raises(InputError, match="already"):
        write_fake(tmp_path / "a")
    with pytest.raises(InputError, match="1 or more"):
        write_fake(tmp_path / "b", classes=0)
