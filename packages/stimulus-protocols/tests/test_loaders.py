"""The three loaders against a plain reckoning of their semantics."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.utils.data import DataLoader, Subset

from neuroai_core import InputError, UnknownArgumentError
from stimulus_protocols import (
    StimulusContrastDataLoader,
    StimulusDurationDataLoader,
    StimulusIntervalDataLoader,
)
from stimulus_protocols.datasets import PictureFolder


def test_the_examples_of_the_definition(numbered):
    duration = StimulusDurationDataLoader(
        numbered(1), n_timesteps=6, stimulus_duration=3, intro_duration=2, void_label=-1
    )
    assert next(iter(duration))[1].tolist() == [[-1, -1, 0, 0, 0, -1]]
    interval = StimulusIntervalDataLoader(
        numbered(1), n_timesteps=10, stimulus_duration=2, intro_duration=1, interval_duration=3
    )
    assert next(iter(interval))[1].tolist() == [[-1, 0, 0, -1, -1, -1, 0, 0, -1, -1]]


@pytest.mark.parametrize(
    ("loader", "timing", "outro"),
    [
        (StimulusDurationDataLoader, {"stimulus_duration": 20, "intro_duration": 2}, 78),
        (
            StimulusIntervalDataLoader,
            {"stimulus_duration": 5, "intro_duration": 1, "interval_duration": 10},
            79,
        ),
        (
            StimulusContrastDataLoader,
            {"stimulus_duration": 15, "intro_duration": 2, "stimulus_contrast": 0.5},
            83,
        ),
    ],
)
def test_the_outros_of_the_document(numbered, loader, timing, outro):
    _, labels = next(iter(loader(numbered(2), batch_size=2, n_timesteps=100, **timing)))
    assert (labels[:, -outro:] == -1).all()
    assert labels[:, -outro - 1].tolist() == [0, 10]


@settings(max_examples=30)
@given(
    intro=st.integers(0, 4),
    stimulus=st.integers(1, 4),
    pause=st.integers(0, 4),
    outro=st.integers(0, 4),
    contrast=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    void=st.sampled_from([0.0, 0.5, -2.0]),
    batch_size=st.integers(1, 4),
)
def test_every_frame_against_a_plain_oracle(
    numbered, intro, stimulus, pause, outro, contrast, void, batch_size
):
    data = numbered(3)
    steps = {
        StimulusDurationDataLoader: [0] * intro + [1] * stimulus + [0] * outro,
        StimulusContrastDataLoader: [0] * intro + [1] * stimulus + [0] * outro,
        StimulusIntervalDataLoader: (
            [0] * intro + [1] * stimulus + [0] * pause + [1] * stimulus + [0] * outro
        ),
    }
    for kind, shown in steps.items():
        extra = {"interval_duration": pause} if kind is StimulusIntervalDataLoader else {}
        if kind is StimulusContrastDataLoader:
            extra = {"stimulus_contrast": contrast}
        loader = kind(
            data,
            batch_size=batch_size,
            n_timesteps=len(shown),
            stimulus_duration=stimulus,
            intro_duration=intro,
            void_value=void,
            void_label=-7,
            **extra,
        )
        assert loader.ignore_index == -7
        c = extra.get("stimulus_contrast", 1.0)
        index = 0
        for images, labels in loader:
            assert images.dtype == torch.float32
            assert labels.dtype == torch.int64
            assert labels.shape == images.shape[:2] == (min(batch_size, 3 - index), len(shown))
            for b in range(len(images)):
                picture, label = data[index + b]
                for t, on in enumerate(shown):
                    expected = void + c * (picture - void) if on else torch.full((3, 4, 5), void)
                    assert torch.allclose(images[b, t], expected, atol=1e-6)
                    assert labels[b, t] == (label if on else -7)
            index += len(images)
        assert index == 3


def test_contrast_1_is_the_identity_and_0_is_blank():
    picture = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(1))
    times = {"n_timesteps": 2, "stimulus_duration": 1, "intro_duration": 1, "void_value": 0.37}
    one = next(iter(StimulusContrastDataLoader([(picture, 0)], stimulus_contrast=1.0, **times)))
    assert torch.equal(one[0][0, 1], picture)
    none = next(iter(StimulusContrastDataLoader([(picture, 0)], stimulus_contrast=0.0, **times)))
    assert torch.equal(none[0][0, 1], none[0][0, 0])


CONTRAST = {"n_timesteps": 2, "stimulus_duration": 1, "intro_duration": 1}


@pytest.mark.parametrize("form", [tuple, list, dict])
def test_pictures_that_the_loader_brings_to_0_to_1_are_scaled_around_a_half(form):
    picture = Image.new("RGB", (2, 2), (204, 204, 204))  # 0.8
    parts = {"image": picture, "label": 3}
    data = [parts if form is dict else form(parts.values())]
    for extra, expected in [({}, [0.5, 0.65]), ({"void_value": 0.0}, [0.0, 0.4])]:
        loader = StimulusContrastDataLoader(data, stimulus_contrast=0.5, **CONTRAST, **extra)
        images, labels = next(iter(loader))
        assert torch.allclose(images[0, :, 0, 0, 0], torch.tensor(expected))
        assert labels.tolist() == [[-1, 3]]
    # What a user made is not guessed at: 0 is the mean of normalised data.
    loader = StimulusContrastDataLoader(
        [(torch.full((3, 2, 2), 0.8), 3)], stimulus_contrast=0.5, **CONTRAST
    )
    assert torch.allclose(next(iter(loader))[0][0, :, 0, 0, 0], torch.tensor([0.0, 0.4]))


@pytest.mark.parametrize("wrapped", ["set", "subset", "loader"])
def test_data_sets_that_say_their_mean_luminance(tmp_path, wrapped):
    (tmp_path / "grey").mkdir()
    Image.new("RGB", (2, 2), (204, 204, 204)).save(tmp_path / "grey" / "a.png")
    data = PictureFolder(tmp_path, size=2)
    if wrapped == "subset":
        data = Subset(data, [0])
    if wrapped == "loader":
        data = DataLoader(data, generator=torch.Generator())
    loader = StimulusContrastDataLoader(data, stimulus_contrast=0.5, **CONTRAST)
    assert torch.allclose(next(iter(loader))[0][0, :, 0, 0, 0], torch.tensor([0.5, 0.65]))


def test_contrast_around_the_mean_of_the_image():
    picture = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(1))
    loader = StimulusContrastDataLoader(
        [(picture, 0)],
        n_timesteps=3,
        stimulus_duration=1,
        intro_duration=1,
        stimulus_contrast=0.5,
        void_value="image_mean",
    )
    images = next(iter(loader))[0][0]
    mean = picture.mean(dim=(1, 2), keepdim=True)
    assert torch.allclose(images[0], mean.expand(3, 8, 8))
    assert torch.allclose(images[1], mean + 0.5 * (picture - mean))
    assert torch.allclose(images[1].std(), picture.std() / 2, rtol=0.1)


def test_batches_have_memory_of_their_own(numbered):
    loader = StimulusDurationDataLoader(
        numbered(4), batch_size=2, n_timesteps=3, stimulus_duration=3
    )
    first, second = list(loader)
    before = second[0].clone()
    first[0].fill_(99)
    first[1].fill_(99)
    assert torch.equal(second[0], before)
    assert second[1].max() == 30


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64, torch.uint8])
def test_the_type_of_the_data_stays(numbered, dtype):
    loader = StimulusContrastDataLoader(
        numbered(2, dtype=dtype), n_timesteps=2, stimulus_duration=1, stimulus_contrast=0.5
    )
    images, _ = next(iter(loader))
    assert images.dtype == dtype
    # Half of 1/8 in floating point; half of 1 rounds to the even 0 in whole numbers.
    assert images[0, 0, 0, 0, 0].item() == (0.0625 if dtype.is_floating_point else 0)


def test_channels_last_images(numbered):
    def collate(samples):
        images = torch.stack([s[0] for s in samples]).to(memory_format=torch.channels_last)
        return images, torch.tensor([s[1] for s in samples])

    loader = StimulusDurationDataLoader(
        numbered(2), batch_size=2, n_timesteps=2, stimulus_duration=1, collate_fn=collate
    )
    images, _ = next(iter(loader))
    assert images[:, 0, 0, 0, 0].tolist() == [0.125, 0.25]


def test_times_in_milliseconds_round_edges(numbered):
    # 0.29 s at 100 Hz are 29 frames, where int(0.29 * 100) is 28.
    loader = StimulusDurationDataLoader(
        numbered(1), n_timesteps=1000, stimulus_duration=290, intro_duration=0, dt_ms=10
    )
    labels = next(iter(loader))[1]
    assert labels.shape == (1, 100)
    assert (labels == 0).sum() == 29


@pytest.mark.parametrize(
    ("times", "word"),
    [
        ({"n_timesteps": 6, "stimulus_duration": 5, "intro_duration": 2}, "= 7"),
        ({"n_timesteps": 6, "stimulus_duration": 0}, "stimulus_duration"),
        ({"n_timesteps": 6, "stimulus_duration": -1}, "stimulus_duration"),
        ({"n_timesteps": 6, "stimulus_duration": 2, "intro_duration": -1}, "intro_duration"),
        ({"n_timesteps": 0, "stimulus_duration": 1}, "n_timesteps"),
        ({"n_timesteps": 6, "stimulus_duration": 2.5}, "dt_ms"),
        ({"n_timesteps": 100, "stimulus_duration": 1, "dt_ms": 10}, "0 frames"),
        ({"n_timesteps": float("nan"), "stimulus_duration": 1}, "n_timesteps"),
        ({"n_timesteps": "6", "stimulus_duration": 1}, "n_timesteps"),
    ],
)
def test_impossible_times_raise_when_the_loader_is_made(numbered, times, word):
    with pytest.raises(InputError) as caught:
        StimulusDurationDataLoader(numbered(1), **times)
    assert word in str(caught.value)


@pytest.mark.parametrize("contrast", [-0.1, 1.5, float("nan"), "0.5", None])
def test_impossible_contrasts(numbered, contrast):
    with pytest.raises(InputError, match="stimulus_contrast"):
        StimulusContrastDataLoader(
            numbered(1), n_timesteps=2, stimulus_duration=1, stimulus_contrast=contrast
        )


def test_unknown_arguments_suggest_the_near_one(numbered):
    with pytest.raises(UnknownArgumentError, match="did you mean 'batch_size'"):
        StimulusDurationDataLoader(numbered(1), n_timesteps=2, stimulus_duration=1, batchsize=2)
    with pytest.raises(UnknownArgumentError, match="did you mean 'intro_duration'"):
        StimulusDurationDataLoader(numbered(1), n_timesteps=2, stimulus_duration=1, intro_duraton=1)


@pytest.mark.parametrize(
    "void", ["image_maen", "gray", True, float("nan"), [], [[0.5]], ["0.5"], object()]
)
def test_void_values_that_are_none_are_refused_when_the_loader_is_made(numbered, void):
    with pytest.raises(InputError, match="void_value"):
        StimulusDurationDataLoader(numbered(1), n_timesteps=2, stimulus_duration=1, void_value=void)


def test_void_values_and_labels_of_all_kinds(numbered):
    for void in ("image_mean", 0, 0.5, [0.1, 0.2, 0.3], torch.ones(3), np.float32(0.5)):
        loader = StimulusDurationDataLoader(
            numbered(1),
            n_timesteps=2,
            stimulus_duration=1,
            void_value=void,
            void_label=np.int64(-2),
        )
        assert next(iter(loader))[1].tolist() == [[0, -2]]
    for label in ("x", 1.5, None, True):
        with pytest.raises(InputError, match="void_label"):
            StimulusDurationDataLoader(
                numbered(1), n_timesteps=2, stimulus_duration=1, void_label=label
            )
