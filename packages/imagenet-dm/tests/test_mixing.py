import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from imagenet_dm.mixing import Mixing, _partners
from imagenet_dm.requests import Request
from imagenet_dm.sampling import Repeated

CLASSES = 5


def request(n, epoch=0, first=0):
    at = np.arange(n)
    return Request(epoch, first, at + first, at, at, training=True)


def batch(n):
    """Images that say which they are: image `i` is filled with `i`."""
    images = torch.arange(n, dtype=torch.float32).view(-1, 1, 1, 1).expand(n, 3, 8, 10)
    return images, torch.arange(n) % CLASSES


@given(
    st.integers(2, 9),
    st.integers(0, 10**6),
    st.floats(0.1, 3),
    st.sampled_from(["mixup", "cutmix", "both"]),
    st.floats(0, 0.5),
)
def test_pixels_and_labels_say_the_same_of_each_pair(n, epoch, alpha, way, smoothing):
    alphas = (alpha if way != "cutmix" else 0.0, alpha if way != "mixup" else 0.0)
    images, labels = batch(n)
    mixing = Mixing(0, *alphas, label_smoothing=smoothing)
    mixed, soft = mixing(images, labels, request(n, epoch), CLASSES)
    torch.testing.assert_close(soft.sum(1), torch.ones(n))
    for row in range(n):
        other = row ^ 1 if (row ^ 1) < n else 0
        values = set(mixed[row].unique().tolist())
        if len(values) > 1 or way == "cutmix":
            assert values <= {float(row), float(other)}
        # How much of the partner the pixels show, the label says too.
        part = float((mixed[row].mean() - row) / (other - row))
        oracle = np.full(CLASSES, smoothing / CLASSES)
        oracle[int(labels[row])] += (1 - smoothing) * (1 - part)
        oracle[int(labels[other])] += (1 - smoothing) * part
        np.testing.assert_allclose(soft[row].numpy(), oracle, atol=1e-4)


def test_ranks_mix_as_one_device_would():
    images, labels = batch(8)
    mixing = Mixing(3, 0.2, 1.0)
    whole = mixing(images, labels, request(8, 1, 16), CLASSES)
    halves = [
        mixing(images[p], labels[p], request(4, 1, 16), CLASSES) for p in (slice(4), slice(4, 8))
    ]
    for part in (0, 1):
        assert torch.equal(whole[part], torch.cat([half[part] for half in halves]))


def test_ways_are_drawn_as_often_as_asked():
    images, labels = batch(4)

    def ways(mixing):
        found = {"none": 0, "mixup": 0, "cutmix": 0}
        for epoch in range(120):
            mixed, soft = mixing(images, labels, request(4, epoch), CLASSES)
            whole = set(mixed.unique().tolist()) <= {0.0, 1.0, 2.0, 3.0}
            hard = bool((soft.max(1).values == 1).all())
            found["none" if hard and whole else "cutmix" if whole else "mixup"] += 1
        return found

    assert ways(Mixing(0, 1.0))["mixup"] > 115
    assert ways(Mixing(0))["none"] == 120
    both = ways(Mixing(0, 1.0, 0.5, probability=0.75))
    assert 15 < both["none"] < 50
    assert 25 < both["mixup"] < 70
    assert 20 < both["cutmix"] < 70


def test_smoothing_is_torchs():
    logits = torch.randn(6, CLASSES, generator=torch.Generator().manual_seed(0))
    images, labels = batch(6)
    _, soft = Mixing(0, label_smoothing=0.1)(images, labels, request(6), CLASSES)
    loss = torch.nn.functional.cross_entropy
    torch.testing.assert_close(loss(logits, soft), loss(logits, labels, label_smoothing=0.1))


@pytest.mark.parametrize("keep", [0.0, 0.25, 0.9, 1.0])
def test_the_box_has_the_area_that_was_asked_for(keep):
    from imagenet_dm.mixing import _box

    inside, kept = _box(torch.Size([100, 100]), keep, (0.5, 0.5))
    assert abs(kept - keep) < 0.03
    assert abs(1 - inside.double().mean().item() - kept) < 1e-9


@given(st.integers(1, 5), st.integers(1, 40), st.integers(0, 20), st.integers(0, 3))
def test_copies_of_an_image_do_not_meet(repeats, n, start, lost):
    positions = np.delete(np.arange(start, start + n + 1), min(lost, n))  # one was left out
    of = positions // repeats
    partner = _partners(positions, repeats).numpy()
    assert ((partner >= 0) & (partner < n)).all()
    if len(set(of.tolist())) > 1:
        assert (of[partner] != of).all()
    if n % (2 * repeats) == 0:  # everyone gives once and takes once
        assert sorted(partner.tolist()) == list(range(n))
        assert (partner[partner] == np.arange(n)).all()


@pytest.mark.parametrize("repeats", [2, 3])
def test_repeated_images_are_mixed_with_others(repeats):
    sampling = Repeated(24, 0, repeats)
    images, _ = sampling.images(0, np.arange(24))
    pixels = torch.from_numpy(images).float().view(-1, 1, 1, 1).expand(24, 3, 8, 8)
    whole = Request(0, 0, np.arange(24), images, images, training=True)
    mixing = Mixing(0, 1.0, repeats=repeats)
    mixed, _ = mixing(pixels, torch.zeros(24, dtype=torch.int64), whole, 2)
    assert (mixed != pixels).flatten(1).any(1).all()
    # As two ranks, with batches that are multiples of twice the repeats.
    parts = [np.arange(12), np.arange(12, 24)]
    halves = [
        mixing(
            pixels[p],
            torch.zeros(12, dtype=torch.int64),
            Request(0, 0, p, images[p], images[p], training=True),
            2,
        )[0]
        for p in parts
    ]
    assert torch.equal(torch.cat(halves), mixed)
