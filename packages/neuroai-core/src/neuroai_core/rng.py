"""Random numbers for a tuple of keys: counter based, without any global state.

Every random choice in these packages is a function of what it is for, say
``(seed, epoch, sample)``, so it comes out the same whatever the number of
workers, threads or ranks and in whatever order it is asked for.

The generator is Philox (Salmon et al. 2011, "Parallel random numbers: as easy
as 1, 2, 3", doi:10.1145/2063384.2063405), keyed by a BLAKE2b hash of the keys.
"""

from __future__ import annotations

import hashlib
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import InputError, whole_number

Key: TypeAlias = int | str | bytes | np.integer[Any]

_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL = (0x9E3779B9, 0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_WORD = np.uint64(32)


def digest(*keys: Key, size: int = 16) -> bytes:
    """Hash a tuple of keys to `size` bytes, the same on every platform for ever.

    Integers of any size and sign, strings and bytes are told apart:
    ``("1",)``, ``(1,)`` and ``(b"1",)`` differ, and so do ``("ab",)`` and
    ``("a", "b")``.
    """
    hasher = hashlib.blake2b(digest_size=size)
    for key in keys:
        tag, content = _encode(key)
        hasher.update(tag + len(content).to_bytes(8, "little") + content)
    return hasher.digest()


def generator(*keys: Key) -> np.random.Generator:
    """Make the NumPy generator that belongs to a tuple of keys.

    Parameters
    ----------
    *keys
        Integers, strings or bytes: what the numbers are for, the seed first
        by convention.

    Returns
    -------
    numpy.random.Generator
        A Philox generator of its own; global random state is neither read
        nor changed. Its raw words are the same for ever; how NumPy makes
        normal deviates or choices of them may change between its releases
        (NumPy's compatibility policy), while `uniform` never changes.

    Examples
    --------
    >>> a = generator(7, "crop", 3).random(2)
    >>> b = generator(7, "crop", 3).random(2)
    >>> bool((a == b).all()), bool((a == generator(7, "crop", 4).random(2)).any())
    (True, False)
    """
    return np.random.Generator(_philox(keys))


def words(*keys: Key, n: int) -> npt.NDArray[np.uint64]:
    """Draw `n` random words of 64 bits, the same with every release of NumPy."""
    raw: npt.NDArray[np.uint64] = _philox(keys).random_raw(n)
    return raw


def uniform(*keys: Key, index: npt.ArrayLike, n: int = 1) -> npt.NDArray[np.float64]:
    """Draw uniform numbers for many indices at once, each a function of its index alone.

    What ``generator(*keys, i).random(n)`` is for one `i`, this is for an
    array of them at the speed of array arithmetic (the numbers differ).

    Parameters
    ----------
    *keys
        As in `generator`.
    index
        Integers from 0 to 2**64 - 1, of any shape.
    n
        How many numbers an index.

    Returns
    -------
    array of shape ``(*index.shape, n)``, float64 in [0, 1), in steps of 2**-53.

    Examples
    --------
    >>> whole = uniform(0, "flip", index=range(10), n=2)
    >>> bool((whole[4:6] == uniform(0, "flip", index=[4, 5], n=2)).all())
    True
    """
    n = whole_number("n", n, least=0)
    counters = np.asarray(index)
    if counters.size and (counters.dtype.kind not in "iu" or counters.min() < 0):
        raise InputError(
            "an index is no unsigned integer",
            key="index",
            expected="integers of 0 or more",
            found=f"{counters.dtype} such as {counters.flat[0]!r}",
        )
    key = int.from_bytes(digest(*keys, size=8), "little")
    counters = counters.astype(np.uint64)[..., np.newaxis]
    blocks = np.arange((n + 1) // 2, dtype=np.uint64)
    a, b, c, d = philox4x32(counters & _LOW, counters >> _WORD, blocks, np.uint64(0), key)
    pairs = np.stack([(a << _WORD) | b, (c << _WORD) | d], axis=-1)
    drawn = pairs.reshape(*counters.shape[:-1], 2 * len(blocks))[..., :n]
    return (drawn >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _philox(keys: tuple[Key, ...]) -> np.random.Philox:
    return np.random.Philox(key=np.frombuffer(digest(*keys), dtype="<u8"))


def philox4x32(
    a: npt.NDArray[np.uint64] | np.uint64,
    b: npt.NDArray[np.uint64] | np.uint64,
    c: npt.NDArray[np.uint64] | np.uint64,
    d: npt.NDArray[np.uint64] | np.uint64,
    key: int,
) -> tuple[npt.NDArray[np.uint64], ...]:
    """Philox4x32-10 over counters of four 32-bit words, given as arrays that broadcast."""
    a, b, c, d = np.broadcast_arrays(a, b, c, d)
    k0, k1 = key & 0xFFFFFFFF, key >> 32
    for _ in range(10):
        first, second = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        a, b, c, d = (
            (second >> _WORD) ^ b ^ np.uint64(k0),
            second & _LOW,
            (first >> _WORD) ^ d ^ np.uint64(k1),
            first & _LOW,
        )
        k0, k1 = (k0 + _WEYL[0]) & 0xFFFFFFFF, (k1 + _WEYL[1]) & 0xFFFFFFFF
    return a, b, c, d


def _encode(key: Key) -> tuple[bytes, bytes]:
    if isinstance(key, bool) or not isinstance(key, int | str | bytes | np.integer):
        raise InputError(
            "a random key has the wrong type",
            expected="int, str or bytes",
            found=f"{key!r} ({type(key).__name__})",
        )
    if isinstance(key, str):
        return b"s", key.encode("utf-8", "surrogatepass")  # file names may hold lone surrogates
    if isinstance(key, bytes):
        return b"b", key
    number = int(key)
    return b"i", number.to_bytes(number.bit_length() // 8 + 1, "little", signed=True)
