import json
import shutil

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from torch import nn

from imagenet_dm import ImageNetDataModule
from imagenet_dm.lightning_api import LightningDataModule
from neuroai_core.errors import DataError, InputError, UnknownArgumentError

# What Lightning 2.6 does and says on its own account: it uses a class that torch
# 2.15 deprecates, and finds few workers slow and few batches few.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:The number of training batches"),
]


class Small(LightningModule):
    """A network of one layer that remembers what it was fed."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(48, 3))
        self.seen: list[torch.Tensor] = []
        self.val_seen = 0

    def training_step(self, batch, batch_idx):
        images, labels = batch
        assert images.dtype == torch.float32
        self.seen.append(images.clone())
        return nn.functional.cross_entropy(self.net(images), labels)

    def validation_step(self, batch, batch_idx):
        self.val_seen += len(batch[0])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class SaveAt(Callback):
    """Writes a checkpoint at the end of a step, as a `ModelCheckpoint` does."""

    def __init__(self, step, path) -> None:
        self.step, self.path = step, path

    def on_train_batch_end(self, trainer, *args) -> None:
        if trainer.global_step == self.step:
            trainer.save_checkpoint(self.path)


def module(root, **kwargs):
    settings = {"batch_size": 4, "num_workers": 0, "image_size": 24, **kwargs}
    return ImageNetDataModule(data_root=root, **settings)


def trainer(folder, **kwargs):
    quiet = {
        "accelerator": "cpu",
        "devices": 1,
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "default_root_dir": folder,
        "num_sanity_val_steps": 0,
    }
    return Trainer(**{"enable_checkpointing": False, **quiet, **kwargs})


def test_an_epoch_of_a_real_trainer(fake, tmp_path):
    dm, model = module(fake), Small()
    trainer(tmp_path, max_epochs=1).fit(model, datamodule=dm)
    assert isinstance(dm, LightningDataModule)
    assert len(model.seen) == 9
    assert model.val_seen == 15
    assert abs(float(torch.stack(model.seen).mean())) < 2


def test_trainer_and_plain_loop_see_the_same(fake, tmp_path):
    model = Small()
    trainer(tmp_path, max_epochs=2, limit_val_batches=0).fit(model, datamodule=module(fake))
    dm = module(fake)
    dm.setup("fit")
    loader = dm.train_dataloader()
    plain = [images for _ in range(2) for images, _ in loader]
    assert len(plain) == len(model.seen) == 18
    assert all(torch.equal(a, b) for a, b in zip(plain, model.seen, strict=True))


@pytest.mark.parametrize("stop", [1, 5, 9, 13])
def test_a_trainer_resumes_in_the_middle_of_an_epoch(fake, tmp_path, stop):
    whole = Small()
    trainer(tmp_path, max_epochs=2).fit(whole, datamodule=module(fake))
    saved = tmp_path / "stopped.ckpt"
    trainer(tmp_path, max_steps=stop, callbacks=[SaveAt(stop, saved)]).fit(
        Small(), datamodule=module(fake)
    )
    model = Small()
    resumed = trainer(tmp_path, max_epochs=2)
    resumed.fit(
        model,
        datamodule=module(fake, num_workers=2, engine="threads"),
        ckpt_path=saved,
    )
    torch.load(saved, weights_only=True)  # nothing in it needs unpickling
    assert len(model.seen) == 18 - stop
    assert all(torch.equal(a, b) for a, b in zip(model.seen, whole.seen[stop:], strict=True))


def test_validate_test_and_predict(fake, tmp_path):
    class Counting(Small):
        def test_step(self, batch, batch_idx):
            self.val_seen += len(batch[0])

        def predict_step(self, batch, batch_idx):
            return self.net(batch[0])

    model, run = Counting(), trainer(tmp_path)
    run.validate(model, datamodule=module(fake), verbose=False)
    run.test(model, datamodule=module(fake), verbose=False)
    assert model.val_seen == 30
    assert sum(map(len, run.predict(model, datamodule=module(fake)))) == 15


def test_batches_are_uint8_for_the_device_and_normalised_on_the_host(fake):
    host, device = module(fake), module(fake, normalise_on="device")
    for dm in (host, device):
        dm.setup("fit")
    ours, theirs = next(iter(host.train_dataloader())), next(iter(device.train_dataloader()))
    assert ours[0].dtype == torch.float32
    assert theirs[0].dtype == torch.uint8
    assert torch.equal(device.on_after_batch_transfer(theirs, 0)[0], ours[0])
    assert torch.equal(host.on_after_batch_transfer(ours, 0)[0], ours[0])


def test_validation_has_no_training_transforms(fake):
    dm = module(fake)
    dm.setup("fit")
    first, second = ([images for images, _ in dm.val_dataloader()] for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_the_state_is_plain_and_goes_into_the_next_loader(fake):
    dm = module(fake)
    dm.setup("fit")
    assert dm.state_dict() == {}
    run = iter(dm.train_dataloader())
    next(run)
    state = json.loads(json.dumps(dm.state_dict()))
    rest = [images for images, _ in run]
    other = module(fake)
    other.load_state_dict(state)
    assert other.state_dict() == state
    other.setup("fit")
    resumed = [images for images, _ in other.train_dataloader()]
    assert all(torch.equal(a, b) for a, b in zip(rest, resumed, strict=True))


def test_settings_have_their_place(fake):
    dm = module(fake, val_size=20, val_batch_size=3, crop_ratio=0.8)
    dm.setup()
    assert dm.num_classes == 3
    images, _ = next(iter(dm.val_dataloader()))
    assert images.shape == (3, 3, 20, 20)
    assert dm.val_dataset.view.shorter == 25


def test_training_batches_are_mixed_and_validation_never(fake, tmp_path):
    class Soft(Small):
        def training_step(self, batch, batch_idx):
            images, labels = batch
            assert labels.shape == (len(images), 3)
            torch.testing.assert_close(labels.sum(1), torch.ones(len(images)))
            return super().training_step(batch, batch_idx)

        def validation_step(self, batch, batch_idx):
            assert batch[1].dtype == torch.int64
            super().validation_step(batch, batch_idx)

    settings = {"mixup_alpha": 0.2, "cutmix_alpha": 1.0, "random_erasing": 0.5}
    model, dm = Soft(), module(fake, **settings, label_smoothing=0.1)
    trainer(tmp_path, max_epochs=2).fit(model, datamodule=dm)
    assert model.val_seen == 30
    # The same in a loop of one's own, from the middle on, with other numbers.
    dm = module(fake, **settings, num_workers=2, engine="threads")
    dm.setup("fit")
    loader = dm.train_dataloader()
    loader.set_epoch(1)
    seen = [dm.on_after_batch_transfer(batch.to("cpu"), 0)[0] for batch in loader]
    assert all(torch.equal(a, b) for a, b in zip(seen, model.seen[9:], strict=True))
    plain = module(fake)
    plain.setup("fit")
    loader = plain.train_dataloader()
    loader.set_epoch(1)
    assert not any(torch.equal(a, b) for a, (b, _) in zip(seen, loader, strict=True))


@pytest.mark.parametrize("precision", ["16-true", "64-true"])
def test_mixing_survives_a_trainer_that_rebuilds_batches(fake, tmp_path, precision):
    class Soft(Small):
        def training_step(self, batch, batch_idx):
            self.seen.append(batch[1])
            return self.net(batch[0].to(self.net[2].weight.dtype)).sum()

    model = Soft()
    dm = module(fake, mixup_alpha=0.2)
    trainer(tmp_path, max_steps=2, limit_val_batches=0, precision=precision).fit(model, dm)
    assert all(labels.shape == (4, 3) for labels in model.seen)


def broken(fake, folder):
    """A data set with two files that do not decode and one that is no longer there."""
    shutil.copytree(fake, folder)
    first, second, third, *_ = sorted((folder / "train" / "n01440764").iterdir())
    first.write_bytes(b"")
    second.write_bytes(second.read_bytes()[:300])
    return folder, {str(first), str(second), str(third)}, third


@pytest.mark.parametrize(("engine", "num_workers"), [("auto", 0), ("threads", 2), ("workers", 2)])
def test_bad_files_are_left_out_and_listed_where_the_user_says_so(
    fake, tmp_path, engine, num_workers
):
    root, bad, gone = broken(fake, tmp_path / "data")
    dm = module(root, on_error="skip", engine=engine, num_workers=num_workers)
    dm.setup("fit")
    gone.unlink()
    batches = list(dm.train_dataloader())
    assert len(batches) == 9
    assert sum(len(labels) for _, labels in batches) == 33
    assert all(len(images) == len(labels) for images, labels in batches)
    assert set(dm.skipped) == bad
    assert all(image.abs().max() > 0 for images, _ in batches for image in images)


def test_bad_files_are_errors_otherwise_and_a_batch_of_them_always(fake, tmp_path):
    root, _, gone = broken(fake, tmp_path / "data")
    dm = module(root)
    dm.setup("fit")
    gone.unlink()
    with pytest.raises(DataError, match=r"does not decode|cannot be read"):
        list(dm.train_dataloader())
    dm = module(root, on_error="skip", batch_size=1)
    dm.setup("fit")
    with pytest.raises(DataError, match="does not decode"):
        list(dm.train_dataloader())


def test_sizes_follow_the_epochs(fake):
    dm = module(fake, image_size={0: 32, 2: 96}, num_workers=2, engine="threads")
    dm.setup("fit")
    loader = dm.train_dataloader()
    assert [next(iter(loader))[0].shape[-1] for _ in range(4)] == [32, 64, 96, 96]
    assert next(iter(dm.val_dataloader()))[0].shape[-1] == 96


def test_validation_may_come_from_training(fake, tmp_path):
    shutil.copytree(fake / "train", tmp_path / "train")
    dm = module(tmp_path, val_from_train=2, train_subset=0.5, classes=["n01484850", "n01440764"])
    dm.setup("fit")
    assert (len(dm.train_dataset), len(dm.val_dataset)) == (10, 4)
    assert dm.val_dataset.classes == ("n01484850", "n01440764")
    seen = [{d.index.name(i) for i in range(len(d))} for d in (dm.train_dataset, dm.val_dataset)]
    assert not seen[0] & seen[1]
    alone = module(tmp_path, val_from_train=2, classes=["n01484850", "n01440764"])
    alone.setup("validate")
    assert alone.val_dataset.index.fingerprint == dm.val_dataset.index.fingerprint
    with pytest.raises(DataError, match="val_from_train"):
        module(tmp_path).setup("fit")


@pytest.mark.parametrize("sampling", ["repeated", "balanced", "weighted"])
def test_samplings_resume_too(fake, sampling):
    weights = {"n01440764": 3.0} if sampling == "weighted" else None

    def run(**kwargs):
        dm = module(fake, sampling=sampling, class_weights=weights, **kwargs)
        dm.setup("fit")
        return dm

    loader = run().train_dataloader()
    whole = iter(loader)
    seen = [next(whole)[0] for _ in range(3)]
    state = loader.state_dict()
    rest = [images for images, _ in whole]
    assert len(seen) + len(rest) == 9
    resumed = run(num_workers=2, engine="threads")
    resumed.load_state_dict({"train": state})
    again = [images for images, _ in resumed.train_dataloader()]
    assert all(torch.equal(a, b) for a, b in zip(rest, again, strict=True))
    other = module(fake)
    other.setup("fit")
    loader = other.train_dataloader()
    with pytest.raises(DataError, match="changed"):
        loader.load_state_dict(state)


def test_labels_are_not_smoothed_twice(fake, tmp_path):
    model = Small()
    model.loss = nn.CrossEntropyLoss(label_smoothing=0.1)
    trainer(tmp_path, max_steps=1, limit_val_batches=0).fit(model, datamodule=module(fake))
    with pytest.raises(InputError, match="smoothed twice"):
        trainer(tmp_path, max_steps=1).fit(model, datamodule=module(fake, label_smoothing=0.1))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"normalise_on": "gpu"}, "unknown place to normalise"),
        ({"crop_ratio": 1.5}, "crop ratio"),
        ({"image_size": 0}, "image_size"),
        ({"scale": (2.0, 1.0)}, "scale"),
        ({"mixup_alpha": -1}, "mixup_alpha"),
        ({"label_smoothing": 2}, "label_smoothing"),
        ({"random_erasing": 2}, "random_erasing"),
    ],
)
def test_wrong_settings_are_errors_before_any_work(fake, wrong, message):
    with pytest.raises(InputError, match=message):
        module(fake, **wrong)


def test_misspelt_arguments_and_wrong_roots_say_what_was_meant(fake, tmp_path):
    with pytest.raises(UnknownArgumentError, match="did you mean 'batch_size'"):
        ImageNetDataModule(data_root=fake, batchsize=3)
    with pytest.raises(DataError, match="folder above"):
        module(fake / "train").setup("fit")
    with pytest.raises(InputError, match="unknown stage"):
        module(fake).setup("train")


STAGES = ["fit", "validate", "test", "predict", None]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("classes", [None, ["n01484850", "n01443537"]])
def test_labels_are_the_same_in_every_stage(fake, tmp_path, stage, classes, monkeypatch):
    shutil.copytree(fake, tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "val" / "n01443537")
    dm = module(tmp_path / "data", classes=classes)
    opened = []
    split = dm._open
    monkeypatch.setattr(dm, "_open", lambda name: opened.append(name) or split(name))
    dm.setup(stage)
    assert dm.num_classes == (2 if classes else 3)
    assert dm.val_dataset.targets.tolist() == ([0] * 5 if classes else [0] * 5 + [2] * 5)
    assert dm.val_dataset.classes == tuple(classes or ["n01440764", "n01443537", "n01484850"])
    assert ("train" in opened) == (stage in ("fit", None))


@pytest.mark.parametrize("stage", STAGES)
def test_a_class_that_training_lacks_is_named_in_every_stage(fake, tmp_path, stage):
    shutil.copytree(fake, tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "train" / "n01443537")
    with pytest.raises(InputError, match="found: n01443537"):
        module(tmp_path / "data").setup(stage)


def test_validation_alone_has_its_own_classes(fake, tmp_path):
    shutil.copytree(fake / "val", tmp_path / "val")
    dm = module(tmp_path)
    dm.setup("validate")
    assert dm.num_classes == 3


def test_all_stages_after_one_of_them_open_training_too(fake):
    dm = module(fake)
    dm.setup("validate")
    dm.setup()
    assert len(dm.train_dataset) == 36


def test_mixing_knows_the_repeats_of_the_sampling(fake):
    assert module(fake, sampling="repeated", repeats=4).mixing.repeats == 4
    assert module(fake, repeats=4).mixing.repeats == 1
