"""The journal file: private, durable, mended or reported, and never in the way of the truth."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest
from conftest import SEND, SIGN, TEMPLATE
from smswrap.sending.confirmation import Guarding, confirm_at_once, propose
from smswrap.sending.journal import Journal, JournalLost
from smswrap.sending.plan import Draft, Plan, note_messages, split
from smswrap.sending.requests import Result, settle, take
from smswrap.sending.schema import MIGRATIONS

from smswrap.errors import Fault, SetupError
from smswrap.providers.base import Limits, Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran, Running, StandIn

DRAFT = Draft("send", "aliyun", "SMS_1")
SECRET = "739152"
DAY = 86_400


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.db"


def planned(journal: Journal, *recipients: str) -> Plan:
    messages = [Message(recipient, "甲", {"code": SECRET}) for recipient in recipients or ("+8613900000000",)]
    plan = note_messages(journal, DRAFT, enumerate(messages, 1), lambda _problem: None)
    split(plan, DRAFT, Limits(1000, 100))
    return plan


def plan_ids(journal: Journal) -> list[str]:
    return [row["plan_id"] for row in journal.rows("SELECT plan_id FROM plans ORDER BY id")]


def holds_secret(path: Path) -> bool:
    files = [file for file in path.parent.iterdir() if file.is_file()]
    assert path in files
    return any(SECRET.encode() in file.read_bytes() for file in files)


def set_aside(path: Path) -> list[Path]:
    return [file for file in path.parent.glob("journal.db.corrupt-*") if not file.name.endswith(("-wal", "-shm"))]


def test_it_is_the_users_alone_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        with Journal(path) as journal:
            planned(journal)
            modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_every_file_that_a_send_leaves_is_the_users_alone(
    standin: StandIn, smswrap: Callable[..., Ran], path: Path
) -> None:
    assert standin.launcher.exists()
    assert smswrap(*SEND).code == 0
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


def test_it_is_written_ahead_with_full_syncs_and_erases_what_it_deletes(path: Path) -> None:
    with Journal(path) as journal:
        pragmas = ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        assert [tuple(journal.one(f"PRAGMA {name}")) for name in pragmas] == [("wal",), (2,), (1,), (1,)]


@pytest.mark.parametrize("version", range(len(MIGRATIONS) + 1))
def test_each_older_journal_becomes_one_of_today(path: Path, version: int) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection, connection:
        for statements in MIGRATIONS[:version]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version}")
    with Journal(path) as journal:
        key, plan_id = journal.key, planned(journal).plan_id
    with Journal(path) as journal:
        assert tuple(journal.one("PRAGMA user_version")) == (len(MIGRATIONS),)
        assert (journal.key, plan_ids(journal)) == (key, [plan_id])


def test_a_migration_that_fails_leaves_nothing_half_done(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("smswrap.sending.journal.MIGRATIONS", (*MIGRATIONS, ("CREATE TABLE more (x)", "nonsense")))
        with pytest.raises(SetupError):
            Journal(path)
    with Journal(path) as journal:
        assert plan_ids(journal) == []
        assert journal.first("SELECT 1 FROM sqlite_master WHERE name = 'more'") is None


def test_a_journal_of_a_newer_program_is_left_alone(path: Path, smswrap: Callable[..., Ran]) -> None:
    with Journal(path) as journal:
        journal.run("PRAGMA user_version = 99")
    ran = smswrap(*SEND)
    assert (ran.code, ran.error["code"]) == (3, "journal")
    assert "newer" in ran.error["message"]
    assert set_aside(path) == []


def test_many_who_open_it_first_at_once_have_one_journal(path: Path) -> None:
    keys: list[bytes] = []
    barrier = Barrier(8)

    def open_it() -> None:
        barrier.wait()
        with Journal(path) as journal:
            keys.append(journal.key)

    threads = [Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "garbage": lambda _whole: b"no database at all" * 1_000,
    "truncated": lambda whole: whole[: len(whole) // 2],
    "header": lambda whole: b"sqlite" + whole[6:],
    "pages": lambda whole: whole[:4_096] + b"\xff" * (len(whole) - 4_096),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_corrupt_journal_is_set_aside_whole_and_replaced(path: Path, damage: str) -> None:
    with Journal(path) as journal:
        for number in range(50):
            propose(planned(journal, f"+86139000000{number:02}"))
    spoilt = DAMAGES[damage](path.read_bytes())
    path.write_bytes(spoilt)
    with pytest.raises(SetupError, match="corrupt"), Journal(path) as journal:
        planned(journal)
    (aside,) = set_aside(path)
    assert aside.read_bytes() == spoilt
    with Journal(path) as journal:
        assert plan_ids(journal) == []
    assert set_aside(path) == [aside]


def test_a_corrupt_journal_is_reported_before_anything_is_called(
    standin: StandIn, smswrap: Callable[..., Ran], path: Path
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 1_000)
    ran = smswrap(*SEND)
    assert (ran.code, ran.error["kind"], ran.error["code"]) == (3, "setup", "journal")
    assert "knows of no earlier send" in ran.error["next_step"]
    assert standin.calls == []
    assert smswrap(*SEND).code == 0


def test_what_a_corrupt_journal_had_in_its_log_is_set_aside_with_it(path: Path, tmp_path: Path) -> None:
    Journal(path).close()
    killed = tmp_path / "killed" / "journal.db"
    with Journal(path) as journal:
        planned(journal)
        shutil.copytree(path.parent, killed.parent)
    log = killed.with_name("journal.db-wal").read_bytes()
    spoilt = killed.read_bytes().replace(b"CREATE TABLE", b"CREATE BABLE").replace(b"SQLite", b"sqlite")
    killed.write_bytes(spoilt)
    with pytest.raises(SetupError, match="corrupt"):
        Journal(killed)
    (aside,) = set_aside(killed)
    assert aside.read_bytes() == spoilt
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == log != b""


def test_many_who_meet_a_corrupt_journal_at_once_set_it_aside_once(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 1_000)
    barrier = Barrier(6)
    told: list[str] = []

    def open_it() -> None:
        barrier.wait()
        try:
            Journal(path).close()
        except SetupError as error:
            told.append(error.fault.message)

    threads = [Thread(target=open_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert any("corrupt" in message for message in told)
    (aside,) = set_aside(path)
    assert aside.read_bytes().startswith(b"no database at all")
    Journal(path).close()


@pytest.mark.parametrize("obstacle", ["a directory in its place", "a file for its directory"])
def test_a_journal_that_cannot_be_written_is_reported_before_anything_is_called(
    standin: StandIn, smswrap: Callable[..., Ran], path: Path, obstacle: str
) -> None:
    if obstacle == "a directory in its place":
        path.mkdir(parents=True)
    else:
        path.parent.write_text("not a directory", "utf-8")
    ran = smswrap(*SEND)
    assert (ran.code, ran.error["kind"], ran.error["code"]) == (3, "setup", "journal")
    assert "mend its permissions" in ran.error["next_step"]
    assert standin.calls == []


def test_a_journal_that_is_read_only_for_the_program_is_reported(path: Path) -> None:
    with Journal(path) as journal:
        plan = planned(journal)
        confirm_at_once(plan, Guarding())
        journal.run("PRAGMA query_only = ON")
        with pytest.raises(SetupError, match="readonly"):
            propose(plan)
        with pytest.raises(JournalLost) as caught:
            take(plan)
        assert caught.value.data == {"plan_id": plan.plan_id}
        assert "resume" in caught.value.fault.next_step


HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_journal_that_another_process_keeps_locked_is_reported_after_ten_seconds(
    standin: StandIn, smswrap: Callable[..., Ran], path: Path
) -> None:
    Journal(path).close()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        ran = smswrap(*SEND)
        holder.communicate()
    assert (ran.code, ran.error["code"]) == (3, "journal")
    assert "locked by another process" in ran.error["message"]
    assert standin.calls == []
    assert smswrap(*SEND).code == 0


@pytest.mark.parametrize(("number", "code"), [("13900000000", 0), ("13900000007", 5)])
def test_parameters_are_gone_from_the_file_when_a_request_has_its_outcome(
    standin: StandIn, smswrap: Callable[..., Ran], path: Path, number: str, code: int
) -> None:
    ran = smswrap("send", "-p", number, "-s", SIGN, "-t", TEMPLATE, "--var", f"code={SECRET}", "--yes")
    assert (ran.code, len(standin.api_calls)) == (code, 1)
    assert not holds_secret(path)


def test_parameters_go_even_while_another_process_has_the_journal_open(path: Path) -> None:
    with Journal(path):
        with Journal(path) as journal:
            plan = planned(journal)
            confirm_at_once(plan, Guarding())
            take(plan)
            assert holds_secret(path)
            settle(plan, 1, Result("accepted"))
        assert not holds_secret(path)


def test_parameters_are_kept_while_the_outcome_is_unknown_and_go_when_it_is_found(
    standin: StandIn, smswrap: Callable[..., Ran], path: Path
) -> None:
    ran = smswrap("send", "-p", "13900000008", "-s", SIGN, "-t", TEMPLATE, "--var", f"code={SECRET}", "--yes")
    assert (ran.code, len(standin.ledger)) == (8, 1)
    assert holds_secret(path)
    assert smswrap("resume", "--unknown").code == 0
    assert not holds_secret(path)


def test_parameters_of_a_plan_to_which_nobody_said_yes_go_within_hours(path: Path) -> None:
    with Journal(path) as journal:
        propose(planned(journal))
        kept = plan_ids(journal)
    with Journal(path) as journal:
        journal.run("UPDATE plans SET created = created - 5 * 3600")
    with Journal(path) as journal:
        assert plan_ids(journal) == kept
        journal.run("UPDATE plans SET created = created - 2 * 3600")
    Journal(path).close()
    assert not holds_secret(path)


def test_thirty_days_are_remembered(path: Path) -> None:
    with Journal(path) as journal:
        plans = [planned(journal, f"+861390000000{number}") for number in range(4)]
        for plan, days in zip(plans, (31, 29, 0, -400), strict=True):
            confirm_at_once(plan, Guarding())
            take(plan)
            settle(plan, 1, Result("unknown", fault=Fault("unknown", "?")))
            journal.run("UPDATE plans SET created = created - ? WHERE id = ?", days * DAY, plan.number)
        ids = plan_ids(journal)
    with Journal(path) as journal:
        assert plan_ids(journal) == ids[1:]
        for table in ("requests", "messages"):
            assert journal.one(f"SELECT COUNT(*) AS n FROM {table}")["n"] == 3  # noqa: S608  the two names above


def limited(octets: int) -> Callable[[], None]:
    """Let no file of a child grow beyond that; what it starts may lift that again."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (octets, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))

    return limit


