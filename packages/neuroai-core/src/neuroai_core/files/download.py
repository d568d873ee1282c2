"""Downloads that are checked, resumed and never half there."""

from __future__ import annotations

import contextlib
import http.client
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from neuroai_core.errors import DataError, InputError
from neuroai_core.files.checksum import check_file

PIECE = 1 << 20
Report = Callable[[int, "int | None"], None]


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

    A file that is there and right is kept. What came so far lies beside it as
    ``<name>.part`` and is continued with a range request, after a broken
    connection as after a killed process.

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
        How often a broken connection is tried again before giving up.
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
    """
    if not url.startswith(("http://", "https://")):
        raise InputError("this address cannot be fetched", expected="http(s)://...", found=url)
    target = Path(target)
    if target.exists():
        _check(target, sha256, size)
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    for attempt in range(1, attempts + 1):
        try:
            _continue(url, part, timeout_s, report)
            break
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, urllib.error.HTTPError) and error.code < 500:
                raise DataError(f"the server answered {error.code}", path=url) from error
            if attempt == attempts:
                raise DataError(
                    f"the download broke off {attempts} times",
                    path=url,
                    found=str(error),
                    hint="run it again: it goes on where it stopped",
                ) from error
            time.sleep(min(0.1 * 2**attempt, 10.0))
    try:
        _check(part, sha256, size)
    except DataError:
        part.unlink()  # wrong bytes would be continued for ever
        raise
    with open(part, "rb+") as file:
        os.fsync(file.fileno())
    part.replace(target)
    return target


def _continue(url: str, part: Path, timeout_s: float, report: Report | None) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  checked by download
    try:
        response = urllib.request.urlopen(request, timeout=timeout_s)  # noqa: S310  likewise
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:
            with contextlib.closing(error):
                if error.headers.get("Content-Range", "") == f"bytes */{have}":
                    return  # all of it came the last time
            part.unlink()
            raise ConnectionError("what came so far is not a part of the file") from error
        raise
    with response:
        if response.status != 206:
            have = 0  # the server sends the whole file again
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        with open(part, "ab" if have else "wb") as file:
            while piece := response.read(PIECE):
                file.write(piece)
                have += len(piece)
                if report:
                    report(have, total)
    if total is not None and have < total:
        raise ConnectionError(f"{have} of {total} bytes came")


def _check(path: Path, sha256: str | None, size: int | None) -> None:
    if size is not None and path.stat().st_size != size:
        raise DataError(
            "a file has the wrong size", path=path, expected=size, found=path.stat().st_size
        )
    if sha256 is not None:
        check_file(path, sha256)
