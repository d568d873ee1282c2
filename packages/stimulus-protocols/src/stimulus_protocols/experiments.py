"""Experiments as a lab writes them down: one loader, some lists of values, their product."""

from __future__ import annotations

import hashlib
import inspect
import itertools
import json
from dataclasses import dataclass
from typing import Any

from pydantic import model_validator

from neuroai_core.errors import InputError, UnknownArgumentError, check_known, reject_unknown
from stimulus_protocols import protocols
from stimulus_protocols.labels import check_label
from stimulus_protocols.loader import StimulusProtocolDataLoader
from stimulus_protocols.loaders import (
    StimulusContrastDataLoader,
    StimulusDurationDataLoader,
    StimulusIntervalDataLoader,
)
from stimulus_protocols.painter import Void, check_void
from stimulus_protocols.specs import content_hash
from stimulus_protocols.timeline import Timeline
from stimulus_protocols.values import Value

#: Short names of arguments, and the long ones.
ALIASES = {
    "tsteps": "n_timesteps",
    "dsteps": "n_timesteps",
    "stim": "stimulus_duration",
    "intro": "intro_duration",
    "interval": "interval_duration",
    "contrast": "stimulus_contrast",
    "voidid": "void_label",
    "voidinput": "void_value",
}

_LOADERS: dict[str, type[StimulusProtocolDataLoader]] = {
    "StimulusDuration": StimulusDurationDataLoader,
    "StimulusInterval": StimulusIntervalDataLoader,
    "StimulusContrast": StimulusContrastDataLoader,
}
#: Arguments that say how a timeline is shown, whatever the loader.
_SHOWING = ("void_value", "void_label")


class Experiment(Value):
    """One experiment: a loader and its arguments, some of them lists.

    Parameters
    ----------
    name
        What it is called.
    parameter
        The argument that is varied; it must be a list.
    data_loader
        ``StimulusDuration``, ``StimulusInterval``, ``StimulusContrast``, or
        the name of a protocol.
    data_args
        Arguments of the loader, or of the protocol; the short names in
        `ALIASES` may be used. The product of all lists is the set of conditions.
    status
        Which state of the model the experiment is about, such as ``trained``;
        kept with the results.

    Raises
    ------
    InputError, UnknownArgumentError
        For arguments that are unknown, given twice or impossible, in any condition.

    Examples
    --------
    >>> experiment = Experiment(
    ...     name="contrast",
    ...     parameter="contrast",
    ...     data_loader="StimulusContrast",
    ...     data_args={"tsteps": 100, "stim": 15, "contrast": [0.2, 0.5, 1.0]},
    ... )
    >>> [condition.name for condition in conditions(experiment)]
    ['stimulus_contrast=0.2', 'stimulus_contrast=0.5', 'stimulus_contrast=1.0']
    """

    name: str
    parameter: str | None = None
    data_loader: str
    data_args: dict[str, Any]
    status: str | None = None

    @model_validator(mode="after")
    def _can_be_run(self) -> Experiment:
        conditions(self)
        return self


@dataclass(frozen=True)
class Condition:
    """One condition of an experiment.

    Parameters
    ----------
    experiment, name
        Where it belongs, and what it is called: the varied values.
    values
        The values that are varied, by name.
    timeline
        What is shown.
    void_value, void_label
        What a blank shows (see `StimulusProtocolDataLoader`), and its label.
    dt_ms
        Milliseconds a step, where the arguments say so.
    """

    experiment: str
    name: str
    values: dict[str, Any]
    timeline: Timeline
    void_value: Void | None = None
    void_label: int = -1
    dt_ms: float | None = None

    def __post_init__(self) -> None:
        if self.void_value is not None:
            check_void(self.void_value)
        check_label(self.void_label)

    @property
    def identity(self) -> str:
        """The SHA-256 of all that makes it up."""
        parts = [content_hash(self.timeline), self.void_value, self.void_label]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def cost(self, images: int, image_bytes: int) -> dict[str, int]:
        """Say what it takes: steps, frames for all images, and bytes if they were dense."""
        frames = len(self.timeline) * images
        return {"steps": len(self.timeline), "frames": frames, "bytes": frames * image_bytes}


