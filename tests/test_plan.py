"""Plans: what they hold, what their id names, and how they are split into requests."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from conftest import SEND, SIGN
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smswrap.providers.base import Limits, Message
from smswrap.sending.confirmation import Guarding, confirm_at_once, propose
from smswrap.sending.journal import Journal
from smswrap.sending.plan import Draft, Plan, fingerprint, note_messages, split
from smswrap.sending.requests import take

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from conftest import Ran, StandIn

    from smswrap.errors import Problem

LIMITS = Limits(shared=1000, personal=100)
DRAFT = Draft("send", "aliyun", "SMS_1")
MESSAGE = Message("+8613900000000", "甲", {"code": "1", "name": "x"})
ALLOWED = Guarding(allowed=True)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "state" / "journal.db") as opened:
        yield opened


def planned(
    journal: Journal, messages: Sequence[Message] = (MESSAGE,), draft: Draft = DRAFT, limits: Limits = LIMITS
) -> Plan:
    problems: list[Problem] = []
    plan = note_messages(journal, draft, enumerate(messages, 1), problems.append)
    assert problems == []
    split(plan, draft, limits)
    return plan


def journalled(tmp_path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(tmp_path / "state" / "journal.db")) as connection:
        return connection.execute(sql).fetchall()


def test_a_dry_run_sends_nothing_and_leaves_nothing_behind_not_even_in_free_pages(
    standin: StandIn, smswrap: Callable[..., Ran], tmp_path: Path
) -> None:
    ran = smswrap(*SEND[:-2], "code=739152", "--dry-run")
    assert (ran.code, ran.envelope["status"]) == (0, "planned")
    assert ran.envelope["data"]["messages"][0]["parameters"] == {"code": "739152"}
    assert standin.ledger == []
    assert journalled(tmp_path, "SELECT * FROM plans") == journalled(tmp_path, "SELECT * FROM messages") == []
    files = [path for path in (tmp_path / "state").iterdir() if path.is_file()]
    assert files
    assert not [path for path in files if b"739152" in path.read_bytes()]


def test_exit_9_keeps_the_plan_with_its_texts_and_parts_for_the_confirm(
    standin: StandIn, smswrap: Callable[..., Ran], tmp_path: Path
) -> None:
    ran = smswrap("send", "-p", "13812341234,13912341234", *SEND[3:-2], f"code={'8' * 60}", "--verify")
    data = ran.envelope["data"]
    assert (ran.code, ran.error["kind"]) == (9, "confirmation")
    assert f"smswrap confirm {data['plan_id']}" in ran.error["next_step"]
    assert journalled(tmp_path, "SELECT plan_id, state, recipients, requests FROM plans") == [
        (data["plan_id"], "proposed", 2, 1)
    ]
    text = f"【{SIGN}】您的验证码为：{'8' * 60}，5分钟内有效，请勿泄露。"
    assert [message["text"] for message in data["messages"]] == [text, text]
    assert (data["parts_each"], data["parts"], data["requests"]) == ([2, 2], 4, 1)
    assert "send-sms" not in " ".join(standin.calls)
    assert not standin.ai_mode


def test_the_same_content_has_the_same_id_until_it_has_been_sent(journal: Journal) -> None:
    shown, proposed, again = planned(journal), planned(journal), planned(journal)
    propose(proposed)
    first = proposed.plan_id
    propose(again)
    assert shown.as_json()["plan_id"] == first == again.plan_id
    assert journal.one("SELECT COUNT(*) AS n FROM plans WHERE state = 'proposed'")["n"] == 1
    sent, shown, second, third = (planned(journal) for _ in range(4))
    confirm_at_once(sent, ALLOWED)
    assert shown.as_json()["plan_id"] == f"{first}-2"
    propose(second)
    assert (sent.plan_id, second.plan_id) == (first, f"{first}-2")
    confirm_at_once(third, ALLOWED)
    assert third.plan_id == f"{first}-2"


def test_an_id_stays_taken_when_the_first_send_of_its_content_is_forgotten(journal: Journal) -> None:
    plans = [planned(journal) for _ in range(3)]
    for plan in plans[:2]:
        confirm_at_once(plan, ALLOWED)
    first = plans[0].plan_id
    journal.run("DELETE FROM plans WHERE id = ?", plans[0].number)
    confirm_at_once(plans[2], ALLOWED)
    assert [plan.plan_id for plan in plans[1:]] == [f"{first}-2", f"{first}-3"]


@pytest.mark.parametrize(
    "draft",
    [
        replace(DRAFT, provider="volcengine"),
        replace(DRAFT, profile="other"),
        replace(DRAFT, region="cn-shanghai"),
        replace(DRAFT, template="SMS_2"),
        replace(DRAFT, group="g"),
        replace(DRAFT, out_id="o"),
    ],
)
def test_the_fingerprint_names_everything_that_all_messages_share(journal: Journal, draft: Draft) -> None:
    assert fingerprint(planned(journal)) != fingerprint(planned(journal, draft=draft))


@pytest.mark.parametrize(
    "messages",
    [
        [replace(MESSAGE, recipient="+8613900000001")],
        [replace(MESSAGE, sign="乙")],
        [replace(MESSAGE, parameters={"code": "2", "name": "x"})],
        [replace(MESSAGE, parameters={"name": "1", "code": "x"})],
        [replace(MESSAGE, parameters={})],
        [replace(MESSAGE, extend_code="7")],
        [MESSAGE, replace(MESSAGE, recipient="+8613900000001")],
    ],
)
def test_the_fingerprint_names_everything_about_each_message(journal: Journal, messages: list[Message]) -> None:
    assert fingerprint(planned(journal)) != fingerprint(planned(journal, messages))


def test_the_fingerprint_does_not_name_the_order_of_the_parameters(journal: Journal) -> None:
    turned = replace(MESSAGE, parameters={"name": "x", "code": "1"})
    assert fingerprint(planned(journal)) == fingerprint(planned(journal, [turned]))


def test_fingerprints_have_a_key_so_that_nobody_can_try_out_codes(journal: Journal, tmp_path: Path) -> None:
    with Journal(tmp_path / "another" / "journal.db") as other:
        assert fingerprint(planned(journal)) != fingerprint(planned(other))


def test_a_recipient_twice_is_reported_and_left_out(journal: Journal) -> None:
    problems: list[Problem] = []
    plan = note_messages(journal, DRAFT, [(3, MESSAGE), (9, replace(MESSAGE, sign="乙"))], problems.append)
    (problem,) = problems
    assert (problem.row, problem.rule) == (9, "is the same recipient as in row 3")
    assert list(plan.messages()) == [MESSAGE]


def test_more_than_a_thousand_of_one_text_and_more_than_a_hundred_of_their_own_are_split(journal: Journal) -> None:
    same = [replace(MESSAGE, recipient=f"+861380000{number:04}") for number in range(2500)]
    own = [Message(f"+861390000{number:04}", "甲", {"code": str(number)}) for number in range(250)]
    sql = "SELECT shared, recipients FROM requests WHERE plan = ? ORDER BY shared, recipients"
    rows = journal.rows(sql, planned(journal, same + own).number)
    assert [(row["shared"], row["recipients"]) for row in rows] == [
        (0, 50),
        (0, 100),
        (0, 100),
        (1, 500),
        (1, 1000),
        (1, 1000),
    ]


contents = st.tuples(st.sampled_from(["甲", "乙"]), st.sampled_from([{}, {"code": "1"}, {"code": "2"}, {"code": "3"}]))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chosen=st.lists(contents, min_size=1, max_size=14),
    limits=st.builds(Limits, shared=st.integers(2, 5), personal=st.integers(1, 3)),
    personal=st.booleans(),
)
def test_each_message_is_in_exactly_one_request_that_the_provider_can_take(
    journal: Journal, chosen: list[tuple[str, dict[str, str]]], limits: Limits, *, personal: bool
) -> None:
    messages = [Message(f"+861390000{row:04}", sign, params) for row, (sign, params) in enumerate(chosen)]
    plan = planned(journal, messages, replace(DRAFT, personal=personal), limits)
    made = []
    while (taken := take(plan)) is not None:
        made.append(taken.request)
    assert Counter(message.recipient for one in made for message in one.messages) == Counter(
        message.recipient for message in messages
    )
    assert len({one.out_id for one in made}) == len(made) == plan.row["requests"]
    for one in made:
        assert 1 <= len(one.messages) <= (limits.shared if one.shared else limits.personal)
        assert list(one.messages) == [message for message in messages if message in one.messages]
        if one.shared:
            assert len({(message.sign, str(message.parameters)) for message in one.messages}) == 1
    assert not (personal and any(one.shared for one in made))
    assert personal or len(made) <= fewest(chosen, limits)


def fewest(chosen: list[tuple[str, dict[str, str]]], limits: Limits) -> int:
    """The requests that full shared ones, and personal ones for what is left alone, come to."""
    sizes = Counter(str(content) for content in chosen).values()
    if limits.personal == 1:
        return sum(-(-size // limits.shared) for size in sizes)
    alone = sum(size % limits.shared == 1 for size in sizes)
    return sum(-(-size // limits.shared) - (size % limits.shared == 1) for size in sizes) - (-alone // limits.personal)
