from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from neuroai_core.errors import DataError, InputError
from vision_data import contact_sheet, convert_group, inspect_data, link_group, show_batch, verify
from vision_data.pictures import GAP, NAME, TILE, TITLE, class_names


def test_contact_sheet_shows_the_images_in_their_rows(data_root):
    folder = link_group("cifar100", "invertebrates", root=data_root)
    (path,) = convert_group("cifar100", "invertebrates", root=data_root)
    sheet = contact_sheet(folder, per_class=2)
    # Ten rows stand in two blocks of five.
    width = NAME + 2 * (TILE + GAP) + GAP
    assert sheet.size == (2 * width, TITLE + 5 * (TILE + GAP) + GAP)
    of_file = np.asarray(contact_sheet(path, per_class=2))
    np.testing.assert_array_equal(np.asarray(sheet)[TITLE:], of_file[TITLE:])
    corner = NAME + GAP + TILE + GAP, TITLE + 2 * (TILE + GAP)
    tile = sheet.crop((*corner, corner[0] + TILE, corner[1] + TILE))
    wanted = Image.open(folder / "14" / "1.png").resize((TILE, TILE), Image.Resampling.NEAREST)
    np.testing.assert_array_equal(np.asarray(tile), np.asarray(wanted))
    assert class_names(path)[14] == class_names(folder)[14] == "butterfly"


def test_a_batch_is_drawn_with_its_steps():
    frames = torch.zeros(2, 5, 3, 4, 4, dtype=torch.uint8)
    frames[1, 4] = 200
    sheet = np.asarray(show_batch(frames, torch.tensor([[1] * 5, [2] * 5]), names={1: "one"}))
    last = NAME + GAP + 4 * (TILE + GAP)
    assert (sheet[TITLE + TILE + GAP + 5, last + 5] == 200).all()
    assert (sheet[TITLE + 5, last + 5] == 0).all()
    assert (sheet[:, :NAME] < 100).any()  # the names


def test_normalised_frames_are_drawn_as_they_were():
    frames = torch.full((1, 1, 3, 2, 2), 2.0)
    normalize = ([0.1] * 3, [0.2] * 3)
    sheet = np.asarray(show_batch(frames, torch.zeros(1, 1), normalize=normalize))
    assert (sheet[TITLE + 3, NAME + GAP + 3] == round(0.5 * 255)).all()
    with pytest.raises(InputError, match="no batch over time"):
        show_batch(frames[0], torch.zeros(1, 1))


def test_summary_of_folder_and_file(photos, data_root):
    summary = inspect_data(photos)
    assert summary.images == summary.jpeg == 8
    assert (64, 64, 2) in summary.sizes
    assert summary.classes == [(0, "0", 4), (1, "1", 4)]
    (path,) = convert_group("cifar100", "invertebrates", root=data_root)
    found = inspect_data(path)
    assert found.to_json()["sizes"] == [{"height": 32, "width": 32, "images": 30}]
    assert (14, "butterfly", 3) in found.classes
    assert found.nbytes == 30 * 3072
    (photos / "0" / "0.jpg").write_text("text")
    with pytest.raises(DataError, match="no image"):
        inspect_data(photos)


@pytest.mark.parametrize("workers", [1, 2])
def test_verification_names_every_problem(photos, data_root, workers):
    assert verify(photos, num_workers=workers).sound
    (photos / "0" / "0.jpg").write_text("text")
    damaged = photos / "1" / "2.jpg"
    damaged.write_bytes(damaged.read_bytes()[:500])
    result = verify(photos, num_workers=workers)
    assert (result.samples, len(result.problems)) == (8, 2)
    assert "0/0.jpg" in result.problems[0]
    assert "1/2.jpg" in result.problems[1]
    (path,) = convert_group("cifar100", root=data_root, write_mode="jpg")
    assert verify(path, num_workers=workers).sound
    path.write_bytes(path.read_bytes()[:-24])
    assert not verify(path).sound
    assert not verify(photos / "nowhere").sound
