"""The door to the disk: private whatever the umask, whole or not at all, and nobody else's; with real other users."""

from __future__ import annotations

import codecs
import os
import stat
import subprocess
import sys
import threading
import traceback
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from smswrap import disk, state
from smswrap.errors import SetupError
from smswrap.providers.aliyun import configuration, mark

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Loaded before a child becomes somebody else, who may not read where Python lies.
codecs.lookup("utf-8-sig")

VICTIM, ATTACKER = 4002, 4001
HELD_OPEN = "it is a file that is open already"

# Nobody else may take on another user's id, so there is no other way to play an attacker; CI is root.
other_users = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as two other users")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(params=[0o000, 0o002, 0o022, 0o077, 0o277, 0o777], ids=lambda mask: f"umask-{mask:03o}")
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder that every user may enter and write to, without the sticky bit: /tmp of a group."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid == os.geteuid() and not mode(folder) & 0o001:
            folder.chmod(mode(folder) | 0o011)
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


@pytest.mark.parametrize(
    ("rows", "kind"),
    [
        (("/ ext4", "/home nfs4"), "nfs4"),
        (("/ nfs", "/home ext4"), None),
        (("/ ext4", "/home/x\\040y cifs"), "cifs"),
        (("/ ext4", "/home nfs4", "/home tmpfs"), None),
        (("/ ext4", "/hom nfs4"), None),
        ((), None),
    ],
)
def test_a_network_file_system_is_known_by_its_mount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: tuple[str, ...], kind: str | None
) -> None:
    lines = (f"36 22 0:40 / {place} rw,relatime shared:9 - {what} host:/x rw" for place, what in map(str.split, rows))
    (tmp_path / "mounts").write_text("\n".join([*lines, "nonsense", ""]), "utf-8")
    monkeypatch.setattr(disk, "MOUNTS", tmp_path / "mounts")
    assert disk.network_of(Path("/home/x y/state")) == kind
    monkeypatch.setattr(disk, "MOUNTS", tmp_path / "there is none")
    assert disk.network_of(Path("/home/x y/state")) is None


