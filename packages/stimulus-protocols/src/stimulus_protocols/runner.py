"""Presenting every condition of an experiment to a model, and keeping what it answers."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from torch.utils.data import default_collate

from neuroai_core.errors import DataError, InputError, check_known, strict_arguments
from stimulus_protocols import __about__
from stimulus_protocols.events import events, write_events
from stimulus_protocols.experiments import Condition
from stimulus_protocols.loader import StimulusProtocolDataLoader
from stimulus_protocols.presentation import Presentation
from stimulus_protocols.results import is_done, results_path, write_results
from stimulus_protocols.trials import Collector

logger = logging.getLogger(__name__)

Model = Callable[[torch.Tensor], Any]


@strict_arguments
def run(
    conditions: Sequence[Condition],
    dataset: Any,
    out: str | os.PathLike[str],
    *,
    model: Model | None = None,
    model_takes: Literal["sequences", "frames"] = "sequences",
    batch_size: int = 8,
    num_workers: int = 0,
    device: str = "cpu",
    dt_ms: float = 1.0,
    seed: int = 0,
    store: Literal["netcdf", "zarr"] = "netcdf",
    identity: str = "",
    quiet: bool = False,
) -> list[Path]:
    """Present conditions to a model and store its responses, one file a condition.

    A run that was stopped goes on where it was: conditions whose file is
    there, made of the same timeline, seed and model, are left as they are.

    Parameters
    ----------
    conditions
        What to present (see `conditions` in `stimulus_protocols.experiments`).
    dataset
        A map-style data set of ``(image, label)``.
    out
        Folder; ``out/experiment/condition.nc`` and ``..._events.tsv``.
    model
        Any callable. None stores what it would have seen.
    model_takes
        ``"sequences"``: ``(batch, time, channels, height, width)`` to
        ``(batch, time, ...)`` or ``(batch, ...)``; ``"frames"``:
        ``(batch, channels, height, width)`` to ``(batch, ...)``, called step by
        step, so that nothing dense is made.
    device
        Where images go before the model sees them; responses stay on the CPU.
    dt_ms
        Milliseconds a step, for times and events.
    store
        ``"netcdf"`` or ``"zarr"``.
    identity
        What tells this model from others, say its name and checkpoint.
    quiet
        Show no progress; none is shown where the output is no terminal.

    Returns
    -------
    The files, in the order of the conditions.
    """
    check_known("model_takes", [model_takes], ("sequences", "frames"))
    check_known("store", [store], ("netcdf", "zarr"))
    if dt_ms <= 0:
        raise InputError("dt_ms is not positive", key="dt_ms", expected="more than 0", found=dt_ms)
    made = []
    batches = -(-len(dataset) // batch_size)
    with _progress(quiet) as progress:
        for condition in conditions:
            path = results_path(out, condition, store)
            made.append(path)
            attributes = {
                "stimulus_protocols_version": __about__.__version__,
                "seed": seed,
                "model": identity,
                "images": len(dataset),
            }
            if is_done(path, {"condition_sha256": condition.identity, **attributes}):
                logger.info("%s is there already", path)
                continue
            task = progress.add_task(condition.name, total=batches)
            loader = StimulusProtocolDataLoader(
                dataset,
                condition.timeline,
                void_value=condition.void_value,
                void_label=condition.void_label,
                batch_size=batch_size,
                num_workers=num_workers,
                seed=seed,
                lazy=True,
            )
            answers, seen = [], _Seen()
            for presentation in loader:
                answers.append(_respond(presentation, model, model_takes, device))
                seen.add(presentation, dt_ms, seed)
                progress.advance(task)
            _store(path, condition, answers, seen, model is None, dt_ms, attributes)
    return made


def _respond(shown: Presentation, model: Model | None, takes: str, device: str) -> npt.NDArray[Any]:
    if model is None:
        return shown.materialise().numpy()
    with torch.inference_mode():
        if takes == "sequences":
            answer = model(shown.materialise().to(device))
        else:
            answer = torch.stack([_frame(model, f.to(device)) for f in shown.frames()], dim=1)
    if not isinstance(answer, torch.Tensor) or answer.shape[:1] != (shown.trials,):
        raise DataError(
            "the model did not answer with a tensor of one row an image",
            expected=f"a tensor of shape ({shown.trials}, ...)",
            found=f"{type(answer).__name__} {tuple(getattr(answer, 'shape', ()))}",
        )
    return answer.cpu().numpy()


def _frame(model: Model, frame: torch.Tensor) -> torch.Tensor:
    # Kept on the CPU, or a long run would fill the device.
    return torch.as_tensor(model(frame)).cpu()


@dataclass
class _Seen:
    """What was shown so far: no pictures, only labels, phases and events."""

    labels: list[npt.NDArray[np.int64]] = field(default_factory=list)
    phases: list[list[str]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def add(self, shown: Presentation, dt_ms: float, seed: int) -> None:
        self.labels.append(shown.labels.cpu().numpy())
        for trial in range(shown.trials):
            table = shown.table.trial(trial)
            self.phases.append([table.phases[number] for number in table.phase[0, 0]])
        keys = shown.keys.tolist()
        for row in events(
            shown.table,
            dt_ms=dt_ms,
            images=shown.numbers,
            item_labels=shown.item_labels[shown.items].tolist(),
            seed=seed,
        ):
            self.events.append(row | {"trial": keys[row["trial"]]})


def _store(
    path: Path,
    condition: Condition,
    answers: list[npt.NDArray[Any]],
    seen: _Seen,
    is_stimulus: bool,
    dt_ms: float,
    attributes: dict[str, Any],
) -> None:
    # Trials that end early are filled up to the longest of all batches.
    steps = max(batch.shape[1] for batch in seen.labels)
    every = [_wide(batch, steps, condition.void_label) for batch in seen.labels]
    phases = [names + [""] * (steps - len(names)) for names in seen.phases]
    dims = ["image"]
    if all(
        a.ndim > 1 and a.shape[1] == b.shape[1] for a, b in zip(answers, seen.labels, strict=True)
    ):
        answers = [_wide(answer, steps, np.nan) for answer in answers]
        dims.append("time")
    responses = np.concatenate(answers)
    names = ["channel", "height", "width"] if is_stimulus else []
    dims += names or [f"feature_{number}" for number in range(responses.ndim - len(dims))]
    write_results(
        path,
        condition,
        responses,
        np.concatenate(every),
        phases,
        dims=dims,
        dt_ms=dt_ms,
        attributes=attributes,
    )
    write_events(seen.events, path.with_name(f"{path.stem}_events.tsv"))


def _wide(values: npt.NDArray[Any], steps: int, filler: float) -> npt.NDArray[Any]:
    """Bring ``(image, time, ...)`` of shorter batches to the length of the longest."""
    missing = steps - values.shape[1]
    if not missing:
        return values
    kind = np.result_type(values, np.float32) if filler != filler else values.dtype
    tail = np.full((len(values), missing, *values.shape[2:]), filler, kind)
    return np.concatenate([values.astype(kind), tail], axis=1)


def _progress(quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    progress = Progress(*columns, TimeRemainingColumn(), disable=quiet)
    progress.disable = quiet or not progress.console.is_terminal
    return progress


def count_frames(conditions: Sequence[Condition], dataset: Any) -> list[dict[str, Any]]:
    """List conditions with what each costs, before anything runs.

    Parameters
    ----------
    conditions
        What would be presented.
    dataset
        A map-style data set; its first image says how large all are.
    """
    images = Collector(default_collate)([([0], [dataset[0]])]).images
    size = images[0].numel() * images.element_size()
    return [
        {"name": c.name, **c.values, **c.cost(len(dataset), size), "sha256": c.identity}
        for c in conditions
    ]
