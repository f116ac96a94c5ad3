"""Pictures of reports as SVG: bars beside each other, and dots with their intervals.

Words stand in them as text, so that the browser's fonts show Chinese whatever fonts the server has: it draws a number
between two signs, which is afterwards replaced by the words.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from typing import Any

from certification.reports.intervals import Interval

INK, SOFT, DEEP, WARN = "#16202a", "#8a949e", "#0b4f6c", "#8c1c13"  # as console.css has them
FONTS = "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Source Han Sans SC', sans-serif"
BROAD, NARROW = 13.0, 9.5  # inches
POINTS = 13.5
"""Of the letters: 18 px, where the picture is shown in its own size."""
_INCHES = 72 / POINTS  # letters of this size in an inch
_ROW = 2.1  # letters
_FAMILY = re.compile(r"'DejaVu Sans'[^;\"]*")
_STAND_IN = re.compile(r"@(\d+)@")
_LABELS = 15  # letters: the width of the words before the rows
_one_at_a_time = threading.Lock()  # matplotlib's settings and fonts are the process's


@dataclass(frozen=True, slots=True)
class Panel:
    """Bars beside others: a title, and of each row its length and the words at its end; None is not drawn."""

    title: str
    lengths: Sequence[float | None]
    ends: Sequence[str]


@dataclass(frozen=True, slots=True)
class Dot:
    """A rate with its interval; the worse are drawn as squares, in another colour."""

    label: str
    rate: float
    interval: Interval
    worse: bool


def bars(rows: Sequence[str], panels: Sequence[Panel]) -> bytes:
    """A row of bars for each of `rows`, a column for each panel."""
    words = _Words()

    def draw(figure: Any, top: float, bottom: float) -> None:
        left = _LABELS / (_INCHES * figure.get_figwidth())
        width = (1 - left) / len(panels)
        for at, panel in enumerate(panels):
            axes = figure.add_axes((left + at * width, bottom, width * 0.72, 1 - top - bottom))
            axes.barh(range(len(rows)), [one or 0 for one in panel.lengths], color=DEEP, height=0.62)
            for row, (length, end) in enumerate(zip(panel.lengths, panel.ends, strict=True)):
                axes.annotate(
                    words.put(end), (length or 0, row), (4, 0), textcoords="offset points", va="center", color=INK
                )
            axes.set_title(words.put(panel.title), loc="left", color=INK, fontsize=POINTS)
            axes.set_yticks(range(len(rows)), [words.put(one) for one in rows] if at == 0 else [])
            axes.set_xticks([])
            axes.set_xlim(0, max([one or 0 for one in panel.lengths] or [0]) or 1)
            _plain(axes, len(rows), ("left",))

    return _drawn(draw, words, BROAD, len(rows), above=2.0, below=0.5)


def dots(found: Sequence[Dot], everybody: float, label: str) -> bytes:
    """A dot with its interval for each group, the first on top, and a line where everybody is."""
    words = _Words()

    def draw(figure: Any, top: float, bottom: float) -> None:
        left = (_LABELS + 4) / (_INCHES * figure.get_figwidth())
        axes = figure.add_axes((left, bottom, 0.96 - left, 1 - top - bottom))
        for row, one in enumerate(found):
            colour, mark = (WARN, "s") if one.worse else (DEEP, "o")
            axes.plot([100 * one.interval.low, 100 * one.interval.high], [row, row], color=colour, linewidth=2.5)
            axes.plot([100 * one.rate], [row], mark, color=colour, markersize=9)
        axes.axvline(100 * everybody, color=INK, linewidth=1.5, linestyle=(0, (5, 3)))
        axes.annotate(
            words.put(label), (100 * everybody, -0.5), (0, 6), textcoords="offset points", ha="center", color=INK
        )
        axes.set_yticks(range(len(found)), [words.put(one.label) for one in found])
        axes.set_xlim(0, 100 * max([one.interval.high for one in found] + [everybody, 0.001]) * 1.04)
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}%")
        axes.grid(visible=True, axis="x", color=SOFT, alpha=0.4)
        _plain(axes, len(found), ("left", "bottom"))

    return _drawn(draw, words, NARROW, len(found), above=2.0, below=2.4)


class _Words:
    """Words that are put into a picture once it is drawn."""

    def __init__(self) -> None:
        self._kept: list[str] = []

    def put(self, text: str) -> str:
        """What stands for these words until then."""
        self._kept.append(text)
        return f"@{len(self._kept) - 1}@"

    def into(self, svg: str) -> str:
        """The picture with its words."""
        return _STAND_IN.sub(lambda found: escape(self._kept[int(found.group(1))]), svg)


def _plain(axes: Any, rows: int, spines: Sequence[str]) -> None:
    axes.set_ylim(max(rows, 1) - 0.5, -0.5)  # the first row is on top
    axes.tick_params(length=0, labelsize=POINTS, labelcolor=INK)
    for name, spine in axes.spines.items():
        spine.set_visible(name in spines)
        spine.set_color(SOFT)


def _drawn(draw: Any, words: _Words, width: float, rows: int, *, above: float, below: float) -> bytes:
    """The figure as SVG; `above` and `below`: the room over and under the rows, in letters."""
    from matplotlib import rc_context  # heavy: not before somebody looks at a picture
    from matplotlib.figure import Figure

    letters = _ROW * max(rows, 1) + above + below
    settings = {"svg.fonttype": "none", "svg.hashsalt": "stillhere", "font.size": POINTS, "font.family": "DejaVu Sans"}
    with _one_at_a_time, rc_context(settings):
        figure = Figure(figsize=(width, letters / _INCHES))
        draw(figure, above / letters, below / letters)
        file = BytesIO()
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    return words.into(_FAMILY.sub(FONTS, file.getvalue().decode())).encode()
