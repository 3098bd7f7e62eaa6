"""`smswrap history`: what the journal remembers, as it is asked for."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from conftest import SEND
from hall import LIMITS, YES, message, order_of

from smswrap.model import PlanState
from smswrap.sending.planning import Asked, Found, draft

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran, StandIn
    from hall import Clocks, Hall

FOUR = [f"+86139123456{number:02}" for number in range(4)]
MOMENTS = {"20260326": "2026-03-26T23:59:59+08:00", "20260327": "2026-03-27T00:00:00+08:00"}
SECRET = "739152"


@pytest.fixture
def plan_ids(hall: Hall) -> dict[str, str]:
    """A journal of sends with every outcome, oldest first, and of one that was only proposed."""
    hall.gateway.behaviours = ["accept", "refuse", "lose the request"]
    found = {
        outcome: hall.send(*(message(one, code=SECRET) for one in recipients), options=YES, out_id="order-1")
        for outcome, recipients in (("accepted", FOUR[:2]), ("refused", FOUR[2:3]), ("unknown", FOUR[3:]))
    }
    hall.die(message("+85298765432"), "die after")
    hall.propose(message("+8613912345698"))
    with hall.house() as house:
        order = order_of(message("+8613912345699"))
        not_sent = draft(order, LIMITS, house.journal, Found(), Asked(), lambda *_: [])
        with house.journal.transaction():
            not_sent = house.journal.keep(not_sent, PlanState.CONFIRMED)
        sending = house.journal.with_unknown()[-1]
    ids = {outcome: report.plan.plan_id for outcome, report in found.items()}
    return {**ids, "sending": sending.plan_id, "not_sent": not_sent.plan_id}


@pytest.fixture
def listed(words: Callable[..., Ran]) -> Callable[..., list[dict[str, str]]]:
    """The sends that `history` lists."""

    def listing(*arguments: str) -> list[dict[str, str]]:
        ran = words("history", *arguments)
        assert ran.code == 0, ran.stderr
        sends: list[dict[str, str]] = ran.envelope["data"]["sends"]
        assert ran.envelope["data"]["shown"] == len(sends)
        return sends

    return listing


def test_it_lists_every_recipient_newest_first_with_masked_numbers(
    plan_ids: dict[str, str], listed: Callable[..., list[dict[str, str]]]
) -> None:
    sends = listed()
    assert [(one["recipient"], one["outcome"], one.get("code")) for one in sends] == [
        ("139****5699", "not_sent", None),
        ("+85****5432", "unknown", None),
        ("139****5603", "unknown", "cli.timeout"),
        ("139****5602", "refused", "isv.MOBILE_NUMBER_ILLEGAL"),
        ("139****5600", "accepted", None),
        ("139****5601", "accepted", None),
    ]
    assert "98765432" not in str(sends)
    assert "739152" not in str(sends)
    assert {one["plan_id"] for one in sends} == set(plan_ids.values())
    accepted = sends[-1]
    assert {name: accepted.get(name) for name in ("provider", "sign", "template", "out_id", "biz_id", "receipt")} == {
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
    plan_ids: dict[str, str], listed: Callable[..., list[dict[str, str]]], words: Callable[..., Ran]
) -> None:
    for spelling in ("13912345600", "+86 139 1234 5600", "0086-13912345600"):
        assert [one["plan_id"] for one in listed("-p", spelling)] == [plan_ids["accepted"]]
    assert listed("-p", "13800138000") == []
    assert len(listed("--plan", plan_ids["accepted"])) == 2
    assert listed("--plan", plan_ids["accepted"], "--outcome", "refused") == []
    assert len(listed("--plan", plan_ids["accepted"][:9])) == 2
    assert words("history", "-p", "123").code == 2
    for unknown in ("' OR 1 --", "%", "", "0123456789abcdef"):
        assert words("history", "--plan", unknown).code == 2


def test_a_date_is_a_day_in_shanghai(
    hall: Hall, clocks: Clocks, listed: Callable[..., list[dict[str, str]]], words: Callable[..., Ran]
) -> None:
    ids = []
    for moment, recipient in zip(MOMENTS.values(), FOUR, strict=False):
        clocks.set(datetime.fromisoformat(moment).timestamp())
        ids.append(hall.send(message(recipient), options=YES).plan.plan_id)
    for day, plan_id in zip(MOMENTS, ids, strict=True):
        sends = listed("--date", day)
        assert {(one["plan_id"], one["at"]) for one in sends} == {(plan_id, MOMENTS[day])}
    assert words("history", "--date", "20260231").code == 2


@pytest.mark.usefixtures("plan_ids")
def test_limit_and_offset_walk_through_all_of_it(listed: Callable[..., list[dict[str, str]]]) -> None:
    assert listed("--limit", "2") + listed("--limit", "10", "--offset", "2") == listed()


@pytest.mark.usefixtures("plan_ids")
def test_csv_has_a_header_and_the_same_rows(
    listed: Callable[..., list[dict[str, str]]], words: Callable[..., Ran]
) -> None:
    ran = words("history", "--csv")
    rows = list(csv.DictReader(io.StringIO(ran.stdout)))
    assert [{name: value for name, value in row.items() if value} for row in rows] == listed()
    nothing = words("history", "--csv", "--date", "20200101")
    assert nothing.stdout == ran.stdout.splitlines(keepends=True)[0]


@pytest.mark.parametrize("form", ["json", "table"])
def test_csv_and_another_form_are_a_contradiction(words: Callable[..., Ran], form: str) -> None:
    ran = words("history", "--csv", "--output", form)
    assert ran.code == 2
    assert form in ran.stdout + ran.stderr


@pytest.mark.usefixtures("plan_ids")
def test_a_table_is_for_people(words: Callable[..., Ran]) -> None:
    ran = words("history", "--output", "table", "--outcome", "refused")
    lines = ran.stdout.splitlines()
    (row,) = [line for line in lines if "isv.MOBILE_NUMBER_ILLEGAL" in line]
    assert "+8613912345602" in row  # it is the person's own history; JSON and CSV go elsewhere, and mask it
    assert "refused" in row
    assert not ran.stdout.startswith("{")


def test_a_machine_that_never_sent_has_an_empty_history(words: Callable[..., Ran]) -> None:
    ran = words("history")
    assert (ran.code, ran.envelope["data"]) == (0, {"shown": 0, "next_offset": None, "sends": []})


def test_a_unique_beginning_of_an_id_will_do_and_an_unknown_one_lists_those_that_are_close(
    standin: StandIn, words: Callable[..., Ran]
) -> None:
    plan = words(*SEND).envelope["data"]["plan_id"]
    for command in (("history", "--plan"), ("confirm",), ("resume",), ("resume", "--unknown")):
        known = words(*command, plan[:6])
        assert (known.code, plan in known.stdout) == (0, True), command
        unknown = words(*command, f"{plan[:13]}zzz")
        assert (unknown.code, plan in unknown.error["next_step"]) == (2, True), command
        assert not re.search("again|new plan", unknown.stdout + words(*command, "none").stdout)
    assert len(standin.ledger) == 1