def without_limit(standin: StandIn) -> None:
    """Let the stand-in write what it likes: only our own disk is full."""
    real = standin.launcher.with_name("real")
    standin.launcher.rename(real)
    standin.launcher.write_text(f'#!/bin/sh\nulimit -S -f unlimited\nexec "{real}" "$@"\n', "utf-8")
    standin.launcher.chmod(0o755)


def test_a_full_disk_stops_a_send_and_nothing_is_sent_that_the_journal_does_not_hold(
    standin: StandIn, smswrap: Callable[..., Ran], start: Callable[..., Running], path: Path, tmp_path: Path
) -> None:
    numbers = ",".join(f"138{number:08}" for number in range(2_500))
    plan_id = smswrap(*SEND[:2], numbers, *SEND[3:-1]).envelope["data"]["plan_id"]
    without_limit(standin)
    shutil.copytree(path.parent, tmp_path / "planned")
    ends: dict[int, tuple[int, int]] = {}
    for limit in (1_000, 40_000, 160_000, 300_000):
        ran = start("confirm", plan_id, "--jobs", "1", preexec_fn=limited(limit)).end()
        sent = {message["out_id"] for message in standin.ledger}
        with closing(sqlite3.connect(path)) as connection:
            held = dict(connection.execute("SELECT out_id, state FROM requests WHERE state <> 'planned'"))
        assert sent <= set(held), (limit, ran)
        assert set(held.values()) <= {"sending", "accepted", "unknown"}
        ends[limit] = (ran.code, len(sent))
        if ran.code == 1:
            assert "can no longer be written" in ran.error["message"]
            assert ran.envelope["data"] == {"plan_id": plan_id}
        assert not standin.ai_mode
        shutil.rmtree(path.parent)
        shutil.copytree(tmp_path / "planned", path.parent)
        (standin.directory / "ledger.jsonl").unlink(missing_ok=True)
    assert ends[1_000] == (3, 0), ends
    assert any(code == 1 and 0 < requests < 3 for code, requests in ends.values()), ends
    assert smswrap("confirm", plan_id).code == 0
    assert len(standin.ledger) == 2_500
