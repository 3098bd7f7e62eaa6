"""`smswrap confirm`: exactly the plan that was shown, once, in time."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from conftest import DEADLINE, SEND, wait_until

from smswrap.errors import InputError, SmswrapError
from smswrap.providers.base import Limits, Message
from smswrap.sending.confirmation import Guarding, confirm, propose
from smswrap.sending.journal import Journal
from smswrap.sending.plan import Draft, note_messages, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Ran, Running, StandIn

ASKING = SEND[:-1]
HANG = {"delay_ms": 20_000, "then": "continue"}
SLOW_SEND = {"cmd": "dysmsapi send-sms *", "delay_ms": 1_000, "then": "continue"}
AGO = "UPDATE plans SET created = created - {0}, ticks = ticks - {1}"
ADD_A_RECIPIENT = """
    INSERT INTO messages (plan, row, request, recipient, sign, parameters, extend_code, content_key, duplicate_key)
    SELECT plan, 9, request, '+8613912341234', sign, parameters, extend_code, content_key, duplicate_key
    FROM messages WHERE row = 2
"""


@pytest.fixture
def plan_of(smswrap: Callable[..., Ran]) -> Callable[..., str]:
    """Plan a send as an agent does; gives the plan's id."""

    def propose(*numbers: str) -> str:
        ran = smswrap("send", "-p", ",".join(numbers or ("13900000000",)), *ASKING[3:])
        assert ran.code == 9, ran.stderr
        return str(ran.envelope["data"]["plan_id"])

    return propose


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "state" / "journal.db") as opened:
        yield opened


def proposed(journal: Journal) -> str:
    draft = Draft("send", "aliyun", "SMS_1", profile="work", out_id="order-1")
    messages = [Message(f"+861390000000{number}", "甲", {"code": "1"}, "7") for number in range(3)]
    plan = note_messages(journal, draft, enumerate(messages, 1), lambda _problem: None)
    split(plan, draft, Limits(1000, 100))
    propose(plan)
    return plan.plan_id


def refusal_of(journal: Journal, plan_id: str) -> str | None:
    with pytest.raises(SmswrapError) as caught:
        confirm(journal, plan_id, Guarding())
    assert journal.one("SELECT state FROM plans")["state"] == "proposed"
    return caught.value.fault.code


def alter(tmp_path: Path, sql: str) -> None:
    with closing(sqlite3.connect(tmp_path / "state" / "journal.db")) as connection, connection:
        assert connection.execute(sql).rowcount > 0


def test_a_confirm_sends_the_plan_and_a_second_one_tells_its_outcome(
    standin: StandIn, smswrap: Callable[..., Ran], plan_of: Callable[..., str]
) -> None:
    plan_id = plan_of("13812341234", "13912341234")
    first, second = smswrap("confirm", plan_id), smswrap("confirm", plan_id)
    assert (first.code, first.envelope["status"], first.envelope["command"]) == (0, "accepted", "confirm")
    assert (second.code, second.envelope["status"]) == (0, "accepted")
    assert "nothing was sent now" in second.envelope["warnings"][0]
    assert second.envelope["data"] == first.envelope["data"]
    assert second.envelope["reply"] == first.envelope["reply"]
    assert sorted(message["phone"] for message in standin.ledger) == ["13812341234", "13912341234"]
    assert standin.ledger[0]["params"] == {"code": "123456"}


@pytest.mark.parametrize(("number", "code"), [("13900000007", 5), ("13900000008", 8), ("13900000011", 6)])
def test_a_second_confirm_ends_as_the_first_did(
    standin: StandIn, smswrap: Callable[..., Ran], plan_of: Callable[..., str], number: str, code: int
) -> None:
    plan_id = plan_of(number)
    first, second = smswrap("confirm", plan_id), smswrap("confirm", plan_id)
    assert first.code == second.code == code
    assert (second.envelope["status"], second.error) == (first.envelope["status"], first.error)
    assert len(standin.api_calls) == 1


def test_of_two_confirms_at_the_same_moment_one_sends_and_both_tell_the_outcome(
    standin: StandIn, start: Callable[..., Running], plan_of: Callable[..., str]
) -> None:
    standin.rules(SLOW_SEND)
    plan_id = plan_of()
    runs = [start("confirm", plan_id) for _ in range(3)]
    answers = [run.end() for run in runs]
    assert [(answer.code, answer.envelope["data"]["counts"]["accepted"]) for answer in answers] == [(0, 1)] * 3
    assert sum("nothing was sent now" in str(answer.envelope["warnings"]) for answer in answers) == 2
    assert len(standin.ledger) == len(standin.api_calls) == 1


