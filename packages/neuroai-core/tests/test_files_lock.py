import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from neuroai_core.files import lock as module
from neuroai_core.files import locked


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


HOLD = """
import sys, time
from neuroai_core.files import locked
with locked(sys.argv[1]):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def hold(path: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD, str(path), str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_threads_are_one_at_a_time(tmp_path: Path) -> None:
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(5):
            with locked(tmp_path / "lock"):
                inside += 1
                most = max(most, inside)
                time.sleep(0.001)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert names(tmp_path) == []


def test_another_process_is_waited_for(tmp_path: Path) -> None:
    with hold(tmp_path / "lock", 0.5) as process, locked(tmp_path / "lock"):
        assert process.wait(60) == 0
    assert names(tmp_path) == []


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_the_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    with hold(tmp_path / "lock", 60) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert names(tmp_path) == ["lock"]
    with locked(tmp_path / "lock"):
        pass
    assert names(tmp_path) == []


def test_a_lock_on_a_file_that_was_removed_meanwhile_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []
    try_lock = module._try_lock

    def too_late(handle: int) -> bool:
        tried.append(handle)
        if len(tried) == 1:
            (tmp_path / "lock").unlink()  # the one before is through
        if len(tried) == 2:
            (tmp_path / "lock").replace(tmp_path / "other")  # and another has made its own
            (tmp_path / "lock").touch()
        return try_lock(handle)

    monkeypatch.setattr(module, "_try_lock", too_late)
    with locked(tmp_path / "lock"):
        assert len(tried) == 3
    assert names(tmp_path) == ["other"]


def test_an_error_gives_the_lock_back(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="inside"), locked(tmp_path / "lock"):
            raise ValueError("inside")
    assert names(tmp_path) == []


def test_a_lock_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), locked(tmp_path / "not there" / "lock"):
        pytest.fail("there was no lock")
