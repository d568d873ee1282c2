import json
import sys
from pathlib import Path

import pytest

from neuroai_core.errors import MissingExtraError
from neuroai_core.extras import require


def test_an_installed_module_is_given() -> None:
    assert require("json", package="a", extra="b") is json
    assert require("json.decoder", package="a", extra="b") is json.decoder


@pytest.mark.parametrize("module", ["no_such_module", "no_such_module.part", "json.no_such_part"])
def test_a_missing_module_names_the_remedy(module: str) -> None:
    with pytest.raises(MissingExtraError, match="is not installed") as raised:
        require(module, package="neural-shards", extra="nwb")
    error = raised.value
    assert error.hint == 'pip install "neural-shards[nwb]"'
    assert module.startswith(error.name or "?")
    assert f"this needs {error.name}," in str(error)
    assert isinstance(error, ImportError)


def test_a_blocked_module_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "json", None)
    with pytest.raises(MissingExtraError, match="this needs json"):
        require("json", package="a", extra="b")


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("import no_such_dependency", ModuleNotFoundError),
        ("from json import no_such_name", ImportError),
        ("1 / 0", ZeroDivisionError),
    ],
)
def test_an_error_inside_the_module_is_passed_on(
    source: str, error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken_module.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(error) as raised:
        require("broken_module", package="a", extra="b")
    assert not isinstance(raised.value, MissingExtraError)
