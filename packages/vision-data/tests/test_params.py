from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core.errors import InputError, UnknownArgumentError
from vision_data import DatasetParams, Machine
from vision_data.params import _cgroup_cores, _cgroup_memory

params = st.builds(
    DatasetParams,
    resolution=st.integers(1, 1000),
    n_timesteps=st.integers(1, 100),
    batch_size=st.integers(1, 2000),
    num_workers=st.integers(0, 64),
    batches_ahead=st.integers(1, 20),
    order=st.sampled_from(["random", "sequential", "quasi_random"]),
    os_cache=st.sampled_from([None, True, False]),
    dtype=st.sampled_from([None, torch.float32]),
)


@given(params)
def test_adjusting(given_):
    adjusted, changes = given_.adjusted()
    if given_.resolution <= 224 and given_.n_timesteps <= 20:
        assert (adjusted, changes) == (given_, [])
        return
    assert adjusted == DatasetParams(
        resolution=given_.resolution,
        n_timesteps=given_.n_timesteps,
        batch_size=min(given_.batch_size, 256),
        batches_ahead=min(given_.batches_ahead, 2),
        order="sequential" if given_.order == "sequential" else "quasi_random",
        os_cache=False if given_.os_cache is None else given_.os_cache,
        dtype=given_.dtype or torch.float16,
        num_workers=min(given_.num_workers, 4),
    )
    told = {c.name: (c.before, c.after) for c in changes}
    for name in ("batch_size", "batches_ahead", "order", "os_cache", "dtype", "num_workers"):
        pair = getattr(given_, name), getattr(adjusted, name)
        assert (told[name] == pair) if pair[0] != pair[1] else (name not in told)
    assert adjusted.adjusted() == (adjusted, [])


@given(params, st.integers(1, 64), st.integers(2**24, 2**40))
def test_fitting(given_, cores, memory):
    fitted, changes = given_.fitted(Machine(cores, memory))
    assert fitted.num_workers == min(given_.num_workers, cores)
    assert fitted.batch_size <= given_.batch_size
    assert fitted.batches_ahead <= given_.batches_ahead
    image = 3 * fitted.resolution**2 * ((fitted.dtype or torch.float32).itemsize + 1)
    held = image * fitted.batch_size * (fitted.batches_ahead + 1)
    assert held <= memory / 4 or (fitted.batch_size, fitted.batches_ahead) == (1, 1)
    assert bool(changes) == (fitted != given_)


def test_explanations():
    _, changes = DatasetParams(n_timesteps=21, num_workers=8).adjusted()
    assert "num_workers: 8 -> 4 (21 steps are more than 20)" in map(str, changes)


def test_orders_of_ffcv_are_understood():
    class OrderOption:
        name = "QUASI_RANDOM"

    assert DatasetParams(order=OrderOption()).order == "quasi_random"


def test_this_machine():
    machine = Machine.here()
    assert machine.cores >= 1
    assert machine.memory > 2**24


def test_limits_of_control_groups(tmp_path):
    own = tmp_path / "none"
    assert _cgroup_cores(tmp_path, own) is None
    assert _cgroup_memory(tmp_path, own) is None
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    (tmp_path / "memory.max").write_text("1073741824\n")
    assert (_cgroup_cores(tmp_path, own), _cgroup_memory(tmp_path, own)) == (2, 2**30)
    (tmp_path / "cpu.max").write_text("max 100000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert (_cgroup_cores(tmp_path, own), _cgroup_memory(tmp_path, own)) == (None, None)


@pytest.mark.parametrize("version", [1, 2])
def test_limits_of_the_group_this_process_is_in(tmp_path, version):
    """The smallest one on the way up counts, whichever group sets it; a foreign one does not."""
    own = tmp_path / "self"
    if version == 2:
        own.write_text("0::/user.slice/my job/step\n")
        cpu = memory = tmp_path
        core, most = "cpu.max", "memory.max"
    else:
        own.write_text("7:memory:/user.slice/my job/step\n3:cpu,cpuacct:/user.slice/my job/step\n")
        cpu, memory = tmp_path / "cpu,cpuacct", tmp_path / "memory"
        core, most = "cpu.cfs_quota_us", "memory.limit_in_bytes"
    for base in (cpu, memory):
        for name in ("user.slice/my job/step", "user.slice/other"):
            (base / name).mkdir(parents=True, exist_ok=True)
    quota = " 100000" if version == 2 else ""
    for place, cores, limit in (
        ("user.slice", 800000, 2**35),
        ("user.slice/my job", 300000, 2**33),
        ("user.slice/my job/step", 500000, 2**34),
        ("user.slice/other", 100000, 2**30),
    ):
        (cpu / place / core).write_text(f"{cores}{quota}\n")
        if version == 1:
            (cpu / place / "cpu.cfs_period_us").write_text("100000\n")
        (memory / place / most).write_text(f"{limit}\n")
    assert _cgroup_cores(tmp_path, own) == 3
    assert _cgroup_memory(tmp_path, own) == 2**33


def test_a_group_that_a_container_does_not_see(tmp_path):
    own = tmp_path / "self"
    own.write_text("0::/../../kubepods/pod1\n")
    (tmp_path / "cpu.max").write_text("200000 100000\n")
    assert _cgroup_cores(tmp_path, own) == 2


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"resolution": 1.5}, {"order": "x"}])
def test_what_cannot_be(wrong):
    with pytest.raises(InputError):
        DatasetParams(**wrong)


def test_misspelt():
    with pytest.raises(UnknownArgumentError, match="did you mean 'batch_size'"):
        DatasetParams(batchsize=3)
