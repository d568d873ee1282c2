import gzip
import io
import os
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuroai_core import DataError, InputError, NotFoundError
from neuroai_core.files import archive as module
from neuroai_core.files import extract

Entry = tuple[str, bytes | None]  # None: a folder
CONTENT: list[Entry] = [
    ("a.txt", b"a"),
    ("folder/", None),
    ("folder/b.bin", bytes(range(256)) * 99),
]
KINDS = ["zip", "zip stored", "tar", "tar.gz", "tar.bz2", "tar.xz"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def make(path: Path, kind: str, entries: list[Entry]) -> Path:
    if kind.startswith("zip"):
        packed = zipfile.ZIP_STORED if "stored" in kind else zipfile.ZIP_DEFLATED
        with zipfile.ZipFile(path, "w", packed) as file:
            for name, content in entries:
                info = zipfile.ZipInfo(name)
                info.compress_type = packed
                file.writestr(info, content or b"")
        return path
    with tarfile.open(path, f"w:{kind.partition('.')[2]}") as tar:
        for name, content in entries:
            info = tarfile.TarInfo(name)
            info.size = len(content or b"")
            if content is None:
                info.type = tarfile.DIRTYPE
            tar.addfile(info, io.BytesIO(content or b""))
    return path


def tree(folder: Path) -> dict[str, bytes | None]:
    return {
        str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None
        for p in folder.rglob("*")
    }


def refused(tmp_path: Path, path: Path, text: str, **arguments: int) -> DataError:
    before = names(tmp_path)
    with pytest.raises(DataError, match=text) as raised:
        extract(path, tmp_path / "out", **arguments)
    assert raised.value.path == path
    assert names(tmp_path) == before  # nothing is left
    return raised.value


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_comes_out_as_it_went_in(tmp_path: Path, kind: str) -> None:
    path = make(tmp_path / "archive", kind, CONTENT)
    out = extract(path, tmp_path / "new" / "out")
    assert out == tmp_path / "new" / "out"
    assert tree(out) == {"a.txt": b"a", "folder": None, "folder/b.bin": CONTENT[2][1]}
    assert names(tmp_path / "new") == ["out"]


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_archive_is_an_empty_folder(tmp_path: Path, kind: str) -> None:
    assert tree(extract(make(tmp_path / "archive", kind, []), tmp_path / "out")) == {}


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize(
    "name", ["./a", "ab:c", "12:30.npy", "..a", "a..", "...", "a b/ü", "back\\slash", "-rf"]
)
def test_odd_names_are_no_harm(tmp_path: Path, kind: str, name: str) -> None:
    if os.name == "nt":
        pytest.skip("Windows has other names")
    out = extract(make(tmp_path / "archive", kind, [(name, b"x")]), tmp_path / "out")
    assert (out / name).read_bytes() == b"x"


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("../a", "a path with '..'"),
        ("a/../../b", "a path with '..'"),
        ("a/..", "a path with '..'"),
        ("..\\a", "a path with '..'"),
        ("/etc/passwd", "an absolute path"),
        ("//server/share", "an absolute path"),
        ("\\\\server\\share", "an absolute path"),
        ("C:/a", "an absolute path"),
        ("c:a", "an absolute path"),
        ("", "a file without a name"),
    ],
)
def test_a_way_out_is_refused(tmp_path: Path, kind: str, name: str, found: str) -> None:
    path = make(tmp_path / "archive", kind, [("good", b"x"), (name, b"x")])
    error = refused(tmp_path, path, "outside its folder")
    assert (error.key, error.found) == (name, found)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        info = tarfile.TarInfo("a")
        info.type, info.linkname = kind, "/etc"
        tar.addfile(info)
        tar.addfile(tarfile.TarInfo("a/b"))
    assert refused(tmp_path, tmp_path / "a.tar", "outside").found == "a link or a device"


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_in_a_zip_are_refused(tmp_path: Path, kind: int) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        info = zipfile.ZipInfo("a")
        info.create_system, info.external_attr = 3, (kind | 0o777) << 16
        file.writestr(info, "/etc/passwd")
    assert refused(tmp_path, tmp_path / "a.zip", "outside").found == "a link or a device"


