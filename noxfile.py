"""The sessions: build first, then test what was built. ``nox --list`` names them all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT / "tools"))
import workspace  # noqa: E402  it lies in tools/

nox.needs_version = ">=2025.5"  # dependency groups, required sessions
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.error_on_missing_interpreters = False  # skipped with a word, on CI too
nox.options.sessions = ["lint", "types", "tests", "extras", "minimums", "integration"]

PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
PACKAGES = workspace.packages()
PYTHONS = workspace.pythons()
EXTRAS = [(p.name, e) for p in PACKAGES.values() for e in p.extras]
#: Extras that compile against system libraries, and what pkg-config calls those.
COMPILED = {("vision-data", "ffcv"): ["opencv4", "libturbojpeg"]}


def group(name: str) -> list[str]:
    """Give the requirements of a dependency group."""
    return list(nox.project.dependency_groups(PROJECT, name))


def can_build(session: nox.Session, package: str, extra: str) -> bool:
    """Say whether the system has what an extra compiles against; on CI it must."""
    needed = COMPILED.get((package, extra), [])
    if not needed:
        return True
    found = (
        shutil.which("pkg-config")
        and shutil.which("c++")
        and not subprocess.run(["pkg-config", "--exists", *needed], check=False).returncode
    )
    if not found and os.environ.get("CI"):
        session.error(f"{package}[{extra}] needs {', '.join(needed)}: see .ci/system-packages.txt")
    return bool(found)


def install(session: nox.Session, *requirements: tuple[str, tuple[str, ...]]) -> None:
    """Install built wheels with extras; siblings come from ``dist/`` too."""
    wanted = dict(requirements)
    for name, _ in requirements:
        for sibling in PACKAGES[name].siblings:
            wanted.setdefault(sibling, ())
    session.install(*(PACKAGES[name].requirement(*extras) for name, extras in wanted.items()))


def pytest(session: nox.Session, *arguments: str) -> None:
    """Run pytest as a module: spawned workers then find the test modules they came from."""
    session.run("python", "-m", "pytest", *arguments, *session.posargs)


def everything(session: nox.Session) -> list[tuple[str, tuple[str, ...]]]:
    """Every package with every extra that this system can have."""
    return [
        (p.name, tuple(e for e in p.extras if can_build(session, p.name, e)))
        for p in PACKAGES.values()
    ]


@nox.session
def build(session: nox.Session) -> None:
    """Build a wheel and an sdist of every package into dist/, and check them."""
    session.install("hatch>=1.16")  # the first with workspaces
    shutil.rmtree(workspace.DIST, ignore_errors=True)
    session.run("hatch", "build", "--all", env={"UV_PYTHON": None}, silent=True)
    session.run("python", "tools/check_dist.py")


@nox.session(python=PYTHONS, requires=["build"])
@nox.parametrize("package", list(PACKAGES), ids=list(PACKAGES))
def tests(session: nox.Session, package: str) -> None:
    """Test a package's wheel with its declared dependencies alone."""
    install(session, (package, ()))
    session.run("python", "-I", "-W", "error", "-c", f"import {PACKAGES[package].import_name}")
    session.run("python", "-I", "tools/check_alone.py", package)
    session.install(*group("test"))
    pytest(session, f"packages/{package}", "--extras=")


@nox.session(requires=["build"])
@nox.parametrize("package,extra", EXTRAS, ids=[f"{p}[{e}]" for p, e in EXTRAS])
def extras(session: nox.Session, package: str, extra: str) -> None:
    """Test one extra of one package."""
    if not can_build(session, package, extra):
        session.skip(f"the system libraries for {package}[{extra}] are not here")
    install(session, (package, (extra,)))
    session.run("python", "-I", "tools/check_alone.py", package, extra)
    session.install(*group("test"))
    pytest(session, f"packages/{package}/tests/extra_{extra}", f"--extras={extra}")


@nox.session(python=PYTHONS[0], venv_backend="uv")
@nox.parametrize("package", list(PACKAGES), ids=list(PACKAGES))
def minimums(session: nox.Session, package: str) -> None:
    """Run a package's tests on the lowest versions it declares."""
    # From the folder: lowest resolution does not reach into a wheel.
    chosen = [e for e in PACKAGES[package].extras if can_build(session, package, e)]
    folders = [str(PACKAGES[s].folder) for s in PACKAGES[package].siblings]
    folders[0] += f"[{','.join(chosen)}]" if chosen else ""
    session.install("--resolution=lowest-direct", *folders)
    session.install(*group("test"))
    pytest(session, f"packages/{package}", f"--extras={','.join(chosen)}")


@nox.session(requires=["build"])
def integration(session: nox.Session) -> None:
    """Install everything together and run what crosses packages."""
    install(session, *everything(session))
    session.install(*group("integration"))
    pytest(session, "tests")


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format."""
    session.install(*group("lint"))
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(requires=["build"])
def types(session: nox.Session) -> None:
    """Check the types of every package, strictly."""
    install(session, *everything(session))
    session.install(*group("types"))
    for package in PACKAGES.values():
        session.run("mypy", f"packages/{package.name}/src")


@nox.session(requires=["build"])
def demo(session: nox.Session) -> None:
    """Do the main job on real input; ``-- --data DIR`` takes the user's own."""
    extras = {"neural-shards": ("torch", "nwb")}
    install(session, *((name, extras.get(name, ())) for name in PACKAGES))
    session.install(*group("demo"))
    session.run("python", "tools/demo", *session.posargs)


@nox.session(default=False, requires=["build"])
def bench(session: nox.Session) -> None:
    """Run a package's benchmarks beside their peers: ``-- PACKAGE [SCRIPT ...]``."""
    _scripts(session, "benchmarks")


@nox.session(default=False, requires=["build"])
def campaign(session: nox.Session) -> None:
    """Run a package's long campaigns (kills, damage, mutations): ``-- PACKAGE [SCRIPT ...]``."""
    _scripts(session, "campaigns")


def _scripts(session: nox.Session, folder: str) -> None:
    if not session.posargs or session.posargs[0] not in PACKAGES:
        session.error(f"name a package after --: {', '.join(PACKAGES)}")
    package, *scripts = session.posargs
    there = PACKAGES[package].folder / folder
    install(
        session,
        (package, tuple(e for e in PACKAGES[package].extras if can_build(session, package, e))),
    )
    for file in sorted(there.glob("*requirements*.txt")):
        session.install("-r", str(file))
    for script in scripts or sorted(p.name for p in there.glob("*.py") if p.name[0] != "_"):
        session.run("python", str(there / script))
