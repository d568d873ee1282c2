from torchvision.datasets import ImageFolder

from imagenet_dm.folder import scan_folder


def test_finds_what_torchvision_finds(fake):
    nested = fake / "train" / "n01440764" / "more"
    nested.mkdir(exist_ok=True)
    (nested / "x.jpg").write_bytes(b"")
    (nested / ".hidden.jpg").write_bytes(b"")
    try:
        index = scan_folder(fake, "train")[0]
        oracle = ImageFolder(fake / "train")
        ours = {(str(index.path(i)), int(index.labels[i])) for i in range(len(index))}
        assert ours == {s for s in map(tuple, oracle.samples) if ".hidden" not in s[0]}
        assert list(index.classes) == oracle.classes
    finally:
        for path in nested.iterdir():
            path.unlink()
        nested.rmdir()


def test_order_is_by_class_and_name(fake):
    index = scan_folder(fake, "val")[0]
    names = [index.name(i) for i in range(len(index))]
    assert names == sorted(names)
    assert index.labels.tolist() == sorted(index.labels.tolist())
