"""A chart as rectangles and texts, laid out once; drawn as SVG here, as PNG in `raster`."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, NamedTuple

from smswrap.messages import width
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Row = tuple[str, "Mapping[str, int]"]
"""A bar: its label, and the counts of its parts."""


class Look(NamedTuple):
    """How a part of a bar is drawn: its character and style on a screen, its colour in a picture."""

    char: str
    style: str
    colour: str


LOOKS: Mapping[str, Look] = {
    "delivered": Look("█", "green", "#2e9e5b"),
    "accepted": Look("█", "green", "#2e9e5b"),
    "failed": Look("▓", "red", "#d1453b"),
    "refused": Look("▓", "red", "#d1453b"),
    "no receipt": Look("░", "magenta", "#9a6bd0"),
    "unknown": Look("░", "magenta", "#9a6bd0"),
    "not_sent": Look("·", "bright_black", "#8a8f98"),
}
"""Told apart by their characters, too, where there are no colours."""


MARGIN, LETTER, LINE, GAP, LONGEST = 12, 9, 24, 8, 480
"""In pixels: the border, a letter's width, a line's height, what is left under the title, the longest bar."""

STYLE = (
    "text{font:14px monospace;fill:#222}.ground{fill:#fff}"
    "@media(prefers-color-scheme:dark){text{fill:#ddd}.ground{fill:#16181d}}"
)


@dataclass(frozen=True)
class Bars:
    """A chart: what it shows, its bars with the counts of their parts, and a sentence of totals; in English."""

    title: str
    rows: Sequence[Row]
    total: str
    legend: Sequence[str] = field(default=())

    @property
    def most(self) -> int:
        """The longest bar's count."""
        return max((sum(parts.values()) for _, parts in self.rows), default=0) or 1

    @staticmethod
    def label(row: Row, say: Callable[[str], str]) -> str:
        """A row's label, translated word by word."""
        return " ".join(map(say, row[0].split()))


class Box(NamedTuple):
    """A rectangle; y is its upper edge."""

    x: float
    y: float
    wide: float
    high: float
    colour: str


class Label(NamedTuple):
    """A line of text; y is what its letters stand on."""

    x: float
    y: float
    text: str
    bold: bool = False


class Sketch(NamedTuple):
    """The whole picture, in pixels."""

    wide: int
    high: int
    boxes: list[Box]
    labels: list[Label]


def sketch(bars: Bars, say: Callable[[str], str]) -> Sketch:
    """Lay the chart out: title, bars with their labels and counts, legend, totals; `say` translates."""
    rows = [(bars.label(row, say), row[1]) for row in bars.rows]
    left = MARGIN * 2 + LETTER * max((width(label) for label, _ in rows), default=0)
    high = LINE * (len(rows) + 4) + GAP
    boxes: list[Box] = []
    labels = [Label(MARGIN, LINE, say(bars.title), bold=True)]
    for number, (label, parts) in enumerate(rows, 2):
        x, y = float(left), LINE * number + GAP
        for name, count in parts.items():
            # What happened at all is seen.
            boxes.append(Box(x, y - 13, count and max(1, LONGEST * count / bars.most), 16, LOOKS[name].colour))
            x += boxes[-1].wide
        labels += [Label(MARGIN, y, label), Label(x + 8, y, f"{sum(parts.values()):,}")]
    x = MARGIN
    for name in bars.legend:
        boxes.append(Box(x, high - LINE * 2 - 3, 12, 12, LOOKS[name].colour))
        labels.append(Label(x + 18, high - LINE * 2 + 8, say(name)))
        x += 40 + LETTER * width(say(name))
    labels.append(Label(MARGIN, high - MARGIN, say(bars.total)))
    wide = max(label.x + LETTER * width(label.text) for label in labels) + MARGIN
    return Sketch(round(wide), high, boxes, labels)


def svg(picture: Sketch) -> str:
    """The picture as SVG, readable on light and on dark."""
    from xml.sax.saxutils import escape

    wide, high, boxes, labels = picture
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}">',
            f"<style>{STYLE}</style>",
            '<rect class="ground" width="100%" height="100%"/>',
            *(f'<rect x="{x:.1f}" y="{y}" width="{w:.1f}" height="{h}" fill="{fill}"/>' for x, y, w, h, fill in boxes),
            *(
                f'<text x="{x:.0f}" y="{y}" font-weight="{"bold" if bold else "normal"}">{escape(text)}</text>'
                for x, y, text, bold in labels
            ),
            "</svg>",
            "",
        ]
    )
