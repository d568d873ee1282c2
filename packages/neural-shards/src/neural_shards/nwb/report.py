"""What a preview says, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


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
