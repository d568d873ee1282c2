from __future__ import annotations

import pytest

from neuroai_core import DataError, InputError, NotFoundError
from stimulus_protocols.documents import Document

TEXT = """a:
  b: [1, 2]
  parts:
  - {x: 1}
  - x: 2
    y: 3
b: 4
"""


@pytest.mark.parametrize(
    ("inside", "key", "line"),
    [
        ((), "a", "line 1"),
        ((), "a.b", "line 2"),
        ((), "b", "line 7"),
        (("a",), "b", "line 2"),
        ((), "a.parts.0.x", "line 4"),
        ((), "a.parts.1.x", "line 5"),
        ((), "a.parts.1", "line 5"),
        ((), "a.parts.9.x", "line 3"),  # as near as there is
        ((), "unheard_of.y", "line 6"),  # wherever it stands
        ((), "unheard_of", None),
        ((), None, None),
    ],
)
def test_the_line_of_a_key(inside, key, line):
    with pytest.raises(InputError) as caught, Document(TEXT, "a.yaml").located(*inside):
        raise InputError("wrong", key=key)
    assert caught.value.index == line
    assert caught.value.path == "a.yaml"


def test_what_an_error_knows_already_is_kept():
    with pytest.raises(InputError) as caught, Document(TEXT, "a.yaml").located():
        raise InputError("wrong", key="a", path="other.png", index=5)
    assert (caught.value.path, caught.value.index) == ("other.png", 5)


@pytest.mark.parametrize("text", ["a: 1\na: 2", "- {b: 1, b: 2}", "[", "a: &x 1\nb: *y"])
def test_what_is_refused(text):
    with pytest.raises(DataError, match=r"twice|no YAML"):
        Document(text)


def test_files_that_are_none(tmp_path):
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path, tmp_path / "bytes"):
        with pytest.raises(DataError, match="the thing is no text"):
            Document.read(path, "thing")
    with pytest.raises(NotFoundError, match="the thing is not there"):
        Document.read(tmp_path / "none", "thing")
