"""`smswrap confirm`: exactly the plan that was shown, once, in time, with its account."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

import pytest
from conftest import DEADLINE, SEND, wait_until
from hall import ACCOUNT, message

from smswrap.errors import InputError, SmswrapError
from smswrap.model import Counts
from smswrap.sending.carrying import Alone
from smswrap.sending.refusals import DuplicatePolicy
from smswrap.sending.service import Options

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran, Running, StandIn
    from hall import Clocks, Hall

    from smswrap.errors import Fault
    from smswrap.model import Account, Plan
    from smswrap.sending.shown import ShownPlan

ASKING = SEND[:-1]
NO_MONEY = '{"Code":"isv.AMOUNT_NOT_ENOUGH","Message":"x"}\n'
HANG = {"delay_ms": 20_000, "then": "continue"}
SLOW_SEND = {"cmd": "dysmsapi send-sms *", "delay_ms": 1_000, "then": "continue"}
ALLOWING = Options(duplicates=DuplicatePolicy(allowed=True))
ADD_A_RECIPIENT = """
    INSERT INTO messages (plan, position, row, recipient, content, request)
    SELECT plan, 9, 9, '+8613912341234', content, request FROM messages WHERE row = 2
"""
THREE = tuple(message(f"+861990000000{number}") for number in range(3))


@pytest.fixture
def plan_of(smswrap: Callable[..., Ran]) -> Callable[..., str]:
    """Plan a send as an agent does; gives the plan's id."""

    def propose(*numbers: str) -> str:
        ran = smswrap("send", "-p", ",".join(numbers or ("19900000000",)), *ASKING[3:])
        assert ran.code == 9, ran.stderr
        return str(ran.envelope["data"]["plan_id"])

    return propose


def refusal_of(hall: Hall, plan_id: str) -> str | None:
    with pytest.raises(SmswrapError) as caught:
        hall.confirm(plan_id)
    assert hall.gateway.ledger == []
    assert (caught.value.data or {}).get("plan_id") == plan_id
    return caught.value.fault.code


def alter(path: Path, sql: str) -> None:
    """What somebody does who can write the file, but does not know its key."""
    with closing(sqlite3.connect(path)) as connection, connection:
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
    assert second.envelope["reply"] is None
    assert sorted(message["phone"] for message in standin.ledger) == ["13812341234", "13912341234"]
    assert standin.ledger[0]["params"] == {"code": "123456"}


@pytest.mark.parametrize(("number", "code"), [("19900000007", 5), ("19900000008", 8), ("19900000011", 6)])
def test_a_second_confirm_ends_as_the_first_did(
    standin: StandIn, smswrap: Callable[..., Ran], plan_of: Callable[..., str], number: str, code: int
) -> None:
    plan_id = plan_of(number)
    first, second = smswrap("confirm", plan_id), smswrap("confirm", plan_id)
    assert first.code == second.code == code
    assert (second.envelope["status"], second.error) == (first.envelope["status"], first.error)
    assert len(standin.sends) == 1


def test_of_two_confirms_at_the_same_moment_one_sends_and_both_tell_the_outcome(
    standin: StandIn, start: Callable[..., Running], plan_of: Callable[..., str]
) -> None:
    standin.rules(SLOW_SEND)
    plan_id = plan_of()
    runs = [start("confirm", plan_id) for _ in range(3)]
    answers = [run.end() for run in runs]
    assert [(answer.code, answer.envelope["data"]["counts"]["accepted"]) for answer in answers] == [(0, 1)] * 3
    assert sum("nothing was sent now" in str(answer.envelope["warnings"]) for answer in answers) == 2
    assert len(standin.ledger) == len(standin.sends) == 1


def test_a_confirm_of_a_plan_that_is_being_sent_waits_for_its_outcome(
    standin: StandIn, start: Callable[..., Running], smswrap: Callable[..., Ran], plan_of: Callable[..., str]
) -> None:
    standin.rules({**SLOW_SEND, "delay_ms": 5_000})
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
    standin.rules({"cmd": "configure ai-mode enable", "times": 1, **HANG})
    killed = start("confirm", plan_id)
    # Its use is counted after the call has begun: killed between the two, the next call would hang as well.
    wait_until(lambda: standin.records("rules.used.jsonl") != [], "AI mode was not turned on")
    killed.send(signal.SIGKILL)
    killed.process.wait(DEADLINE)
    os.kill(standin.starts[-1]["pid"], signal.SIGKILL)
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


