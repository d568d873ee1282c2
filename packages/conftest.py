"""What the tests of every package share.

- ``tests/extra_<name>/`` holds the tests that need the extra of that name;
  ``--extras=nwb,torch`` says which are installed (the default: all of them).
- The examples in README.md and in docstrings run as tests.
- `real_data` is the folder of real recordings and images.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser
from sybil.parsers.rest import DocTestParser

ROOT = Path(__file__).parents[1]

# Times on shared machines vary; a slow example is no failure, a hang is (pytest-timeout).
# CI judges a commit by the same examples every time; new ones are sought everywhere else.
settings.register_profile("project", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("project")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--extras", default="all", help="installed extras, comma separated; 'all', or '' for none"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    extras = config.getoption("--extras")
    if extras == "all" or not collection_path.is_dir():
        return None
    name = collection_path.name
    missing = name.startswith("extra_") and name.removeprefix("extra_") not in extras.split(",")
    return True if missing else None


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with ``imagenet-sample/`` and ``nwb/``; mark the test ``realdata``."""
    folder = Path(os.environ.get("NEUROAI_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (set NEUROAI_REAL_DATA)")
    return folder


def _in_temporary_folder(namespace: dict[str, object]) -> None:
    folder = tempfile.TemporaryDirectory()
    namespace["_folder"], namespace["_before"] = folder, Path.cwd()
    os.chdir(folder.name)


def _back(namespace: dict[str, object]) -> None:
    os.chdir(namespace["_before"])  # type: ignore[arg-type]
    namespace["_folder"].cleanup()  # type: ignore[attr-defined]


_readme = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    patterns=["README.md"],
    setup=_in_temporary_folder,
    teardown=_back,
)
_docstrings = Sybil(
    parsers=[DocTestParser(optionflags=0)],
    patterns=["src/*/*.py", "src/*/*/*.py", "src/*/*/*/*.py"],
    setup=_in_temporary_folder,
    teardown=_back,
)
pytest_collect_file = (_readme + _docstrings).pytest()
