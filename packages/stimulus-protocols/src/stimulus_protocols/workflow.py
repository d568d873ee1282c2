"""The conditions of experiments as jobs of Snakemake."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from neuroai_core.errors import strict_arguments
from neuroai_core.files import atomic_write
from stimulus_protocols.configuration import read_experiments
from stimulus_protocols.experiments import conditions


@strict_arguments
def write_workflow(
    config: str | os.PathLike[str],
    path: str | os.PathLike[str],
    *,
    dataset: str,
    model: str | None = None,
    results: str | os.PathLike[str] = "results",
) -> None:
    """Write a Snakefile in which every condition of every experiment is a rule of its own.

    Snakemake then runs them side by side, here or on a cluster, and makes
    only what is missing: ``snakemake -s Snakefile --cores 4``.

    Parameters
    ----------
    config
        A YAML file with ``experiment_config``.
    path
        Where to.
    dataset, model
        As the command ``stimulus-protocols run`` takes them.
    results
        Folder of the results.

    Examples
    --------
    >>> _ = Path("config.yaml").write_text('''
    ... experiment_config:
    ...   duration:
    ...     parameter: stim
    ...     data_loader: StimulusDuration
    ...     data_args: {tsteps: 20, stim: [5, 10]}
    ... ''')
    >>> write_workflow("config.yaml", "Snakefile", dataset="photos")
    >>> Path("Snakefile").read_text().count("rule duration_")
    2
    """
    rules, targets = [], []
    for name, experiment in read_experiments(config).items():
        for number, condition in enumerate(conditions(experiment)):
            target = (Path(results) / name / f"{condition.name}.nc").as_posix()
            command = [
                "stimulus-protocols",
                "run",
                str(config),
                "--experiment",
                name,
                "--condition",
                str(number),
                "--dataset",
                dataset,
                "--output",
                str(results),
                "--quiet",
                *(["--model", model] if model else []),
            ]
            # Snakemake fills in what stands in braces.
            shell = shlex.join(command).replace("{", "{{").replace("}", "}}")
            targets.append(target)
            rules.append(
                f"rule {_word(name)}_{number}:\n"
                f"    input: {str(config)!r}\n"
                f"    output: {target!r}\n"
                f"    shell: {shell!r}\n"
            )
    everything = "".join(f"        {target!r},\n" for target in targets)
    atomic_write(path, f"rule all:\n    input:\n{everything}\n\n" + "\n\n".join(rules))


def _word(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name)
