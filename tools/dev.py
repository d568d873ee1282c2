"""Set up what the work on this repository needs, in a folder of its own, and run nox in it.

    python3 tools/dev.py demo              the main job, on real input
    python3 tools/dev.py test              all tests
    python3 tools/dev.py lint types        any sessions of the noxfile by name
    python3 tools/dev.py demo -- --data DIR

Needs Python 3.11 or newer and its standard library, nothing else: neither pip
that may install system-wide nor the venv package of the distribution.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".tools"
# nox 2025.5 reads dependency groups and runs required sessions first.
TOOLS = ["nox>=2025.5", "uv>=0.5", "virtualenv>=20.26"]
# The system's certificates, as pip and curl use them; and no Python from elsewhere.
UV = {"UV_SYSTEM_CERTS": "1", "UV_PYTHON_DOWNLOADS": "never"}
TEST = ["lint", "types", "tests", "extras", "minimums", "integration", "demo"]


def main(arguments: list[str]) -> int:
    """Run the sessions that the arguments name; what follows ``--`` goes to them."""
    if sys.version_info < (3, 11):  # noqa: UP036  this file is what says so
        print(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}", file=sys.stderr)
        return 2
    split = arguments.index("--") if "--" in arguments else len(arguments)
    sessions, rest = arguments[:split], arguments[split:]
    if not sessions or {"-h", "--help"} & set(sessions):
        print(__doc__)
        return 0 if sessions else 2
    if sessions == ["test"]:
        sessions = TEST
    python = tools_environment()
    command = [str(python), "-m", "nox", "-f", str(ROOT / "noxfile.py"), "-s", *sessions, *rest]
    path = os.pathsep.join([str(python.parent), os.environ.get("PATH", ""), *pyenv_folders()])
    environment = {**UV, **os.environ, "PATH": path}
    try:
        return subprocess.run(command, env=environment, check=False).returncode
    except KeyboardInterrupt:
        return 130


def tools_environment() -> Path:
    """Make the environment that holds nox, once, and give its interpreter."""
    python = FOLDER / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = hashlib.sha256(repr((TOOLS, sys.version)).encode()).hexdigest()
    mark = FOLDER / "ready"
    if mark.exists() and mark.read_text() == wanted:
        return python
    print("Setting up the tools (nox, uv) in .tools/ ...", file=sys.stderr)
    shutil.rmtree(FOLDER, ignore_errors=True)
    if uv := shutil.which("uv"):
        run([uv, "venv", "--quiet", "--python", sys.executable, str(FOLDER)])
        run([uv, "pip", "install", "--quiet", "--python", str(python), *TOOLS])
    else:
        run([*pip_for(python), "install", "--quiet", "--disable-pip-version-check", *TOOLS])
    mark.write_text(wanted)
    return python


def pip_for(python: Path) -> list[str]:
    """Make an empty environment and give a pip that installs into it."""
    try:
        # Debian has the venv module without ensurepip, which makes this fail.
        import ensurepip  # noqa: F401

        venv.create(FOLDER, with_pip=True)
        return [str(python), "-m", "pip"]
    except (ImportError, subprocess.CalledProcessError):
        shutil.rmtree(FOLDER, ignore_errors=True)
    venv.create(FOLDER, with_pip=False)
    pip = [sys.executable, "-m", "pip"]
    if subprocess.run([*pip, "--version"], capture_output=True, check=False).returncode:
        raise SystemExit(
            f"{sys.executable} has neither ensurepip nor pip, and there is no uv on the PATH.\n"
            "Any one of them is enough: uv from https://docs.astral.sh/uv, or another Python."
        )
    return [*pip, "--python", str(python)]


def pyenv_folders() -> list[str]:
    """Find the Pythons of pyenv, whose own commands on the PATH start only the chosen one."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    return [str(folder) for folder in sorted(root.glob("3.*/bin"))]


def run(command: list[str]) -> None:
    """Run a command of the set-up, or stop with what it said."""
    if subprocess.run(command, env={**UV, **os.environ}, check=False).returncode:
        raise SystemExit(f"the set-up failed at: {' '.join(command)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
