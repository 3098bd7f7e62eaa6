"""One door to the disk: folders and files that are ours alone, and files that are replaced whole or not at all.

What smswrap remembers decides whether an SMS goes out, and its results hold numbers and codes. So every folder that it
makes is 0700 and every file 0600, whatever the umask; what somebody else owns, or may write to, is refused.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
from typing import TYPE_CHECKING, TextIO

from smswrap.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER, FILE = 0o700, 0o600
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def private_folder(path: Path) -> Path:
    """Make the folder and every level above it that is missing, 0700 each; one that is there must be ours alone.

    Raises SetupError with the command that puts it right.
    """
    missing = [path, *path.parents][: _levels_missing(path)]
    for level in reversed(missing):
        with contextlib.suppress(FileExistsError), _told(level):
            level.mkdir(mode=FOLDER)
            # The umask has been taken off the mode, and one of 0777 would leave nothing.
            level.chmod(FOLDER)
    _refuse(looks_unsafe(path), path)
    return path


def private_file(path: Path) -> int:
    """Open the file for reading and writing, made 0600 where it is missing; gives its descriptor.

    Raises SetupError if it is a link, is no regular file, is somebody else's or may be written by others.
    """
    with _told(path):
        number = os.open(path, os.O_RDWR | os.O_CREAT | NO_LINK | getattr(os, "O_CLOEXEC", 0), FILE)
    try:
        _refuse(_complaint(os.fstat(number), path, stat.S_ISREG), path)
    except SetupError:
        os.close(number)
        raise
    return number


def looks_unsafe(path: Path) -> str | None:
    """What is wrong with a folder or file that must be ours alone; None if nothing is, or if it is not there."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"{path} cannot be looked at: {error.strerror}"
    if stat.S_ISLNK(status.st_mode) and path.exists():
        if status.st_uid not in {os.geteuid(), 0}:
            return f"{path} is a link that somebody else made"
        status = path.stat()
    return _complaint(status, path, lambda mode: stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def refuse_foreign_home(home: Path, *, allowed: bool) -> None:
    """Raise SetupError if root works in somebody else's home: what it makes there, that person can no longer use."""
    if os.geteuid() != 0 or allowed:
        return
    with contextlib.suppress(OSError):
        owner = home.stat().st_uid
        if owner != 0:
            message = (
                f"smswrap runs as root, but {home} belongs to user {owner}, who could not use what root makes there."
            )
            raise SetupError(
                message, "Run it as that user, or set HOME=/root; --allow-root if you mean it.", code="root"
            )


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """Write a text file, UTF-8 with a byte order mark for spreadsheets: whole in the end, or as it was before.

    A new file is 0600, an old one keeps its mode; a link is followed to a regular file; a device or a pipe is written
    to as it is, never replaced. Raises OSError.
    """
    place = path.resolve() if path.is_symlink() else path
    mode = _mode_of(place)
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(21, os.strerror(21))
    if mode is not None and not stat.S_ISREG(mode):
        with place.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as stream:
            yield stream
        return
    number, draft = _draft_beside(place)
    try:
        with os.fdopen(number, "w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
            yield file
            os.fchmod(file.fileno(), FILE if mode is None else stat.S_IMODE(mode))
        draft.replace(place)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def check_writable(path: Path) -> None:
    """Raise OSError if `replacing` could not write the file, before what it is to tell has happened."""
    place = path.resolve() if path.is_symlink() else path
    mode = _mode_of(place)
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(21, os.strerror(21))
    if mode is not None and not stat.S_ISREG(mode):
        return
    number, draft = _draft_beside(place)
    os.close(number)
    draft.unlink()


def _draft_beside(place: Path) -> tuple[int, Path]:
    """Make a file with a name that nobody can know before."""
    draft = place.with_name(f".smswrap-{os.urandom(12).hex()}")
    return os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINK, FILE), draft


def _mode_of(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


def _levels_missing(path: Path) -> int:
    return sum(1 for level in (path, *path.parents) if not level.exists())


def _complaint(status: os.stat_result, path: Path, is_right_kind: object) -> str | None:
    if not callable(is_right_kind) or not is_right_kind(status.st_mode):
        return f"{path} is not a regular file"
    if status.st_uid != os.geteuid():
        return f"{path} belongs to user {status.st_uid}, not to you"
    if status.st_mode & OTHERS_WRITE:
        return f"{path} may be written by others (mode {stat.S_IMODE(status.st_mode):04o})"
    return None


def _refuse(complaint: str | None, path: Path) -> None:
    if complaint is not None:
        step = f"Run `chmod go-w {shlex.quote(str(path))}`." if "written" in complaint else "Name a place of your own."
        raise SetupError(f"{complaint}; what smswrap remembers there could be changed.", step, code="state")


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        message = f"{path} cannot be used: {error.strerror}."
        raise SetupError(message, "Fix its permissions, or name another place with SMSWRAP_STATE_DIR.") from error
