"""Fail unless ``dist/`` holds exactly a wheel and an sdist of every package, each complete."""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from workspace import DIST, Package, packages


def main() -> int:
    """Print what is wrong; 0 if nothing is."""
    wheels = {p.wheel for p in packages().values()}
    sdists = {DIST / f"{p.import_name}-{p.version}.tar.gz" for p in packages().values()}
    there = {path for path in DIST.iterdir() if path.name != ".gitignore"}
    wrong = [f"unexpected: {p.name}" for p in sorted(there - wheels - sdists)]
    wrong += [f"missing: {p.name}" for p in sorted(sdists - there)]
    for package in packages().values():
        wrong += check(package)
    print("\n".join(wrong) or f"dist/ is complete: {len(wheels)} wheels, {len(sdists)} sdists")
    return 1 if wrong else 0


def check(package: Package) -> list[str]:
    """List what a package's wheel and sdist lack, or hold that they should not."""
    with zipfile.ZipFile(package.wheel) as wheel:
        names = set(wheel.namelist())
        metadata = wheel.read(_only(names, ".dist-info/METADATA")).decode()
    wrong = []
    expected = {f"{package.import_name}/{file}" for file in ("__init__.py", "py.typed")}
    expected.add(f"{package.import_name}-{package.version}.dist-info/licenses/LICENSE")
    wrong += [f"{package.wheel.name} lacks {name}" for name in sorted(expected - names)]
    own = (f"{package.import_name}/", f"{package.import_name}-{package.version}.dist-info/")
    strange = sorted(n for n in names if not n.startswith(own))
    wrong += [f"{package.wheel.name} holds {name}" for name in strange]
    for line in ("License-Expression: MIT", "Requires-Python: >=3.11"):
        if line not in metadata.splitlines():
            wrong.append(f"{package.wheel.name}: no '{line}' in its metadata")
    source = {
        file.relative_to(package.folder / "src").as_posix()
        for file in (package.folder / "src").rglob("*.py")
    }
    wrong += [f"{package.wheel.name} lacks {name}" for name in sorted(source - names)]
    with tarfile.open(DIST / f"{package.import_name}-{package.version}.tar.gz") as sdist:
        inside = {name.partition("/")[2] for name in sdist.getnames()}
    for name in ("LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml"):
        if name not in inside:
            wrong.append(f"the sdist of {package.name} lacks {name}")
    return wrong


def _only(names: set[str], ending: str) -> str:
    (name,) = (n for n in names if n.endswith(ending))
    return name


if __name__ == "__main__":
    sys.exit(main())
