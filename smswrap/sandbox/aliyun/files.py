"""The few ways in which the stand-in touches files."""

from __future__ import annotations

import os

from . import jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PRIVATE = 0o600


def read(path: str) -> str | None:
    """The whole text of a file, or None if there is none."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        return b"".join(iter(lambda: os.read(descriptor, 1 << 16), b"")).decode(errors="replace")
    finally:
        os.close(descriptor)


def read_object(path: str) -> dict[str, Any]:
    """The JSON object in a file, empty if there is no file; raises JsonError."""
    text = read(path)
    value = {} if text is None else jsontext.parse(text)
    return value if isinstance(value, dict) else {}


def read_lines(path: str) -> list[dict[str, Any]]:
    """The JSON objects of a file that holds one in each line."""
    lines = (read(path) or "").splitlines()
    return [value for value in map(jsontext.parse, lines) if isinstance(value, dict)]


def append(path: str, records: list[dict[str, Any]]) -> None:
    """Add one line for each record, all with a single write: O_APPEND keeps lines of several processes whole."""
    _write(path, "".join(jsontext.write(record) + "\n" for record in records), os.O_APPEND)


def rewrite(path: str, text: str) -> None:
    """Replace a file's text in place, truncating first and without a lock, as the real CLI does."""
    make_folder(path.rpartition("/")[0])
    _write(path, text, os.O_TRUNC)


def make_folder(path: str) -> None:
    """Create a folder and those above it."""
    os.makedirs(path, mode=0o700, exist_ok=True)  # noqa: PTH103  pathlib costs 8 ms at start-up


def remove_flat_folder(path: str) -> None:
    """Remove a folder that holds files only; several processes may try at once."""
    try:
        for name in os.listdir(path):  # noqa: PTH208  pathlib costs 8 ms at start-up
            os.unlink(f"{path}/{name}")  # noqa: PTH108  pathlib costs 8 ms at start-up
        os.rmdir(path)  # noqa: PTH106  pathlib costs 8 ms at start-up
    except FileNotFoundError:
        return


def _write(path: str, text: str, how: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how, PRIVATE)
    try:
        os.write(descriptor, text.encode(errors="replace"))
    finally:
        os.close(descriptor)
