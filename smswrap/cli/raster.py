"""A chart as PNG, with the standard library: boxes, and letters of dots from `font.tsv`."""

from __future__ import annotations

import struct
import zlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from smswrap.cli.sketch import Label, Sketch

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SCALE = 2
"""Pixels of ours to one of the sketch: screens of today are that fine."""

DOT, ACROSS, ABOVE = 3, 18, 7
"""Pixels of a letter's dot, from a letter to the next, and how many rows of dots stand on the line."""

GROUND, INK = "#ffffff", "#222222"
PALETTED, EIGHT_BITS = 3, 8


def png(sketch: Sketch) -> bytes:
    """The picture; a byte a pixel, which is a colour's place in the palette."""
    colours = list(dict.fromkeys([GROUND, INK, *(box.colour for box in sketch.boxes)]))
    wide, high = sketch.wide * SCALE, sketch.high * SCALE
    rows = [bytearray(wide) for _ in range(high)]
    for box in sketch.boxes:
        left, right = round(box.x * SCALE), round((box.x + box.wide) * SCALE)
        top, bottom = round(box.y * SCALE), round((box.y + box.high) * SCALE)
        _fill(rows[top:bottom], left, right, colours.index(box.colour))
    for label in sketch.labels:
        _write(rows, label)
    head = struct.pack(">IIBBBBB", wide, high, EIGHT_BITS, PALETTED, 0, 0, 0)
    palette = bytes.fromhex("".join(colour.removeprefix("#") for colour in colours))
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    chunks = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", pixels), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(name, data) for name, data in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _fill(rows: Sequence[bytearray], left: int, right: int, colour: int) -> None:
    for row in rows:
        row[left:right] = bytes([colour]) * (right - left)


def _write(rows: Sequence[bytearray], label: Label) -> None:
    top = round(label.y * SCALE) - ABOVE * DOT
    for number, char in enumerate(label.text):
        left = round(label.x * SCALE) + number * ACROSS
        for down, dots in enumerate(_glyphs().get(char, ())):
            for across, dot in enumerate(dots):
                if dot == "#":
                    x, y = left + across * DOT, top + down * DOT
                    _fill(rows[y : y + DOT], x, x + DOT + label.bold, 1)


@cache
def _glyphs() -> Mapping[str, Sequence[str]]:
    """A letter's rows of dots; what is below the seventh hangs under the line."""
    lines = Path(__file__).with_name("font.tsv").read_text("ascii").splitlines()[1:]
    return {char: dots for char, *dots in (line.split("\t") for line in lines)}