def as_user(uid: int, act: Callable[..., object], *arguments: object) -> str:
    """Do something in a child that is that user; gives how it failed, or nothing."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            act(*arguments)
        except SetupError as error:
            os.write(writing, f"{error.fault.code}: {error} {error.fault.next_step}".encode())
        except OSError as error:
            os.write(writing, f"{type(error).__name__}: {error}".encode())
        except BaseException:  # noqa: BLE001  the child must never go on as a second pytest
            os.write(writing, traceback.format_exc().encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as said:
        told = said.read()
    os.waitpid(child, 0)
    return told


def write(path: Path, text: str = "new\n") -> None:
    with disk.replacing(path) as file:
        file.write(text)


def write_half(path: Path, failure: type[BaseException]) -> None:
    with disk.replacing(path) as file:
        file.write("half")
        raise failure


# Folders


def test_every_level_made_is_ours_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    deep = disk.private_folder(tmp_path / "a" / "b" / "c")
    assert [mode(level) for level in (deep, deep.parent, deep.parent.parent)] == [0o700] * 3, oct(umask)


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert disk.private_folder(tmp_path) == tmp_path
    assert mode(tmp_path) == 0o755


@pytest.mark.parametrize("open_to", [0o770, 0o702, 0o777, 0o720])
def test_a_folder_that_others_may_write_to_is_refused_with_the_command_that_closes_it(
    tmp_path: Path, open_to: int
) -> None:
    folder = tmp_path / "it's open"
    folder.mkdir()
    folder.chmod(open_to)
    with pytest.raises(SetupError, match=f"written by others .mode {open_to:04o}") as refused:
        disk.private_folder(folder)
    assert refused.value.fault.exit == 3
    step = refused.value.fault.next_step
    subprocess.run(["/bin/sh", "-c", step.split("`")[1]], check=True)
    assert disk.private_folder(folder) == folder


@pytest.mark.parametrize("what", ["file", "pipe", "dangling link", "link to a file"])
def test_what_is_no_folder_is_refused_and_can_be_moved_away(tmp_path: Path, what: str) -> None:
    path = tmp_path / "state folder"
    (tmp_path / "file").touch(0o600)
    make = {
        "file": lambda: path.touch(0o600),
        "pipe": lambda: os.mkfifo(path, 0o600),
        "dangling link": lambda: path.symlink_to(tmp_path / "nowhere"),
        "link to a file": lambda: path.symlink_to(tmp_path / "file"),
    }
    make[what]()
    with pytest.raises(SetupError) as refused:
        disk.private_folder(path)
    assert not (tmp_path / "nowhere").exists()
    subprocess.run(["/bin/sh", "-c", refused.value.fault.next_step.split("`")[1]], check=True)
    assert mode(disk.private_folder(path)) == 0o700


def test_a_folder_below_a_file_is_told_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="Not a directory"):
        disk.private_folder(tmp_path / "file" / "state")


def test_a_link_of_our_own_leads_to_the_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("real")
    assert disk.private_folder(tmp_path / "link" / "state").is_dir()
    (tmp_path / "real").chmod(0o777)
    with pytest.raises(SetupError, match="0777"):
        disk.private_folder(tmp_path / "link")


def test_many_at_once_make_the_same_folder(tmp_path: Path) -> None:
    deep, failed = tmp_path.joinpath(*"abcdefgh"), []

    def make() -> None:
        try:
            disk.private_folder(deep)
        except SetupError as error:
            failed.append(error)

    threads = [threading.Thread(target=make) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert mode(deep) == 0o700


# Files


def test_a_file_made_is_ours_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    for _ in range(2):
        number = disk.private_file(tmp_path / "journal")
        os.write(number, b"x")
        assert not os.get_inheritable(number)
        os.close(number)
        assert mode(tmp_path / "journal") == 0o600, oct(umask)


def test_a_file_that_others_may_read_is_closed_and_its_content_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text("kept")
    path.chmod(0o644)
    os.close(disk.private_file(path))
    assert (mode(path), path.read_text()) == (0o600, "kept")


@pytest.mark.parametrize("open_to", [0o660, 0o602, 0o666])
def test_a_file_that_others_may_write_to_is_refused(tmp_path: Path, open_to: int) -> None:
    path = tmp_path / "journal"
    path.touch()
    path.chmod(open_to)
    with pytest.raises(SetupError, match="written by others") as refused:
        disk.private_file(path)
    assert refused.value.fault.next_step == f"Run `chmod go-w {path}`."
    assert mode(path) == open_to


@pytest.mark.parametrize("what", ["link", "dangling link", "pipe", "folder", "device"])
def test_what_is_no_regular_file_is_refused_at_once_and_left_alone(tmp_path: Path, what: str) -> None:
    path, target = tmp_path / "journal", tmp_path / "target"
    make: dict[str, Callable[[], object]] = {
        "link": lambda: path.symlink_to(target),
        "dangling link": lambda: path.symlink_to(target),
        "pipe": lambda: os.mkfifo(path, 0o600),
        "folder": lambda: path.mkdir(mode=0o700),
        "device": path.touch,
    }
    make[what]()
    if what == "link":
        target.write_text("precious")
    with pytest.raises(SetupError):
        disk.private_file(Path("/dev/null") if what == "device" else path)
    assert target.exists() == (what == "link")
    assert what != "link" or target.read_text() == "precious"


def test_a_pipe_in_the_place_of_what_we_read_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMSWRAP_STATE_DIR", str(tmp_path))
    for name in ("smswrap.on", "ai-mode.json", "safety-policy.json", "facts.json", "config.json"):
        os.mkfifo(tmp_path / name, 0o600)
    assert mark.read(tmp_path) == mark.Mark("an unknown time")
    assert mark.switch(tmp_path) == (False, "")
    assert configuration.rule_against(tmp_path, {}, ["send-sms"]) is None
    assert state.remembered("facts.json") == {}
    with pytest.raises(SetupError, match="cannot be read"):
        configuration.read(tmp_path)


# Replacing


def test_a_new_file_is_whole_and_ours_alone(tmp_path: Path, umask: int) -> None:
    path = disk.private_folder(tmp_path / "results") / "results.csv"
    with disk.replacing(path) as file:
        file.write("a\r\n")
        assert not path.exists()
    assert path.read_bytes() == b"\xef\xbb\xbfa\r\n"
    assert mode(path) == 0o600, oct(umask)
    assert entries(path.parent) == ["results.csv"]


@pytest.mark.parametrize("old", [0o600, 0o640, 0o644, 0o666, 0o4755])
def test_an_old_file_keeps_its_mode_but_no_special_bits(tmp_path: Path, old: int) -> None:
    path = tmp_path / "results.csv"
    path.touch()
    path.chmod(old)
    write(path)
    assert mode(path) == old & 0o777


def test_a_failure_half_way_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    write(folder / "results.csv", "old\n")
    for failure in (ValueError, KeyboardInterrupt):
        with pytest.raises(failure):
            write_half(folder / "results.csv", failure)
    assert (folder / "results.csv").read_text("utf-8-sig") == "old\n"
    assert entries(folder) == ["results.csv"]


def test_half_a_character_is_written_as_its_escape(tmp_path: Path) -> None:
    write(tmp_path / "results.csv", "\udc80")
    assert (tmp_path / "results.csv").read_text("utf-8-sig") == "\\udc80"


def test_a_link_of_ours_is_followed_and_its_draft_stands_beside_the_target(tmp_path: Path) -> None:
    real, links = tmp_path / "real", tmp_path / "links"
    real.mkdir()
    links.mkdir()
    (real / "results.csv").write_text("old")
    (links / "results.csv").symlink_to("../real/results.csv")
    with disk.replacing(links / "results.csv") as file:
        file.write("new")
        assert len(entries(real)) == 2
        assert entries(links) == ["results.csv"]
    assert (links / "results.csv").is_symlink()
    assert (real / "results.csv").read_text("utf-8-sig") == "new"


@pytest.mark.parametrize("act", [disk.check_writable, write])
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("dangling", FileNotFoundError),
        ("folder", IsADirectoryError),
        ("/", IsADirectoryError),
        ("missing/results.csv", FileNotFoundError),
        ("file/results.csv", NotADirectoryError),
        ("x" * 256, OSError),
    ],
)
def test_what_cannot_be_written_is_said_before_and_after_alike(
    tmp_path: Path, act: Callable[[Path], None], name: str, why: type[OSError]
) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    before = entries(tmp_path)
    with pytest.raises(why):
        act(tmp_path / name)
    assert entries(tmp_path) == before


def test_a_pipe_is_written_to_and_stays_one(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    read: list[str] = []
    os.mkfifo(pipe)
    disk.check_writable(pipe)  # does not wait for a reader
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8-sig")))
    reader.start()
    write(pipe)
    reader.join()
    assert read == ["new\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_is_written_to_and_stays_one() -> None:
    before = Path("/dev/null").stat()
    disk.check_writable(Path("/dev/null"))
    write(Path("/dev/null"))
    after = Path("/dev/null").stat()
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    assert stat.S_ISCHR(after.st_mode)


STDOUT = """
from pathlib import Path
from smswrap import disk
with disk.replacing(Path("/dev/stdout"), encoding="utf-8") as file:
    file.write("results")
