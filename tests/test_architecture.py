"""What holds over all packages: who imports whom, what each folder has, how siblings are pinned."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = sorted(path.parent for path in ROOT.glob("packages/*/pyproject.toml"))
NAMES = [folder.name for folder in FOLDERS]
IMPORT_NAMES = {name.replace("-", "_") for name in NAMES}

#: Which sibling a package may import; the rest meet in the user's code.
MAY_IMPORT = {
    "neuroai_core": set(),
    "jpeg_crops": set(),
    "vision_data": {"neuroai_core", "jpeg_crops"},
    "stimulus_protocols": {"neuroai_core"},
    "neural_shards": {"neuroai_core"},
    "retina_data": {"neuroai_core"},
    "imagenet_dm": {"neuroai_core", "jpeg_crops"},
}


def imports(file: Path) -> list[tuple[str, list[str]]]:
    """List the modules a file imports, each with the names taken from it."""
    found = []
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [(alias.name, []) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.append((node.module, [alias.name for alias in node.names]))
    return found


def test_the_seven_packages_are_there():
    assert {name.replace("-", "_") for name in NAMES} == set(MAY_IMPORT)


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_imports_keep_to_the_architecture(folder):
    own = folder.name.replace("-", "_")
    wrong = []
    for file in folder.glob("src/**/*.py"):
        for module, names in imports(file):
            package, *parts = module.split(".")
            if package not in IMPORT_NAMES or package == own:
                continue
            private = [p for p in (*parts, *names) if p.startswith("_") and p != "__version__"]
            if package not in MAY_IMPORT[own] or private:
                wrong.append(f"{file.relative_to(ROOT)} imports {names} from {module}")
    assert not wrong


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_a_package_is_complete(folder):
    own = folder / "src" / folder.name.replace("-", "_")
    for file in (own / "py.typed", own / "__about__.py", folder / "LICENSE"):
        assert file.is_file(), file
    version = re.findall(r'__version__ = "(.+)"', (own / "__about__.py").read_text())[0]
    assert f"## {version}" in (folder / "CHANGELOG.md").read_text()
    readme = (folder / "README.md").read_text()
    assert readme.startswith(f"# {folder.name}\n")
    assert f"pip install {folder.name}" in readme
    assert "```python" in readme
    assert list((folder / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_every_dependency_has_a_floor_with_a_reason(folder):
    text = (folder / "pyproject.toml").read_text()
    project = tomllib.loads(text)["project"]
    extras = project.get("optional-dependencies", {})
    for requirement in [*project["dependencies"], *(r for e in extras.values() for r in e)]:
        if requirement.startswith(f"{folder.name}["):
            continue  # an extra made of others
        assert ">=" in requirement, requirement
        line = next(line for line in text.splitlines() if f'"{requirement}"' in line)
        assert "#" in line, f"no reason beside {requirement}"


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_siblings_are_pinned_by_a_range_that_fits(folder):
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    needed = {r for r in project["dependencies"] if re.split(r"[^\w-]", r)[0] in NAMES}
    assert {re.split(r"[^\w-]", r)[0].replace("-", "_") for r in needed} <= MAY_IMPORT[
        folder.name.replace("-", "_")
    ]
    for requirement in needed:
        name, low, high = re.fullmatch(r"([\w-]+)>=(\d+\.\d+),<(\d+\.\d+)", requirement).groups()
        about = next((ROOT / "packages" / name).glob("src/*/__about__.py")).read_text()
        version = tuple(map(int, re.findall(r"(\d+)\.(\d+)\.\d+", about)[0]))
        assert tuple(map(int, low.split("."))) <= version < tuple(map(int, high.split(".")))
