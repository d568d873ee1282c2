import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from imagenet_dm import CentreView, ImageNetDataset, RandomCrops, TrainingView
from imagenet_dm.folder import scan_folder
from imagenet_dm.requests import Request
from imagenet_dm.resolution import Resolution
from neuroai_core.errors import DataError, UnknownArgumentError


def test_items_are_the_rows_of_batches(fake):
    dataset = ImageNetDataset(
        scan_folder(fake, "train")[0], TrainingView(RandomCrops(0), Resolution.of(64))
    )
    dataset.set_epoch(3)
    at = np.array([5, 1, 30])
    batch = dataset.load(Request(3, 0, at, at, at))
    assert batch.images.shape == (3, 3, 64, 64)
    for row, image in enumerate(at):
        pixels, label = dataset[int(image)]
        assert pixels.shape == (3, 64, 64)
        assert label == int(batch.labels[row])
        assert torch.equal(dataset.normalise.undo(pixels), batch.images[row])


def test_serves_a_plain_dataloader(fake):
    dataset = ImageNetDataset(scan_folder(fake, "val")[0], CentreView(32, 40))
    images, labels = next(iter(DataLoader(dataset, batch_size=15)))
    assert images.shape == (15, 3, 32, 32)
    assert labels.tolist() == dataset.targets.tolist()
    assert len(list(dataset)) == 15
    assert dataset.class_to_idx == {c: i for i, c in enumerate(dataset.classes)}


@pytest.mark.parametrize("content", [b"", b"this is text", None])
def test_a_file_that_does_not_decode_is_named(fake, tmp_path, content):
    folder = tmp_path / "train" / "a"
    folder.mkdir(parents=True)
    good = next((fake / "val").rglob("*.JPEG")).read_bytes()
    (folder / "1.JPEG").write_bytes(good)
    (folder / "2.JPEG").write_bytes(good[: len(good) // 3] if content is None else content)
    dataset = ImageNetDataset(scan_folder(tmp_path, "train")[0], CentreView(32, 40))
    assert dataset[0][1] == 0
    with pytest.raises(DataError, match=r"does not decode(.|\n)*2\.JPEG"):
        dataset[1]


def test_a_misspelt_argument_is_named(fake):
    with pytest.raises(UnknownArgumentError, match="did you mean 'normalise'"):
        ImageNetDataset(scan_folder(fake, "val")[0], CentreView(), normalize=None)


def test_what_imagenet_calls_jpeg_decodes(tmp_path):
    """A PNG, CMYK, grey and progressive images, and EXIF that does not load."""
    folder = tmp_path / "train" / "a"
    folder.mkdir(parents=True)
    coarse = np.random.default_rng(0).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((80, 60), Image.Resampling.BICUBIC)
    image.save(folder / "0_png.JPEG", "PNG")
    image.convert("CMYK").save(folder / "1_cmyk.JPEG", "JPEG")
    image.convert("L").save(folder / "2_grey.JPEG", "JPEG")
    image.save(folder / "3_progressive.JPEG", "JPEG", progressive=True)
    image.save(folder / "4_exif.JPEG", "JPEG", exif=b"Exif\0\0II*\0not a directory")
    dataset = ImageNetDataset(scan_folder(tmp_path, "train")[0], CentreView(48, 60))
    truth = np.asarray(image)[6:54, 16:64].astype(int)
    grey = np.asarray(image.convert("L"))[6:54, 16:64, None].astype(int)
    for at in range(5):
        seen = dataset.normalise.undo(dataset[at][0]).permute(1, 2, 0).numpy().astype(int)
        expected = grey if at == 2 else truth
        assert abs(seen - expected).mean() < 12, dataset.index.name(at)


@pytest.mark.parametrize("sound", [2, 0])
def test_bad_files_of_every_kind_in_one_batch_are_skipped(fake, tmp_path, sound):
    folder = tmp_path / "train" / "a"
    folder.mkdir(parents=True)
    good = next((fake / "val").rglob("*.JPEG")).read_bytes()
    bad = {"0_gone": b"x", "1_empty": b"", "2_text": b"text", "3_cut": good[: len(good) // 3]}
    for name, content in {**bad, **{f"4_{i}": good for i in range(sound)}}.items():
        (folder / f"{name}.JPEG").write_bytes(content)
    dataset = ImageNetDataset(
        scan_folder(tmp_path, "train")[0], CentreView(32, 40), on_error="skip"
    )
    (folder / "0_gone.JPEG").unlink()
    at = np.arange(4 + sound)
    request = Request(0, 0, at, at, at)
    if not sound:
        with pytest.raises(DataError, match=r"\.JPEG"):
            dataset.load(request)
        return
    loaded = dataset.load(request)
    assert loaded.request.images.tolist() == [4, 5]
    assert len(loaded.images) == len(loaded.labels) == 2
    assert sorted(name for name, _ in loaded.skipped) == [str(folder / f"{b}.JPEG") for b in bad]
