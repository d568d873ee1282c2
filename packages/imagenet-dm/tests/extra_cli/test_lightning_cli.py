import importlib.util
import sys
from pathlib import Path

import pytest
import yaml
from lightning.pytorch.cli import LightningCLI
from lightning.pytorch.demos.boring_classes import BoringModel

from imagenet_dm import ImageNetDataModule

EXAMPLES = Path(__file__).parents[2] / "examples"

pytestmark = [
    # Lightning 2.6 uses what torch 2.15 and jsonargparse 4.4x deprecate, and has hints on
    # workers, batches, loggers and folders of checkpoints; other tests show our own warnings.
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


@pytest.fixture
def example():
    spec = importlib.util.spec_from_file_location("imagenet_dm_train", EXAMPLES / "train.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_configuration_of_the_example_is_read_as_it_stands(tmp_path, fake, monkeypatch):
    config = yaml.safe_load((EXAMPLES / "imagenet.yaml").read_text())
    data = config["data"]
    data["locations"]["local"] = str(fake)
    path = tmp_path / "data.yaml"
    path.write_text(yaml.safe_dump({"data": data, "seed_everything": False}))
    monkeypatch.setattr(sys, "argv", ["train.py", "--config", str(path)])
    cli = LightningCLI(BoringModel, ImageNetDataModule, run=False)
    dm = cli.datamodule
    assert dm.root == fake
    assert (dm.batch_size, dm.mixing.mixup_alpha) == (256, 0.2)
    dm.setup("fit")
    assert [dm.train_dataset.view.resolution(e) for e in (0, 60, 80)] == [160, 192, 224]


def test_the_example_trains_stops_and_goes_on(example, fake, tmp_path, monkeypatch):
    config = tmp_path / "settings.yaml"
    settings = {
        "seed_everything": False,
        "trainer": {
            "accelerator": "cpu",
            "devices": 1,
            "max_epochs": 1,
            "logger": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "default_root_dir": str(tmp_path),
        },
        "model": {"architecture": "resnet18", "num_classes": 3, "warmup_epochs": 0},
        "data": {
            "data_root": str(fake),
            "batch_size": 12,
            "num_workers": 0,
            "image_size": 32,
            "mixup_alpha": 0.2,
            "train_subset": 8,
        },
    }
    config.write_text(yaml.safe_dump(settings))
    command = ["train.py", "fit", "--config", str(config)]
    monkeypatch.setattr(sys, "argv", command)
    cli = example.main()
    assert cli.trainer.global_step == 2
    assert 0 <= cli.trainer.callback_metrics["val_accuracy"] <= 1
    saved = next(tmp_path.rglob("*.ckpt"))
    settings["trainer"] |= {"default_root_dir": str(tmp_path / "b")}
    config.write_text(yaml.safe_dump(settings))
    again = [*command, "--trainer.max_epochs", "2", "--ckpt_path", str(saved)]
    monkeypatch.setattr(sys, "argv", again)
    assert example.main().trainer.global_step == 4
