"""What the demo shows: lines on the terminal, pictures in a folder, one page over them."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin: 2.5rem 0 .3rem }
img { max-width: 100%; image-rendering: auto; border: 1px solid #ddd }
code { background: #f3f3f3; padding: 0 .25em } .time { color: #777 }
"""


@dataclass
class Report:
    """Collects what was done, in order; `write` makes the page."""

    folder: Path
    console: Console = field(default_factory=Console)
    _sections: list[str] = field(default_factory=list)

    @contextmanager
    def stage(self, package: str, title: str) -> Iterator[None]:
        """Time a stage and head what it says; an error passes through."""
        self.console.rule(f"[bold]{package}[/]: {title}", align="left")
        self._sections.append(f"<h2><code>{package}</code> {html.escape(title)}</h2>")
        start = time.perf_counter()
        with self.console.status(f"{package}: {title} ..."):
            yield
        took = f"{time.perf_counter() - start:.1f} s"
        self.console.print(f"[dim]{took}[/]")
        self._sections.append(f'<p class="time">{took}</p>')

    def say(self, sentence: str) -> None:
        """Print a sentence and put it on the page."""
        self.console.print(f"  {sentence}", highlight=True, markup=False, soft_wrap=True)
        self._sections.append(f"<p>{html.escape(sentence)}</p>")

    def picture(self, name: str, sentence: str) -> Path:
        """Give the path to write a picture to, and show it on the page under a sentence."""
        self.say(sentence)
        self._sections.append(f'<p><img src="{name}" alt="{html.escape(sentence)}"></p>')
        return self.folder / name

    def write(self) -> Path:
        """Write ``index.html`` over all that was said, and give its path."""
        page = self.folder / "index.html"
        page.write_text(
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Demo</title>'
            f"<style>{STYLE}</style><h1>From files to training steps</h1>"
            + "\n".join(self._sections)
            + "</html>\n",
            encoding="utf-8",
        )
        return page


def rate(count: int, start: float, unit: str) -> str:
    """Word a count and its rate since `start`, a time of ``time.perf_counter``."""
    seconds = max(time.perf_counter() - start, 1e-9)
    return f"{count:,} {unit} ({count / seconds:,.0f} a second)"
