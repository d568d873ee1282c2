"""The grating flicker: another grating of a set in each frame, drawn by ``ran1``.

As gollischlab's subunit_grid_model reads it: ``rawdata`` holds one struct a part of the
recording, with ``spikesbin`` and, in ``stimPara``, the seeds and the frames of a trial. A
trial is a running stretch, for which the stream of random numbers goes on from trial to
trial, and then a frozen one, the same in every trial.
"""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from neuroai_core.errors import problems
from retina_data import hdf5, matlab
from retina_data.karamanlis_2024 import screen
from retina_data.movies import Stimulus
from retina_data.ran1 import Ran1
from retina_data.recordings import assemble
from retina_data.repository import converted
from retina_data.sessions import Recording, Session, Test

FIELDS = ("RunningFrames", "FrozenFrames", "seed", "secondseed")
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


def session(name: str, path: Path, recording: Recording, clip_length: int) -> Session:
    """Read the grating flicker of a session."""
    with hdf5.opened(path) as file:
        data = hdf5.read(file, {"stiminfo": 2, "spX": 2, "spY": 2})
        parts = _parts(file)
        # The gratings before the first response that the paper's models were fitted to.
        fitted = np.asarray(file["orderfit"])[0].reshape(-1) if "orderfit" in file else None
        margins = parts[0].margins
    table = data["stiminfo"].T
    running = [order for part in parts for order in part.running(len(table))]
    frozen = parts[0].frozen(len(table))
    found = _problems(parts, running, frozen, table, fitted)
    if found:
        raise problems(f"session {name!r} does not fit together", found, path=path)

    def draw(_: Path, target: Path) -> None:
        frames = screen.gratings(
            table, data["spX"].reshape(-1), data["spY"].reshape(-1), margins=margins
        )
        values, mean, sd = screen.normalized(frames, np.concatenate(running))
        with open(target, "wb") as out:
            np.savez(out, frames=values, mean=mean, sd=sd)

    drawn = np.load(converted(path, "gratings-v1.npz", draw))
    movie = screen.movie(drawn["frames"], float(drawn["mean"]), float(drawn["sd"]))
    trials = np.concatenate([part.trials for part in parts])
    return assemble(
        name,
        train=Stimulus(movie, np.concatenate(running).astype(np.int32)),
        responses=np.concatenate([r for part in parts for r in part.responses], axis=1),
        tests={"test": Test(Stimulus(movie, frozen.astype(np.int32)), trials.mean(axis=0), trials)},
        clip_length=clip_length,
        blocks=[len(order) for order in running],
        recording=recording,
        path=path,
    )


class Part:
    """A part of the recording: responses ``(neurons, frames)`` and what says the order."""

    def __init__(self, spikes: Floats, numbers: dict[str, int], margins: tuple[int, int]) -> None:
        self.margins = margins
        self.seeds = numbers["seed"], numbers["secondseed"]
        self.lengths = numbers["RunningFrames"], numbers["FrozenFrames"]
        length = sum(self.lengths)
        self.whole = spikes.shape[1] // length
        starts = range(0, spikes.shape[1], length)
        #: Responses to each running stretch; the last one may have been broken off.
        self.responses = [spikes[:, s : s + self.lengths[0]] for s in starts]
        frozen = [spikes[:, s + self.lengths[0] : s + length] for s in starts[: self.whole]]
        #: Responses to the frozen stretches, ``(trials, neurons, time)``.
        self.trials = np.stack(frozen) if frozen else np.zeros((0, len(spikes), self.lengths[1]))

    def running(self, gratings: int) -> list[Ints]:
        """Give the order of gratings in each running stretch."""
        stream = Ran1(self.seeds[0])
        orders = [stream.integers(self.lengths[0], gratings) for _ in self.responses]
        return [o[: r.shape[1]] for o, r in zip(orders, self.responses, strict=True)]

    def frozen(self, gratings: int) -> Ints:
        """Give the order of gratings in the frozen stretch."""
        return Ran1(self.seeds[1]).integers(self.lengths[1], gratings)


def _parts(file: h5py.File) -> list[Part]:
    found: list[str] = []
    parts = []
    structs = matlab.structs(file, "rawdata")
    if not structs:
        found.append("rawdata: missing")
    for i, struct in enumerate(structs):
        where = f"rawdata[{i}]"
        spikes, about = struct.get("spikesbin"), struct.get("stimPara")
        numbers, wrong = matlab.numbers(about, FIELDS, f"{where}/stimPara")
        if not isinstance(spikes, h5py.Dataset) or spikes.ndim != 2:
            wrong.append(f"{where}/spikesbin: missing, or not (cells, frames)")
        elif not wrong and min(numbers["RunningFrames"], numbers["FrozenFrames"]) < 1:
            wrong.append(f"{where}/stimPara: stretches of {numbers}")
        elif not wrong:
            margins = tuple(int(matlab.number(about, k) or 0) for k in ("lmargin", "bmargin"))
            counts = np.asarray(spikes[...], np.float32).T
            parts.append(Part(counts, numbers, (margins[0], margins[1])))
        found += wrong
    if found:
        raise problems("a recording is incomplete", found, path=file.filename)
    return parts


def _problems(
    parts: list[Part], running: list[Ints], frozen: Ints, table: Floats, fitted: Floats | None
) -> list[str]:
    found = []
    if table.ndim != 2 or table.shape[1] != 3:
        found.append(f"stiminfo: shape {table.shape}, not (gratings, 3)")
    neurons = sorted({len(part.responses[0]) for part in parts if part.responses})
    if len(neurons) != 1:
        found.append(f"spikesbin: different numbers of neurons: {neurons}")
    if not sum(part.whole for part in parts):
        found.append("spikesbin: shorter than a trial")
    same = {(part.lengths, part.seeds[1]) for part in parts}
    if len(same) > 1:
        found.append(f"stimPara: frozen stretches differ between parts: {sorted(same)}")
    if fitted is not None and len(fitted) <= len(running[0]):
        expected = running[0][: len(fitted)] + 1
        if (fitted != expected).any():
            found.append(
                f"orderfit: begins with {fitted[:5].tolist()}, the seed gives "
                f"{expected[:5].tolist()}"
            )
    return found
