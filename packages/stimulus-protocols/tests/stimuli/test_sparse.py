from __future__ import annotations

import numpy as np
import pytest

from neuroai_core import InputError
from stimulus_protocols.stimuli import LocallySparseNoise, MSequence, SparseNoise, m_sequence


def test_sparse_noise_has_its_density():
    noise = SparseNoise(frames=200, height=20, width=20, density=0.1, seed=2).signal()
    levels, counts = np.unique(noise, return_counts=True)
    assert levels.tolist() == [-1, 0, 1]
    n = noise.size
    for count, share in zip(counts, (0.05, 0.9, 0.05), strict=True):
        assert abs(count - share * n) < 5 * np.sqrt(n * share * (1 - share))


def test_locally_sparse_noise_keeps_its_distance():
    noise = LocallySparseNoise(frames=20, height=16, width=28, exclusion_checks=5, seed=1)
    signs = []
    for frame in noise.signal()[0]:
        rows, columns = np.nonzero(frame)
        assert 5 <= len(rows) <= 20
        for a in range(len(rows)):
            for b in range(a):
                assert np.hypot(rows[a] - rows[b], columns[a] - columns[b]) > 5
        # Saturated: no further check would fit.
        y, x = np.mgrid[:16, :28]
        near = np.hypot(y[..., None] - rows, x[..., None] - columns).min(-1)
        assert (near <= 5).all()
        signs.extend(frame[rows, columns])
    assert abs(np.mean(signs)) < 5 / np.sqrt(len(signs))


@pytest.mark.parametrize("order", range(2, 17))
def test_m_sequences_have_the_autocorrelation_of_their_kind(order):
    sequence = m_sequence(order).astype(np.float64)
    length = 2**order - 1
    assert len(sequence) == length
    spectrum = np.fft.fft(sequence)
    correlation = np.fft.ifft(abs(spectrum) ** 2).real
    assert np.allclose(correlation, [length] + [-1] * (length - 1), atol=1e-3)


def test_a_board_of_order_10():
    board = MSequence(frames=1023, height=8, width=8, check_px=2)
    signal = board.signal()[0]
    assert set(np.unique(signal)) == {-1, 1}
    checks = signal[:, ::2, ::2].reshape(1023, 16).astype(np.float64)
    # Each check is a shift of the same sequence, so all are as good as uncorrelated.
    product = checks.T @ checks
    assert np.allclose(np.diag(product), 1023)
    assert np.allclose(product - np.diag(np.diag(product)), -1 * (1 - np.eye(16)))
    assert (signal[:, ::2, ::2].repeat(2, 1).repeat(2, 2) == signal).all()


def test_boards_that_are_too_large():
    with pytest.raises(InputError, match="more checks"):
        MSequence(frames=1, height=4, width=4, order=3)
    with pytest.raises(InputError):
        MSequence(frames=1, height=1, width=1, order=17)
    with pytest.raises(InputError):
        m_sequence(1)
