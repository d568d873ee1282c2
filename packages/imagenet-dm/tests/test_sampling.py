from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagenet_dm.index import Index, Names
from imagenet_dm.sampling import Balanced, Ordered, Repeated, Weighted, named_sampling
from neuroai_core.errors import InputError, UnknownNameError

LABELS = np.repeat(np.arange(4, dtype=np.int32), (7, 0, 30, 13))
N = len(LABELS)


def samplings(seed=0):
    weights = np.where(LABELS == 0, 3.0, 1.0)
    return [
        Ordered(N, seed),
        Ordered(N, seed, shuffle=False),
        Repeated(N, seed, 3),
        Balanced(LABELS, seed),
        Weighted(weights, seed),
    ]


@given(st.lists(st.integers(0, N - 1), max_size=20), st.integers(0, 9), st.integers(0, 4))
def test_any_position_can_be_asked_for_alone(positions, epoch, which):
    sampling = samplings()[which]
    whole = sampling.images(epoch, np.arange(N))
    part = sampling.images(epoch, np.array(positions, dtype=np.int64))
    for all_of_them, some in zip(whole, part, strict=True):
        assert (some == all_of_them[positions]).all()
        assert some.dtype == np.int64


@pytest.mark.parametrize("which", [0, 2, 3, 4])
def test_epochs_and_seeds_differ_and_draws_do_not_repeat(which):
    first, draws = samplings()[which].images(0, np.arange(N))
    assert len(set(draws.tolist())) == N
    assert draws.min() >= 0
    assert (first != samplings()[which].images(1, np.arange(N))[0]).any()
    assert (first != samplings(1)[which].images(0, np.arange(N))[0]).any()


def test_repeated_shows_images_in_a_row():
    images, _ = Repeated(N, 0, 3).images(0, np.arange(N))
    assert all(len(set(images[i : i + 3].tolist())) == 1 for i in range(0, N - 3, 3))
    assert len(set(images.tolist())) == -(-N // 3)


def test_balanced_shows_classes_equally_often_and_uses_all_images():
    images, _ = Balanced(LABELS, 0).images(0, np.arange(N))
    counts = np.bincount(LABELS[images], minlength=4)
    assert counts[1] == 0
    assert max(counts[[0, 2, 3]]) - min(counts[[0, 2, 3]]) <= 1
    small = [i for i in images.tolist() if LABELS[i] == 0]
    assert set(small[:7]) == set(range(7))


def test_weighted_draws_in_proportion():
    weights = np.where(LABELS == 0, 3.0, np.where(LABELS == 2, 1.0, 0.0))
    drawn = np.concatenate([Weighted(weights, 0).images(e, np.arange(N))[0] for e in range(200)])
    assert not (LABELS[drawn] == 3).any()
    expected = 21 / 51
    share = (LABELS[drawn] == 0).mean()
    assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / len(drawn))


def test_names_and_weights_are_checked():
    index = Index(Path(), tuple("abcd"), LABELS, Names.of(map(str, range(N))))
    assert named_sampling("repeated", index, seed=0, repeats=2).name == "repeated 2"
    weighted = named_sampling("weighted", index, seed=0, class_weights={"c": 0, "d": 0})
    assert (LABELS[weighted.images(0, np.arange(N))[0]] == 0).all()
    with pytest.raises(UnknownNameError, match="balanced"):
        named_sampling("balance", index, seed=0)
    with pytest.raises(InputError, match="go together"):
        named_sampling("weighted", index, seed=0)
    with pytest.raises(UnknownNameError, match="unknown class 'x'"):
        named_sampling("weighted", index, seed=0, class_weights={"x": 1})
    with pytest.raises(InputError, match="do not fit"):
        named_sampling("weighted", index, seed=0, class_weights=[1.0])
    for wrong in ([], [-1.0, 2.0], [0.0, 0.0], [float("nan")]):
        with pytest.raises(InputError, match="no weights"):
            Weighted(wrong, 0)
    with pytest.raises(InputError, match="no repeats"):
        Repeated(4, 0, 0)
