"""How well a neuron's responses to repeats agree: what a model can be asked to explain.

All take trials ``(trials, neurons, time)``, NaN where there is no value, and
give a value a neuron; NaN where there are too few trials.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from neuroai_core import rng
from neuroai_core.errors import InputError

Trials = npt.NDArray[np.floating]
Floats = npt.NDArray[np.float64]


def explainable_variance(trials: Trials) -> Floats:
    """Give the fraction of the response variance that the stimulus explains.

    The total variance over trials and time, less the mean variance across
    trials at the same time (the noise), as a fraction of the total: 1 for
    equal trials, about 0 for trials of pure noise. Sahani and Linden 2003
    (Advances in Neural Information Processing Systems 15) call the two signal
    and noise power.

    Parameters
    ----------
    trials
        ``(trials, neurons, time)``.

    Returns
    -------
    ``(neurons,)``.

    Examples
    --------
    >>> signal = np.sin(np.arange(100))
    >>> explainable_variance(np.stack([[signal]] * 3)).round(3).tolist()
    [1.0]
    """
    values = _check(trials)
    with np.errstate(all="ignore"):
        counts = np.isfinite(values).sum(axis=0)
        noise = _mean(_var(values, 0), axis=1, where=counts > 1)
        total = np.array([np.var(v[np.isfinite(v)], ddof=1) for v in values.swapaxes(0, 1)])
        # Unbiased: the total holds the noise once, and what of it the mean over time took.
        return np.where(total > 0, 1 - noise / total, np.nan)


def split_half_correlation(trials: Trials, *, splits: int = 20, seed: int = 0) -> Floats:
    """Correlate the means of two halves of the trials, corrected to all of them.

    The mean over random halves, with the correction of Spearman and Brown for
    halves having half the trials: ``2 r / (1 + r)``.

    Parameters
    ----------
    trials
        ``(trials, neurons, time)``.
    splits
        How many pairs of halves.
    seed
        It decides the halves.
    """
    values = _check(trials)
    half = len(values) // 2
    found = np.full((splits, values.shape[1]), np.nan)
    for i in range(splits if half else 0):
        order = rng.generator(seed, "split half", i).permutation(len(values))
        halves = [_mean(values[order[part]], 0) for part in (slice(half), slice(half, 2 * half))]
        r = _correlate(*halves)
        found[i] = 2 * r / (1 + r)
    return _mean(found, 0)


def leave_one_out_oracle(trials: Trials) -> Floats:
    """Correlate each trial with the mean of all others; the mean over trials.

    What a model would reach on single trials that knows the mean of the other
    repeats.
    """
    values = _check(trials)
    found = np.full(values.shape[:2], np.nan)
    for i in range(len(values) if len(values) > 1 else 0):
        found[i] = _correlate(values[i], _mean(np.delete(values, i, axis=0), 0))
    return _mean(found, 0)


def noise_ceiling(trials: Trials) -> Floats:
    """Give the correlation that the true expected response would have with the trials' mean.

    With `n` trials, signal power `S` and noise power `N` it is
    ``sqrt(S / (S + N / n))`` (Schoppe et al. 2016, doi:10.3389/fncom.2016.00010).
    A negative estimate of the signal power counts as 0.
    """
    values = _check(trials)
    with np.errstate(all="ignore"):
        counts = np.isfinite(values).sum(axis=0)
        # Noise of the mean: each time has its own number of trials.
        noise = _mean(_var(values, 0) / counts, axis=1, where=counts > 1)
        mean = np.array([np.var(v[np.isfinite(v)], ddof=1) for v in _mean(values, 0)])
        signal = np.maximum(mean - noise, 0)
        return np.where(np.isfinite(noise) & (mean > 0), np.sqrt(signal / mean), np.nan)


def _check(trials: Trials) -> Floats:
    values = np.asarray(trials, np.float64)
    if values.ndim != 3:
        raise InputError(
            "trials have the wrong number of axes",
            key="trials",
            expected="(trials, neurons, time)",
            found=values.shape,
        )
    return values


def _mean(values: Floats, axis: int, where: npt.NDArray[np.bool_] | None = None) -> Floats:
    """Mean of the values that are there; NaN where there is none, and no warning."""
    there = np.isfinite(values) if where is None else np.isfinite(values) & where
    counts = there.sum(axis=axis)
    total = np.where(there, values, 0).sum(axis=axis)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan)


def _var(values: Floats, axis: int) -> Floats:
    """Unbiased variance of the values that are there; NaN for fewer than two."""
    counts = np.isfinite(values).sum(axis=axis)
    squares = np.where(
        np.isfinite(values), (values - np.expand_dims(_mean(values, axis), axis)) ** 2, 0
    )
    return np.where(counts > 1, squares.sum(axis=axis) / np.maximum(counts - 1, 1), np.nan)


def _correlate(a: Floats, b: Floats) -> Floats:
    """Correlate rows ``(neurons, time)`` over the times that both have."""
    there = np.isfinite(a) & np.isfinite(b)
    a, b = (v - _mean(v, 1, there)[:, np.newaxis] for v in (a, b))
    a, b = (np.where(there, v, 0) for v in (a, b))
    scale = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    return np.where(scale > 0, (a * b).sum(axis=1) / np.where(scale > 0, scale, 1), np.nan)
