"""`smswrap history`: what the journal remembers, as it is asked for."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from smswrap.sending.confirmation import Guarding, confirm_at_once, propose
from smswrap.sending.journal import Journal
from smswrap.sending.plan import Draft, Plan, note_messages, split
from smswrap.sending.requests import Result, settle, take

from smswrap.errors import Fault
from smswrap.providers.base import Limits, Message

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Ran

FOUR = [f"+86139123456{number:02}" for number in range(4)]
SHANGHAI_DAYS = {"20260326": "2026-03-26T23:59:59+08:00", "20260327": "2026-03-27T00:00:00+08:00"}


@pytest.fixture
def plan_ids(tmp_path: Path) -> dict[str, str]:
    """A journal of sends with every outcome, oldest first, and of one that was only proposed."""
    with Journal(tmp_path / "state" / "journal.db") as journal:
        plans = {
            "accepted": sent(journal, FOUR[:2], Result("accepted", "1^0")),
            "refused": sent(journal, FOUR[2:3], Result("refused", fault=Fault("refused", "no", code="isv.NO"))),
            "unknown": sent(journal, FOUR[3:], Result("unknown", fault=Fault("unknown", "?", code="cli.timeout"))),
            "sending": sent(journal, ["+85298765432"], None),
            "not_sent": planned(journal, ["+8613912345699"]),
        }
        confirm_at_once(plans["not_sent"], Guarding())
        propose(planned(journal, ["+8613912345698"]))
        return {name: plan.plan_id for name, plan in plans.items()}


def planned(journal: Journal, recipients: list[str]) -> Plan:
    draft = Draft("send", "aliyun", "SMS_1", out_id="order-1")
    messages = [Message(recipient, "甲", {"code": "739152"}) for recipient in recipients]
    plan = note_messages(journal, draft, enumerate(messages, 1), lambda _problem: None)
    split(plan, draft, Limits(1000, 100))
    return plan


def sent(journal: Journal, recipients: list[str], result: Result | None) -> Plan:
    plan = planned(journal, recipients)
    confirm_at_once(plan, Guarding())
    take(plan)
    if result is not None:
        settle(plan, 1, result)
    return plan


@pytest.fixture
def listed(smswrap: Callable[..., Ran]) -> Callable[..., list[dict[str, str]]]:
    """The sends that `history` lists."""

    def listing(*arguments: str) -> list[dict[str, str]]:
        ran = smswrap("history", *arguments)
        assert ran.code == 0, ran.stderr
        sends: list[dict[str, str]] = ran.envelope["data"]["sends"]
        assert ran.envelope["data"]["shown"] == len(sends)
        return sends

    return listing


def test_it_lists_every_recipient_newest_first_with_masked_numbers(
    plan_ids: dict[str, str], listed: Callable[..., list[dict[str, str]]]
) -> None:
    sends = listed()
    assert [(one["recipient"], one["outcome"], one["code"]) for one in sends] == [
        ("139****5699", "not_sent", None),
        ("+85****5432", "unknown", None),
        ("139****5603", "unknown", "cli.timeout"),
        ("139****5602", "refused", "isv.NO"),
        ("139****5600", "accepted", None),
        ("139****5601", "accepted", None),
    ]
    assert "98765432" not in str(sends)
    assert "739152" not in str(sends)
    assert {one["plan_id"] for one in sends} == set(plan_ids.values())
    accepted = sends[-1]
    assert {name: accepted[name] for name in ("provider", "sign", "template", "out_id", "biz_id", "receipt")} == {
        "provider": "aliyun",
        "sign": "甲",
        "template": "SMS_1",
        "out_id": "order-1",
        "biz_id": "1^0",
        "receipt": None,
    }
    assert abs(datetime.fromisoformat(accepted["at"]).timestamp() - datetime.now().astimezone().timestamp()) < 60


@pytest.mark.parametrize(
    ("outcome", "found"),
    [("accepted", FOUR[:2]), ("refused", FOUR[2:3]), ("not_sent", ["+8613912345699"])],
)
def test_it_filters_by_outcome_and_shows_whole_numbers_if_asked(
    plan_ids: dict[str, str], listed: Callable[..., list[dict[str, str]]], outcome: str, found: list[str]
) -> None:
    sends = listed("--outcome", outcome, "--show-numbers")
    assert [one["recipient"] for one in sends] == found
    assert {one["plan_id"] for one in sends} == {plan_ids[outcome]}


def test_what_a_run_left_open_is_listed_as_unknown(
    plan_ids: dict[str, str], listed: Callable[..., list[dict[str, str]]]
) -> None:
    sends = listed("--outcome", "unknown")
    assert [one["plan_id"] for one in sends] == [plan_ids["sending"], plan_ids["unknown"]]


def test_it_filters_by_phone_in_any_spelling_and_by_plan(
    plan_ids: dict[str, str], listed: Callable[..., list[dict[str, str]]], smswrap: Callable[..., Ran]
) -> None:
    for spelling in ("13912345600", "+86 139 1234 5600", "0086-13912345600"):
        assert [one["plan_id"] for one in listed("-p", spelling)] == [plan_ids["accepted"]]
    assert listed("-p", "13800138000") == []
    assert len(listed("--plan", plan_ids["accepted"])) == 2
    assert listed("--plan", plan_ids["accepted"], "--outcome", "refused") == []
    assert listed("--plan", "' OR 1 --") == []
    assert smswrap("history", "-p", "123").code == 2


def test_a_date_is_a_day_in_shanghai(
    plan_ids: dict[str, str], listed: Callable[..., list[dict[str, str]]], smswrap: Callable[..., Ran], tmp_path: Path
) -> None:
    with Journal(tmp_path / "state" / "journal.db") as journal:
        for outcome, moment in zip(("accepted", "refused"), SHANGHAI_DAYS.values(), strict=True):
            sql = "UPDATE requests SET started = ? WHERE plan = (SELECT id FROM plans WHERE plan_id = ?)"
            journal.run(sql, datetime.fromisoformat(moment).timestamp(), plan_ids[outcome])
    for day, outcome in zip(SHANGHAI_DAYS, ("accepted", "refused"), strict=True):
        sends = listed("--date", day)
        assert {(one["plan_id"], one["at"]) for one in sends} == {(plan_ids[outcome], SHANGHAI_DAYS[day])}
    assert smswrap("history", "--date", "20260231").code == 2


@pytest.mark.usefixtures("plan_ids")
def test_limit_and_offset_walk_through_all_of_it(listed: Callable[..., list[dict[str, str]]]) -> None:
    assert listed("--limit", "2") + listed("--limit", "10", "--offset", "2") == listed()


@pytest.mark.usefixtures("plan_ids")
def test_csv_has_a_header_and_the_same_rows(
    listed: Callable[..., list[dict[str, str]]], smswrap: Callable[..., Ran]
) -> None:
    ran = smswrap("history", "--csv")
    rows = list(csv.DictReader(io.StringIO(ran.stdout)))
    assert rows == [{name: value or "" for name, value in one.items()} for one in listed()]
    nothing = smswrap("history", "--csv", "--plan", "none")
    assert nothing.stdout == ran.stdout.splitlines(keepends=True)[0]


@pytest.mark.usefixtures("plan_ids")
def test_a_table_is_for_people(smswrap: Callable[..., Ran]) -> None:
    ran = smswrap("history", "--output", "table", "--outcome", "refused")
    lines = ran.stdout.splitlines()
    (row,) = [line for line in lines if "isv.NO" in line]
    assert "139****5602" in row
    assert "refused" in row
    assert not ran.stdout.startswith("{")


def test_a_machine_that_never_sent_has_an_empty_history(smswrap: Callable[..., Ran]) -> None:
    ran = smswrap("history")
    assert (ran.code, ran.envelope["data"]) == (0, {"sends": [], "shown": 0})