def test_a_confirm_of_a_plan_that_is_being_sent_waits_for_its_outcome(
    standin: StandIn, start: Callable[..., Running], smswrap: Callable[..., Ran], plan_of: Callable[..., str]
) -> None:
    standin.rules(SLOW_SEND)
    plan_id = plan_of()
    first = start("confirm", plan_id)
    standin.wait_for_call("send-sms")
    second = smswrap("confirm", plan_id)
    assert (second.code, second.envelope["data"]["counts"]["accepted"]) == (0, 1)
    assert "Another smswrap is sending this plan" in second.stderr
    assert first.end().code == 0
    assert len(standin.ledger) == 1


def test_a_confirm_after_one_that_was_killed_before_it_sent_says_that_nothing_was_sent(
    standin: StandIn, start: Callable[..., Running], smswrap: Callable[..., Ran], plan_of: Callable[..., str]
) -> None:
    plan_id = plan_of()
    standin.rules({"cmd": "plugin update", "times": 1, **HANG})
    killed = start("confirm", plan_id)
    standin.wait_for_call("plugin update")
    killed.send(signal.SIGKILL)
    killed.process.wait(DEADLINE)
    ran = smswrap("confirm", plan_id)
    assert (ran.code, ran.envelope["status"], ran.envelope["data"]["counts"]["not_sent"]) == (7, "partial", 1)
    assert f"smswrap resume {plan_id}" in ran.error["next_step"]
    assert standin.ledger == []
    resumed = smswrap("resume", plan_id)
    assert (resumed.code, len(standin.ledger)) == (0, 1)
    wait_until(lambda: not standin.ai_mode, "AI mode stayed on")


def test_a_confirm_that_could_not_begin_can_be_said_again(
    standin: StandIn, smswrap: Callable[..., Ran], plan_of: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_id = plan_of()
    with monkeypatch.context() as without_cli:
        without_cli.setenv("PATH", "/usr/bin:/bin")
        assert smswrap("confirm", plan_id).code == 3
    ran = smswrap("confirm", plan_id)
    assert (ran.code, ran.envelope["warnings"], len(standin.ledger)) == (0, [], 1)


def test_another_provider_profile_or_region_is_refused_and_costs_nothing(
    standin: StandIn, smswrap: Callable[..., Ran], plan_of: Callable[..., str]
) -> None:
    plan_id = plan_of()
    for option, value in (("--provider", "volcengine"), ("--profile", "other"), ("--region", "cn-shanghai")):
        ran = smswrap("confirm", plan_id, option, value)
        assert (ran.code, ran.envelope["data"]["problems"][0]["field"]) == (2, option)
    assert standin.calls == []
    assert smswrap("confirm", plan_id, "--provider", "aliyun").envelope["warnings"] == []
    assert len(standin.ledger) == 1


def test_an_expired_plan_is_refused(
    standin: StandIn, smswrap: Callable[..., Ran], plan_of: Callable[..., str], tmp_path: Path
) -> None:
    plan_id = plan_of()
    alter(tmp_path, AGO.format(31 * 60, 31 * 60))
    ran = smswrap("confirm", plan_id)
    assert (ran.code, ran.error["code"]) == (9, "expired")
    assert "30 minutes" in ran.error["message"]
    assert standin.calls == []
    assert plan_of() == plan_id
    assert smswrap("confirm", plan_id).code == 0


@pytest.mark.parametrize(("wall", "ticks"), [(31 * 60, 0), (0, 31 * 60), (-86_400, 31 * 60)])
def test_whichever_clock_says_so_a_plan_expires(journal: Journal, wall: int, ticks: int) -> None:
    plan_id = proposed(journal)
    journal.run(AGO.format(wall, ticks))
    assert refusal_of(journal, plan_id) == "expired"


@pytest.mark.parametrize(("wall", "ticks"), [(29 * 60, 29 * 60), (-86_400, 60)])
def test_a_plan_of_29_minutes_holds_and_so_does_one_of_before_the_clock_was_set_back(
    journal: Journal, wall: int, ticks: int
) -> None:
    plan_id = proposed(journal)
    journal.run(AGO.format(wall, ticks))
    assert confirm(journal, plan_id, Guarding())[1] is True


def test_after_a_restart_of_the_machine_the_wall_clock_alone_counts(journal: Journal) -> None:
    plan_id = proposed(journal)
    journal.run("UPDATE plans SET boot = 'another', ticks = ticks - 86400, created = created - 31 * 60")
    assert refusal_of(journal, plan_id) == "expired"
    journal.run("UPDATE plans SET created = created + 31 * 60")
    assert confirm(journal, plan_id, Guarding())[1] is True


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE messages SET recipient = '+8613912341234' WHERE row = 2",
        "UPDATE messages SET sign = '乙' WHERE row = 2",
        'UPDATE messages SET parameters = \'{"code": "2"}\' WHERE row = 2',
        "UPDATE messages SET parameters = NULL WHERE row = 2",
        "UPDATE messages SET extend_code = '8' WHERE row = 2",
        "UPDATE messages SET row = 9 WHERE row = 2",
        "DELETE FROM messages WHERE row = 2",
        ADD_A_RECIPIENT,
        "UPDATE plans SET template = 'SMS_2'",
        "UPDATE plans SET provider = 'volcengine'",
        "UPDATE plans SET profile = NULL",
        "UPDATE plans SET region = 'cn-shanghai'",
        "UPDATE plans SET message_group = 'g'",
        "UPDATE plans SET out_id = 'order-2'",
        "UPDATE plans SET fingerprint = 'made up'",
    ],
)
def test_an_altered_plan_is_refused(journal: Journal, sql: str) -> None:
    plan_id = proposed(journal)
    assert journal.run(sql) > 0
    assert refusal_of(journal, plan_id) == "altered"


