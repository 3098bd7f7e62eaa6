"""Files of the sandbox: JSON, and lines of JSON that several processes add to. Whoever uses them sets the umask."""

from __future__ import annotations

import fcntl
import os

from . import Row, jsontext

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

PRIVATE = 0o600


def keep_private() -> None:
    """What this process makes from now on is nobody else's: folders 0700, files 0600, on every level."""
    os.umask(0o077)


def read(path: str) -> str | None:
    """The whole text of a file, or None if there is none."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return None


def read_object(path: str) -> Row:
    """The JSON object in a file, empty if there is no file; raises ValueError."""
    text = read(path)
    value = {} if text is None else jsontext.parse(text)
    return value if isinstance(value, dict) else {}


def read_table(module: str, name: str) -> list[list[str]]:
    r"""The rows of the table of that name beside a module of ours, each with all its cells; `\n` is a line's end."""
    _head, *lines = (read(f"{module.rpartition('/')[0]}/{name}") or "").split("\n")[:-1]
    return [line.replace("\\n", "\n").split("\t") for line in lines]


def read_lines(path: str) -> list[Row]:
    """The objects of a file that holds one in each line, oldest first; a line that is still being written is none."""
    lines = (read(path) or "").split("\n")[:-1]
    return [value for value in map(jsontext.parse, lines) if isinstance(value, dict)]


def append(path: str, records: list[Row]) -> None:
    """Add one line for each record, all with a single write: O_APPEND keeps lines of several processes whole."""
    _write(path, "".join(f"{jsontext.write(record)}\n" for record in records), os.O_APPEND)


def append_after(path: str, decide: Callable[[list[Row]], list[Row]]) -> None:
    """Add the records that `decide` makes of the earlier ones; nobody else decides in between."""
    with open(path, "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        append(path, decide(read_lines(path)))


def rewrite(path: str, text: str) -> None:
    """Replace a file's text in place, truncating first and without a lock, as the real CLI does."""
    make_folder(path.rpartition("/")[0])
    _write(path, text, os.O_TRUNC)


def replace(path: str, text: str) -> None:
    """Write a file beside the old one, and rename it."""
    rewrite(f"{path}.{os.getpid()}", text)
    os.replace(f"{path}.{os.getpid()}", path)


def make_folder(path: str) -> None:
    """Create a folder and those above it."""
    os.makedirs(path, exist_ok=True)


def _write(path: str, text: str, how: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | how, PRIVATE)
    try:
        data = text.encode(errors="replace")
        while data:
            data = data[os.write(descriptor, data) :]
    finally:
        os.close(descriptor)
