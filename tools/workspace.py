"""The packages of this repository, read from their project files."""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DIST = ROOT / "dist"


@dataclass(frozen=True)
class Package:
    """One distribution under ``packages/``; `siblings` are those it needs, itself first."""

    name: str
    folder: Path
    version: str
    extras: tuple[str, ...]
    siblings: tuple[str, ...]

    @property
    def import_name(self) -> str:
        """The name to import: the distribution's with underscores."""
        return self.name.replace("-", "_")

    @property
    def wheel(self) -> Path:
        """The one wheel of the current version in ``dist/``."""
        found = sorted(DIST.glob(f"{self.import_name}-{self.version}-*.whl"))
        if len(found) != 1:
            raise SystemExit(f"expected one wheel of {self.name} in {DIST}, found {len(found)}")
        return found[0]

    def requirement(self, *extras: str) -> str:
        """Name the wheel with extras, as pip and uv take it."""
        chosen = f"[{','.join(extras)}]" if extras else ""
        return f"{self.name}{chosen} @ {self.wheel.as_uri()}"


@functools.cache
def packages() -> dict[str, Package]:
    """Find every package, by name."""
    projects = {}
    for file in sorted(ROOT.glob("packages/*/pyproject.toml")):
        project = tomllib.loads(file.read_text())["project"]
        projects[project["name"]] = (file.parent, project)
    return {
        name: Package(
            name=name,
            folder=folder,
            version=_version(folder),
            extras=tuple(project.get("optional-dependencies", {})),
            siblings=tuple(_siblings(name, projects)),
        )
        for name, (folder, project) in projects.items()
    }


def pythons() -> list[str]:
    """Give the Python versions of the classifiers, the same in every package."""
    found = set()
    for file in ROOT.glob("packages/*/pyproject.toml"):
        classifiers = tomllib.loads(file.read_text())["project"]["classifiers"]
        found.add(tuple(re.findall(r"Python :: (3\.\d+)", "\n".join(classifiers))))
    if len(found) != 1:
        raise SystemExit(f"the packages name different Python versions: {sorted(found)}")
    return list(found.pop())


def _version(folder: Path) -> str:
    about = next(folder.glob("src/*/__about__.py")).read_text()
    return re.findall(r'__version__ = "(.+)"', about)[0]


def _siblings(name: str, projects: dict[str, tuple[Path, dict]]) -> list[str]:
    found = [name]
    for dependency in projects[name][1].get("dependencies", ()):
        sibling = re.match(r"[A-Za-z0-9-]+", dependency)[0]
        if sibling in projects:
            found += [s for s in _siblings(sibling, projects) if s not in found]
    return found
