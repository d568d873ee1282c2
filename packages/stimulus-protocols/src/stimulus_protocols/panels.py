"""The panels of a preview: labelled pictures of a movie, and of a timeline as a strip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from stimulus_protocols.pictures import tiled, to_8bit
from stimulus_protocols.table import SCRAMBLED, VOID, FrameTable

#: Pixels of a panel, of what stands beside it, and between panels.
WIDTH, _STRIP, _BESIDE, _GAP = 800, 96, 68, 8
_GROUND, _DARK, _GREY, _PALE = (48, 48, 48), (32, 32, 32), (100, 100, 100), (220, 220, 220)
#: Colours that are told apart also by the colour-blind (Okabe and Ito 2008), then some more.
_COLOURS = (
    (86, 180, 233),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (213, 94, 0),
    (0, 114, 178),
    (160, 220, 160),
    (255, 190, 190),
    (170, 150, 240),
)


@dataclass(frozen=True)
class Panel:
    """A picture with a title, and what its upper and lower edge stand for."""

    title: str
    picture: Image.Image
    above: str = ""
    below: str = ""


def sheet_of_frames(pixels: npt.NDArray[np.uint8], names: list[str], title: str) -> Panel:
    """Lay frames ``(n, height, width, 3)`` out in rows of six, as large as fits."""
    columns = min(6, len(pixels))
    scale = max((WIDTH - 2) // columns // (pixels.shape[2] + 2), 1)
    scale = min(scale, max(160 // pixels.shape[1], 1))
    pixels = pixels.repeat(scale, 1).repeat(scale, 2)
    return Panel(title, tiled(pixels, names, columns))


def slice_over_time(values: npt.NDArray[np.float32], low: float, high: float, title: str) -> Panel:
    """Show a row of pixels ``(x, time)`` over time."""
    return Panel(title, _grey(values, low, high), "left", "right")


def spectrum(values: npt.NDArray[np.float32], rate_hz: float | None) -> Panel:
    """Show the log amplitude of ``(x, time)`` by frequency of space and time.

    A Hann window keeps a frequency that is cut off at the edges in its place.
    """
    window = np.outer(*(np.hanning(side + 2)[1:-1] for side in values.shape))
    deviation = window * (values - np.average(values, weights=window))
    amplitude = np.abs(np.fft.fftshift(np.fft.fft2(deviation))).T[::-1]
    # What is only rounding is no frequency.
    highest = max(float(np.max(amplitude)), 1e-4 * float(window.sum()))
    log = np.log10(np.maximum(amplitude / highest, 1e-4))
    edge = "" if rate_hz is None else f"{rate_hz / 2:.3g} Hz"
    title = "spectrum: -0.5 to 0.5 cycles a pixel rightward, frequency of time upward, 4 decades"
    return Panel(title, _grey(log, -4, 0), edge, edge and f"-{edge}")


def trace(values: npt.NDArray[np.float32], title: str) -> Panel:
    """Show values ``(channels, time)`` as lines, a channel each."""
    picture = Image.new("RGB", (WIDTH, _STRIP), _DARK)
    draw = ImageDraw.Draw(picture)
    low, high = float(values.min()), float(values.max())
    if high - low < 0.02:  # or rounding would look like a signal
        low, high = (low + high) / 2 - 0.01, (low + high) / 2 + 0.01
    # Channels that are alike lie on each other: the first are broader, and seen below.
    broad = range(2 * len(values), 0, -2)
    for channel, colour, line in zip(values, (_PALE, *_COLOURS), broad, strict=False):
        x = (np.arange(len(channel)) + 0.5) * WIDTH / len(channel)
        y = (_STRIP - 4) - (channel - low) / (high - low) * (_STRIP - 8)
        draw.line(list(zip(x.tolist(), y.tolist(), strict=True)), fill=colour, width=line)
    return Panel(title, picture, f"{high:.3f}", f"{low:.3f}")


def strip(tables: list[FrameTable], steps: npt.NDArray[np.int64], title: str) -> Panel:
    """Show what is shown at each of some steps, given a table of that step alone.

    A bar's colour is its source, its height the contrast; names are those of phases.
    """
    picture = Image.new("RGB", (WIDTH, _STRIP), _DARK)
    draw = ImageDraw.Draw(picture)
    edges = np.linspace(0, WIDTH, len(tables) + 1).round().astype(int).tolist()
    highest = max([float(table.gain.max(initial=0)) for table in tables]) or 1.0
    colours: dict[str, tuple[int, int, int]] = {}
    top, bottom = 16, _STRIP - 18
    segments: list[tuple[int, str, bool]] = []
    before = None
    for number, (table, step) in enumerate(zip(tables, steps.tolist(), strict=True)):
        left, right = edges[number], max(edges[number + 1] - 1, edges[number])
        draw.rectangle((left, bottom - 3, right, bottom), fill=_GREY)
        shown = [(layer, _source(table, layer)) for layer in range(table.layers)]
        for layer, source in shown:
            if source:
                colour = colours.setdefault(source, _COLOURS[len(colours) % len(_COLOURS)])
                height = float(table.gain[0, layer, 0]) / highest * (bottom - top - 4)
                draw.rectangle((left, bottom - 4 - height, right, bottom - 4), fill=colour)
        # Where a segment begins; the next step of the same one began at the same step.
        name = table.phases[int(table.phase[0, 0, 0])]
        segment = name, step - int(table.since_onset[0, 0, 0])
        if segment != before:
            draw.line((left, top, left, bottom), fill=_GROUND)
            segments.append((left, name, any(source for _, source in shown)))
            before = segment
    _names(draw, segments)
    _legend(draw, colours)
    return Panel(title, picture, f"contrast {highest:.3g}", "")


def stacked(panels: list[Panel]) -> Image.Image:
    """Put panels below each other."""
    font, small = ImageFont.load_default(12), ImageFont.load_default(10)
    height = sum(panel.picture.height + 18 + _GAP for panel in panels) + _GAP
    sheet = Image.new("RGB", (WIDTH + _BESIDE + 2 * _GAP, height), _GROUND)
    draw, y = ImageDraw.Draw(sheet), _GAP
    for panel in panels:
        draw.text((_BESIDE, y), panel.title, fill=_PALE, font=font)
        y += 18
        sheet.paste(panel.picture, (_BESIDE, y))
        last = y + panel.picture.height
        for text, at in ((panel.above, y), (panel.below, last - 12)):
            width = draw.textlength(text, font=small)
            draw.text((_BESIDE - 6 - width, at), text, fill=_PALE, font=small)
        y = last + _GAP
    return sheet


def _grey(values: npt.NDArray[np.floating], low: float, high: float) -> Image.Image:
    pixels = to_8bit(values[np.newaxis, np.newaxis], low=low, high=high)[0]
    return Image.fromarray(pixels).resize((WIDTH, _STRIP), Image.Resampling.NEAREST)


def _source(table: FrameTable, layer: int) -> str:
    """Name what a layer shows at the only step of a table; nothing is ''."""
    source = int(table.source[0, layer, 0])
    if source == VOID:
        return ""
    if source < VOID:
        return str(table.stimuli[-2 - source].model_dump()["type"])
    scrambled = " scrambled" if source >= SCRAMBLED else ""
    return f"image {source % SCRAMBLED}{scrambled}"


def _names(draw: ImageDraw.ImageDraw, segments: list[tuple[int, str, bool]]) -> None:
    """Write the names of segments ``(left, name, shows something)`` where there is room.

    The name of one that shows something may reach over the blank behind it.
    """
    font = ImageFont.load_default(10)
    written = 0.0
    ends = [left for left, _, _ in segments[1:]] + [WIDTH, WIDTH]
    for number, (left, name, shows) in enumerate(segments):
        over = shows and number + 1 < len(segments) and not segments[number + 1][2]
        end = left + 4 + draw.textlength(name, font=font)
        if left >= written and end <= ends[number + over]:
            draw.text((left + 2, 1), name, fill=_PALE, font=font)
            written = end


def _legend(draw: ImageDraw.ImageDraw, colours: dict[str, tuple[int, int, int]]) -> None:
    font, x, y = ImageFont.load_default(10), 2.0, _STRIP - 14
    for name, colour in {**colours, "blank": _GREY}.items():
        if x + 16 + draw.textlength(name, font=font) > WIDTH:
            break  # of very many, those that come first
        draw.rectangle((x, y + 2, x + 8, y + 10), fill=colour)
        draw.text((x + 12, y), name, fill=_PALE, font=font)
        x += 12 + draw.textlength(name, font=font) + 14
