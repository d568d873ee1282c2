from __future__ import annotations

import pytest

from neuroai_core.errors import InputError
from vision_data import BetonFile
from vision_data.workflow import run_workflow


def _beton(root, group, part="train"):
    return root / "processed" / "cifar100" / f"train_{group}" / f"{part}.beton"


def test_from_folder_to_files(data_root, capfd):
    targets = [_beton(data_root, "invertebrates"), _beton(data_root, "invertebrates", "val")]
    assert run_workflow(targets, root=data_root, val_ratio=0.34) == 0
    assert [len(BetonFile(t)) for t in targets] == [20, 10]
    capfd.readouterr()
    assert run_workflow(targets, root=data_root, val_ratio=0.34) == 0
    assert "Nothing to be done" in capfd.readouterr().err


def test_on_slurm(data_root, capfd):
    """What would be done on Slurm: the profile and the plug-in load."""
    ready = data_root / "raw" / "mnist" / "train.ready"
    target = data_root / "processed" / "mnist" / "train_01" / "train.beton"
    code = run_workflow([target], root=data_root, slurm=True, dry_run=True)
    out, err = capfd.readouterr()
    assert code == 0, err
    for rule in ("fetch", "link", "convert"):
        assert f"rule {rule}:" in out
    assert str(ready) in out
    assert "mem_mb=8000" in out
    assert not ready.exists()


def test_errors(data_root, tmp_path):
    with pytest.raises(InputError, match="not below"):
        run_workflow([tmp_path / "x.beton"], root=data_root)
    assert run_workflow([_beton(data_root, "vertebrates")], root=data_root) == 1
    assert not _beton(data_root, "vertebrates").exists()
