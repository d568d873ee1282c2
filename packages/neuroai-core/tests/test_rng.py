import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core.errors import InputError
from neuroai_core.rng import digest, generator, philox4x32, uniform, words

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())
KEYS = st.lists(st.integers() | st.text() | st.binary(), max_size=4).map(tuple)

# Counter, key, output: Philox4x32-10 in the known-answer file of Random123, the library of
# Salmon et al. 2011 (doi:10.1145/2063384.2063405).
KNOWN_ANSWERS = [
    ("00000000 " * 4, "00000000 " * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff " * 4, "ffffffff " * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        "243f6a88 85a308d3 13198a2e 03707344",  # the digits of pi
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]
MASK = 0xFFFFFFFF


def numbers(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


def plain_philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 word by word, as the paper writes it."""
    for _ in range(10):
        first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [
            (second >> 32) ^ counter[1] ^ key[0],
            second & MASK,
            (first >> 32) ^ counter[3] ^ key[1],
            first & MASK,
        ]
        key = [(key[0] + 0x9E3779B9) & MASK, (key[1] + 0xBB67AE85) & MASK]
    return counter


@pytest.mark.parametrize(("counter", "key", "output"), KNOWN_ANSWERS)
def test_philox_gives_the_known_answers(counter: str, key: str, output: str) -> None:
    k0, k1 = numbers(key)
    got = philox4x32(*(np.array([c], np.uint64) for c in numbers(counter)), k0 | k1 << 32)
    assert [int(word[0]) for word in got] == numbers(output)
    assert plain_philox(numbers(counter), numbers(key)) == numbers(output)


@given(KEYS, st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=5), st.integers(0, 7))
def test_uniform_is_philox_of_the_index(keys: tuple, index: list[int], n: int) -> None:
    key = int.from_bytes(digest(*keys, size=8), "little")
    got = uniform(*keys, index=np.array(index, np.uint64), n=n)
    assert got.shape == (len(index), n)
    for row, i in zip(got, index, strict=True):
        for j, value in enumerate(row):
            block = plain_philox([i & MASK, i >> 32, j // 2, 0], [key & MASK, key >> 32])
            high, low = block[2 * (j % 2) : 2 * (j % 2) + 2]
            assert value == ((high << 32 | low) >> 11) / 2**53


@given(KEYS)
def test_generator_is_numpys_philox_of_the_digest(keys: tuple) -> None:
    key = int.from_bytes(digest(*keys), "little")
    expected = np.random.Philox(key=key).random_raw(4)
    assert generator(*keys).bit_generator.random_raw(4).tolist() == expected.tolist()
    assert words(*keys, n=4).tolist() == expected.tolist()
    assert words(*keys, n=4).dtype == np.uint64


@given(KEYS, KEYS)
def test_other_keys_are_other_numbers(one: tuple, other: tuple) -> None:
    same = [(type(k), k) for k in one] == [(type(k), k) for k in other]
    assert (digest(*one) == digest(*other)) == same


def test_types_and_borders_are_told_apart() -> None:
    texts = [("1",), (b"1",), ("ab",), ("a", "b"), ("", "ab"), (), ("",), (b"",), ("\ud800",)]
    integers = [(1,), (0,), (-1,), (255,), (-256,), (2**64,), (1, 1), (11,)]
    tuples = texts + integers
    assert len({digest(*keys) for keys in tuples}) == len(tuples)


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.uint16, np.uint64])
def test_numpy_integers_are_integers(kind: type[np.integer]) -> None:
    assert digest(kind(7)) == digest(7)


@pytest.mark.parametrize("key", [True, np.True_, 1.0, None, (1,), [1], np.arange(2)])
def test_other_types_are_no_keys(key: object) -> None:
    with pytest.raises(InputError, match="random key has the wrong type"):
        generator(0, key)


def test_nothing_changes_between_releases() -> None:
    assert [digest(*case["keys"]).hex() for case in GOLDEN["digest"]] == [
        case["hex"] for case in GOLDEN["digest"]
    ]
    assert [w.hex() for w in uniform(*GOLDEN["uniform"]["keys"], index=range(3), n=3).ravel()] == (
        GOLDEN["uniform"]["hex"]
    )
    assert words(*GOLDEN["words"]["keys"], n=3).tolist() == GOLDEN["words"]["values"]


def test_global_state_is_left_alone() -> None:
    before = np.random.get_state(legacy=False)["state"]  # noqa: NPY002  it is what is watched
    generator(1).random(10)
    uniform(1, index=range(10))
    after = np.random.get_state(legacy=False)["state"]  # noqa: NPY002
    assert before["pos"] == after["pos"]
    assert (before["key"] == after["key"]).all()


@given(st.lists(st.integers(0, 1000), max_size=20), st.integers(0, 3))
def test_uniform_goes_by_the_index_alone(index: list[int], n: int) -> None:
    whole = uniform(3, "flip", index=np.arange(1001), n=3)
    assert (uniform(3, "flip", index=np.array(index, int), n=n) == whole[index][:, :n]).all()


def test_uniform_keeps_the_shape_and_takes_a_single_index() -> None:
    assert uniform(0, index=np.zeros((2, 3), int), n=4).shape == (2, 3, 4)
    assert uniform(0, index=5).shape == (1,)
    assert uniform(0, index=[], n=2).shape == (0, 2)
    assert uniform(0, index=[1, 2], n=0).shape == (2, 0)


@pytest.mark.parametrize("index", [[-1], [0.5], ["a"], [True]])
def test_uniform_refuses_what_is_no_index(index: list) -> None:
    with pytest.raises(InputError, match="index is no unsigned integer"):
        uniform(0, index=index)


@pytest.mark.parametrize("n", [-1, 1.5])
def test_uniform_refuses_a_wrong_count(n: float) -> None:
    with pytest.raises(InputError, match="n is"):
        uniform(0, index=[1], n=n)


def test_uniform_is_uniform() -> None:
    n = 200_000
    for column in uniform(11, index=np.arange(n), n=4).T:
        counts = np.histogram(column, bins=256, range=(0, 1))[0]
        chi2 = ((counts - n / 256) ** 2 / (n / 256)).sum()
        assert abs(chi2 - 255) < 5 * np.sqrt(2 * 255)
        assert abs(np.corrcoef(column[:-1], column[1:])[0, 1]) < 5 / np.sqrt(n)
    assert column.min() >= 0
    assert column.max() < 1


def test_neighbouring_keys_are_unrelated() -> None:
    # Half of the bits differ, whichever bit of the seed, the epoch or the index is another.
    def bits(*keys: int) -> np.ndarray:
        return np.unpackbits(words(*keys, n=32).view(np.uint8))

    base = bits(7, 3, 100)
    for bit in range(16):
        for other in [(7 ^ 1 << bit, 3, 100), (7, 3 ^ 1 << bit, 100), (7, 3, 100 ^ 1 << bit)]:
            assert abs((bits(*other) != base).mean() - 0.5) < 5 * 0.5 / np.sqrt(base.size)
