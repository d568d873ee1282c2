"""Movies as files: npz, GIF, PNG, MP4, NWB, by the suffix of the name."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuroai_core.errors import DataError, InputError, check_known, strict_arguments
from neuroai_core.extras import require
from neuroai_core.files import atomic_path, atomic_write
from stimulus_protocols.movie import movie, stimuli_of
from stimulus_protocols.pictures import to_8bit, write_contact_sheet, write_gif
from stimulus_protocols.specs import content_hash, to_data
from stimulus_protocols.stimuli import Stimulus
from stimulus_protocols.timeline import Timeline, check_steps


@strict_arguments
def export(
    shown: Stimulus | Timeline,
    path: str | os.PathLike[str],
    *,
    start: int = 0,
    stop: int | None = None,
    scale: int = 1,
    gamma: float = 1.0,
) -> None:
    """Render frames to a file.

    Parameters
    ----------
    shown
        A stimulus, or a timeline of computed stimuli.
    path
        ``.npz`` (the float32 frames, and all that made them in a ``.json``
        beside), ``.gif``, ``.png`` (a contact sheet), ``.mp4`` (extra `mp4`)
        or ``.nwb`` (extra `nwb`).
    start, stop
        Frames.
    scale, gamma
        For pictures: pixels a side of each pixel, and gamma of the screen.
        Values from 0 to 1 are shown from black to white; where there are
        others, from the least to the greatest.

    Raises
    ------
    InputError
        For another suffix.
    MissingExtraError
        Where the extra is not installed.

    Examples
    --------
    >>> from stimulus_protocols.stimuli import WhiteNoise
    >>> export(WhiteNoise(frames=4, height=8, width=8, distribution="binary"), "noise.npz")
    >>> np.load("noise.npz")["frames"].shape
    (1, 4, 8, 8)
    """
    path = Path(path)
    check_known("suffix", [path.suffix], (*_PICTURES, ".npz", ".nwb"), path=path)
    start, stop = check_steps(start, stop, len(shown))
    if stop == start:
        raise InputError("there is no frame to write", found=f"start={start}, stop={stop}")
    if path.suffix == ".nwb":
        # One optional dependency, one module.
        from stimulus_protocols.nwb import write_nwb

        write_nwb(shown, path, start=start, stop=stop)
        return
    frames = movie(shown, start, stop)
    if path.suffix == ".npz":
        _write_npz(frames, shown, path, start, stop)
        return
    low, high = min(float(frames.min()), 0.0), max(float(frames.max()), 1.0)
    _PICTURES[path.suffix](
        frames.swapaxes(0, 1),
        path,
        frame_rate(shown),
        {"scale": scale, "gamma": gamma, "low": low, "high": high},
    )


def frame_rate(shown: Stimulus | Timeline) -> float:
    """Give the frames a second of a stimulus, or of the first in a timeline."""
    stimulus = shown if isinstance(shown, Stimulus) else next(stimuli_of(shown), None)
    return 30.0 if stimulus is None else stimulus.frame_rate_hz


def _write_npz(
    frames: npt.NDArray[np.float32],
    shown: Stimulus | Timeline,
    path: Path,
    start: int,
    stop: int,
) -> None:
    with atomic_path(path) as partial, open(partial, "wb") as file:
        np.savez_compressed(file, frames=frames, frame=np.arange(start, stop))
    about = {
        **to_data(shown),
        "sha256": content_hash(shown),
        "axes": ["channels", "time", "height", "width"],
        "frame_rate_hz": frame_rate(shown),
        "start": start,
        "stop": stop,
    }
    atomic_write(path.with_suffix(".json"), json.dumps(about, indent=2) + "\n")


def _gif(frames: npt.NDArray[Any], path: Path, rate: float, look: dict[str, Any]) -> None:
    # Faster than a GIF can be, every second or third frame is shown.
    step = max(int(np.ceil(rate / 50)), 1)
    write_gif(frames[::step], path, frame_rate_hz=rate / step, **look)


def _sheet(frames: npt.NDArray[Any], path: Path, rate: float, look: dict[str, Any]) -> None:
    picked = np.unique(np.linspace(0, len(frames) - 1, 30).round().astype(int))
    captions = [f"{k} ({k / rate:.3g} s)" for k in picked]
    scale = look.pop("scale")
    write_contact_sheet(
        frames[picked], path, captions=captions, scale=scale if scale > 1 else None, **look
    )


def _mp4(frames: npt.NDArray[Any], path: Path, rate: float, look: dict[str, Any]) -> None:
    ffmpeg = require("imageio_ffmpeg", package="stimulus-protocols", extra="mp4")
    scale = look.pop("scale")
    pictures = to_8bit(frames, **look).repeat(scale, 1).repeat(scale, 2)
    # The codec wants even sides.
    even = ((0, 0), (0, pictures.shape[1] % 2), (0, pictures.shape[2] % 2), (0, 0))
    pictures = np.pad(pictures, even, mode="edge")
    size = f"{pictures.shape[2]}x{pictures.shape[1]}"
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", f"{rate:g}", "-i", "-"]
    code = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "10", "-f", "mp4"]
    with atomic_path(path) as partial:
        command = [ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *raw, *code, str(partial)]
        done = subprocess.run(command, input=pictures.tobytes(), capture_output=True, check=False)  # noqa: S603 - the program of the extra, no shell
        if done.returncode:
            raise DataError(f"ffmpeg failed: {done.stderr.decode(errors='replace')}", path=path)


_PICTURES: dict[str, Callable[[npt.NDArray[Any], Path, float, dict[str, Any]], None]] = {
    ".gif": _gif,
    ".png": _sheet,
    ".mp4": _mp4,
}
