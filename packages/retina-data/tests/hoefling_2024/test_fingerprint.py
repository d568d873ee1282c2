"""Chirp and moving bar: as they were shown, with the responses to them."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from neuroai_core import ProblemsError, UnknownArgumentError, UnknownNameError
from retina_data.hoefling_2024 import (
    chirp,
    filter_responses,
    fingerprint_dataloaders,
    fingerprint_sessions,
    moving_bar,
    read_traces,
)

#: Of the chirp that openretina shipped, ``RGC_Chirp_30Hz_18_16.pickle``: its first channel.
SHIPPED = "24926d62bdf0aef1c129d4fe447b0d4cbf34e1b2fb5fae4f29c02e037912bd8f"
KINDS = ("chirp", "mb")


@pytest.fixture(scope="module", params=KINDS)
def data(request, hoefling):
    folder, planted = hoefling
    traces, _ = filter_responses(read_traces(folder, stimulus=request.param))
    return request.param, fingerprint_sessions(traces), planted, traces


def test_the_chirp_is_the_one_that_was_shipped():
    frames = chirp()
    assert frames.shape == (2, 990, 18, 16)
    assert (frames == frames[:1, :, :1, :1]).all()
    assert hashlib.sha256(frames[0].tobytes()).hexdigest() == SHIPPED
    assert chirp("high").shape == (2, 990, 72, 64)


def test_the_bar_crosses_the_field_in_each_direction():
    frames = moving_bar()[0].reshape(8, 123, 18, 16).astype(float)
    y, x = np.mgrid[:18, :16]
    y, x = 8.5 - y, x - 7.5  # up and right of the middle
    for direction, degrees in zip(frames, (0, 180, 45, 225, 90, 270, 135, 315), strict=True):
        assert direction[0].max() == direction[-1].max() == 0
        along = x * np.cos(np.deg2rad(degrees)) + y * np.sin(np.deg2rad(degrees))
        places = [(f * along).sum() / f.sum() for f in direction if f.sum()]
        assert places[0] < -5
        assert places[-1] > 5
        # In the middle it stands still in the field, as long as it is longer than that.
        assert abs((direction[64] * along).sum()) < 1e-6 * direction[64].sum()
    lit = (frames[0] > 127).sum(axis=0)  # 1 mm at 1 mm a second
    assert set(lit[8].tolist()) <= {30}
    assert (frames[0].max(axis=0)[:, 8] > 127).sum() == 6  # 0.3 mm of 50 um
    assert (moving_bar(pixel_um=40)[0, :123].max(axis=0)[:, 8] > 0).sum() == 8  # as shipped
    fine = moving_bar("high")
    assert fine.shape == (2, 984, 72, 64)
    coarse = fine[0, ::40].reshape(-1, 18, 4, 16, 4).mean(axis=(2, 4))
    np.testing.assert_allclose(coarse, frames.reshape(-1, 18, 16)[::40], atol=40)


def test_responses_follow_what_was_shown(data):
    stimulus, sessions, planted, _ = data
    for name, session in sessions.items():  # a right and a left eye
        expected = planted[name].rates(session.stimulus.movie.seen(flip=False).numpy() / 128.0 - 1)
        if session.stimulus.flip:
            seen = session.stimulus.movie.seen(flip=True).numpy()
            expected = planted[name].rates(seen / 128.0 - 1)
        trials = len(session.stimulus) // expected.shape[1]
        mean = session.responses.reshape(len(expected), trials, -1).mean(axis=1)
        found = [np.corrcoef(a, b)[0, 1] for a, b in zip(mean, expected, strict=True)]
        assert min(found) > (0.7 if stimulus == "chirp" else 0.9)  # imaged at 7.8 Hz


def test_no_part_is_in_two_splits_and_no_chunk_crosses_a_repetition(data):
    stimulus, sessions, _, traces = data
    loaders = fingerprint_dataloaders(traces, batch_size=4, seed=2, validation_fraction=0.2)
    assert set(loaders) == {"train", "validation"}
    length, block = (90, 990) if stimulus == "chirp" else (123, 123)
    whole = len(next(iter(sessions.values())).stimulus)
    period = 990 if stimulus == "chirp" else 984
    for name, loader in loaders["validation"].items():
        held_out = {int(s) % period // length for s in loader.dataset.order.plain}
        assert len(loader.dataset) == len(held_out) * whole // period
        for epoch in range(3):
            for start in loaders["train"][name].dataset.order.starts(epoch):
                inside = np.arange(start, start + 50)
                assert len(set(inside // block)) == 1
                assert not held_out & set((inside % period // length).tolist())


def test_what_cannot_be_put_together(hoefling):
    chirps, bars = (read_traces(hoefling[0], stimulus=kind) for kind in KINDS)
    with pytest.raises(ProblemsError, match=r"\['chirp', 'mb'\]"):
        fingerprint_sessions({"a": next(iter(chirps.values())), "b": next(iter(bars.values()))})
    with pytest.raises(ProblemsError, match="natural"):
        fingerprint_sessions(read_traces(hoefling[0]))
    with pytest.raises(UnknownNameError, match="low"):
        fingerprint_sessions(chirps, resolution="lo")
    with pytest.raises(UnknownArgumentError, match="batch_size"):
        fingerprint_dataloaders(chirps, batchsize=3)