def test_an_altered_plan_is_refused_to_the_user(
    standin: StandIn, smswrap: Callable[..., Ran], plan_of: Callable[..., str], tmp_path: Path
) -> None:
    plan_id = plan_of()
    alter(tmp_path, "UPDATE messages SET recipient = '+8613912341234'")
    ran = smswrap("confirm", plan_id)
    assert (ran.code, ran.error["code"]) == (9, "altered")
    assert standin.calls == []


@pytest.mark.parametrize("plan_id", ["0000000000000000", "", "draft-0", "' OR 1 --", "-2"])
def test_no_plan_has_another_id(journal: Journal, plan_id: str) -> None:
    proposed(journal)
    with pytest.raises(InputError):
        confirm(journal, plan_id, Guarding())


def test_a_draft_cannot_be_confirmed(journal: Journal) -> None:
    draft = Draft("send", "aliyun", "SMS_1")
    plan = note_messages(journal, draft, [(1, Message("+8613900000000", "甲"))], lambda _problem: None)
    split(plan, draft, Limits(1000, 100))
    for plan_id in (plan.plan_id, plan.as_json()["plan_id"]):
        with pytest.raises(InputError):
            confirm(journal, plan_id, Guarding())


def test_a_plan_of_which_a_part_was_sent_meanwhile_is_a_duplicate(
    standin: StandIn, smswrap: Callable[..., Ran], plan_of: Callable[..., str]
) -> None:
    plan_id = plan_of("13812341234", "13912341234")
    sent = smswrap(*SEND[:2], "13912341234", *SEND[3:])
    ran = smswrap("confirm", plan_id)
    assert (ran.code, ran.error["code"]) == (10, "duplicate")
    assert sent.envelope["data"]["plan_id"] in ran.error["message"]
    assert len(standin.ledger) == 1
    assert smswrap("confirm", plan_id, "--allow-duplicate").code == 0
    assert len(standin.ledger) == 3


def test_a_plan_whose_whole_content_was_sent_meanwhile_is_that_send(
    standin: StandIn, smswrap: Callable[..., Ran], plan_of: Callable[..., str]
) -> None:
    plan_id = plan_of()
    assert smswrap(*SEND).envelope["data"]["plan_id"] == plan_id
    ran = smswrap("confirm", plan_id)
    assert ran.code == 0
    assert "nothing was sent now" in ran.envelope["warnings"][0]
    assert len(standin.ledger) == 1


def test_a_plan_of_the_sandbox_cannot_be_confirmed_outside_it(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    plan_id = smswrap("--sandbox", *ASKING).envelope["data"]["plan_id"]
    outside = smswrap("confirm", plan_id)
    assert (outside.code, outside.error["kind"]) == (2, "input")
    assert standin.ledger == []
    assert smswrap("--sandbox", "confirm", plan_id).code == 0
    assert len(standin.ledger) == 1
