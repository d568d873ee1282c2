"""The code of the original guide runs as it stands, but for the import path and the numbers."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch

from neural_shards import ShardSet, WebDatasetWriter, cli, verify

GUIDE = Path(__file__).with_name("guide.md").read_text()
SNIPPETS = dict(re.findall(r"## (\w+)\n\n```python\n(.*?)```", GUIDE, re.DOTALL))
N = 120
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*use of fork.*:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create.*:UserWarning"),  # few cores
]


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """A folder in which there are the sets that the guide reads."""
    folder = tmp_path_factory.mktemp("guide")
    for name in ("shards", "train_shards", "val_shards"):
        rng = np.random.default_rng(0)
        with WebDatasetWriter(folder / name, shard_size=50) as writer:
            for _ in range(N):
                sample = {
                    "spikes": rng.normal(size=(100, 96)),
                    "behavior": rng.normal(size=(100, 2)),
                }
                writer.write_sample(sample)
    return folder


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run a snippet in a folder, with names that the guide takes for granted; gives its names."""

    def run(name, folder=tmp_path, **names):
        monkeypatch.chdir(folder)
        code = SNIPPETS[name].replace("neuros_neurofm.datasets", "neural_shards")
        code = code.replace("10000", str(N))
        exec(compile(code, name, "exec"), names)
        return names

    return run


def test_arrays(run, tmp_path):
    data = run("arrays")["data"]
    shards = ShardSet(tmp_path / "shards")
    assert len(shards) == N
    for name, array in data.items():
        np.testing.assert_array_equal(shards.sample(77)[name], array[77])


def test_samples(run, tmp_path):
    assert run("samples")["summary"]["total_samples"] == N
    metadata = ShardSet(tmp_path / "shards").sample(3)["metadata"]
    assert (metadata["trial_id"], metadata["condition"]) == (3, "right")


@pytest.mark.parametrize("name", ["training", "dataloader"])
def test_batches(run, shards, name):
    names = run(name, shards, num_epochs=2)
    assert names["spikes"].shape[1:] == (100, 96)
    assert names["behavior"].shape[1:] == (100, 2)
    assert len(names["train_loader"]) == -(-N // 32)


def test_loading(run, shards, capsys):
    names = run("loading", shards)
    assert capsys.readouterr().out == "(100, 96)\n(100, 2)\n" * N
    assert isinstance(names["sample"]["spikes"], np.ndarray)


def test_resumable(run, shards):
    names = run("resumable", shards)
    assert names["loader2"].get_state() == {"shard_idx": 0, "sample_offset": 0, "epoch": 1}


def test_inspecting(run, shards, capsys):
    run("inspecting", shards)
    out = capsys.readouterr().out
    assert f"Total samples: {N}\nTotal shards: 3\nModalities: ['spikes', 'behavior']" in out


def test_collate(run, shards, monkeypatch):
    # The one change: samples are NumPy arrays here unless tensors are asked for.
    asked = SNIPPETS["collate"].replace('("./shards")', '("./shards", tensors=True)')
    monkeypatch.setitem(SNIPPETS, "collate", asked)
    names = run("collate", shards)
    batches = list(names["loader"])
    assert sum(len(batch["spikes"]) for batch in batches) == N
    assert all(batch["spikes"].max() == 1 for batch in batches)


def test_state(run, shards):
    from neural_shards import WebDatasetLoader

    names = run("state", shards, WebDatasetLoader=WebDatasetLoader)
    assert names["state"] == {"shard_idx": 2, "sample_offset": 0}  # shards of 50 here, not 1000
    undisturbed = [sample["metadata"] for sample in WebDatasetLoader("./shards")]
    assert next(names["iterator"])["metadata"] == undisturbed[100]


def test_integration(run, shards, monkeypatch):
    class Model(torch.nn.Module):
        """Takes the arguments of NeuroFMX."""

        def __init__(self, input_dim, hidden_dim, n_layers):
            super().__init__()
            self.read_out = torch.nn.Linear(input_dim, 2, dtype=torch.float64)

        def forward(self, spikes):
            return self.read_out(spikes)

    models = types.ModuleType("neuros_neurofm.models")
    models.NeuroFMX = Model
    monkeypatch.setitem(sys.modules, "neuros_neurofm", types.ModuleType("neuros_neurofm"))
    monkeypatch.setitem(sys.modules, "neuros_neurofm.models", models)
    names = run("integration", shards, num_epochs=1, criterion=torch.nn.functional.mse_loss)
    assert names["loss"].isfinite()


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("data.npz", spikes=np.zeros((N, 100, 96)), behavior=np.zeros((N, 100, 2)))
    for number, options in enumerate(
        (
            "--format npz --shard-size 1000",
            "--compression gz --shard-size 1000 --workers 2 --validate",
        )
    ):
        line = f"neural-shards convert --input data.npz --output ./shards{number} {options}"
        monkeypatch.setattr("sys.argv", line.split())
        with pytest.raises(SystemExit) as ended:
            cli.main()
        assert ended.value.code == 0
        assert verify(f"shards{number}").samples == N