def conditions(experiment: Experiment) -> list[Condition]:
    """List the conditions of an experiment; none is rendered.

    Returns
    -------
    One for each combination of the listed values; the last argument varies fastest.
    """
    arguments = _long_names(experiment)
    varied = [name for name, value in arguments.items() if isinstance(value, list)]
    _check_parameter(experiment, varied)
    for name in varied:
        if not arguments[name]:
            raise InputError("a list of values is empty", key=_place(experiment, name))
    listed = (value if isinstance(value, list) else [value] for value in arguments.values())
    made = []
    for combination in itertools.product(*listed):
        chosen = dict(zip(arguments, combination, strict=True))
        values = {name: chosen[name] for name in varied}
        name = "_".join(f"{key}={value}" for key, value in values.items()) or "all"
        made.append(_condition(experiment, name, values, chosen))
    return made


def _condition(
    experiment: Experiment, name: str, values: dict[str, Any], arguments: dict[str, Any]
) -> Condition:
    showing = {key: arguments.pop(key) for key in _SHOWING if key in arguments}
    try:
        timeline = _timeline(experiment.data_loader.removesuffix("DataLoader"), arguments)
        return Condition(
            experiment.name, name, values, timeline, dt_ms=arguments.get("dt_ms"), **showing
        )
    except (InputError, UnknownArgumentError) as error:
        error.key = _place(experiment, error.key)
        raise


def _place(experiment: Experiment, key: object) -> str:
    """Say where an argument stands, by the name under which it was given."""
    given = {ALIASES.get(name, name): name for name in experiment.data_args}
    return "data_args" if key is None else f"data_args.{given.get(str(key), key)}"


def _timeline(loader: str, arguments: dict[str, Any]) -> Timeline:
    if loader in _LOADERS:
        # The loader itself checks its arguments, on a data set of nothing.
        return _LOADERS[loader](_NOTHING, **arguments).protocol
    return protocols.BY_NAME[loader](**arguments)


_NOTHING: list[Any] = [None]


def _protocol_arguments(loader: type[StimulusProtocolDataLoader]) -> list[str]:
    return [n for n in inspect.signature(loader).parameters if n not in ("dataset", "arguments")]


def _long_names(experiment: Experiment) -> dict[str, Any]:
    name = experiment.data_loader.removesuffix("DataLoader")
    check_known(
        "data_loader",
        [name],
        [*_LOADERS, *protocols.BY_NAME],
        key="data_loader",
    )
    if name in _LOADERS:
        known = [*_protocol_arguments(_LOADERS[name]), *_SHOWING]
    else:
        known = [*inspect.signature(protocols.BY_NAME[name]).parameters, *_SHOWING]
    try:
        reject_unknown(name, experiment.data_args, {*known, *_short(known)})
    except UnknownArgumentError as error:
        error.key = "data_args"
        raise
    arguments: dict[str, Any] = {}
    for key, value in experiment.data_args.items():
        long = key if key in known else ALIASES[key]
        if long in arguments:
            raise InputError(
                "an argument is given twice, under two names", key=f"data_args.{key}", found=long
            )
        arguments[long] = value
    return arguments


def _short(known: list[str]) -> list[str]:
    return [short for short, long in ALIASES.items() if long in known]


def _check_parameter(experiment: Experiment, varied: list[str]) -> None:
    name = experiment.parameter
    if name is not None and name not in varied and ALIASES.get(name) not in varied:
        raise InputError(
            "the parameter of an experiment is not varied",
            key="parameter",
            expected=f"one of {varied}" if varied else "an argument with a list of values",
            found=name,
        )
