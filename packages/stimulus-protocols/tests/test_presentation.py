from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroai_core import InputError
from stimulus_protocols import Between, Flicker, FrameTable, Presentation, Ramp, blank, image
from stimulus_protocols.stimuli import Grating
from stimulus_protocols.timeline import Segment


def pictures(count=3, dtype=torch.float32):
    drawn = np.random.Generator(np.random.PCG64(5)).random((count, 2, 4, 6))
    return torch.from_numpy(drawn).to(dtype), torch.arange(count) * 10


def plain(shown, void):
    """Reckon every frame from the table, one trial and step at a time."""
    table, out = shown.table, []
    for trial in range(shown.trials):
        row = trial if table.trials > 1 else 0
        for t in range(len(table)):
            total = torch.full(shown.images.shape[1:], void, dtype=torch.float64)
            for layer in range(table.layers):
                source = int(table.source[row, layer, t])
                if source >= 0:
                    picture = shown.images[shown.items[trial, source]].double()
                elif source < -1:
                    frame = int(table.source_frame[row, layer, t])
                    movie = table.stimuli[-2 - source].render()
                    picture = torch.from_numpy(movie[:, frame]).double()
                else:
                    continue
                total += float(table.gain[row, layer, t]) * (picture - void)
            out.append(total)
    return torch.stack(out).reshape(shown.shape)


@settings(max_examples=30)
@given(
    seed=st.integers(0, 1000),
    void=st.sampled_from([0.0, 0.5]),
    alike=st.booleans(),
)
def test_every_way_of_showing_agrees_with_a_plain_one(seed, void, alike):
    grating = Grating(
        frames=5, height=4, width=6, channels=2, spatial_frequency_cpp=0.2, temporal_frequency_hz=3
    )
    pause = 2 if alike else Between(low=0, high=4)
    timeline = (
        blank(pause)
        >> image(3, contrast=Ramp(start=0.1, stop=0.9))
        >> (image(4, 1) | Segment(frames=5, stimulus=grating, contrast=0.25))
        >> image(4, contrast=Flicker(period_frames=2.5))
    )
    images, labels = pictures()
    items = torch.tensor([[0, 1], [2, 0], [1, 1]])
    tables = [timeline.resolve(seed, i).table() for i in range(3)]
    table = tables[0] if alike else FrameTable.stack(tables)
    shown = Presentation(images, labels, table, items=items, void_value=void)
    dense = shown.materialise()
    assert torch.allclose(dense.double(), plain(shown, void), atol=1e-6)
    assert torch.equal(torch.stack(list(shown.frames()), dim=1), dense)
    assert torch.equal(torch.cat(list(shown.views()), dim=1), dense)
    mine = torch.empty(shown.shape)
    assert shown.materialise(mine) is mine
    assert torch.equal(mine, dense)


def test_a_frame_that_repeats_is_the_same_tensor():
    images, labels = pictures()
    shown = Presentation(images, labels, (blank(2) >> image(3)).table())
    frames = list(shown.frames())
    assert frames[3] is frames[2] is frames[4]
    assert frames[2].data_ptr() == images.data_ptr()
    assert frames[1] is frames[0]


def test_views_use_no_memory():
    images, labels = pictures()
    view = next(Presentation(images, labels, image(1000).table()).views())
    assert view.shape[1] == 1000
    assert view.data_ptr() == images.data_ptr()
    assert view.stride(1) == 0


def test_ragged_trials_have_a_mask():
    images, labels = pictures(2)
    table = FrameTable.stack([(blank(1) >> image(2)).table(), image(1).table()])
    shown = Presentation(images, labels, table)
    assert shown.mask.tolist() == [[True, True, True], [True, False, False]]
    assert shown.labels.tolist() == [[-1, 0, 0], [10, -1, -1]]
    assert (shown.materialise()[1, 1:] == 0).all()


def test_a_label_of_its_own_and_none():
    images, labels = pictures(1)
    timeline = image(1, label=7) >> image(1, label="void") >> (blank(1) | image(1))
    assert Presentation(images, labels, timeline.table()).labels.tolist() == [[7, -1, 0]]


@pytest.mark.parametrize(
    "arguments",
    [
        {"void_value": "mean"},
        {"void_value": [0.1, 0.2, 0.3]},
        {"items": torch.zeros(2, 1, dtype=torch.int64)},
    ],
)
def test_what_does_not_fit(arguments):
    images, labels = pictures(2)
    with pytest.raises(InputError):
        Presentation(images, labels, image(1, 1).table(), **arguments)


def test_a_computed_stimulus_of_another_size():
    images, labels = pictures(2)
    grating = Grating(frames=2, height=9, width=9, spatial_frequency_cpp=0.1)
    with pytest.raises(InputError, match="size of the images"):
        Presentation(images, labels, Segment(frames=2, stimulus=grating).table())


def test_shifted_images_leave_the_void():
    images, labels = pictures(1)
    segment = Segment(frames=1, item=0, shift_px=(2, -1))
    shown = Presentation(images, labels, segment.table(), void_value=0.25).materialise()[0, 0]
    assert torch.equal(shown[:, 1:, 2:], images[0, :, :-1, :-2])
    assert (shown[:, 0] == 0.25).all()
    assert (shown[:, :, :2] == 0.25).all()
    far = Segment(frames=1, item=0, shift_px=(99, 0)).table()
    assert (Presentation(images, labels, far).materialise() == 0).all()


def test_scrambled_images_are_keyed_by_image():
    images, labels = pictures(3)
    table = image(1, scrambled=True).table()
    keys = torch.tensor([7, 8, 9])
    whole = Presentation(images, labels, table, keys=keys, seed=2).materialise()
    alone = Presentation(images[1:2], labels[1:2], table, keys=keys[1:2], seed=2).materialise()
    assert torch.equal(whole[1], alone[0])
    assert torch.allclose(whole.mean((3, 4))[:, 0], images.mean((2, 3)), atol=1e-6)
    assert Presentation(images, labels, table).labels.tolist() == [[-1]] * 3
