"""Experiments as they stand in a configuration file."""

from __future__ import annotations

import os
from collections.abc import Mapping

from neuroai_core.errors import DataError, NeuroAIError, reject_unknown
from stimulus_protocols.documents import Document
from stimulus_protocols.experiments import Experiment


def read_experiments(path: str | os.PathLike[str]) -> dict[str, Experiment]:
    """Read the ``experiment_config`` of a YAML file; its other keys are not looked at.

    Raises
    ------
    NotFoundError, DataError, InputError, UnknownArgumentError
        For any of the experiments, naming the file, the experiment and the line.

    Examples
    --------
    >>> from pathlib import Path
    >>> _ = Path("config.yaml").write_text('''
    ... experiment_config:
    ...   contrast:
    ...     status: trained
    ...     parameter: contrast
    ...     data_loader: StimulusContrast
    ...     data_args: {tsteps: 100, stim: 15, contrast: [0.2, 0.5, 1.0]}
    ... ''')
    >>> read_experiments("config.yaml")["contrast"].data_args["contrast"]
    [0.2, 0.5, 1.0]
    """
    document = Document.read(path, "configuration")
    with document.located("experiment_config"):
        return experiments(document.data)


def experiments(data: object) -> dict[str, Experiment]:
    """Make experiments of the plain values of a configuration.

    Examples
    --------
    >>> made = experiments({"experiment_config": {"short": {
    ...     "parameter": "stim",
    ...     "data_loader": "StimulusDuration",
    ...     "data_args": {"tsteps": 20, "stim": [5, 10]},
    ... }}})
    >>> made["short"].parameter
    'stim'
    """
    found = data.get("experiment_config") if isinstance(data, Mapping) else None
    if not isinstance(found, Mapping) or not found:
        raise DataError(
            "the configuration has no experiments",
            key="experiment_config",
            expected="a mapping from names to experiments",
            found=sorted(map(str, data)) if isinstance(data, Mapping) else type(data).__name__,
        )
    made = {}
    for name, parts in found.items():
        if not isinstance(parts, Mapping):
            raise DataError("an experiment is no mapping", key=f"{name}", found=parts)
        try:
            # Its name stands before it.
            reject_unknown("Experiment", parts, set(Experiment.model_fields) - {"name"})
            made[str(name)] = Experiment(name=str(name), **parts)
        except NeuroAIError as error:
            error.key = f"{name}" if error.key is None else f"{name}.{error.key}"
            raise
    return made
