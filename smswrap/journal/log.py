"""The write-ahead log: whether it holds commits that SQLite does not see.

SQLite reads a log up to the first frame that is damaged, and says nothing of what stands behind it
(sqlite.org/fileformat2.html#wal_file_format). What we knew of the last sends may be gone then, and so their repeats.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

HEADER, FRAME_HEADER = 32, 24
"""Bytes of the log's header, and of each frame's."""

MAGIC = (0x377F0682, 0x377F0683)
"""The log's first word; the second one's checksums are big-endian."""


class _Log(NamedTuple):
    """What the log's index, which SQLite makes anew after a crash, says of the log: its frames, and their mark."""

    page: int
    frames: int
    salt: bytes


def hole_in(path: Path) -> str | None:
    """What marks the log if it has whole commits that SQLite does not see; None if there are none, or no log."""
    try:
        with open(f"{path}-wal", "rb") as log, open(f"{path}-shm", "rb") as index:  # noqa: PTH123  pathlib has no such suffix
            return _hole_in(log, _index(index.read(48)))
    except FileNotFoundError:
        return None


def _hole_in(log: BinaryIO, known: _Log) -> str | None:
    header, step = log.read(HEADER), FRAME_HEADER + known.page
    size = os.fstat(log.fileno()).st_size
    if size >= HEADER + step and not _is_whole(header):
        return header[16:24].hex()
    for place in range(HEADER + known.frames * step, size - step + 1, step):
        log.seek(place)
        frame = log.read(FRAME_HEADER)
        if frame[8:16] == known.salt and frame[4:8] != b"\0\0\0\0":
            return known.salt.hex()
    return None


def _index(head: bytes) -> _Log:
    page, frames = struct.unpack_from("=HI", head, 14)
    return _Log(65_536 if page == 1 else page, frames, head[32:40])


def _is_whole(header: bytes) -> bool:
    """Whether the log's header has the checksum that it names."""
    (magic,) = struct.unpack_from(">I", header)
    if magic not in MAGIC:
        return False
    order = ">" if magic & 1 else "<"
    first = second = 0
    for one, two in struct.iter_unpack(f"{order}II", header[:24]):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return header[24:] == struct.pack(">II", first, second)
