"""A run that stops after any batch goes on bit for bit, whatever it then runs on.

``campaigns/resume.py`` runs this file with all numbers of workers, threads and ranks and
all places to stop.
"""

import json
import os
from types import SimpleNamespace

import pytest

from imagenet_dm import ImageNetDataModule

# Four workers, on purpose, where a machine has fewer cores.
pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning")

GLOBAL_BATCH, EPOCHS = 4, 2

ALL = [
    (world, engine, number)
    for world in (1, 2)
    for engine, number in [
        ("auto", 0),
        *((engine, number) for engine in ("threads", "workers") for number in (1, 2, 4)),
    ]
]
FEW = [(1, "auto", 0), (2, "threads", 1), (1, "threads", 2), (2, "threads", 4)]

COMPLETE = os.environ.get("IMAGENET_DM_RESUME") == "complete"
SETUPS = ALL if COMPLETE else FEW
#: After the first batch, in the middle, at the end of an epoch and in the next one.
STOPS = range(17) if COMPLETE else (0, 4, 8, 14)


def ranks(root, world, engine, number):
    """The data modules of all ranks, as a Trainer would hold them; all that is random is on."""
    for rank in range(world):
        dm = ImageNetDataModule(
            root,
            GLOBAL_BATCH // world,
            number,
            engine=engine,
            image_size={0: 16, 1: 24},
            augment="trivialaugment",
            colour_jitter=0.4,
            mixup_alpha=0.2,
            cutmix_alpha=1.0,
            label_smoothing=0.1,
            random_erasing=0.5,
            seed=5,
        )
        dm.trainer = SimpleNamespace(
            global_rank=rank, world_size=world, training=True, lightning_module=None
        )
        dm.setup("fit")
        yield dm


def as_the_model_sees_it(dm, batch):
    """Each image of a batch after its transfer: which it is, its pixels and its soft label."""
    which = batch.request.images.tolist()
    images, labels = dm.on_after_batch_transfer(dm.on_before_batch_transfer(batch, 0), 0)
    samples = zip(which, images, labels, strict=True)
    return [(i, image.numpy().tobytes(), label.numpy().tobytes()) for i, image, label in samples]


def steps(modules, state=None):
    """Give, step by step to the end, what all ranks see and the state to go on from."""
    modules = list(modules)
    for dm in modules:
        dm.load_state_dict(state or {})
    loaders = [dm.train_dataloader() for dm in modules]
    while True:
        for batches in zip(*loaders, strict=True):
            seen = [
                sample
                for dm, batch in zip(modules, batches, strict=True)
                for sample in as_the_model_sees_it(dm, batch)
            ]
            states = [json.loads(json.dumps(dm.state_dict())) for dm in modules]
            assert all(one == states[0] for one in states)
            yield seen, states[0]
        if states[0]["train"]["epoch"] == EPOCHS - 1:
            return


@pytest.fixture(scope="module")
def whole(fake):
    """The run that nothing disturbed."""
    seen, states = zip(*steps(ranks(fake, 1, "auto", 0)), strict=True)
    assert len(seen) == EPOCHS * 36 // GLOBAL_BATCH
    assert len({sample[1] for step in seen for sample in step}) == EPOCHS * 36
    return list(seen), list(states)


@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_all_setups_see_and_save_the_same(fake, whole, setup):
    seen, states = zip(*steps(ranks(fake, *setup)), strict=True)
    assert (list(seen), list(states)) == whole


@pytest.mark.parametrize("setup", SETUPS, ids=str)
def test_a_run_goes_on_from_any_batch(fake, whole, setup):
    seen, states = whole
    for stop in STOPS:
        rest = [step for step, _ in steps(ranks(fake, *setup), states[stop])]
        assert rest == seen[stop + 1 :], f"stopped after batch {stop}"


@pytest.mark.parametrize("setup", [(2, "workers", 2)], ids=str)
def test_a_run_goes_on_in_processes(fake, whole, setup):
    seen, states = whole
    rest = [step for step, _ in steps(ranks(fake, *setup), states[10])]
    assert rest == seen[11:]
