"""One door to the disk: folders and files that are ours alone, and files that are replaced whole or not at all.

What smswrap remembers decides whether an SMS goes out, and its results hold numbers and codes. So every folder that it
makes is 0700 and every file 0600, whatever the umask; what somebody else owns, or may write to, is refused.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
from errno import EACCES, EINVAL, EISDIR, ENOENT
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from smswrap.errors import SetupError
from smswrap.patterns import pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER, FILE, ROOT = 0o700, 0o600, 0
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
ONLY_OURS = os.O_NOFOLLOW | os.O_CLOEXEC
MOUNTS = Path("/proc/self/mountinfo")
NETWORK = pattern(r"nfs\d?|cifs|smb\w*|9p|drvfs|afs|ceph|lustre|gpfs|fuse\.(sshfs|glusterfs|s3fs|rclone)")
"""File systems of which several machines may write the same file, and whose locks may not reach all of them."""


class _Fault(NamedTuple):
    what: str
    step: str


def private_folder(path: Path) -> Path:
    """Make the folder and every level above it that is missing, 0700 each; one that is there must be ours alone.

    Raises SetupError with the command that puts it right.
    """
    for level in _missing(path):
        with _told(level), contextlib.suppress(FileExistsError):
            level.mkdir(mode=FOLDER)
            # The umask has been taken off the mode, and one of 0777 would leave nothing.
            level.chmod(FOLDER)
    _refuse(_fault_of(path))
    if not path.is_dir():
        _refuse(_misplaced(path, "is not a folder"))
    return path


def private_file(path: Path) -> int:
    """Open the file for reading and writing, made 0600 where it is missing; gives its descriptor, not inherited.

    One that others may read becomes 0600. Raises SetupError if it is a link, is no regular file, is somebody else's or
    may be written by others.
    """
    if os.path.islink(path):  # noqa: PTH114  `Path.is_symlink` raises where a folder above may not be entered
        _refuse(_misplaced(path, "is a link"))
    with _told(path):
        # Not blocking: a pipe that somebody put there would hold us up.
        number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | ONLY_OURS, FILE)
    try:
        status = os.fstat(number)
        _refuse(_fault_in(status, path))
        if not stat.S_ISREG(status.st_mode):
            _refuse(_misplaced(path, "is not a regular file"))
        if stat.S_IMODE(status.st_mode) != FILE:
            os.fchmod(number, FILE)
    except BaseException:
        os.close(number)
        raise
    return number


def network_of(path: Path) -> str | None:
    """The network file system that a path lies on; None for a local one, or where the system does not say (macOS)."""
    try:
        rows = [line.split(" ") for line in MOUNTS.read_text("utf-8", "replace").splitlines()]
    except OSError:
        return None
    # proc_pid_mountinfo(5): the fifth field is the place, the one after the hyphen the kind; the last is on top.
    mounted = {row[4].replace("\\040", " "): row[row.index("-") + 1] for row in rows if "-" in row}
    above = (str(place) for place in (path.resolve(), *path.resolve().parents))
    kind = next((mounted[place] for place in above if place in mounted), "")
    return kind if NETWORK.fullmatch(kind) else None


def refuse_foreign_home(home: Path, *, allowed: bool) -> None:
    """Raise SetupError if root works in somebody else's home: what it makes there, that person can no longer use."""
    if os.geteuid() != ROOT or allowed:
        return
    with contextlib.suppress(OSError):
        owner = home.stat().st_uid
        if owner != ROOT:
            message = f"smswrap runs as root in the home of user {owner} ({home}), who could not use what it makes."
            raise SetupError(message, "Run it as that user, or with --allow-root if you mean it.", code="root")


def read_regular(path: Path) -> bytes:
    """What a file holds, wherever a link leads. Raises OSError, too, for what would hold us up: a pipe, a device."""
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(number, "rb") as file:  # noqa: PTH123  a descriptor
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(EINVAL, "not a regular file")
        return file.read()


