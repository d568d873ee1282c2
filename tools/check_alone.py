"""Check a package in an environment that holds it and its own needs alone.

    python -I tools/check_alone.py neural-shards [EXTRA ...]

Imports it with every warning an error; fails if the import came from a source
folder, loaded an optional dependency, changed the environment, the random
state or the logging, or if something is installed that the package has no
business with.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import logging
import os
import random
import subprocess
import sys
import warnings
from types import ModuleType

#: Distributions that come only with some packages, and with which extras.
ONLY_WITH = {
    "torch": {
        "vision-data",
        "stimulus-protocols",
        "neural-shards[torch]",
        "neural-shards[lightning]",
        "retina-data",
        "imagenet-dm",
    },
    "torchvision": {"vision-data", "imagenet-dm"},
    "lightning": {"imagenet-dm", "neural-shards[lightning]", "retina-data[lightning]"},
    "pytorch-lightning": {"imagenet-dm", "neural-shards[lightning]", "retina-data[lightning]"},
}
#: Distributions that come with an extra only.
EXTRA_ONLY = {"ffcv", "matplotlib", "pynwb", "snakemake"}
OURS = {
    "imagenet_dm",
    "jpeg_crops",
    "neural_shards",
    "neuroai_core",
    "retina_data",
    "stimulus_protocols",
    "vision_data",
}
#: Modules that no package loads on import, even where they are installed.
LAZY = {
    "ffcv",
    "snakemake",
    "pynwb",
    "hdmf",
    "matplotlib",
    "av",
    "dask",
    "xarray",
    "zarr",
    "zstandard",
}


def main(package: str, extras: list[str]) -> int:
    """Print what is wrong; 0 if nothing is."""
    module = package.replace("-", "_")
    wrong = surplus(package, extras)
    import_others(module)
    before = state()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        imported = importlib.import_module(module)
    wrong += [
        f"importing {module} changed {what}" for what in before if before[what] != state()[what]
    ]
    if "site-packages" not in str(imported.__file__):
        wrong.append(f"{module} was imported from {imported.__file__}, not as installed")
    wrong += [f"importing {module} loads {name}" for name in sorted(LAZY & set(sys.modules))]
    wrong += absent(imported)
    if imported.__version__ != importlib.metadata.version(package):
        wrong.append(f"{module}.__version__ is {imported.__version__}, the wheel's is another")
    print("\n".join(wrong) or f"{package} {imported.__version__} stands alone")
    return 1 if wrong else 0


def import_others(module: str) -> None:
    """Import what the package's import brings from elsewhere: what that changes is not ours."""
    command = f"import {module}, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", command], capture_output=True, check=True)
    for name in done.stdout.decode().split():
        if name.partition(".")[0] not in OURS:
            with contextlib.suppress(ImportError):  # some modules make others up
                importlib.import_module(name)


def absent(module: ModuleType) -> list[str]:
    """List the public names that are neither there nor say which extra brings them."""
    wrong = []
    for name in module.__all__:
        try:
            getattr(module, name)
        except ImportError as error:
            if f'pip install "{module.__name__.replace("_", "-")}[' not in str(error):
                wrong.append(f"{name}: {error}")
        except AttributeError:
            wrong.append(f"{name} is in __all__ but not there")
    return wrong


def surplus(package: str, extras: list[str]) -> list[str]:
    """List what is installed without being a need of this package."""
    mine = {package, *(f"{package}[{extra}]" for extra in extras)}
    installed = {d.metadata["Name"].lower() for d in importlib.metadata.distributions()}
    strange = {name for name, users in ONLY_WITH.items() if not users & mine}
    if not extras:
        strange |= EXTRA_ONLY
    return [
        f"{name} is installed, which {package} does not need"
        for name in sorted(strange & installed)
    ]


def state() -> dict[str, object]:
    """Take what an import must leave alone."""
    root = logging.getLogger()
    return {
        "the environment": dict(os.environ),
        "Python's random state": random.getstate(),
        "the logging": (root.level, list(root.handlers)),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
