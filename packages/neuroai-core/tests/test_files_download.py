import hashlib
import http.server
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuroai_core import DataError, InputError
from neuroai_core.files import download

module = sys.modules[  # the name in the package is the function
    "neuroai_core.files.download"
]

DATA = bytes(range(256)) * 2000
SHA256 = hashlib.sha256(DATA).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class Server(http.server.ThreadingHTTPServer):
    """A file server that fails as it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.data = DATA
        self.tag: str | None = '"one"'
        self.date: str | None = None
        self.ranges = True
        self.says_length = True
        self.cuts: list[int] = []  # bytes after which an answer breaks off
        self.codes: list[int] = []  # answers before the right one
        self.hold = threading.Event()  # while it is not set, an answer stops after a piece
        self.hold.set()
        self.wrong_range = False
        self.requests: list[dict[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/a.bin"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: object) -> None: ...

    def do_GET(self) -> None:
        server, data = self.server, self.server.data
        server.requests.append(dict(self.headers.items()))
        if server.codes:
            self.send_error(server.codes.pop(0))
            return
        first = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        condition = self.headers.get("If-Range")
        if condition and condition.startswith("W/"):
            asked = None  # RFC 9110: a weak tag never fits
        if asked and server.ranges and condition in (None, server.tag, server.date):
            first = int(asked[1])
        if first and first >= len(data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.end_headers()
            return
        self.send_response(206 if first else 200)
        if first:
            start = first + 1 if server.wrong_range else first
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if server.says_length:
            self.send_header("Content-Length", str(len(data) - first))
        if server.tag:
            self.send_header("ETag", server.tag)
        if server.date:
            self.send_header("Last-Modified", server.date)
        self.end_headers()
        end = min(first + server.cuts.pop(0), len(data)) if server.cuts else len(data)
        while first < end:
            piece = data[first : min(first + 50_000, end)]
            self.wfile.write(piece)
            first += len(piece)
            server.hold.wait(30)

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            self.close_connection = True  # the client has gone


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "a.bin"


def alone(target: Path) -> bool:
    return names(target.parent) == [target.name]


def ranges(server: Server) -> list[str | None]:
    return [request.get("Range") for request in server.requests]


def test_a_file_is_fetched_and_checked(server: Server, target: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    got = download(
        server.url, target, sha256=SHA256.upper(), size=len(DATA), report=lambda *a: seen.append(a)
    )
    assert got == target
    assert target.read_bytes() == DATA
    assert alone(target)
    assert seen[-1] == (len(DATA), len(DATA))
    assert [have for have, _ in seen] == sorted({have for have, _ in seen})
    assert server.requests[0]["User-Agent"].startswith("neuroai-core/")


def test_a_file_that_is_there_is_kept_without_asking(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(DATA)
    download(server.url, target, sha256=SHA256, size=len(DATA))
    assert server.requests == []
    with pytest.raises(DataError, match="not what it should be"):
        download(server.url, target, sha256="0" * 64)
    with pytest.raises(DataError, match="wrong size"):
        download(server.url, target, size=3)
    assert target.read_bytes() == DATA
    with pytest.raises(InputError, match="a folder stands"):
        download(server.url, target.parent)


@pytest.mark.parametrize("mark", ["tag", "date"])
def test_a_broken_connection_is_continued(server: Server, target: Path, mark: str) -> None:
    if mark == "date":
        server.tag, server.date = 'W/"weak"', "Wed, 21 Oct 2015 07:28:00 GMT"
    server.cuts = [100_000, 1, 200_000]
    download(server.url, target, sha256=SHA256)
    assert target.read_bytes() == DATA
    assert ranges(server) == [None, "bytes=100000-", "bytes=100001-", "bytes=300001-"]
    assert all(r.get("If-Range") in (None, server.tag, server.date) for r in server.requests)
    assert alone(target)


def test_a_download_that_gets_on_is_not_given_up(server: Server, target: Path) -> None:
    server.cuts = [20_000] * 20
    download(server.url, target, sha256=SHA256, attempts=1)
    assert target.read_bytes() == DATA


def test_one_that_does_not_get_on_is(server: Server, target: Path) -> None:
    server.ranges = False
    server.cuts = [100_000] * 20
    with pytest.raises(DataError, match="broke off 3 times") as raised:
        download(server.url, target, attempts=3)
    assert len(server.requests) == 4  # the first brought something new
    assert raised.value.path == server.url
    assert "goes on" in str(raised.value.hint)
    assert not target.exists()


def test_a_server_without_ranges_sends_it_again(server: Server, target: Path) -> None:
    server.ranges = False
    server.cuts = [100_000, 50_000]
    download(server.url, target, sha256=SHA256)
    assert target.read_bytes() == DATA


def test_a_server_that_names_no_version_sends_it_again(server: Server, target: Path) -> None:
    server.tag = None
    server.cuts = [100_000]
    download(server.url, target)
    assert target.read_bytes() == DATA
    assert ranges(server) == [None, None]


@pytest.mark.parametrize("sha256", [None, "the new one"])
def test_a_file_that_changes_between_tries_is_never_mixed(
    server: Server, target: Path, sha256: str | None
) -> None:
    server.cuts = [100_000, 0]
    with pytest.raises(DataError, match="broke off"):
        download(server.url, target, attempts=1)
    server.data, server.tag, server.cuts = DATA[::-1] * 2, '"two"', []
    new = hashlib.sha256(server.data).hexdigest()
    download(server.url, target, sha256=sha256 and new)
    assert target.read_bytes() == server.data
    assert ranges(server)[-1] == "bytes=100000-"
    assert server.requests[-1]["If-Range"] == '"one"'
    assert alone(target)


def test_a_part_of_another_address_is_not_continued(server: Server, target: Path) -> None:
    server.cuts = [100_000, 0]
    with pytest.raises(DataError, match="broke off"):
        download(server.url + "?other", target, attempts=1)
    download(server.url, target)
    assert ranges(server)[-1] is None
    assert target.read_bytes() == DATA


def test_a_part_that_is_whole_is_taken(server: Server, target: Path) -> None:
    server.cuts = [100_000, 0]
    with pytest.raises(DataError, match="broke off"):
        download(server.url, target, attempts=1)
    Path(f"{target}.part").write_bytes(DATA)
    download(server.url, target, sha256=SHA256)
    assert target.read_bytes() == DATA
    assert alone(target)


def test_a_part_that_is_too_long_is_thrown_away(server: Server, target: Path) -> None:
    server.cuts = [100_000, 0]
    with pytest.raises(DataError, match="broke off"):
        download(server.url, target, attempts=1)
    Path(f"{target}.part").write_bytes(DATA + b"x")
    download(server.url, target)
    assert target.read_bytes() == DATA


@pytest.mark.parametrize("about", ["", "{", "[]", '{"url": 3}', "null"])
def test_a_part_of_which_nothing_is_known_is_thrown_away(
    server: Server, target: Path, about: str
) -> None:
    target.parent.mkdir()
    Path(f"{target}.part").write_bytes(b"from an older release")
    Path(f"{target}.part.json").write_text(about)
    download(server.url, target)
    assert target.read_bytes() == DATA
    assert alone(target)


def test_a_server_that_sends_another_part_is_not_believed(server: Server, target: Path) -> None:
    server.wrong_range = True
    server.cuts = [100_000]
    download(server.url, target)
    assert target.read_bytes() == DATA


def test_wrong_bytes_are_thrown_away(server: Server, target: Path) -> None:
    with pytest.raises(DataError, match="not what it should be"):
        download(server.url, target, sha256="0" * 64)
    assert names(target.parent) == []


def test_a_wrong_size_is_said_before_the_download(server: Server, target: Path) -> None:
    seen: list[int] = []
    with pytest.raises(DataError, match="another size") as raised:
        download(server.url, target, size=3, report=lambda have, _: seen.append(have))
    assert (raised.value.expected, raised.value.found) == (3, len(DATA))
    assert seen == []
    assert names(target.parent) == []


def test_a_server_that_says_no_length_is_checked_at_the_end(server: Server, target: Path) -> None:
    server.says_length = False
    totals: set[int | None] = set()
    download(server.url, target, size=len(DATA), report=lambda _, total: totals.add(total))
    assert totals == {None}
    target.unlink()
    server.cuts = [100_000]
    with pytest.raises(DataError, match="wrong size"):
        download(server.url, target, size=len(DATA))


@pytest.mark.parametrize("code", [400, 401, 403, 404, 410])
def test_a_refusal_is_said_at_once(server: Server, target: Path, code: int) -> None:
    server.codes = [code]
    with pytest.raises(DataError, match=f"the server answered {code}"):
        download(server.url, target)
    assert len(server.requests) == 1
    assert names(target.parent) == []


def test_a_busy_server_is_asked_again(server: Server, target: Path) -> None:
    server.codes = [500, 503, 429, 408]
    download(server.url, target, sha256=SHA256)
    assert len(server.requests) == 5
    target.unlink()
    server.codes = [502] * 9
    with pytest.raises(DataError, match="broke off 2 times") as raised:
        download(server.url, target, attempts=2)
    assert "502" in str(raised.value.found)


def test_nobody_there_is_one_error(target: Path, server: Server) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/a"
    with pytest.raises(DataError, match="broke off 2 times"):
        download(url, target, attempts=2)


def test_a_server_that_falls_silent_is_asked_again(server: Server, target: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/a"
        with pytest.raises(DataError, match="broke off 1 times") as raised:
            download(url, target, attempts=1, timeout_s=0.2)
    assert "timed out" in str(raised.value.found)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a",
        "ftp://a/b",
        "file:///etc/passwd",
        "http://",
        "http:///a",
        "http://a b/",
        "http://ä/",
    ],
)
def test_what_is_no_address_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(InputError, match="cannot be fetched"):
        download(url, tmp_path / "a")


@pytest.mark.parametrize("wrong", [{"sha256": "abc"}, {"attempts": 0}])
def test_arguments_that_cannot_be_are_refused_before_asking(
    server: Server, tmp_path: Path, wrong: dict
) -> None:
    with pytest.raises(InputError):
        download(server.url, tmp_path / "a", **wrong)
    assert server.requests == []


def test_ctrl_c_leaves_the_part_to_go_on(server: Server, target: Path) -> None:
    def stop(have: int, total: int | None) -> None:
        if have > 150_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        download(server.url, target, report=stop)
    kept = Path(f"{target}.part").stat().st_size
    assert kept > 150_000
    assert not target.exists()
    download(server.url, target, sha256=SHA256)
    assert target.read_bytes() == DATA
    assert kept == len(DATA) or ranges(server)[-1] == f"bytes={kept}-"


def test_a_full_disk_is_no_broken_connection(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "open", _full_disk, raising=False)
    with pytest.raises(OSError, match="No space left"):
        download(server.url, target)
    assert len(server.requests) == 1


def _full_disk(*_: object) -> None:
    raise OSError(28, "No space left on device")


FETCH = """
import sys
from neuroai_core.files import download
print(download(sys.argv[1], sys.argv[2], sha256=sys.argv[3]).stat().st_size)
"""


def fetch(server: Server, target: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", FETCH, server.url, str(target), SHA256]
    environment = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def wait_for(condition: object) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it never came"
        threading.Event().wait(0.01)


def test_of_processes_that_want_the_same_file_one_fetches_it(server: Server, target: Path) -> None:
    processes = [fetch(server, target) for _ in range(3)]
    for process in processes:
        assert process.communicate(timeout=60)[0] == f"{len(DATA)}\n"
        assert process.returncode == 0
    assert len(server.requests) == 1
    assert alone(target)


def test_a_killed_process_is_continued(server: Server, target: Path) -> None:
    server.hold.clear()
    process = fetch(server, target)
    part = Path(f"{target}.part")
    wait_for(lambda: part.exists() and part.stat().st_size > 0)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    kept = part.stat().st_size
    assert 0 < kept < len(DATA)
    server.hold.set()
    download(server.url, target, sha256=SHA256)
    assert target.read_bytes() == DATA
    assert ranges(server)[-1] == f"bytes={kept}-"
    assert alone(target)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cuts=st.lists(st.integers(0, 300_000), max_size=4),
    ranges=st.booleans(),
    tag=st.none() | st.just('"one"'),
)
def test_whatever_breaks_the_bytes_are_right_in_the_end(
    server: Server, tmp_path: Path, cuts: list[int], ranges: bool, tag: str | None
) -> None:
    server.cuts, server.ranges, server.tag = list(cuts), ranges, tag
    target = tmp_path / "again"
    target.unlink(missing_ok=True)
    download(server.url, target, sha256=SHA256)
    assert target.read_bytes() == DATA
    assert names(tmp_path) == ["again"]
