"""Downloads that are checked, resumed and never half there."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

from neuroai_core.__about__ import __version__
from neuroai_core.errors import DataError, InputError, whole_number
from neuroai_core.files.atomic import atomic_write, flush
from neuroai_core.files.checksum import check_file, digits
from neuroai_core.files.lock import locked

PIECE = 1 << 20
#: Answers that mean "not now": too slow, too early, too many.
_AGAIN = (408, 425, 429)

Report: TypeAlias = Callable[[int, int | None], None]


def download(
    url: str,
    target: str | os.PathLike[str],
    *,
    sha256: str | None = None,
    size: int | None = None,
    attempts: int = 5,
    timeout_s: float = 60.0,
    report: Report | None = None,
) -> Path:
    """Fetch a file over http(s), going on where an earlier try stopped.

    A file that is there and right is kept, and the server is not asked. What
    came so far lies beside it as ``<name>.part`` and is continued with a range
    request, after a broken connection as after Ctrl-C or a killed process,
    unless the server has another version by now. Of several processes that
    want the same target one fetches it and the others wait for it.

    Parameters
    ----------
    url
        Address, ``http`` or ``https``.
    target
        Path of the file to make; its folder is made too.
    sha256
        Expected checksum in hexadecimal, if known.
    size
        Expected size in bytes, if known.
    attempts
        How many connections in a row may break without bringing anything new.
    timeout_s
        How long to wait for an answer, in seconds.
    report
        Called with the bytes there are and the total, if that is known.

    Returns
    -------
    The path of the whole, checked file.

    Raises
    ------
    DataError
        If the content is not the expected one, or the server refuses.
    InputError
        If the address, the checksum or a number cannot be right.
    """
    if not re.match(r"https?://[!-.0-~][!-~]*$", url):
        raise InputError("this address cannot be fetched", expected="http(s)://...", found=url)
    attempts = whole_number("attempts", attempts, least=1)
    wanted = _Wanted(url, sha256 and digits(sha256), size)
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        with locked(target.with_name(f".{target.name}.lock")):
            if not target.exists():  # another process may have brought it meanwhile
                _fetch(wanted, target, attempts, timeout_s, report)
                return target
    wanted.check(target)
    return target


class _Wanted(NamedTuple):
    url: str
    sha256: str | None
    size: int | None

    def check(self, path: Path) -> None:
        if path.is_dir():
            raise InputError("a folder stands where the file should be", path=path)
        found = path.stat().st_size
        if self.size is not None and found != self.size:
            raise DataError("a file has the wrong size", path=path, expected=self.size, found=found)
        if self.sha256 is not None:
            check_file(path, self.sha256)


class _Broken(Exception):  # noqa: N818  it never leaves this module
    """The connection broke, or the server is busy: worth another try."""


def _fetch(
    wanted: _Wanted, target: Path, attempts: int, timeout_s: float, report: Report | None
) -> None:
    part = _Part(target)
    failures, most = 0, part.size()
    while True:
        try:
            _continue(wanted, part, timeout_s, report)
            break
        except _Broken as broken:
            failures = 0 if part.size() > most else failures + 1
            most = max(most, part.size())
            if failures >= attempts:
                raise DataError(
                    f"the download broke off {failures} times",
                    path=wanted.url,
                    found=str(broken),
                    hint="run it again: it goes on where it stopped",
                ) from broken
            time.sleep(min(0.1 * 2**failures, 10.0))
    try:
        wanted.check(part.path)
    except DataError:
        part.remove()  # wrong bytes would be continued for ever
        raise
    flush(part.path)
    part.path.replace(target)
    part.remove()
    flush(target.parent)


class _Part:
    """What came so far, and of which version of the file it is a part."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f"{target.name}.part")
        self._about = target.with_name(f"{target.name}.part.json")

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def version(self, url: str) -> str | None:
        """Give the server's mark of the version that the part is of, if it is of this address."""
        try:
            about = json.loads(self._about.read_text())
            return str(about["version"]) if about["url"] == url else None
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def begin(self, url: str, version: str | None) -> None:
        self.remove()
        if version:
            atomic_write(self._about, json.dumps({"url": url, "version": version}))

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self._about.unlink(missing_ok=True)


def _continue(wanted: _Wanted, part: _Part, timeout_s: float, report: Report | None) -> None:
    have, version = part.size(), part.version(wanted.url)
    headers = {"User-Agent": f"neuroai-core/{__version__}"}
    if have and version:
        # If the file has changed, the server sends the whole of the new one.
        headers |= {"Range": f"bytes={have}-", "If-Range": version}
    request = urllib.request.Request(wanted.url, headers=headers)  # noqa: S310  http(s) only
    with contextlib.closing(_ask(request, timeout_s, part)) as response:
        if response.status == 416:  # all of it came the last time
            return
        total = _total(response)
        if response.status == 206:
            if not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
                part.remove()
                raise _Broken("the server sent another part than the one asked for")
        else:
            have = 0
            part.begin(wanted.url, _version(response))
        if wanted.size is not None and total not in (None, wanted.size):
            part.remove()
            raise DataError(
                "the server has a file of another size",
                path=wanted.url,
                expected=wanted.size,
                found=total,
            )
        with open(part.path, "ab") as file:
            while total is None or have < total:
                piece = _read(response)
                if not piece:
                    break
                file.write(piece)
                have += len(piece)
                if report:
                    report(have, total)
    if total is not None and have != total:
        raise _Broken(f"{have} of {total} bytes came")


def _ask(
    request: urllib.request.Request, timeout_s: float, part: _Part
) -> http.client.HTTPResponse | urllib.error.HTTPError:
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(  # noqa: S310  likewise
            request, timeout=timeout_s
        )
    except urllib.error.HTTPError as error:
        if error.code == 416:
            if error.headers.get("Content-Range") == f"bytes */{part.size()}":
                return error
            error.close()
            part.remove()
            raise _Broken("what came so far is not a part of the file") from error
        error.close()
        if error.code >= 500 or error.code in _AGAIN:
            raise _Broken(f"the server answered {error.code}") from error
        raise DataError(f"the server answered {error.code}", path=request.full_url) from error
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(str(error) or type(error).__name__) from error
    return response


def _read(response: http.client.HTTPResponse | urllib.error.HTTPError) -> bytes:
    try:
        return response.read1(PIECE)
    except (OSError, http.client.HTTPException) as error:
        raise _Broken(str(error) or type(error).__name__) from error


def _total(response: http.client.HTTPResponse | urllib.error.HTTPError) -> int | None:
    """Give the size of the whole file, if the server says it."""
    of_part = re.match(r"bytes \d+-\d+/(\d+)$", response.headers.get("Content-Range", ""))
    if response.status == 206:
        return int(of_part[1]) if of_part else None
    length: str | None = response.headers.get("Content-Length")
    return int(length) if length and length.isdecimal() else None


def _version(response: http.client.HTTPResponse | urllib.error.HTTPError) -> str | None:
    """Give what If-Range takes: a strong entity tag, or else a date."""
    tag: str | None = response.headers.get("ETag")
    if tag and not tag.startswith("W/"):
        return tag
    date: str | None = response.headers.get("Last-Modified")
    return date
