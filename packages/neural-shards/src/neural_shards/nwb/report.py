"""What a preview says, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from neuroai_core import DataError


def preview_lines(preview: Mapping[str, Any]) -> Iterator[str]:
    """Say what `preview_nwb_files` has found, line by line.

    Examples
    --------
    >>> print(*preview_lines({"samples": 0, "shards": 0, "recordings": []}))
    0 samples in 0 shards would be written
    """
    for recording in preview["recordings"]:
        grid, windows = recording["grid"], recording["windows"]
        stop = grid["t0"] + grid["bins"] * grid["bin_ms"] / 1000
        yield (
            f"{recording['source']}: {grid['t0']:g} to {stop:g} s, "
            f"{grid['bins']} bins of {grid['bin_ms']:g} ms, "
            f"{windows['samples']} windows of {windows['length']} bins"
        )
        for name, found in recording["modalities"].items():
            yield from _modality(name, found)
        for reason, bins in recording["bins"].items():
            if reason not in ("all", "left"):
                yield f"  left out: {bins} bins {reason}"
        for reason, number in windows["left_out"].items():
            yield f"  left out: {number} x {reason}"
        if recording["not_taken"]:
            yield f"  not taken: {', '.join(recording['not_taken'])}"
    yield f"{preview['samples']} samples in {preview['shards']} shards would be written"


def without_windows(sessions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Say of each recording that gave no window why it gave none.

    Parameters
    ----------
    sessions
        What is known of each, as a manifest has it under ``metadata.sessions``.

    Examples
    --------
    >>> windows = {"samples": 0, "length": 100, "left_out": {}}
    >>> short = {"source": "a.nwb", "windows": windows, "bins": {"all": 80, "left": 80}}
    >>> print(*without_windows([short]))
    a.nwb: no window of 100 bins fits into 80 bins
    """
    for session in sessions:
        if session["windows"]["samples"] == 0:
            windows, bins = session["windows"], session["bins"]
            reasons = [f"{n} bins {why}" for why, n in bins.items() if why not in ("all", "left")]
            reasons += [f"{n} x {why}" for why, n in windows["left_out"].items()]
            yield (
                f"{session['source']}: no window of {windows['length']} bins "
                f"fits into {bins['all']} bins"
            ) + (f"; left out: {', '.join(reasons)}" if reasons else "")


def check_any_window(sessions: Sequence[Mapping[str, Any]]) -> None:
    """Reject recordings of which none gave a window.

    Raises
    ------
    DataError
        With the reason of each.
    """
    lines = list(without_windows(sessions))
    if lines and len(lines) == len(sessions):
        raise DataError(
            "no recording holds a single window",
            key="sequence_length",
            found="; ".join(lines[:5]) + (" ..." if len(lines) > 5 else ""),
            hint="make the windows shorter, or let them cross more",
        )


def _modality(name: str, found: Mapping[str, Any]) -> Iterator[str]:
    if found["kind"] == "spikes":
        said = f"{found['units']} units ({found['silent_units']} silent), {found['spikes']} spikes"
        if found["units_left_out"]:
            said += f"; {found['units_left_out']} other units left out"
        if found["out_of_order"]:
            said += (
                f"; {found['out_of_order']} out of order, "
                f"by {found['longest_step_back_s']:g} s at most"
            )
        yield f"  {name}: {said}"
    elif found["kind"] == "events":
        for kind in found["kinds"]:
            value = f" = {kind['value']}" if "value" in kind else ""
            yield f"  {name}: {kind['table']}{value}, {kind['events']} events"
    elif found["kind"] == "labels":
        columns = ", ".join(found["columns"])
        yield f"  {name}: {found['intervals']} rows of {found['table']} ({columns})"
    else:
        for series in found["series"]:
            shape = " x ".join(map(str, [series["samples"], *series["sample_shape"]]))
            rate = f" at {series['rate_hz']:g} Hz" if series["rate_hz"] else ""
            gaps = f", {series['gaps']} gaps" if series["gaps"] else ""
            yield (
                f"  {name}: {series['path']} ({series['type']}), {shape} {series['dtype']} "
                f"in {series['unit']}{rate}{gaps}, by the rule {series['rule']!r}"
            )