"""


def test_stdout_is_written_to_where_it_is_a_pipe_and_refused_where_it_is_a_file(tmp_path: Path) -> None:
    run = [sys.executable, "-c", STDOUT]
    assert subprocess.run(run, check=True, capture_output=True, text=True).stdout == "results"
    with (tmp_path / "log").open("w+", encoding="utf-8") as log:
        log.write("kept\n")
        log.flush()
        ended = subprocess.run(run, check=False, stdout=log, stderr=subprocess.PIPE, text=True)
    assert HELD_OPEN in ended.stderr
    assert (tmp_path / "log").read_text() == "kept\n"


def test_checking_makes_no_name_that_somebody_could_wait_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    opened = os.open

    def watch(path: Path, flags: int, mode: int = 0o777) -> int:
        assert flags & os.O_EXCL
        assert flags & os.O_NOFOLLOW
        made.append(path.name)
        return opened(path, flags, mode)

    monkeypatch.setattr(os, "open", watch)
    for _ in range(2):
        disk.check_writable(tmp_path / "results.csv")
        write(tmp_path / "results.csv")
    assert len(set(made)) == 4
    assert not any("results" in name or str(os.getpid()) in name for name in made)


# What is remembered


def test_what_is_remembered_comes_back_and_is_ours_alone(umask: int) -> None:
    state.remember("facts.json", {"name": "签名"})
    assert state.remembered("facts.json") == {"name": "签名"}
    assert (mode(state.directory()), mode(state.directory() / "facts.json")) == (0o700, 0o600), oct(umask)
    assert (state.directory() / "facts.json").read_bytes()[:1] == b"{"


@pytest.mark.parametrize("content", ["", "[1]", "{", "null"])
def test_what_cannot_be_read_is_not_remembered(content: str) -> None:
    disk.private_folder(state.directory())
    (state.directory() / "facts.json").write_text(content)
    assert state.remembered("facts.json") == {}


# Other users


@other_users
def test_a_state_folder_of_somebody_else_is_refused(shared: Path) -> None:
    assert as_user(ATTACKER, (shared / "state").mkdir, 0o755) == ""
    told = as_user(VICTIM, disk.private_folder, shared / "state")
    assert told.startswith(f"state: {shared}/state belongs to user {ATTACKER}, not to you")
    assert f"mv {shared}/state {shared}/state.other" in told
    assert entries(shared / "state") == []


@other_users
def test_a_state_folder_that_root_left_is_refused_with_the_command_that_gives_it_back(shared: Path) -> None:
    (shared / "state").mkdir()
    told = as_user(VICTIM, disk.private_folder, shared / "state")
    assert f'`sudo chown -R "$(id -u)" {shared}/state`' in told


@other_users
@pytest.mark.parametrize("name", ["state", "state/journal"])
def test_a_link_that_somebody_else_made_is_not_followed_to_our_own(shared: Path, name: str) -> None:
    ours = shared / "ours"

    def make_ours() -> None:
        ours.mkdir(mode=0o700)
        (ours / "journal").touch(0o600)

    def plant() -> None:
        (shared / name).parent.mkdir(exist_ok=True)
        (shared / name).symlink_to(ours if name == "state" else ours / "journal")

    assert as_user(VICTIM, make_ours) == ""
    assert as_user(ATTACKER, plant) == ""
    act: Callable[[Path], object] = disk.private_folder if name == "state" else disk.private_file
    told = as_user(VICTIM, act, shared / name)
    assert "link" in told
    assert told.startswith("state: ")


@other_users
def test_a_journal_of_somebody_else_is_refused(shared: Path) -> None:
    def plant() -> None:
        (shared / "journal").touch()
        (shared / "journal").chmod(0o666)

    assert as_user(ATTACKER, plant) == ""
    assert f"belongs to user {ATTACKER}" in as_user(VICTIM, disk.private_file, shared / "journal")


@other_users
def test_a_planted_link_does_not_make_us_overwrite_our_own_file(shared: Path) -> None:
    keys = shared / "authorized_keys"
    assert as_user(VICTIM, keys.write_text, "ours") == ""
    assert as_user(ATTACKER, (shared / "results.csv").symlink_to, keys) == ""
    for act in (disk.check_writable, write):
        assert "link that somebody else made" in as_user(VICTIM, act, shared / "results.csv")
    assert keys.read_text() == "ours"


@other_users
def test_results_are_not_written_with_the_mode_that_somebody_else_prepared(shared: Path) -> None:
    def plant() -> None:
        (shared / "results.csv").touch()
        (shared / "results.csv").chmod(0o666)

    assert as_user(ATTACKER, plant) == ""
    for act in (disk.check_writable, write):
        assert f"belongs to user {ATTACKER}" in as_user(VICTIM, act, shared / "results.csv")
    assert (shared / "results.csv").read_text() == ""


@other_users
def test_a_folder_that_may_not_be_entered_is_told_and_nothing_is_unexpected(shared: Path) -> None:
    (shared / "closed").mkdir(mode=0o700)
    inside = shared / "closed" / "state"
    opening: list[Callable[[Path], object]] = [disk.private_folder, disk.private_file]
    for act in opening:
        told = as_user(VICTIM, act, inside)
        assert told.startswith("state: ")
        assert "Permission denied" in told
    for act in (disk.check_writable, write):
        assert as_user(VICTIM, act, inside).startswith("PermissionError")


@other_users
def test_a_file_that_its_owner_closed_is_not_replaced(shared: Path) -> None:
    def close() -> None:
        write(shared / "results.csv", "old")
        (shared / "results.csv").chmod(0o400)

    assert as_user(VICTIM, close) == ""
    for act in (disk.check_writable, write):
        assert as_user(VICTIM, act, shared / "results.csv").startswith("PermissionError")
    assert (shared / "results.csv").read_text("utf-8-sig") == "old"


@other_users
def test_root_leaves_a_file_to_its_owner(shared: Path) -> None:
    assert as_user(VICTIM, write, shared / "results.csv") == ""
    write(shared / "results.csv", "by root")
    status = (shared / "results.csv").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (VICTIM, VICTIM, 0o600)


@other_users
def test_a_group_that_cannot_be_kept_gives_nobody_else_the_right_to_read(shared: Path) -> None:
    path = shared / "results.csv"
    assert as_user(VICTIM, write, path) == ""
    os.chown(path, VICTIM, 4999)
    path.chmod(0o660)
    assert as_user(VICTIM, write, path) == ""
    assert (mode(path), path.stat().st_gid) == (0o600, VICTIM)


@other_users
def test_root_is_refused_in_the_home_of_somebody_else_unless_it_is_meant(tmp_path: Path) -> None:
    home = tmp_path / "their-home"
    home.mkdir()
    disk.refuse_foreign_home(home, allowed=False)
    disk.refuse_foreign_home(tmp_path / "none", allowed=False)
    os.chown(home, VICTIM, VICTIM)
    with pytest.raises(SetupError, match=f"root in the home of user {VICTIM}") as refused:
        disk.refuse_foreign_home(home, allowed=False)
    assert (refused.value.fault.exit, refused.value.fault.code) == (3, "root")
    assert "--allow-root" in refused.value.fault.next_step
    disk.refuse_foreign_home(home, allowed=True)
    assert as_user(VICTIM, partial(disk.refuse_foreign_home, allowed=False), Path("/")) == ""
