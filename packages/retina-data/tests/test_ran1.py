from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import InputError
from retina_data.ran1 import Ran1

#: As gollischlab's retinawhitenoise 1.0.1, the lab's own C code, gives them.
PUBLISHED = [
    0.19059444460579866,
    0.4645137076566525,
    0.928777586169903,
    0.5020774898594607,
    0.436494727822251,
]
LATER = {999: 0.21183672883167712, 99_999: 0.8167679127383828}


def plainly(seed, n):
    """Draw one number after the other, as in the book."""
    modulus, value = 2**31 - 1, max(-seed, 1)
    warm = []
    for _ in range(40):
        value = 16807 * value % modulus
        warm.append(value)
    table = warm[:7:-1]
    last, drawn = table[0], []
    for _ in range(n):
        value = 16807 * value % modulus
        entry = last // (1 + (modulus - 1) // 32)
        last, table[entry] = table[entry], value
        drawn.append(min(last / modulus, 1 - 1.2e-7))
    return drawn


def test_the_published_numbers():
    drawn = Ran1(-1000).uniform(100_000)
    assert drawn[:5].tolist() == PUBLISHED
    assert {at: drawn[at] for at in LATER} == LATER
    assert Ran1(-1000).bits(10).tolist() == [bool(int(x)) for x in "0011011111"]


@given(
    seed=st.one_of(st.integers(-(2**31) + 2, 5), st.integers(-9, 9)),
    sizes=st.lists(st.integers(0, 90), max_size=5),
    kinds=st.lists(st.booleans(), min_size=5, max_size=5),
)
def test_a_stream_goes_on_from_call_to_call(seed, sizes, kinds):
    stream, expected = Ran1(seed), plainly(seed, sum(sizes))
    for size, binary in zip(sizes, kinds, strict=False):
        part, expected = expected[:size], expected[size:]
        if binary:
            assert stream.bits(size).tolist() == [x >= 0.5 for x in part]
        else:
            np.testing.assert_allclose(stream.uniform(size), part, rtol=1e-15)


def test_blocks_do_not_show():
    n = (1 << 18) + 500
    np.testing.assert_allclose(Ran1(-5).uniform(n)[-500:], plainly(-5, n)[-500:], rtol=1e-15)


def test_whole_numbers_are_all_there_is():
    drawn = Ran1(-7).integers(2000, 12)
    assert sorted(set(drawn.tolist())) == list(range(12))
    np.testing.assert_array_equal(drawn, np.floor(12 * Ran1(-7).uniform(2000)))


def test_a_seed_is_a_whole_number():
    with pytest.raises(InputError, match="seed"):
        Ran1(0.5)
