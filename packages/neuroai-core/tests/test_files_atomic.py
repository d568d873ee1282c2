import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuroai_core import InputError, NotFoundError
from neuroai_core.files import atomic_path, atomic_write, remove_partials

posix = pytest.mark.skipif(os.name == "nt", reason="POSIX modes, signals and limits")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def run(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@given(st.binary(max_size=100) | st.text(max_size=100))
def test_what_is_written_is_what_is_there(content: bytes | str) -> None:
    target = Path("written")
    atomic_write(target, content)
    assert target.read_bytes() == (content.encode() if isinstance(content, str) else content)
    target.unlink()


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
@pytest.mark.parametrize("old", [None, "old"])
def test_an_error_leaves_what_was_there(
    tmp_path: Path, error: type[BaseException], old: str | None
) -> None:
    target = tmp_path / "a.txt"
    if old:
        target.write_text(old)
    with pytest.raises(error), atomic_path(target) as path:  # noqa: PT012  it is one block
        path.write_text("half")
        raise error
    assert names(tmp_path) == (["a.txt"] if old else [])
    assert not old or target.read_text() == old


def test_the_temporary_file_stands_beside_and_is_found_by_no_search(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a.npy") as path:
        path.write_text("half")
        assert path.parent == tmp_path
        assert path.suffix == ".partial"
        assert list(tmp_path.rglob("*.npy")) == []
    assert names(tmp_path) == ["a.npy"]


def test_a_missing_folder_is_said_before_the_work(tmp_path: Path) -> None:
    with (
        pytest.raises(NotFoundError, match="no folder to write"),
        atomic_path(tmp_path / "a" / "b"),
    ):
        pytest.fail("the work had begun")


def test_a_folder_in_the_way_is_said_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a folder stands"), atomic_path(tmp_path):
        pytest.fail("the work had begun")
    assert tmp_path.is_dir()


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    with pytest.raises(NotFoundError, match="nothing was written"), atomic_path(tmp_path / "a"):
        pass
    assert (tmp_path / "a").read_text() == "old"


@posix
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_a_new_file_has_the_mode_of_the_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        atomic_write(tmp_path / "a", "x")
    finally:
        os.umask(before)
    assert mode(tmp_path / "a") == 0o666 & ~mask


@posix
@pytest.mark.parametrize("kept", [0o600, 0o644, 0o664, 0o755, 0o444])
def test_a_replaced_file_keeps_its_mode(tmp_path: Path, kept: int) -> None:
    target = tmp_path / "a"
    target.write_text("old")
    target.chmod(kept)
    atomic_write(target, "new")
    assert (target.read_text(), mode(target)) == ("new", kept)


@posix
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    for old in ("there", "not there"):
        link, behind = tmp_path / f"{old} link", tmp_path / "store" / old
        if old == "there":
            behind.write_text("old")
        link.symlink_to(Path("store") / old)
        atomic_write(link, "new")
        assert link.is_symlink()
        assert behind.read_text() == "new"
    assert len(names(tmp_path / "store")) == 2


@pytest.mark.parametrize(
    "name", ["a" * 255, "ä" * 127, ".hidden", "white space\n", "-", "日本" * 40]
)
def test_any_name_that_a_file_may_have_will_do(tmp_path: Path, name: str) -> None:
    atomic_write(tmp_path / name, "x")
    assert names(tmp_path) == [name]


def test_the_working_folder_may_change_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    with atomic_path("a") as path:
        monkeypatch.chdir(tmp_path / "other")
        path.write_text("x")
    assert (tmp_path / "a").read_text() == "x"


def test_of_many_writers_one_wins_whole(tmp_path: Path) -> None:
    target = tmp_path / "a"
    contents = [bytes([i]) * 100_000 for i in range(8)]
    threads = [threading.Thread(target=atomic_write, args=(target, c)) for c in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert target.read_bytes() in contents
    assert names(tmp_path) == ["a"]


@posix
def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    # A limit on the size of a file fails a write in the middle, as a full disk does.
    (tmp_path / "a").write_text("old")
    code = """
        import resource, signal, sys
        from neuroai_core.files import atomic_write
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            atomic_write(sys.argv[1], b"x" * 5000)
        except OSError as error:
            print(error.errno)
    """
    out, err = run(code, tmp_path / "a").communicate(timeout=60)
    assert out.strip() == str(errno.EFBIG), err
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


@posix
def test_a_killed_process_leaves_the_old_file_and_a_partial_one(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    code = """
        import sys, time
        from neuroai_core.files import atomic_path
        with atomic_path(sys.argv[1]) as path:
            path.write_text("half")
            print("written", flush=True)
            time.sleep(60)
    """
    process = run(code, tmp_path / "a")
    assert process.stdout
    assert process.stdout.readline() == "written\n"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert (tmp_path / "a").read_text() == "old"
    assert len(names(tmp_path)) == 2
    assert remove_partials(tmp_path) == []  # it may be at work, for all one knows
    assert len(remove_partials(tmp_path, older_than_s=0)) == 1
    assert names(tmp_path) == ["a"]


def test_only_old_partials_are_removed(tmp_path: Path) -> None:
    made = [".old.partial", ".old folder.partial", ".new.partial", "partial", "a.partial", ".a"]
    for name in made:
        path = tmp_path / name
        if "folder" in name:
            (path / "inside").mkdir(parents=True)
        else:
            path.write_text("x")
        if "old" in name:
            os.utime(path, (time.time() - 100_000,) * 2)
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / ".old.partial").write_text("x")
    removed = remove_partials(tmp_path)
    assert [path.name for path in removed] == [".old folder.partial", ".old.partial"]
    assert names(tmp_path) == sorted([*made[2:], "inside"])
    assert names(tmp_path / "inside") == [".old.partial"]
    assert remove_partials(tmp_path / "not there") == []
