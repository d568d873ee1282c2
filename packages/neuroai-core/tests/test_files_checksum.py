import hashlib
from pathlib import Path

import pytest

from neuroai_core import DataError, InputError, NotFoundError, UnknownNameError
from neuroai_core.files import check_file, checksum

# Of "abc": FIPS 180-4 (SHA-256), RFC 1321 (MD5).
ABC = {
    "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "md5": "900150983cd24fb0d6963f7d28e17f72",
}


@pytest.fixture
def abc(tmp_path: Path) -> Path:
    (tmp_path / "abc").write_bytes(b"abc")
    return tmp_path / "abc"


@pytest.mark.parametrize("algorithm", ABC)
def test_the_known_answers(abc: Path, algorithm: str) -> None:
    assert checksum(abc, algorithm) == ABC[algorithm]
    check_file(abc, ABC[algorithm], algorithm)
    check_file(abc, ABC[algorithm].upper(), algorithm)


def test_a_large_file(tmp_path: Path) -> None:
    data = bytes(range(256)) * 20_000
    (tmp_path / "a").write_bytes(data)
    assert checksum(tmp_path / "a") == hashlib.sha256(data).hexdigest()


def test_another_content_is_an_error(abc: Path) -> None:
    abc.write_bytes(b"abd")
    with pytest.raises(DataError, match="not what it should be") as raised:
        check_file(abc, ABC["sha256"])
    assert raised.value.path == abc
    assert "3 bytes" in str(raised.value.found)


@pytest.mark.parametrize("expected", ["", "ba78", ABC["sha256"][:-1] + "g", ABC["md5"], "é" * 64])
def test_what_is_no_checksum_is_refused(abc: Path, expected: str) -> None:
    with pytest.raises(InputError, match="no checksum"):
        check_file(abc, expected)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    for call in (checksum, lambda path: check_file(path, ABC["sha256"])):
        with pytest.raises(NotFoundError, match="no such file"):
            call(tmp_path / "a")


@pytest.mark.parametrize(
    ("name", "meant"), [("sha-256", "sha256"), ("shake_128", None), ("x", None)]
)
def test_an_unknown_algorithm_is_said(abc: Path, name: str, meant: str | None) -> None:
    with pytest.raises(UnknownNameError, match="unknown algorithm") as raised:
        checksum(abc, name)
    assert meant is None or raised.value.hint == f"did you mean {meant!r}?"
