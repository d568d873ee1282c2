"""Spike trains of different lengths: flat, chained, padded, counted."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_shards import ShardSet, WebDatasetWriter, bin_spikes, flatten_spike_trains
from neural_shards.batch import gather
from neural_shards.stack import Policy
from neuroai_core.errors import DataError, InputError

UNITS, BINS, BIN_S = 3, 5, 0.2
#: Any time, and those that lie on a border as it is written.
TIMES = st.floats(-0.5, 1.5) | st.sampled_from([-0.2, 0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
TRAINS = st.lists(st.lists(TIMES, max_size=6), min_size=UNITS, max_size=UNITS)


def counted(sample, t_start=0):
    """Count spike by spike and bin by bin: slow and plain."""
    counts = np.zeros((BINS, UNITS), int)
    for unit, train in enumerate(sample):
        for time in train:
            for k in range(BINS):
                low, high = (float(t_start + n * Decimal("0.2")) for n in (k, k + 1))
                counts[k, unit] += low <= time < high
    return counts


@settings(max_examples=25)
@given(st.lists(TRAINS, min_size=1, max_size=5))
def test_counts_are_those_of_the_trains_however_they_are_collated(tmp_path_factory, samples):
    folder = tmp_path_factory.mktemp("trains")
    with WebDatasetWriter(folder, shard_size=2) as writer:
        for sample in samples:
            writer.write_sample(flatten_spike_trains(sample))
    expected = np.stack([counted(sample) for sample in samples])
    for ragged in ("list", "pad", "chain"):
        batch = gather(ShardSet(folder), range(len(samples)), policy=Policy(ragged=ragged))
        counts = bin_spikes(batch, n_units=UNITS, n_bins=BINS, bin_s=BIN_S)
        np.testing.assert_array_equal(counts, expected)


@given(TRAINS)
def test_flat_trains_are_in_order_and_lose_nothing(trains):
    flat = flatten_spike_trains(trains, name="su")
    assert (np.diff(flat["su_times"]) >= 0).all()
    for unit, train in enumerate(trains):
        np.testing.assert_array_equal(flat["su_times"][flat["su_units"] == unit], np.sort(train))


def test_each_sample_has_its_own_start():
    batch = {"spike_times": [[10.1], [20.3, 20.9]], "spike_units": [[0], [1, 1]]}
    counts = bin_spikes(batch, n_units=2, n_bins=2, bin_s=0.2, t_start=[10.0, 20.0])
    assert counts.tolist() == [[[1, 0], [0, 0]], [[0, 0], [0, 1]]]


def test_a_chained_batch_keeps_its_keys_and_says_what_lacks(tmp_path):
    with WebDatasetWriter(tmp_path) as writer:
        for sample in ({"x": np.arange(2)}, {"y": 1}, {"x": np.arange(3)}, {"x": np.arange(2)}):
            writer.write_sample(sample)
    policy, shards = Policy(ragged="chain", missing="mask"), ShardSet(tmp_path)
    batch = gather(shards, [0, 1, 2], ["x"], policy=policy)
    assert batch["x"].tolist() == [0, 1, 0, 1, 2]
    assert batch["x_offsets"].tolist() == [0, 2, 2, 5]
    assert batch["x_mask"].tolist() == [True, False, True]
    same = gather(shards, [0, 3], ["x"], policy=policy)  # of one length, by chance
    assert same.keys() == batch.keys()
    assert same["x_offsets"].tolist() == [0, 2, 4]
    with WebDatasetWriter(tmp_path / "wide") as writer:
        for n in (2, 3):
            writer.write_sample({"x": np.zeros((4, n))})
    wide = ShardSet(tmp_path / "wide")
    with pytest.raises(DataError, match="different shapes"):
        gather(wide, [0, 1], ["x"], policy=policy)


@pytest.mark.parametrize("start", [0, 10, -3])
def test_a_spike_at_a_border_belongs_to_the_later_bin(start):
    edges = [float(start + k * Decimal("0.1")) for k in range(11)]  # as one writes them: 0.3, 0.7
    times = np.sort([*edges, *np.nextafter(edges, -99), *np.nextafter(edges, 99)])
    batch = {"spike_times": [times], "spike_units": [np.zeros(len(times), int)]}
    counts = bin_spikes(batch, n_units=1, n_bins=10, bin_s=0.1, t_start=start)[0, :, 0]
    expected = np.histogram(times[times < edges[-1]], edges)[0]  # its last border is closed
    assert counts.tolist() == expected.tolist() == [3] * 10
    for width, t_start in ((0.0, 0.0), (np.nan, 0.0), (0.1, np.inf)):
        with pytest.raises(InputError, match="no bins"):
            bin_spikes(batch, n_units=1, n_bins=10, bin_s=width, t_start=t_start)


def test_what_does_not_fit_together_is_refused():
    size = {"n_units": 2, "n_bins": 2, "bin_s": 0.5}
    with pytest.raises(DataError, match="do not belong together"):
        bin_spikes({"spike_times": [[0.1]], "spike_units": [[0, 1]]}, **size)
    with pytest.raises(DataError, match="unit that there is not"):
        bin_spikes({"spike_times": [[0.1]], "spike_units": [[2]]}, **size)
    with pytest.raises(InputError, match="spike_units"):
        bin_spikes({"spike_times": [[0.1]]}, **size)
    with pytest.raises(InputError, match="no spike train"):
        flatten_spike_trains([[0.1], [[0.2]]])
