"""Presenting every condition of an experiment to a model, and keeping what it answers."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import torch
from torch.utils.data import default_collate

from neuroai_core.errors import DataError, InputError, check_known, strict_arguments
from stimulus_protocols import __about__
from stimulus_protocols.events import events, write_events
from stimulus_protocols.experiments import Condition
from stimulus_protocols.loader import StimulusProtocolDataLoader
from stimulus_protocols.parts import Part, Parts
from stimulus_protocols.presentation import Presentation
from stimulus_protocols.progress import progress
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
    model_gives: Literal["auto", "steps", "images"] = "auto",
    batch_size: int = 8,
    num_workers: int = 0,
    device: str = "cpu",
    dt_ms: float | None = None,
    seed: int = 0,
    store: Literal["netcdf", "zarr"] = "netcdf",
    identity: str = "",
    quiet: bool = False,
) -> list[Path]:
    """Present conditions to a model and store its responses, one file a condition.

    A run that was stopped, or killed, goes on where it was. Conditions whose
    file is there, made of the same timeline, seed and model, are left as they
    are; of the one that was cut short, the images that the model has answered
    are not shown again.

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
    model_gives
        What the second axis of answers to sequences is: ``"steps"``: time, also
        of an answer ``(batch, time)``; ``"images"``: never time. ``"auto"``
        takes it for time where it is as long as the trials and a third axis
        follows: an answer ``(batch, units)`` has no time, however many units
        there are. A model that takes frames answers each step in any case.
    device
        Where images go before the model sees them; responses stay on the CPU.
    dt_ms
        Milliseconds a step, for times and events. A condition whose arguments
        have ``dt_ms`` brings its own, and any other here is an error; where
        neither says, a step is 1 ms.
    store
        ``"netcdf"`` or ``"zarr"``.
    identity
        What tells this model and data set from others, say name and checkpoint.
    quiet
        Show no progress; none is shown where the output is no terminal.

    Returns
    -------
    The files, in the order of the conditions.

    Raises
    ------
    InputError
        Before anything runs, for a `dt_ms` that contradicts a condition's.
    DataError
        If the model answers with anything but a tensor of one row an image, or
        not step by step although `model_gives` says so.
    """
    check_known("model_takes", [model_takes], ("sequences", "frames"))
    check_known("model_gives", [model_gives], ("auto", "steps", "images"))
    check_known("store", [store], ("netcdf", "zarr"))
    if model is None or model_takes == "frames":
        if model_gives == "images":
            raise InputError(
                "what answers every step cannot answer images",
                key="model_gives",
                expected="'auto' or 'steps'",
                found=model_gives,
            )
        model_gives = "steps"
    times = [_step_ms(condition, dt_ms) for condition in conditions]
    made = []
    with progress(quiet=quiet) as bar:
        for condition, step_ms in zip(conditions, times, strict=True):
            path = results_path(out, condition, store)
            made.append(path)
            attributes = {
                "stimulus_protocols_version": __about__.__version__,
                "seed": seed,
                "identity": identity,
                "images": len(dataset),
                "dt_ms": step_ms,
                "model_gives": model_gives,
            }
            parts = Parts(path, made_of := {"condition_sha256": condition.identity, **attributes})
            if is_done(path, made_of):
                logger.info("%s is there already", path)
                parts.clear()
                continue
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
            done = parts.read()
            shown = sum(len(part.responses) for part in done)
            loader.load_state_dict({"version": 1, "delivered": shown, "epoch": 0, "loader": None})
            task = bar.add_task(condition.name, total=len(dataset), completed=shown)
            for presentation in loader:
                answer = _respond(presentation, model, model_takes, device)
                answer = _storable(answer, store)
                _check_steps(answer, len(presentation), model_gives)
                done.append(_part(presentation, answer, step_ms, seed))
                parts.add(done[-1])
                bar.advance(task, presentation.trials)
            _store(path, condition, done, model is None, step_ms, attributes)
            parts.clear()
    return made


def _step_ms(condition: Condition, given: float | None) -> float:
    """Say how long a step of a condition is: as its own arguments have it, or as given."""
    if given is not None and given <= 0:
        raise InputError("dt_ms is not positive", key="dt_ms", expected="more than 0", found=given)
    own = condition.dt_ms
    if own is not None and given is not None and float(own) != float(given):
        raise InputError(
            f"dt_ms contradicts that of condition {condition.name!r}",
            key="dt_ms",
            expected=f"{own:g}, as in its arguments, or none",
            found=f"{given:g}",
        )
    return float(next(value for value in (own, given, 1.0) if value is not None))


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
    # NumPy has no bfloat16.
    answer = answer.float() if answer.dtype == torch.bfloat16 else answer
    return answer.cpu().numpy()


def _storable(answer: npt.NDArray[Any], store: str) -> npt.NDArray[Any]:
    """Give an answer in a type that the store has, before the model is asked for more."""
    if store == "netcdf" and answer.dtype == np.float16:
        return answer.astype(np.float32)
    if store == "netcdf" and answer.dtype.kind == "c":
        raise DataError(
            "NetCDF has no complex numbers",
            expected="real answers, or store='zarr'",
            found=str(answer.dtype),
        )
    return answer


def _check_steps(answer: npt.NDArray[Any], steps: int, gives: str) -> None:
    if gives == "steps" and answer.shape[1:2] != (steps,):
        raise DataError(
            "the model did not answer every step",
            expected=f"(images, {steps}, ...)",
            found=answer.shape,
        )


def _has_time(parts: list[Part], gives: str) -> bool:
    """Say whether the second axis of answers is time (see `run`)."""
    if gives != "auto":
        return gives == "steps"
    return all(
        part.responses.ndim >= 3 and part.responses.shape[1] == part.labels.shape[1]
        for part in parts
    )


def _frame(model: Model, frame: torch.Tensor) -> torch.Tensor:
    # Kept on the CPU, or a long run would fill the device.
    return torch.as_tensor(model(frame)).cpu()


def _part(shown: Presentation, responses: npt.NDArray[Any], dt_ms: float, seed: int) -> Part:
    """Keep what was answered and what was shown: no pictures, only labels, phases and events."""
    phases = []
    for trial in range(shown.trials):
        table = shown.table.trial(trial)
        phases.append([table.phases[number] for number in table.phase[0, 0]])
    keys = shown.keys.tolist()
    rows = events(
        shown.table,
        dt_ms=dt_ms,
        images=shown.numbers,
        item_labels=shown.item_labels[shown.items].tolist(),
        seed=seed,
    )
    numbered = [row | {"trial": keys[row["trial"]]} for row in rows]
    return Part(responses, shown.labels.cpu().numpy(), phases, numbered)


def _store(
    path: Path,
    condition: Condition,
    parts: list[Part],
    is_stimulus: bool,
    dt_ms: float,
    attributes: dict[str, Any],
) -> None:
    # Trials that end early are filled up to the longest of all.
    steps = max(part.labels.shape[1] for part in parts)
    labels = [_wide(part.labels, steps, condition.void_label) for part in parts]
    phases = [names + [""] * (steps - len(names)) for part in parts for names in part.phases]
    answers, dims = [part.responses for part in parts], ["image"]
    if _has_time(parts, attributes["model_gives"]):
        answers = [_wide(answer, steps, np.nan) for answer in answers]
        dims.append("time")
    responses = np.concatenate(answers)
    names = ["channel", "height", "width"] if is_stimulus else []
    dims += names or [f"feature_{number}" for number in range(responses.ndim - len(dims))]
    rows = [row for part in parts for row in part.events]
    # The events first: a condition is done when its results are there.
    path.parent.mkdir(parents=True, exist_ok=True)
    write_events(rows, path.with_name(f"{path.stem}_events.tsv"))
    write_results(
        path,
        condition,
        responses,
        np.concatenate(labels),
        phases,
        dims=dims,
        dt_ms=dt_ms,
        attributes=attributes,
    )


def _wide(values: npt.NDArray[Any], steps: int, filler: float) -> npt.NDArray[Any]:
    """Bring ``(image, time, ...)`` of shorter batches to the length of the longest."""
    missing = steps - values.shape[1]
    if not missing:
        return values
    kind = np.result_type(values, np.float32) if filler != filler else values.dtype
    tail = np.full((len(values), missing, *values.shape[2:]), filler, kind)
    return np.concatenate([values.astype(kind), tail], axis=1)


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