def test_another_provider_profile_or_region_is_refused_and_sends_nothing(
    standin: StandIn, smswrap: Callable[..., Ran], plan_of: Callable[..., str]
) -> None:
    standin.save_profile("other", access_key_id="LTAI-other-9x9Y")
    plan_id = plan_of()
    for option, value, told in (("--profile", "other", "profile other"), ("--region", "cn-shanghai", "cn-shanghai")):
        ran = smswrap("confirm", plan_id, option, value)
        assert (ran.code, ran.error["code"], ran.envelope["data"]["plan_id"]) == (9, "account", plan_id)
        assert told in ran.error["message"]
    assert standin.ledger == []
    assert smswrap("confirm", plan_id, "--provider", "aliyun").envelope["warnings"] == []
    assert len(standin.ledger) == 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"current": "prod"}, ("prod", "9x9Y")),
        ({"ALIBABA_CLOUD_PROFILE": "prod"}, ("prod", "9x9Y")),
        ({"SMSWRAP_PROFILE": "prod"}, ("prod", "9x9Y")),
        ({"SMSWRAP_REGION": "cn-beijing"}, ("cn-beijing",)),
    ],
)
@pytest.mark.parametrize("verb", ["confirm", "resume"])
def test_an_account_that_was_changed_meanwhile_sends_nothing_and_is_named(
    standin: StandIn,
    smswrap: Callable[..., Ran],
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, str],
    told: tuple[str, ...],
    verb: str,
) -> None:
    standin.save_profile("prod", access_key_id="LTAI-prod-9x9Y")
    if verb == "confirm":
        plan_id = str(smswrap(*ASKING).envelope["data"]["plan_id"])
    else:
        standin.rules({"cmd": "dysmsapi send-sms *", "stdout": NO_MONEY, "times": 1})
        people = ",".join(f"138{number:08}" for number in range(1, 1502))
        plan_id = str(smswrap(*SEND[:2], people, *SEND[3:]).envelope["data"]["plan_id"])
    before = standin.configuration
    with monkeypatch.context() as meanwhile:
        for name, value in changed.items():
            meanwhile.setenv(name, value)
        standin.configure({**before, "current": changed.get("current", before["current"])})
        ran = smswrap(verb, plan_id)
    assert (ran.code, ran.envelope["status"]) == (9, "account")
    for word in told:
        assert word in ran.error["message"]
    assert standin.ledger == []
    standin.configure(before)
    assert smswrap(verb, plan_id).code == 0


