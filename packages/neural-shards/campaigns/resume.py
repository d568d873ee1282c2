"""Stop at every position, in every way, go on in another, and compare bit for bit.

The matrix: workers 0, 1, 2, 4; ranks 1, 2, 4; fork and spawn; persistent workers or not; shuffled
or not; every stop of a small epoch, across its end too; then other workers and ranks, twice in a
row. Beside it mixtures, random stops of a large epoch, `StatefulDataLoader`, Lightning's `Trainer`,
and runs whose main process, or one of whose workers, is killed. Needs the extra "lightning".
Usage: python campaigns/resume.py [--part NAME ...] [--small] [--stops 14] [--seed 0]
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import logging
import multiprocessing
import os
import random
import shutil
import signal
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

import numpy as np

from neural_shards import (
    Mixture,
    ShardSet,
    Subset,
    WebDatasetLoader,
    collate_webdataset,
    create_shards_from_arrays,
    create_webdataset_dataloader,
)

N, GLOBAL_BATCH = 24, 4
STEPS = N // GLOBAL_BATCH
TOTAL = 2 * STEPS + 2  # two epochs, and into the third


def loaders_of(
    samples, workers=0, world=1, context=None, persistent=False, shuffle=True, ranks=None
):
    """Make the loaders of all ranks, or of some; the global batch is the same for any number."""
    return [
        create_webdataset_dataloader(
            samples,
            GLOBAL_BATCH // world,
            workers,
            shuffle,
            buffer_size=7,
            seed=3,
            tail="drop",
            rank=rank,
            world_size=world,
            persistent_workers=persistent,
            multiprocessing_context=context,
        )
        for rank in (range(world) if ranks is None else ranks)
    ]


def read(loaders, count):
    """Read so many global batches, over as many epochs as it takes; give their bytes."""
    got = []
    while len(got) < count:
        for batches in zip(*loaders, strict=True):
            got.append(b"".join(b[k].numpy().tobytes() for k in ("number", "x") for b in batches))
            if len(got) == count:
                break
    return got


def state_of(loaders):
    states = [json.dumps(loader.state_dict()) for loader in loaders]
    assert len(set(states)) == 1, "ranks disagree about where they are"
    return json.loads(states[0])


def load(loaders, state):
    for loader in loaders:
        loader.load_state_dict(state)
    return loaders


def numbers_of(batches):
    """Give the samples of global batches, which are the same for any number of ranks."""
    return [np.frombuffer(b, "<i8", GLOBAL_BATCH).tolist() for b in batches]


def check_stops(samples, whole, stops, way, others, draw):
    """Stop at each place, go on with others, stop again, go on with others again."""
    some = {key: way[key] for key in ("world", "shuffle", "ranks") if key in way}
    mine = read(loaders_of(samples, **some), TOTAL) if "ranks" in way else whole
    loaders, start = None, None
    for stop in stops:
        if loaders is None or not loaders[0].persistent_workers:
            loaders = loaders_of(samples, **way)
            start = state_of(loaders)
        assert read(load(loaders, start), stop) == mine[:stop], "other batches"
        state = state_of(loaders)
        if loaders[0].persistent_workers:  # the very same workers go on, too
            assert read(load(loaders, state), TOTAL - stop) == mine[stop:], "workers drifted"
        again = draw.randrange(stop, TOTAL + 1)
        second = load(loaders_of(samples, **draw.choice(others)), state)
        after = read(second, again - stop)
        third = load(loaders_of(samples, **draw.choice(others)), state_of(second))
        after += read(third, TOTAL - again)
        assert after == whole[stop:], f"went on wrong at {stop}, then {again}"


def ways(counts, worlds):
    """Every way to read: workers, ranks, how workers start, whether they stay, shuffled or not."""
    for context, persistent in itertools.product(("fork", "spawn"), (False, True)):
        for shuffle, world, workers in itertools.product((False, True), worlds, counts):
            way = {"workers": workers, "world": world, "shuffle": shuffle}
            if workers:
                yield {**way, "context": context, "persistent": persistent}
            elif (context, persistent) == ("fork", False):
                yield way


def matrix(folder, draw, small, most=TOTAL):
    """Every way, stopped; `most` bounds the stops of those whose workers cost time to start.

    Where they are bounded, each number of workers still stops everywhere, in one way or other.
    Spawned workers take seconds each: one rank of those that there are has them, and where they do
    not stay, too, it stops once, in its first epoch.
    """
    samples, runs, everywhere = ShardSet(folder), Counter(), {}
    counts, worlds = ((0, 2), (1, 2)) if small else ((0, 1, 2, 4), (1, 2, 4))
    wholes = {
        shuffle: read(loaders_of(samples, shuffle=shuffle), TOTAL) for shuffle in (False, True)
    }
    for way in sorted(ways(counts, worlds), key=lambda way: way["workers"] * way["world"]):
        spawned = way.get("context") == "spawn"
        if small and spawned:
            continue
        if spawned:
            way["ranks"] = [draw.randrange(way["world"])]
        others = [
            {"workers": 0, "world": draw.choice(worlds), "shuffle": way["shuffle"]},
            {"workers": draw.choice(counts[1:3]), "world": 1, "shuffle": way["shuffle"]},
        ]
        stops = list(range(TOTAL))
        if spawned and not way["persistent"]:
            stops = [draw.randrange(1, STEPS + 1)]
        elif way["workers"] and (small or most < TOTAL):
            deck = everywhere.setdefault(way["workers"], itertools.cycle(draw.sample(stops, TOTAL)))
            stops = sorted(itertools.islice(deck, 1 if small else most))
        start, whole = time.monotonic(), wholes[way["shuffle"]]
        check_stops(samples, whole, stops, way, others, draw)
        print(f"  {way}: stops {stops} ({time.monotonic() - start:.0f} s)", flush=True)
        runs["ways"] += 1
        runs["stops"] += len(stops)
    return f"{runs['stops']} stops in {runs['ways']} ways"


def ranks(folder, draw, small):
    """Any ranks take over from any others: the samples of each global batch are the same."""
    samples, runs = ShardSet(folder), 0
    whole = numbers_of(read(loaders_of(samples), TOTAL))
    for before, after in itertools.product((1, 2, 4), repeat=2):
        for stop in range(0, TOTAL, 3 if small else 1):
            loaders = loaders_of(samples, world=before)
            got = numbers_of(read(loaders, stop))
            loaders = load(loaders_of(samples, world=after), state_of(loaders))
            got += numbers_of(read(loaders, TOTAL - stop))
            assert got == whole, f"{before} ranks, then {after}, at {stop}"
            runs += 1
    return f"{runs} stops"


def mixtures(folder, draw, small):
    """Sets mixed by weight, as samples and as batches."""
    shards, runs = ShardSet(folder), 0

    def mixed():
        return Mixture([Subset(shards, range(9)), shards], weights=[1, 2])

    whole = read(loaders_of(mixed()), TOTAL)
    for stop in range(0, TOTAL, 4 if small else 1):
        loaders = loaders_of(mixed(), workers=draw.choice((0, 0, 2)))
        got = read(loaders, stop)
        got += read(load(loaders_of(mixed()), state_of(loaders)), TOTAL - stop)
        assert got == whole, f"a mixture went on wrong at {stop}"
        runs += 1
    return f"{runs} stops"


def large(folder, draw, small):
    """Random stops of an epoch of 20,000 samples, as samples."""
    folder = folder.with_name("large")
    create_shards_from_arrays(folder, {"number": np.arange(20_000)}, shard_size=700)
    whole = [int(sample["number"]) for sample in WebDatasetLoader(folder)]
    for _ in range(5 if small else 200):
        stop = draw.randrange(20_000)
        first, second = WebDatasetLoader(folder), WebDatasetLoader(folder)
        first.set_state({"shard_idx": 0, "sample_offset": 0})
        got = [int(s["number"]) for s in itertools.islice(first, min(stop, 300))]
        state = first.state_dict()
        state["progress"]["delivered"] = max(stop, len(got))
        second.load_state_dict(json.loads(json.dumps(state)))
        after = [int(s["number"]) for s in itertools.islice(second, 300)]
        at = state["progress"]["delivered"]
        assert got == whole[: len(got)]
        assert after == whole[at : at + 300]
    return "random stops of 20,000 samples"


def stateful(folder, draw, small):
    """torchdata's StatefulDataLoader over the sample loader."""
    from torchdata.stateful_dataloader import StatefulDataLoader

    runs = 0
    for workers in (0, 2) if small else (0, 1, 2, 4):

        def make(workers=workers):
            data = WebDatasetLoader(folder, buffer_size=5)
            return StatefulDataLoader(data, 4, num_workers=workers, collate_fn=collate_webdataset)

        def numbers(loader):
            return [batch["number"].tolist() for batch in loader]

        undisturbed = make()
        whole = [numbers(undisturbed), numbers(undisturbed)]
        for stop in range(1, len(whole[0]), 3 if small else 1):
            loader = make()
            got = [b["number"].tolist() for b in itertools.islice(iter(loader), stop)]
            resumed = make()
            resumed.load_state_dict(json.loads(json.dumps(loader.state_dict())))
            assert [got + numbers(resumed), numbers(resumed)] == whole
            runs += 1
    return f"{runs} stops"


