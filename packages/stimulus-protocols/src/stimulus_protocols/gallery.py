"""A page with a picture of every stimulus, protocol and preset."""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from neuroai_core.errors import strict_arguments
from neuroai_core.files import atomic_write
from stimulus_protocols.describe import describe
from stimulus_protocols.examples import example_presets, example_protocols, example_stimuli
from stimulus_protocols.export import export
from stimulus_protocols.preview import write_preview
from stimulus_protocols.progress import progress
from stimulus_protocols.specs import content_hash, to_yaml
from stimulus_protocols.stimuli import Stimulus
from stimulus_protocols.timeline import Timeline

_STYLE = """body{font:15px/1.5 sans-serif;margin:2rem;background:#222;color:#ddd}
section{margin:0 0 2.5rem}img{image-rendering:pixelated;margin-right:1rem;vertical-align:top}
pre{background:#2c2c2c;padding:.6rem;overflow:auto;font-size:12px}h1,h2,h3{font-weight:600}
code{color:#9cd}"""


#: About how wide the page shows a movie; its file has the stimulus's own pixels.
_MOVIE_WIDTH = 256


@strict_arguments
def write_gallery(folder: str | os.PathLike[str], *, quiet: bool = False) -> Path:
    """Write ``index.html`` with a picture of everything there is.

    Parameters
    ----------
    folder
        Where to; it is made if need be.
    quiet
        Show no progress; none is shown where the output is no terminal.

    Returns
    -------
    The page.
    """
    root = Path(folder)
    root.mkdir(parents=True, exist_ok=True)
    picture = root / "picture.png"
    _a_picture().save(picture)
    chapters: dict[str, dict[str, Any]] = {
        "Stimuli": example_stimuli(picture),
        "Protocols": example_protocols(),
        "Presets": example_presets(),
    }
    parts = ["<!doctype html><meta charset=utf-8><title>Stimuli and protocols</title>"]
    parts += [f"<style>{_STYLE}</style><h1>Stimuli and protocols</h1>"]
    with progress(quiet=quiet) as bar:
        for title, examples in chapters.items():
            parts.append(f"<h2>{title}</h2>")
            for name, spec in bar.track(examples.items(), description=title):
                parts.append(_section(root, name, spec))
    page = root / "index.html"
    atomic_write(page, "\n".join(parts) + "\n")
    return page


def _section(root: Path, name: str, spec: Stimulus | Timeline) -> str:
    stem = "".join(c if c.isalnum() else "_" for c in name.lower())
    kind = "stimulus" if isinstance(spec, Stimulus) else "timeline"
    alt = html.escape(name)
    images = f'<img src="{stem}_{kind}.png" alt="{alt}, preview">'
    write_preview(spec, root / f"{stem}_{kind}.png")
    if isinstance(spec, Stimulus):
        export(spec, root / f"{stem}.gif")
        width = spec.width * max(_MOVIE_WIDTH // spec.width, 1)  # pixels remain squares
        images = f'<img src="{stem}.gif" width="{width}" alt="{alt}, movie">{images}'
    # Their folders differ; what is shown of a moved picture is its name.
    text = to_yaml(spec).replace(str(root) + os.sep, "")
    short = text if len(text) < 1500 else describe(spec)
    digest = f"<code>{content_hash(spec)[:16]}</code>"
    return f"<section><h3>{alt}</h3>{images}<pre>{html.escape(short)}</pre>{digest}</section>"


def _a_picture() -> Image.Image:
    """Draw a picture with edges and shades, so that the gallery needs none of its own."""
    y, x = np.mgrid[:96, :128]
    rings = np.cos(np.hypot(x - 40, y - 50) / 4) * np.exp(-np.hypot(x - 40, y - 50) / 60)
    boxes = ((x // 16 + y // 12) % 2) * (x > 70)
    shade = 0.5 + 0.35 * rings + 0.3 * (boxes - 0.5) * (x > 70)
    return Image.fromarray(np.clip(shade * 255, 0, 255).astype(np.uint8))
