"""Flashed stimuli: the image sequence and the grating flashes, a count for each presentation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import numpy.typing as npt

from neuroai_core import rng
from neuroai_core.errors import problems
from retina_data import hdf5, matlab
from retina_data.karamanlis_2024 import screen
from retina_data.movies import Stimulus
from retina_data.recordings import assemble
from retina_data.repository import converted
from retina_data.sessions import Recording, Session, Test

#: What is left for testing: this part of the images, in all their presentations.
TEST_FRACTION = 0.2
#: Grey value of the screen around an image, where the file does not say.
BACKGROUND = 127.5

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


def session(name: str, path: Path, recording: Recording, stimulus: str) -> Session:
    """Read the image sequence or the grating flashes of a session.

    Parameters
    ----------
    name, path, recording
        Of the session.
    stimulus
        ``"imagesequence"`` or ``"gratingflashes"``.
    """
    gratings = stimulus == "gratingflashes"
    with hdf5.opened(path) as file:
        data = hdf5.read(file, {"presentOrder": 2, "trialCounts": 2})
        if gratings:
            count = hdf5.read(file, {"stiminfo": 2})["stiminfo"].shape[1]
        else:
            count = _shape(file, "imageEnsemble")[0]
    order = data["presentOrder"].reshape(-1).astype(np.int64) - 1
    counts = data["trialCounts"].T.astype(np.float32)
    found = _problems(order, counts, count)
    if found:
        raise problems(f"session {name!r} does not fit together", found, path=path)
    test = test_images(name, count)
    training = ~np.isin(order, test)

    def draw(_: Path, target: Path) -> None:
        with hdf5.opened(path) as file:
            frames = _gratings(file) if gratings else _images(file)
        values, mean, sd = screen.normalized(frames, order[training])
        with open(target, "wb") as out:
            np.savez(out, frames=values, mean=mean, sd=sd)

    drawn = np.load(converted(path, f"{stimulus}-v1.npz", draw))
    movie = screen.movie(drawn["frames"], float(drawn["mean"]), float(drawn["sd"]))
    shown = order[training].astype(np.int32)
    trials = repeats(order, counts, test)
    return assemble(
        name,
        train=Stimulus(movie, shown),
        responses=counts[:, training],
        tests={
            "test": Test(Stimulus(movie, test.astype(np.int32)), np.nanmean(trials, axis=0), trials)
        },
        clip_length=1,
        blocks=[1] * len(shown),  # images, not a movie: none follows another
        groups=shown.tolist(),  # all presentations of an image are in one split
        recording=replace(recording, rate_hz=None, units="spikes a flash"),
        path=path,
    )


def test_images(name: str, count: int) -> Ints:
    """Give the images that are for testing, a function of the session alone."""
    drawn = rng.generator("karamanlis_2024", name, "test images").permutation(count)
    return np.sort(drawn[: max(1, round(TEST_FRACTION * count))])


test_images.__test__ = False  # type: ignore[attr-defined]  # no test for pytest


def repeats(order: Ints, counts: Floats, images: Ints) -> Floats:
    """Arrange counts ``(neurons, presentations)`` by image.

    Returns
    -------
    ``(trials, neurons, images)``, NaN where an image was shown less often than another.
    """
    at = [np.flatnonzero(order == image) for image in images]
    trials = np.full((max(map(len, at)), len(counts), len(images)), np.nan, np.float32)
    for i, presented in enumerate(at):
        trials[: len(presented), :, i] = counts[:, presented].T
    return trials


def _problems(order: Ints, counts: Floats, count: int) -> list[str]:
    found = []
    if len(order) != counts.shape[1]:
        found.append(f"trialCounts: {counts.shape[1]} presentations, presentOrder {len(order)}")
    if not len(order) or order.min() < 0 or order.max() >= count:
        found.append(f"presentOrder: outside 1 to {count}")
    else:
        never = sorted(set(range(count)) - set(order.tolist()))
        if never:
            found.append(f"presentOrder: never shows {[image + 1 for image in never[:8]]}")
    return found


def _shape(file: h5py.File, key: str) -> tuple[int, ...]:
    item = file.get(key)
    if not isinstance(item, h5py.Dataset) or item.ndim != 3 or item.dtype != np.uint8:
        about = f"{item.dtype} of shape {item.shape}" if isinstance(item, h5py.Dataset) else "none"
        raise problems(
            "a recording is incomplete",
            [f"{key}: {about}, not 8-bit images (y, x, images)"],
            path=file.filename,
        )
    return tuple(item.shape)


def _images(file: h5py.File) -> Floats:
    about = next((struct.get("stimPara") for struct in matlab.structs(file, "rawdata")), None)
    background = matlab.number(about, "backgroundIntensity")
    grey = BACKGROUND if background is None else 255 * background
    ensemble = file["imageEnsemble"]
    parts = [
        screen.centred(ensemble[first : first + 64].transpose(0, 2, 1), grey)
        for first in range(0, len(ensemble), 64)
    ]
    return np.concatenate(parts)


def _gratings(file: h5py.File) -> Floats:
    return screen.gratings(file["stiminfo"][...].T)
