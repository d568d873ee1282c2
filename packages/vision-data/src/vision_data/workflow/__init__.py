"""The steps of preparing data as a Snakemake workflow (extra ``workflow``)."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from neuroai_core.errors import InputError
from neuroai_core.extras import require

HERE = Path(__file__).parent
SNAKEFILE = HERE / "Snakefile"
SLURM_PROFILE = HERE / "profiles" / "slurm"


def run_workflow(
    targets: Sequence[str | os.PathLike[str]],
    *,
    root: str | os.PathLike[str] = "data",
    config: str | os.PathLike[str] | None = None,
    jobs: int = 1,
    slurm: bool = False,
    dry_run: bool = False,
    val_ratio: float = 0.0,
) -> int:
    """Make files of a data root with Snakemake, and whatever they need.

    Parameters
    ----------
    targets
        Files below the data root: ``raw/<name>/<subset>.ready``,
        ``interim/<name>/<subset>_<group>/folder.link``,
        ``processed/<name>/<subset>_<group>/<part>.beton``, with the root in front.
    root
        The data root.
    config
        A configuration file, see `vision_data.read_config`.
    jobs
        Jobs at a time.
    slurm
        Run the jobs on Slurm, by Snakemake's plug-in and the profile that is
        shipped.
    dry_run
        Only say what would be done.
    val_ratio
        The part of the training images that goes into ``val.beton``.

    Returns
    -------
    The exit code of Snakemake.

    Raises
    ------
    MissingExtraError
        If Snakemake is not installed.
    InputError
        If a target is not below the data root.
    """
    require("snakemake", package="vision-data", extra="workflow")
    inside = Path(root).absolute()
    paths = [Path(target).absolute() for target in targets]
    for path in paths:
        if not path.is_relative_to(inside):
            raise InputError("a target is not below the data root", path=path, expected=inside)
    settings = [f"root={inside}", f"val_ratio={val_ratio}", f"python={sys.executable}"]
    if config is not None:
        settings.append(f"data_config={Path(config).absolute()}")
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(SNAKEFILE)]
    command += ["--directory", str(inside.parent), "--jobs", str(jobs), "--rerun-incomplete"]
    command += ["--rerun-triggers", "mtime"]
    if slurm:
        require("snakemake_executor_plugin_slurm", package="vision-data", extra="workflow")
        command += ["--profile", str(SLURM_PROFILE)]
    if dry_run:
        command.append("--dry-run")
    command += ["--config", *settings, "--", *map(str, paths)]
    return subprocess.run(command, check=False).returncode  # noqa: S603  our own words
