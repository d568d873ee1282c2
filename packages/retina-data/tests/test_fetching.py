"""Against a local server that breaks connections, sends wrong bytes, and throttles."""

from __future__ import annotations

import hashlib
import http.server
import json
import re
import threading
import time

import pytest

from neuroai_core import DataError, InputError, NotFoundError
from retina_data import goldin_2022, karamanlis_2024, maheswaranathan_2023, sridhar_2025
from retina_data import hub as repository
from retina_data.fetching import fetch
from retina_data.hub import REPOSITORY, pinned

SHA = "a1" * 20
NEWER = "b2" * 20


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of the hub as is asked for, with its faults."""

    def do_GET(self):
        hub = self.server
        hub.asked.append((self.path, self.headers.get("Range")))
        if self.path == f"/api/datasets/{REPOSITORY}/revision/main":
            return self.json({"sha": hub.newest})
        if match := re.match(rf"/api/datasets/{REPOSITORY}/tree/(\w+)\?", self.path):
            return self.tree(match[1])
        match = re.match(rf"/datasets/{REPOSITORY}/resolve/(\w+)/(.*)", self.path)
        content = hub.files.get(match[2]) if match else None
        if content is None:
            return self.send_error(404)
        if hub.wrong:
            content = bytes(len(content))
        first = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(content) - first))
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        end = len(content)
        if hub.breaks > 0:
            hub.breaks -= 1
            end = first + max((end - first) // 2, 1)
        elif hub.stalls > 0:
            hub.stalls -= 1
            end = first
        for at in range(first, end, 20_000):
            self.wfile.write(content[at : min(at + 20_000, end)])
            time.sleep(hub.pause)
        self.close_connection = True
        return None

    def tree(self, revision):
        names = list(self.server.files)
        page = 0 if "cursor" not in self.path else 1
        entries = [{"type": "directory", "path": "gollisch_lab", "size": 0, "oid": "x"}]
        for name in names[page * 2 : page * 2 + 2]:
            content = self.server.files[name]
            digest = hashlib.sha256(content).hexdigest()
            entry = {"type": "file", "path": name, "size": len(content), "oid": "x"}
            entries.append(entry | {"lfs": {"oid": digest, "size": len(content)}})
        link = f'<http://{self.headers["Host"]}{self.path}&cursor=1>; rel="next"'
        return self.json(entries, link if page == 0 and len(names) > 2 else None)

    def json(self, content, link=None):
        body = json.dumps(content).encode()
        self.send_response(200)
        if link:
            self.send_header("Link", link)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def hub(tmp_path, monkeypatch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.daemon_threads = True
    server.asked, server.newest, server.wrong, server.pause = [], SHA, False, 0
    server.breaks, server.stalls = 0, 0  # after half of the bytes, before the first
    server.files = {
        "a/one.bin": bytes(range(256)) * 500,
        "a/two words.bin": b"2" * 70_000,
        "b/three.bin": b"3" * 10,
    }
    monkeypatch.setenv("RETINA_DATA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
    monkeypatch.delenv("RETINA_DATA_OFFLINE", raising=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def contents(paths):
    return [p.read_bytes() for p in paths]


def test_the_real_names_are_in_the_code(monkeypatch):
    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    assert REPOSITORY == "open-retina/open-retina"
    assert repository.endpoint() == "https://huggingface.co"
    assert karamanlis_2024.FOLDER == "gollisch_lab/karamanlis_2024/sessions"
    assert maheswaranathan_2023.ARCHIVE == "baccus_lab/maheswaranathan_2023/neural_code_data.zip"


def test_files_come_whole_and_once(hub):
    hub.files["b/three.bin"] = b"33"
    first = fetch(["a/one", "b/"])
    assert contents(first) == [hub.files["a/one.bin"], b"33"]
    asked = len(hub.asked)
    assert fetch(["a/one", "b/"]) == first
    assert len(hub.asked) == asked  # all of it is in the cache


def test_names_are_quoted_and_pages_followed(hub):
    hub.files = {"b/x.bin": b"x", "a/y z.bin": b"yz", "a/w.bin": b"w"}
    quoted = dict(hub.files)
    quoted["a/y%20z.bin"] = b"yz"
    listed = repository.listing(pinned())
    assert [f.path for f in listed] == ["b/x.bin", "a/y z.bin", "a/w.bin"]
    hub.files = quoted
    assert contents(fetch(["a/"])) == [b"yz", b"w"]


def test_a_broken_connection_goes_on_where_it_stopped(hub):
    hub.breaks = 2
    (path,) = fetch(["a/one"])
    assert path.read_bytes() == hub.files["a/one.bin"]
    ranges = [r for p, r in hub.asked if "resolve" in p]
    assert ranges[0] is None
    assert all(r is not None for r in ranges[1:])


def test_a_run_that_was_given_up_goes_on_later(hub):
    hub.breaks = hub.stalls = 1
    with pytest.raises(DataError, match="broke off"):
        fetch(["a/one"], attempts=1)
    (path,) = fetch(["a/one"])
    assert path.read_bytes() == hub.files["a/one.bin"]
    assert hub.asked[-1][1] == f"bytes={len(path.read_bytes()) // 2}-"


def test_wrong_bytes_never_become_the_file(hub):
    hub.wrong = True
    with pytest.raises(DataError, match="not what it should be"):
        fetch(["a/one"])
    assert not list(repository.cache().glob("a/*"))
    hub.wrong = False
    assert contents(fetch(["a/one"])) == [hub.files["a/one.bin"]]


@pytest.mark.parametrize("damage", [b"", bytes(256 * 500)])
def test_a_damaged_file_in_the_cache_is_fetched_again(hub, damage):
    (path,) = fetch(["a/one"])
    path.write_bytes(damage)
    assert contents(fetch(["a/one"])) == [hub.files["a/one.bin"]]


@pytest.mark.parametrize("damage", [b"mine", bytes(256 * 500)])
def test_offline_a_file_that_is_not_the_published_one_is_kept(hub, monkeypatch, damage):
    (path,) = fetch(["a/one"])
    path.write_bytes(damage)
    monkeypatch.setenv("RETINA_DATA_OFFLINE", "1")
    with pytest.raises(NotFoundError, match=r"not the published file.*no network"):
        fetch(["a/one"])
    assert path.read_bytes() == damage


def test_the_old_file_stays_until_the_new_one_is_whole(hub):
    (path,) = fetch(["a/one"])
    old = path.read_bytes()
    hub.newest = NEWER
    hub.files["a/one.bin"] = new = old[::-1] + b"more"
    hub.wrong = True
    with pytest.raises(DataError, match="not what it should be"):
        fetch(["a/one"], update=True)
    assert path.read_bytes() == old
    hub.wrong, hub.breaks, hub.stalls = False, 1, 1
    with pytest.raises(DataError, match="broke off"):
        fetch(["a/one"], attempts=1)
    assert path.read_bytes() == old
    assert contents(fetch(["a/one"])) == [new]
    assert hub.asked[-1][1] == f"bytes={len(new) // 2}-"  # it went on where it stopped
    assert [p.name for p in path.parent.glob("*one*") if not p.name.endswith(".lock")] == [
        path.name
    ]


def test_a_slow_server_is_waited_for_and_reported(hub):
    hub.pause = 0.01
    seen = []
    fetch(["a/one"], report=lambda *now: seen.append(now))
    total = len(hub.files["a/one.bin"])
    assert seen[-1] == ("a/one.bin", total, total)


def test_the_revision_stays_until_it_is_updated(hub):
    fetch(["b/"])
    hub.newest = NEWER
    assert pinned() == SHA
    fetch(["a/one"])
    assert any(f"resolve/{SHA}/" in p for p, _ in hub.asked)
    assert pinned(update=True) == NEWER
    assert pinned() == NEWER
    assert pinned(SHA) == SHA
    with pytest.raises(InputError, match="revision"):
        pinned("main")


def test_offline_what_is_there_is_used_and_what_is_not_is_named(hub, monkeypatch):
    (path,) = fetch(["b/"])
    monkeypatch.setenv("RETINA_DATA_OFFLINE", "1")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert fetch(["b/"]) == [path]
    with pytest.raises(NotFoundError, match=r"a/one\.bin is not in the cache"):
        fetch(["a/one"])


def test_offline_with_an_empty_cache(hub, monkeypatch):
    monkeypatch.setenv("RETINA_DATA_OFFLINE", "1")
    with pytest.raises(NotFoundError, match="no network"):
        fetch(["b/"])
    assert hub.asked == []


def test_what_the_server_does_not_have(hub):
    with pytest.raises(NotFoundError, match="no such file"):
        fetch(["c/"])
    repository.listing(pinned())
    hub.files["a/one.bin"] = None
    with pytest.raises(DataError, match="404"):
        fetch(["a/one"])


def test_download_true_fetches_what_is_missing(hub, tmp_path):
    karamanlis_2024.write_synthetic(
        tmp_path / "made", n_blocks=4, n_frames=80, n_images=2, n_neurons=2
    )
    hub.files = {
        p.relative_to(tmp_path / "made").as_posix(): p.read_bytes()
        for p in (tmp_path / "made").rglob("*.mat")
    }
    with pytest.raises(NotFoundError, match="retina-data fetch karamanlis_2024"):
        karamanlis_2024.get_karamanlis_dataloaders(4, download=False)
    loaders = karamanlis_2024.get_karamanlis_dataloaders(batch_size=4, download=True)
    assert len(loaders["train"]) == 1


SMALL = {
    goldin_2022: {"n_images": 40, "n_test_images": 9, "n_neurons": 2},
    karamanlis_2024: {"n_blocks": 2, "n_frames": 80, "n_images": 2, "n_neurons": 2},
    maheswaranathan_2023: {
        "stimulus": "naturalscene", "n_frames": 200, "n_test_frames": 40, "n_neurons": 2,
    },
    sridhar_2025: {"n_neurons": 2, "n_frames": 60, "n_test_frames": 60, "n_images": 4},
}  # fmt: skip


@pytest.mark.parametrize("module", SMALL, ids=lambda m: m.__name__.split(".")[-1])
def test_files_copied_into_the_cache_by_hand_need_no_network(hub, monkeypatch, module):
    monkeypatch.setenv("RETINA_DATA_OFFLINE", "1")
    with pytest.raises(NotFoundError, match="no network"):
        module.read_sessions(download=True)
    module.write_synthetic(repository.cache(), **SMALL[module])
    assert module.read_sessions(download=True)
    assert hub.asked == []


def test_what_a_broken_fetch_left_is_not_taken_for_the_whole(hub, tmp_path):
    made = tmp_path / "made"
    goldin_2022.write_synthetic(made, n_sessions=2, **SMALL[goldin_2022])
    names = sorted(p.relative_to(made).as_posix() for p in made.rglob("*.h5"))
    hub.files = {name: (made / name).read_bytes() for name in names}
    fetch([names[0]])
    assert len(goldin_2022.read_sessions(download=True)) == 2
