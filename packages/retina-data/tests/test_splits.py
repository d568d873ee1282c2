"""No leak: over random settings, no training chunk shows what it must not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroai_core import InputError
from retina_data import session_loaders
from retina_data.splits import check_validation_clips, training_stretches


@st.composite
def layout(draw):
    unique = draw(st.integers(2, 8))
    extra = draw(st.lists(st.integers(0, unique - 1), max_size=4))
    clips = draw(st.permutations([*range(unique), *extra]))
    validation = draw(
        st.lists(st.integers(0, unique - 1), min_size=1, max_size=unique - 1, unique=True)
    )
    length = draw(st.integers(1, 9))
    rest = draw(st.integers(0, 5))
    time = len(clips) * length + rest
    breaks = draw(st.lists(st.integers(1, time - 1), max_size=3, unique=True)) if time > 1 else []
    return clips, validation, length, rest, tuple(sorted(breaks))


@settings(max_examples=200)
@given(
    layout=layout(),
    chunk=st.integers(1, 12),
    batch=st.integers(1, 5),
    over=st.booleans(),
    seed=st.integers(0, 99),
)
def test_no_training_chunk_shows_what_it_must_not(make_session, layout, chunk, batch, over, seed):
    clips, validation, length, rest, breaks = layout
    session = make_session(clips, length, breaks, rest=rest)
    try:
        loaders = session_loaders(
            {"s": session},
            validation_clips=validation,
            chunk_size=chunk,
            batch_size=batch,
            allow_over_boundaries=over,
            seed=seed,
        )
    except InputError:
        stretches = training_stretches(session, validation, over_boundaries=over)
        assert (np.diff(stretches) < chunk).all()
        return
    forbidden = {c * length + i for c in validation for i in range(length)}
    for _ in range(3):
        for inputs, targets in loaders["train"]["s"]:
            times, frames = targets[..., 0].numpy(), targets[..., 1].numpy()
            # Movie and responses are aligned to the frame.
            np.testing.assert_array_equal(inputs[:, 0, :, 0, 0].numpy(), frames)
            # What stands in a chunk was really shown in a row: no seam.
            assert (np.diff(times, axis=1) == 1).all()
            for row in times.astype(int):
                assert not any(row[0] < b <= row[-1] for b in breaks)
                if not over and row[-1] < len(clips) * length:
                    assert row[0] // length == row[-1] // length
            assert not forbidden & {int(f) for f in frames.ravel()}
            assert -1 not in inputs  # the test movie


@given(layout=layout())
def test_validation_is_every_showing_of_its_clips_whole(make_session, layout):
    clips, validation, length, rest, breaks = layout
    session = make_session(clips, length, breaks, rest=rest)
    try:
        loaders = session_loaders({"s": session}, validation_clips=validation, chunk_size=1)
    except InputError:
        return
    shown = [
        tuple(chunk[:, 1].int().tolist())
        for inputs, targets in loaders["validation"]["s"]
        for chunk in targets
    ]
    expected = [
        tuple(range(c * length, (c + 1) * length))
        for c in validation
        for _ in range(clips.count(c))
    ]
    assert shown == expected


def test_a_seam_is_crossed_where_upstream_would(make_session):
    """Upstream joins what stood left and right of a validation clip; here nothing does."""
    session = make_session(clips=(0, 1, 2), clip_length=6)
    loaders = session_loaders(
        {"s": session}, validation_clips=[1], chunk_size=4, batch_size=2, drop_last=False
    )
    for _ in range(50):
        for _, targets in loaders["train"]["s"]:
            assert (np.diff(targets[..., 0].numpy(), axis=1) == 1).all()


@pytest.mark.parametrize("clips", [[4], [0, 0], [-1], [0, 1, 2, 3]])
def test_clips_that_cannot_be_for_validation(clips):
    with pytest.raises(InputError, match="validation"):
        check_validation_clips(clips, range(4))