def test_nothing_but_content_is_taken_over(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        info = tarfile.TarInfo("a")
        info.mode, info.uid, info.gid, info.mtime = 0o6777, 12345, 12345, 10**12
        tar.addfile(info)
    made = (extract(tmp_path / "a.tar", tmp_path / "out") / "a").stat()
    assert not made.st_mode & 0o6111
    assert made.st_mtime < 10**11
    if os.name != "nt":
        assert made.st_uid == os.getuid()


@pytest.mark.parametrize("kind", KINDS)
def test_limits_hold(tmp_path: Path, kind: str) -> None:
    path = make(tmp_path / "archive", kind, CONTENT)
    total = sum(len(content or b"") for _, content in CONTENT)
    refused(tmp_path, path, "too much", max_bytes=total - 1)
    refused(tmp_path, path, "too much", max_members=2)
    extract(path, tmp_path / "out", max_bytes=total, max_members=3)


def test_a_bomb_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    path = make(tmp_path / "bomb", "zip", [("zeros", bytes(20_000_000))])
    error = refused(tmp_path, path, "too much", max_bytes=10_000_000)
    assert error.hint == "give max_bytes if that is right"
    info = tarfile.TarInfo("zeros")
    info.size = 2**31
    (tmp_path / "bomb.tar").write_bytes(info.tobuf() + bytes(10240))
    assert refused(tmp_path, tmp_path / "bomb.tar", "too much").expected == f"{2**30} bytes at most"


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_header_that_is_a_bomb_is_not_read(tmp_path: Path, kind: bytes) -> None:
    info = tarfile.TarInfo("a")
    info.type, info.size = kind, 2**26
    with gzip.open(tmp_path / "a", "wb", compresslevel=1) as file:
        file.write(info.tobuf())
        for _ in range(64):
            file.write(bytes(2**20))
        file.write(tarfile.TarInfo("b").tobuf() + bytes(1024))
    tracemalloc.start()
    refused(tmp_path, tmp_path / "a", "cannot be read")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**24


def test_a_zip_that_lies_about_sizes_is_damaged(tmp_path: Path) -> None:
    path = make(tmp_path / "a.zip", "zip", [("zeros", bytes(5_000_000))])
    data = bytearray(path.read_bytes())
    for place, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = data.index(place) + offset
        assert struct.unpack_from("<I", data, start) == (5_000_000,)
        struct.pack_into("<I", data, start, 10)
    path.write_bytes(data)
    refused(tmp_path, path, "cannot be read", max_bytes=1000)


def test_a_zip_that_points_before_itself_is_damaged(tmp_path: Path) -> None:
    path = make(tmp_path / "a.zip", "zip", CONTENT)
    data = bytearray(path.read_bytes())
    start = data.index(b"PK\x05\x06") + 16
    struct.pack_into("<I", data, start, struct.unpack_from("<I", data, start)[0] + 10**6)
    path.write_bytes(data)
    refused(tmp_path, path, "cannot be read")


def test_a_tar_that_lies_about_sizes_is_damaged(tmp_path: Path) -> None:
    info = tarfile.TarInfo("a")
    info.size = 2000
    (tmp_path / "a.tar").write_bytes(info.tobuf() + b"x" * 512 + bytes(1024))
    refused(tmp_path, tmp_path / "a.tar", "cannot be read")


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize("names", [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a", "./a")])
def test_two_things_of_one_name_are_refused(
    tmp_path: Path, kind: str, names: tuple[str, str]
) -> None:
    with pytest.warns() if kind == "zip" and names == ("a", "a") else _no_warning():
        path = make(tmp_path / "archive", kind, [(name, b"x") for name in names])
    refused(tmp_path, path, "two things of one name")


class _no_warning:  # noqa: N801  it reads like a call
    def __enter__(self) -> None: ...
    def __exit__(self, *error: object) -> None: ...


def test_names_that_differ_in_case_are_kept_or_refused(tmp_path: Path) -> None:
    path = make(tmp_path / "a.tar", "tar", [("a", b"1"), ("A", b"2")])
    (tmp_path / "probe").touch()
    if (tmp_path / "PROBE").exists():
        refused(tmp_path, path, "two things of one name")
    else:
        assert tree(extract(path, tmp_path / "out")) == {"a": b"1", "A": b"2"}


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04" + bytes(100), bytes(100)])
def test_what_is_no_archive_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    refused(tmp_path, tmp_path / "a.zip", "cannot be read")


def test_an_encrypted_zip_is_said(tmp_path: Path) -> None:
    path = make(tmp_path / "a.zip", "zip", [("a", b"secret")])
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x03\x04") + 6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    refused(tmp_path, path, "cannot be read")


def test_a_tar_whose_last_member_is_a_zip_is_a_tar(tmp_path: Path) -> None:
    inner = make(tmp_path / "inner.zip", "zip", [("x", b"x")])
    path = make(tmp_path / "a.tar", "tar", [("a", b"1"), ("inner.zip", inner.read_bytes())])
    assert zipfile.is_zipfile(path)
    assert set(tree(extract(path, tmp_path / "out"))) == {"a", "inner.zip"}


def test_what_is_there_is_not_touched(tmp_path: Path) -> None:
    path = make(tmp_path / "a.zip", "zip", CONTENT)
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    for name in ("file", "folder"):
        with pytest.raises(InputError, match="exists already"):
            extract(path, tmp_path / name)
    with pytest.raises(NotFoundError, match="no such archive"):
        extract(tmp_path / "missing.zip", tmp_path / "out")
    with pytest.raises(NotFoundError, match="no such archive"):
        extract(tmp_path / "folder", tmp_path / "out")


def test_the_slower_of_two_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / "a.zip", "zip", CONTENT)
    unpack = module._unpack

    def and_another(*arguments: object) -> None:
        unpack(*arguments)
        monkeypatch.setattr(module, "_unpack", unpack)
        extract(path, tmp_path / "out")

    monkeypatch.setattr(module, "_unpack", and_another)
    with pytest.raises(InputError, match="exists already"):
        extract(path, tmp_path / "out")
    assert len(tree(tmp_path / "out")) == 3
    assert names(tmp_path) == ["a.zip", "out"]


def test_ctrl_c_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / "a.zip", "zip", CONTENT)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module.shutil, "copyfileobj", interrupted)
    with pytest.raises(KeyboardInterrupt):
        extract(path, tmp_path / "out")
    assert names(tmp_path) == ["a.zip"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_archive_is_an_error_wherever_it_was_cut(tmp_path: Path, kind: str) -> None:
    whole = make(tmp_path / "whole", kind, CONTENT).read_bytes()
    path = tmp_path / "cut"
    # A tar may lose the padding behind its end; nothing else may be lost.
    blocks = 1 + 1 + 1 + 1 + 50 + 1  # three headers, two contents, a block of zeros
    needed = 512 * blocks if kind == "tar" else len(whole)
    assert needed <= len(whole)
    for length in np.unique(np.linspace(0, needed - 1, 60).astype(int)):
        path.write_bytes(whole[:length])
        refused(tmp_path, path, "cannot be read")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(data=st.data())
def test_a_damaged_archive_is_an_error_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = make(folder / "a", kind, CONTENT)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        extract(path, folder / "out")
    except DataError:
        assert names(folder) == ["a"]
    else:
        assert names(folder) == ["a", "out"]