@contextlib.contextmanager
def replacing(path: Path, *, encoding: str = "utf-8-sig") -> Iterator[TextIO]:
    """Write a text file: whole in the end, or as it was before. By default with the mark that spreadsheets need.

    A new file is 0600, an old one keeps its mode and group; a link of ours is followed to a regular file; a device or
    a pipe is written to as it is, never replaced. Raises OSError.
    """
    place, old = _destination(path)
    if old is not None and not stat.S_ISREG(old.st_mode):
        with place.open("w", encoding=encoding, errors="backslashreplace", newline="") as stream:
            yield stream
        return
    number, draft = _draft_beside(place)
    try:
        with os.fdopen(number, "w", encoding=encoding, errors="backslashreplace", newline="") as file:
            yield file
            os.fchmod(number, FILE if old is None else _mode_like(old, number))
        draft.replace(place)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def check_writable(path: Path) -> None:
    """Raise OSError if `replacing` could not write the file, before what it is to tell has happened."""
    place, old = _destination(path)
    if old is None or stat.S_ISREG(old.st_mode):
        number, draft = _draft_beside(place)
        os.close(number)
        draft.unlink()


def _destination(path: Path) -> tuple[Path, os.stat_result | None]:
    """Where a text for this path is to stand, and what stands there. Raises OSError if nothing may."""
    try:
        old = path.stat()
    except FileNotFoundError:
        if path.is_symlink():
            raise FileNotFoundError(ENOENT, "it is a link that leads nowhere") from None
        return path, None
    if stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR))
    if not os.access(path, os.W_OK):
        raise PermissionError(EACCES, os.strerror(EACCES))
    if not stat.S_ISREG(old.st_mode):
        return path, old
    if str(path).startswith(("/dev/fd/", "/dev/std", "/proc/")):
        raise OSError(EINVAL, "it is a file that is open already: name the file itself")
    if os.geteuid() not in {old.st_uid, ROOT}:
        raise PermissionError(EACCES, f"it belongs to user {old.st_uid}")
    if path.is_symlink() and path.lstat().st_uid not in {os.geteuid(), ROOT}:
        # In a folder that several may write to, it could lead to any file of ours.
        raise PermissionError(EACCES, "it is a link that somebody else made")
    return path.resolve(), old


def _mode_like(old: os.stat_result, number: int) -> int:
    """The old file's mode, its group made the new one's; less where that cannot be, or another group would read."""
    try:
        os.fchown(number, old.st_uid if os.geteuid() == ROOT else -1, old.st_gid)
    except OSError:
        return old.st_mode & stat.S_IRWXU
    return old.st_mode & 0o777


def _draft_beside(place: Path) -> tuple[int, Path]:
    """Make a file with a name that nobody can know before."""
    draft = place.with_name(f".smswrap-{os.urandom(12).hex()}")
    return os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | ONLY_OURS, FILE), draft


def _missing(path: Path) -> list[Path]:
    """The levels that are not there, the uppermost first."""
    # Not `Path.exists`: before Python 3.12 it raises where a folder above may not be entered.
    return [level for level in reversed((path, *path.parents)) if not os.path.lexists(level)]


def _fault_of(path: Path) -> _Fault | None:
    """What is wrong with what the path leads to."""
    try:
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            if status.st_uid not in {os.geteuid(), ROOT}:
                return _misplaced(path, f"is a link that user {status.st_uid} made")
            status = path.stat()
    except FileNotFoundError:
        return _misplaced(path, "is a link that leads nowhere") if path.is_symlink() else None
    except OSError as error:
        return _Fault(f"{path} cannot be looked at: {error.strerror}", "Fix the permissions of the folders above it.")
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        return _misplaced(path, "is not a regular file")
    return _fault_in(status, path)


def _fault_in(status: os.stat_result, path: Path) -> _Fault | None:
    """Whose it is, and who else may write to it."""
    here, uid = shlex.quote(str(path)), status.st_uid
    if uid not in {os.geteuid(), ROOT}:
        return _misplaced(path, f"belongs to user {uid}, not to you")
    if uid != os.geteuid():
        return _Fault(
            f"{path} belongs to root, not to you", f'If it should be yours: `sudo chown -R "$(id -u)" {here}`.'
        )
    if status.st_mode & OTHERS_WRITE:
        what = f"{path} may be written by others (mode {stat.S_IMODE(status.st_mode):04o})"
        return _Fault(what, f"Run `chmod go-w {here}`.")
    return None


def _misplaced(path: Path, what: str) -> _Fault:
    here, aside = shlex.quote(str(path)), shlex.quote(f"{path}.other")
    return _Fault(f"{path} {what}", f"Move it away, `mv {here} {aside}`, or name a place of your own.")


def _refuse(fault: _Fault | None) -> None:
    if fault is not None:
        raise SetupError(f"{fault.what}; what smswrap remembers must be yours alone.", fault.step, code="state")


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{path} cannot be used: {error.strerror}."
        raise SetupError(message, "Fix that, or name another place with SMSWRAP_STATE_DIR.", code="state") from error