def test_other_keys_in_the_environment_are_another_account(
    bare_standin: StandIn, smswrap: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare_standin.install_plugin()
    monkeypatch.setenv("ALIBABA_CLOUD_REGION_ID", "cn-hangzhou")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI-one-1a1A")
    plan_id = smswrap(*ASKING).envelope["data"]["plan_id"]
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI-two-2b2B")
    ran = smswrap("confirm", plan_id)
    assert (ran.code, ran.error["code"]) == (9, "account")
    assert "2b2B instead of 1a1A" in ran.error["message"]
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI-one-1a1A")
    assert smswrap("confirm", plan_id).code == 0
    assert len(bare_standin.ledger) == 1


def test_a_profile_that_was_named_needs_no_naming_again(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    standin.save_profile("prod", access_key_id="LTAI-prod-9x9Y")
    plan = smswrap(*ASKING, "--profile", "prod")
    account = plan.envelope["data"]["account"]
    assert (account["profile"], account["key_end"], account["mode"]) == ("prod", "9x9Y", "AK")
    assert smswrap("confirm", plan.envelope["data"]["plan_id"]).code == 0
    assert "--profile prod" in standin.calls[-2]


@pytest.mark.parametrize(
    "other",
    [
        replace(ACCOUNT, profile="prod"),
        replace(ACCOUNT, mode="StsToken"),
        replace(ACCOUNT, key_end="9x9Y"),
        replace(ACCOUNT, region="cn-shanghai"),
        replace(ACCOUNT, base="https://elsewhere"),
        replace(ACCOUNT, provider="volcengine"),
    ],
)
def test_whatever_differs_of_the_account_no_yes_holds_for_it(hall: Hall, other: Account) -> None:
    plan_id = hall.propose(*THREE)
    hall.gateway.who = other
    assert refusal_of(hall, plan_id) == "account"
    hall.gateway.who = ACCOUNT
    assert hall.confirm(plan_id).status == "accepted"


def test_a_yes_is_one_to_the_account_that_was_shown_whatever_comes_while_the_person_thinks(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = hall.person.confirm

    def switch(shown: ShownPlan) -> bool:
        hall.gateway.who = replace(ACCOUNT, key_end="9x9Y")
        return answer(shown)

    monkeypatch.setattr(hall.person, "confirm", switch)
    hall.person.answers = [True]
    with pytest.raises(SmswrapError) as caught:
        hall.send(*THREE)
    assert (caught.value.fault.code, hall.gateway.ledger) == ("account", [])
    assert "confirm" not in caught.value.fault.next_step  # there is no plan


def test_an_expired_plan_is_refused_to_the_user(hall: Hall, clocks: Clocks) -> None:
    plan_id = hall.propose(*THREE)
    clocks.pass_by(31 * 60)
    assert refusal_of(hall, plan_id) == "expired"
    assert hall.propose(*THREE) == plan_id
    assert hall.confirm(plan_id).status == "accepted"


@pytest.mark.parametrize(("wall", "ticks"), [(31 * 60, 0), (0, 31 * 60), (-86_400, 31 * 60)])
def test_whichever_clock_says_so_a_plan_expires(hall: Hall, clocks: Clocks, wall: int, ticks: int) -> None:
    plan_id = hall.propose(*THREE)
    clocks.move(wall, ticks)
    assert refusal_of(hall, plan_id) == "expired"


@pytest.mark.parametrize(("wall", "ticks"), [(29 * 60, 29 * 60), (-86_400, 60)])
def test_a_plan_of_29_minutes_holds_and_so_does_one_of_before_the_clock_was_set_back(
    hall: Hall, clocks: Clocks, wall: int, ticks: int
) -> None:
    plan_id = hall.propose(*THREE)
    clocks.move(wall, ticks)
    assert hall.confirm(plan_id).status == "accepted"


def test_after_a_restart_of_the_machine_the_wall_clock_alone_counts(hall: Hall, clocks: Clocks) -> None:
    plan_id = hall.propose(*THREE)
    clocks.restart()
    clocks.move(31 * 60)
    assert refusal_of(hall, plan_id) == "expired"
    clocks.move(-31 * 60)
    assert hall.confirm(plan_id).status == "accepted"


def test_a_plan_of_a_clock_that_was_ahead_before_the_restart_has_expired(hall: Hall, clocks: Clocks) -> None:
    """It may be of any age; else a yes to it would have been taken for a year."""
    clocks.move(365 * 86_400)
    plan_id = hall.propose(*THREE)
    clocks.restart()
    clocks.move(-365 * 86_400)
    assert refusal_of(hall, plan_id) == "expired"


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE messages SET recipient = '+8613912341234' WHERE row = 2",
        "UPDATE contents SET sign = '乙'",
        'UPDATE contents SET parameters = \'{"code": "2"}\'',
        "UPDATE contents SET parameters = NULL",
        "UPDATE contents SET extend_code = '8'",
        "DELETE FROM messages WHERE row = 2",
        ADD_A_RECIPIENT,
        "UPDATE requests SET digest = X'00'",
        "UPDATE plans SET template = 'SMS_2'",
        "UPDATE plans SET provider = 'volcengine', mode = 'signed'",
        "UPDATE plans SET profile = NULL",
        "UPDATE plans SET key_end = '9x9Y'",
        "UPDATE plans SET region = 'cn-shanghai'",
        "UPDATE plans SET message_group = 'g'",
        "UPDATE plans SET out_id = 'order-2'",
        "UPDATE plans SET text = 'another ${code}'",
        "UPDATE plans SET fingerprint = 'made up'",
    ],
)
def test_an_altered_plan_sends_nothing(hall: Hall, sql: str) -> None:
    plan_id = hall.propose(*THREE)
    alter(hall.path, sql)
    assert refusal_of(hall, plan_id) in {"altered", "account"}


def test_an_altered_plan_is_refused_to_the_user(
    standin: StandIn, smswrap: Callable[..., Ran], plan_of: Callable[..., str], tmp_path: Path
) -> None:
    plan_id = plan_of()
    alter(tmp_path / "state" / "journal.db", "UPDATE messages SET recipient = '+8613912341234'")
    ran = smswrap("confirm", plan_id)
    assert (ran.code, ran.error["code"], ran.envelope["data"]["plan_id"]) == (9, "altered", plan_id)
    assert standin.ledger == []


@pytest.mark.parametrize("plan_id", ["0000000000000000", "", "draft-0", "' OR 1 --", "-2", "%", "_", "\udcff"])
def test_no_plan_has_another_id(hall: Hall, plan_id: str) -> None:
    hall.propose(*THREE)
    with pytest.raises(InputError):
        hall.confirm(plan_id)
    assert hall.gateway.ledger == []


def test_the_beginning_of_an_id_will_do_if_it_is_one_plans_alone(hall: Hall) -> None:
    # Of seventeen ids two begin with the same of sixteen digits.
    plans = {f"+861990000{last:04}": hall.propose(message(f"+861990000{last:04}")) for last in range(17)}
    pairs = ((one, two) for one, two in combinations(plans, 2) if plans[one][0] == plans[two][0])
    recipient, other = next(pairs)
    pair = (plans[recipient], plans[other])
    shared = next(length for length in range(17) if pair[0][: length + 1] != pair[1][: length + 1])
    with pytest.raises(InputError):
        hall.confirm(plans[recipient][:shared])
    begins = [plans[recipient][:length] for length in range(17)]
    alone = next(begin for begin in begins if sum(one.startswith(begin) for one in plans.values()) == 1)
    assert hall.confirm(alone).plan.plan_id == plans[recipient]
    assert hall.gateway.reached == [recipient]


def test_an_id_with_a_slip_names_the_close_one_and_never_advises_to_send_again(hall: Hall) -> None:
    plan_id = hall.propose(*THREE)
    slip = plan_id[:5] + ("0" if plan_id[5] != "0" else "1") + plan_id[6:]
    with pytest.raises(InputError) as caught:
        hall.confirm(slip)
    assert plan_id in caught.value.fault.next_step
    assert "again" not in caught.value.fault.next_step


def test_a_plan_and_its_successor_are_told_apart_by_the_whole_id(hall: Hall) -> None:
    first = hall.propose(*THREE)
    hall.confirm(first)
    second = hall.propose(*THREE, options=ALLOWING)
    assert second == f"{first}-2"
    assert hall.confirm(second).plan.plan_id == second
    assert hall.confirm(first).again


def test_a_dry_run_cannot_be_confirmed(hall: Hall) -> None:
    report = hall.send(*THREE, options=Options(dry_run=True))
    assert report.status == "planned"
    with pytest.raises(InputError):
        hall.confirm(report.plan.plan_id)


def test_a_cancelled_plan_is_never_sent(hall: Hall) -> None:
    plan_id = hall.propose(*THREE)
    assert (hall.cancel(plan_id).status, hall.cancel(plan_id).status) == ("cancelled", "cancelled")
    assert refusal_of(hall, plan_id) == "cancelled"


def test_what_was_sent_cannot_be_cancelled(hall: Hall) -> None:
    plan_id = hall.propose(*THREE)
    hall.confirm(plan_id)
    with pytest.raises(SmswrapError) as caught:
        hall.cancel(plan_id)
    assert (caught.value.fault.kind, caught.value.fault.code) == ("confirmation", "sent")


def test_what_was_refused_for_good_leaves_nothing_to_cancel(hall: Hall) -> None:
    hall.gateway.behaviours = ["refuse"]
    plan_id = hall.propose(*THREE)
    hall.confirm(plan_id)
    with pytest.raises(SmswrapError) as caught:
        hall.cancel(plan_id)
    assert caught.value.fault.code == "sent"


def test_every_exit_9_has_a_code_of_its_own_and_no_reason_to_try_again(hall: Hall, clocks: Clocks) -> None:
    codes: dict[str, Fault | None] = {}
    codes["waiting"] = hall.send(*THREE).error
    hall.person.answers = [False]
    codes["declined"] = hall.send(message("+8619900000009")).error
    for code, spoil in (
        ("cancelled", hall.cancel),
        ("altered", lambda _id: alter(hall.path, "UPDATE contents SET sign = '乙'")),
        ("account", lambda _id: setattr(hall.gateway, "who", replace(ACCOUNT, profile="prod"))),
        ("expired", lambda _id: clocks.pass_by(31 * 60)),
    ):
        plan_id = hall.propose(message("+8619900000008", code=code))
        spoil(plan_id)
        with pytest.raises(SmswrapError) as caught:
            hall.confirm(plan_id)
        codes[code] = caught.value.fault
        hall.gateway.who = ACCOUNT
    for code, fault in codes.items():
        assert fault is not None
        assert (code, fault.kind, fault.code, fault.retry, int(fault.exit)) == (code, "confirmation", code, "never", 9)
    assert hall.gateway.ledger == []


def test_a_no_at_the_terminal_leaves_nothing_to_confirm(hall: Hall) -> None:
    hall.person.answers = [False]
    report = hall.send(*THREE)
    assert (report.status, int(report.exit), report.error and report.error.code) == ("declined", 9, "declined")
    assert len(hall.person.saw) == 1
    with pytest.raises(InputError):
        hall.confirm(report.plan.plan_id)
    assert hall.gateway.ledger == []


def test_a_yes_at_the_terminal_sends_what_was_shown(hall: Hall) -> None:
    hall.person.answers = [True]
    assert hall.send(*THREE).status == "accepted"
    assert hall.gateway.reached == [one.recipient for one in THREE]
    assert [one.text for one in hall.person.saw[0].messages] == ["【甲】code 1"] * 3


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


def test_a_second_confirm_writes_the_result_file_too(
    standin: StandIn, smswrap: Callable[..., Ran], plan_of: Callable[..., str], tmp_path: Path
) -> None:
    plan_id = plan_of("13711112222", "19900000001")
    assert smswrap("confirm", plan_id, "--wait").code == 5
    files = [tmp_path / name for name in ("second.csv", "third.csv")]
    for file, verb in zip(files, ("confirm", "resume"), strict=True):
        smswrap(verb, plan_id, "--result-file", str(file))
    rows = [line.split(",") for line in files[0].read_text("utf-8-sig").splitlines()]
    assert [row[1] for row in rows[1:]] == ["+8613711112222", "+8619900000001"], rows
    assert [row[2] for row in rows] == ["outcome", "accepted", "accepted"]
    assert files[0].read_bytes() == files[1].read_bytes()
    assert len(standin.sends) == 1


def test_a_plan_of_the_sandbox_cannot_be_confirmed_outside_it(standin: StandIn, smswrap: Callable[..., Ran]) -> None:
    plan_id = smswrap("--sandbox", *ASKING).envelope["data"]["plan_id"]
    outside = smswrap("confirm", plan_id)
    assert (outside.code, outside.error["kind"]) == (2, "input")
    assert standin.ledger == []
    assert smswrap("--sandbox", "confirm", plan_id).code == 0
    assert len(standin.ledger) == 1


@pytest.mark.parametrize("deed", ["confirm", "cancel"])
def test_a_plan_made_anew_before_we_were_alone_with_it_is_the_one_meant(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, deed: str
) -> None:
    plan_id, enter, anew = hall.propose(*THREE), Alone.__enter__, [THREE]

    def late(alone: Alone) -> Plan:
        if anew:
            assert hall.propose(*anew.pop()) == plan_id
        return enter(alone)

    monkeypatch.setattr(Alone, "__enter__", late)
    if deed == "confirm":
        assert hall.confirm(plan_id).counts == Counts(3, accepted=3)
        assert len(hall.gateway.ledger) == 3
    else:
        hall.cancel(plan_id)
        assert refusal_of(hall, plan_id) == "cancelled"
