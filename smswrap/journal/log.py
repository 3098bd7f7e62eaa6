"""The write-ahead log: whether it holds commits that SQLite does not see.

SQLite reads a log up to the first frame that is damaged, and says nothing of what stands behind it
(sqlite.org/fileformat2.html#wal_file_format). What we knew of the last sends may be gone then, and so their repeats.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

HEADER, FRAME_HEADER = 32, 24
"""Bytes of the log's header, and of each frame's."""

MAGIC = (0x377F0682, 0x377F0683)
"""The log's first word; the second one's checksums are big-endian."""


def hole_in(path: Path, page: int, frames: int) -> str | None:
    """What marks the log if it has whole commits that SQLite does not see; None if there are none, or no log.

    `page` is the size of a page in bytes, `frames` how many of the log's frames SQLite sees. Not from the log's index:
    closing a descriptor of `-shm` drops all locks that SQLite holds on it in this process (measured: others then
    truncated it, and a send died of SIGBUS).
    """
    try:
        with open(f"{path}-wal", "rb") as log:  # noqa: PTH123  pathlib has no such suffix
            return _hole_in(log, page, frames)
    except FileNotFoundError:
        return None


def _hole_in(log: BinaryIO, page: int, frames: int) -> str | None:
    header, step = log.read(HEADER), FRAME_HEADER + page
    salt, size = header[16:24], os.fstat(log.fileno()).st_size
    if size >= HEADER + step and not _is_whole(header):
        return salt.hex()
    for place in range(HEADER + frames * step, size - step + 1, step):
        log.seek(place)
        frame = log.read(FRAME_HEADER)
        if frame[8:16] == salt and frame[4:8] != b"\0\0\0\0":
            return salt.hex()
    return None


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