def train(folder, root, world, *, checkpoint=None):
    """Train with Lightning's Trainer to the end, in processes of their own; a checkpoint a step.

    Gives the samples of each global batch, and the weights at the end.
    """
    import lightning

    root.mkdir()
    saver = lightning.pytorch.callbacks.ModelCheckpoint(
        dirpath=root, filename="{step}", every_n_train_steps=1, save_top_k=-1
    )
    trainer = lightning.Trainer(
        accelerator="cpu",
        devices=world,
        strategy="ddp_fork" if world > 1 else "auto",
        max_steps=TOTAL,
        logger=False,
        callbacks=[saver],
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=root,
    )
    trainer.fit(model(folder, root, world), ckpt_path=checkpoint)
    ranks = [
        np.fromfile(root / f"seen{rank}", "<i8").reshape(-1, GLOBAL_BATCH // world)
        for rank in range(world)
    ]
    return np.concatenate(ranks, axis=1).tolist(), (root / "weights").read_bytes()


def model(folder, root, world):
    """Make a model that notes what each rank is trained on."""
    import lightning
    import torch

    class Model(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(6, 1)
            torch.nn.init.constant_(self.layer.weight, 0.5)
            torch.nn.init.constant_(self.layer.bias, 0.0)

        def train_dataloader(self):  # torch.distributed says which rank this is
            return create_webdataset_dataloader(folder, GLOBAL_BATCH // world, 0, seed=3)

        def training_step(self, batch, index):
            with open(root / f"seen{self.global_rank}", "ab") as seen:
                seen.write(batch["number"].numpy().tobytes())
            return self.layer(batch["x"].flatten(1)).square().mean()

        def on_train_end(self):
            if self.global_rank == 0:
                weights = [p.detach().numpy().tobytes() for p in self.parameters()]
                (root / "weights").write_bytes(b"".join(weights))

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), lr=0.1)  # which has a state of its own

    return Model()


def trainer(folder, draw, small):
    """Lightning's Trainer goes on from its own checkpoint of any batch, on 1 and 2 ranks."""
    import lightning  # which sets the level of its log when it is first imported

    logging.getLogger(lightning.__name__).setLevel(logging.ERROR)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")  # advice about speed
    runs, root = 0, folder.with_name("trainer")
    root.mkdir()
    wholes = {world: train(folder, root / f"whole{world}", world) for world in (1, 2)}
    assert len(wholes[1][0]) == TOTAL
    assert wholes[1][0] == wholes[2][0], "ranks see other global batches"
    for before, stop in itertools.product((1, 2), (2, STEPS) if small else range(1, TOTAL)):
        checkpoint = root / f"whole{before}" / f"step={stop}.ckpt"
        for after in (before,) if stop % 4 else (1, 2):
            seen, weights = train(folder, root / f"on{runs}", after, checkpoint=checkpoint)
            assert seen == wholes[1][0][stop:], f"{before} ranks, then {after}, at {stop}"
            if before == after:
                assert weights == wholes[after][1], f"other weights: {after} ranks, at {stop}"
            runs += 1
    return f"{runs} stops"


def note_batches(folder, log, checkpoint):
    """Read two epochs with workers; note each batch, then where it stands."""
    (loader,) = loaders_of(folder, workers=2)
    if checkpoint.exists():
        loader.load_state_dict(json.loads(checkpoint.read_text()))
    with open(log, "ab", buffering=0) as out:
        for batch in itertools.chain.from_iterable(itertools.repeat(loader)):
            out.write(batch["number"].numpy().tobytes())
            partial = checkpoint.with_suffix(".partial")
            partial.write_text(json.dumps(loader.state_dict()))
            partial.replace(checkpoint)
            if loader.epoch >= 2:
                return


def kill_main(folder, draw, small):
    """Kill the main process of a loader with two workers; its workers must end by themselves."""
    log, checkpoint = folder.with_name("log"), folder.with_name("state.json")
    whole = numbers_of(read(loaders_of(folder), TOTAL))
    kills = finished = orphans = 0
    while kills < (3 if small else 40):
        log.write_bytes(b"")
        checkpoint.unlink(missing_ok=True)
        while log.stat().st_size < 2 * STEPS * 8 * GLOBAL_BATCH:
            pid = os.fork()
            if pid == 0:
                os.setsid()
                with contextlib.suppress(BaseException):
                    note_batches(folder, log, checkpoint)
                os._exit(0)
            time.sleep(draw.random() * 0.3)
            kills += os.waitpid(pid, os.WNOHANG)[0] == 0
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            orphans += not ends(pid)
        finished += 1
        at = 0
        for batch in np.frombuffer(log.read_bytes(), "<i8").reshape(-1, GLOBAL_BATCH).tolist():
            if batch == whole[at]:
                at += 1
            else:  # what was noted just before the kill comes once more
                assert [batch] == whole[at - 1 : at], "a batch was lost"
    # torch's workers watch the parent they find, which may be no more when they first look.
    assert orphans <= kills // 5, f"{orphans} workers outlived their main process"
    return f"{kills} kills ({orphans} while workers began), {finished} runs brought to their end"


def ends(pid):
    """Say whether a killed session ends by itself; those that ended may lie unburied."""
    end = time.monotonic() + 15  # torch's workers look every five seconds
    while time.monotonic() < end:
        left = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                state, _, group, *_ = stat.read_text().rpartition(")")[2].split()
                left += [stat] * (int(group) == pid and state != "Z")
        if not left:
            return True
        time.sleep(0.05)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
    return False


def kill_worker(folder, draw, small):
    """Kill a worker: an error, and the state goes on without a gap."""
    whole = read(loaders_of(folder), TOTAL)
    runs, errors = 3 if small else 30, 0
    for number in range(runs):
        loaders = loaders_of(folder, workers=2)
        got, stop = [], draw.randrange(1, STEPS - 1)
        try:
            for batches in zip(*loaders, strict=True):
                got.append(
                    b"".join(b[k].numpy().tobytes() for k in ("number", "x") for b in batches)
                )
                if len(got) == stop:
                    draw.choice(multiprocessing.active_children()).kill()
        except RuntimeError:
            errors += 1
        else:  # all was prefetched before the kill
            assert len(got) >= STEPS, f"run {number} ended early and in silence"
            continue
        got += read(load(loaders_of(folder), state_of(loaders)), TOTAL - len(got))
        assert got == whole
    return f"{runs} kills, {errors} errors, the others came after the last batch was made"


PARTS = {
    part.__name__: part
    for part in (ranks, mixtures, large, kill_worker, kill_main, stateful, trainer, matrix)
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--stops", type=int, default=TOTAL, help="of a way of the matrix, at most")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)  # few cores
    root = Path(tempfile.mkdtemp(prefix="resume"))
    x = np.random.default_rng(0).normal(size=(N, 3, 2)).astype(np.float32)
    create_shards_from_arrays(root / "set", {"number": np.arange(N), "x": x}, shard_size=5)
    for name in arguments.part:
        start = time.monotonic()
        most = {"most": arguments.stops} if name == "matrix" else {}
        said = PARTS[name](root / "set", random.Random(arguments.seed), arguments.small, **most)
        print(f"{name}: {said}, all bit for bit ({time.monotonic() - start:.0f} s)", flush=True)
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
