"""Plans: what they hold, what their id names, and how they are split into requests."""

from __future__ import annotations

import hmac
import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from conftest import SEND, SIGN
from hall import ACCOUNT, LIMITS, YES, message, order_of
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from smswrap.errors import InputError
from smswrap.journal.journal import Journal
from smswrap.journal.keys import Keys
from smswrap.journal.rows import parameters_text
from smswrap.model import Content, Message, PlanState
from smswrap.providers.base import Limits
from smswrap.sending.planning import Asked, Found, draft
from smswrap.sending.refusals import DuplicatePolicy
from smswrap.sending.service import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conftest import Ran, StandIn
    from hall import Hall

    from smswrap.model import Plan

MESSAGE = Message("+8619900000000", Content("甲", {"code": "1", "name": "x"}))
ALLOWING = Options(yes=True, duplicates=DuplicatePolicy(allowed=True))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "state" / "journal.db") as opened:
        yield opened


def planned(journal: Journal, *messages: Message, limits: Limits = LIMITS, **more: Any) -> Plan:
    order = order_of(*(messages or (MESSAGE,)), **more)
    return draft(order, limits, journal, Found(), Asked(), lambda *_: [])


def test_a_dry_run_sends_nothing_and_leaves_nothing_behind_not_even_in_free_pages(
    standin: StandIn, smswrap: Callable[..., Ran], tmp_path: Path
) -> None:
    ran = smswrap(*SEND[:-2], "code=739152", "--dry-run")
    assert (ran.code, ran.envelope["status"]) == (0, "planned")
    assert ran.envelope["data"]["messages"][0]["parameters"] == {"code": "739152"}
    assert standin.ledger == []
    files = [path for path in (tmp_path / "state").iterdir() if path.is_file()]
    assert files
    assert not [path for path in files if b"739152" in path.read_bytes()]


def test_exit_9_keeps_the_plan_with_its_texts_and_parts_for_the_confirm(
    standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    ran = smswrap("send", "-p", "13812341234,13912341234", *SEND[3:-2], f"code={'8' * 60}", "--verify")
    data = ran.envelope["data"]
    assert (ran.code, ran.error["kind"]) == (9, "confirmation")
    assert f"smswrap confirm {data['plan_id']}" in ran.error["next_step"]
    text = f"【{SIGN}】您的验证码为：{'8' * 60}，5分钟内有效，请勿泄露。"
    assert [message["text"] for message in data["messages"]] == [text, text]
    assert (data["parts_each"], data["parts"], data["requests"]) == ([2, 2], 4, 1)
    assert "send-sms" not in " ".join(standin.calls)
    assert not standin.ai_mode


def test_the_same_content_has_the_same_id_until_it_has_been_sent(hall: Hall) -> None:
    shown = hall.send(message(), options=Options(dry_run=True))
    first = hall.propose(message())
    assert shown.shown is not None
    assert hall.propose(message()) == first == shown.shown.plan.plan_id
    assert hall.send(message(), options=YES).plan.plan_id == first
    shown = hall.send(message(), options=Options(dry_run=True))
    assert shown.shown is not None
    assert shown.shown.plan.plan_id == f"{first}-2"
    assert hall.propose(message(), options=replace(ALLOWING, yes=False)) == f"{first}-2"
    assert hall.send(message(), options=ALLOWING).plan.plan_id == f"{first}-2"
    assert hall.propose(message(), options=replace(ALLOWING, yes=False)) == f"{first}-3"


@pytest.mark.parametrize(
    "account",
    [
        replace(ACCOUNT, provider="volcengine"),
        replace(ACCOUNT, profile="other"),
        replace(ACCOUNT, mode="StsToken"),
        replace(ACCOUNT, key_end="9x9Y"),
        replace(ACCOUNT, region="cn-shanghai"),
        replace(ACCOUNT, base="https://elsewhere"),
    ],
)
def test_the_id_names_everything_about_the_account(journal: Journal, account: Any) -> None:
    assert planned(journal).plan_id != planned(journal, account=account).plan_id


@pytest.mark.parametrize("more", [{"template": "SMS_2"}, {"group": "g"}, {"out_id": "o"}, {"text": "another"}])
def test_the_id_names_everything_that_all_messages_share(journal: Journal, more: dict[str, Any]) -> None:
    assert planned(journal).plan_id != planned(journal, **more).plan_id


@pytest.mark.parametrize(
    "messages",
    [
        [MESSAGE._replace(recipient="+8619900000001")],
        [MESSAGE._replace(content=MESSAGE.content._replace(sign="乙"))],
        [MESSAGE._replace(content=MESSAGE.content._replace(parameters={"code": "2", "name": "x"}))],
        [MESSAGE._replace(content=MESSAGE.content._replace(parameters={"name": "1", "code": "x"}))],
        [MESSAGE._replace(content=MESSAGE.content._replace(parameters={}))],
        [MESSAGE._replace(content=MESSAGE.content._replace(extend_code="7"))],
        [MESSAGE, MESSAGE._replace(recipient="+8619900000001")],
    ],
)
def test_the_id_names_everything_about_each_message(journal: Journal, messages: list[Message]) -> None:
    assert planned(journal).plan_id != planned(journal, *messages).plan_id


def test_the_id_does_not_name_the_order_of_the_parameters(journal: Journal) -> None:
    turned = MESSAGE._replace(content=MESSAGE.content._replace(parameters={"name": "x", "code": "1"}))
    assert planned(journal).plan_id == planned(journal, turned).plan_id


def test_ids_have_a_key_so_that_nobody_can_try_out_codes(journal: Journal, tmp_path: Path) -> None:
    with Journal(tmp_path / "another" / "journal.db") as other:
        assert planned(journal).plan_id != planned(other).plan_id


def test_a_recipient_twice_is_told_with_both_rows_and_nothing_is_kept(journal: Journal) -> None:
    again = MESSAGE._replace(content=Content("乙"))
    with pytest.raises(InputError) as caught:
        planned(journal, MESSAGE, message("+8619900000001"), again)
    (problem,) = caught.value.problems
    assert (problem.row, problem.rule) == (3, "is the same recipient as in row 1")
    assert journal.named("") == []


def test_an_order_without_messages_is_told(journal: Journal) -> None:
    order = replace(order_of(), messages=[])
    with pytest.raises(InputError, match="no recipient"):
        draft(order, LIMITS, journal, Found(), Asked(), lambda *_: [])


@given(st.dictionaries(st.text(), st.text()), st.text(), st.none() | st.text())
def test_contents_are_written_and_hashed_as_json_is(parameters: dict[str, str], sign: str, code: str | None) -> None:
    content = Content(sign, parameters, code)
    text = json.dumps([sign, parameters, code], ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"
    assert Keys(b"k").content(content) == hmac.digest(b"k", text.encode("utf-8", "surrogatepass"), "sha256")[:16]
    assert json.loads(parameters_text(content) or "{}") == parameters


def test_a_plan_adds_up_the_parts_of_all_and_knows_the_shortest_and_the_longest_text(journal: Journal) -> None:
    codes = ["22", "1", "3" * 70, "4" * 200]
    messages = [message(f"+861990000000{row}", code=code) for row, code in enumerate(codes)]
    plan = planned(journal, *messages, text="code ${code}")
    assert plan.parts is not None
    assert (plan.parts.total, plan.parts.low, plan.parts.high) == (1 + 1 + 2 + 4, 1, 4)
    assert (plan.shortest, plan.longest) == (2, 4)


def test_more_than_a_thousand_of_one_text_and_more_than_a_hundred_of_their_own_are_split(journal: Journal) -> None:
    same = [MESSAGE._replace(recipient=f"+861380000{number:04}") for number in range(2500)]
    own = [message(f"+861990000{number:04}", code=str(number)) for number in range(250)]
    sizes = sorted((one.shared, len(one.messages)) for one in requests_of(journal, planned(journal, *same, *own)))
    assert sizes == [(False, 50), (False, 100), (False, 100), (True, 500), (True, 1000), (True, 1000)]


def test_what_many_recipients_share_is_hashed_and_stored_once(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[Content] = []
    content_of = type(journal.keys).content

    def count(keys: Any, content: Content) -> bytes:
        hashed.append(content)
        return content_of(keys, content)

    monkeypatch.setattr(type(journal.keys), "content", count)
    planned(journal, *(MESSAGE._replace(recipient=f"+861380000{number:04}") for number in range(1000)))
    assert len(hashed) == 1


contents = st.tuples(st.sampled_from(["甲", "乙"]), st.sampled_from([None, "1", "2", "3", '三"' * 5]))


@example(  # the one that is left over comes after one of its own, and before it by its content
    chosen=[("甲", "1"), ("甲", "1"), ("甲", "2"), ("甲", "1")], limits=Limits(2, 2), chunk=4, personal=False
)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chosen=st.lists(contents, min_size=1, max_size=14),
    limits=st.builds(
        Limits, shared=st.integers(2, 5), personal=st.integers(1, 3), octets=st.integers(45, 90) | st.just(1_000)
    ),
    personal=st.booleans(),
    chunk=st.integers(1, 6),
)
def test_each_message_is_in_exactly_one_request_that_the_provider_can_take(
    journal: Journal, chosen: list[tuple[str, str | None]], limits: Limits, chunk: int, *, personal: bool
) -> None:
    messages = [message(f"+861990000{row:04}", sign, code) for row, (sign, code) in enumerate(chosen)]
    with pytest.MonkeyPatch.context() as small:
        # What a list of thousands meets at its chunks' ends, a short one meets, too.
        small.setattr("smswrap.sending.planning.CHUNK", chunk)
        plan = planned(journal, *messages, limits=limits, personal=personal)
    made = requests_of(journal, plan)
    assert Counter(one for request in made for one in request.messages_as_text) == Counter(map(str, messages))
    assert len({one.out_id for one in made}) == len(made) == plan.requests
    for one in made:
        assert 1 <= len(one.messages) <= (limits.shared if one.shared else limits.personal)
        assert list(one.messages) == [each for each in messages if each in one.messages]
        assert one.shared or len(one.messages) == 1 or sum(map(octets, one.messages)) <= limits.octets
        if one.shared:
            assert len({str(each.content) for each in one.messages}) == 1
    assert not (personal and any(one.shared for one in made))
    assert personal or limits.octets < 1_000 or len(made) <= fewest(chosen, limits)


def octets(one: Message) -> int:
    """The bytes of its sign and its parameters as a call has them."""
    return len(f"{one.content.sign}{json.dumps(dict(one.content.parameters), ensure_ascii=False)}".encode())


def test_a_text_that_no_call_can_hold_is_refused_by_its_row(journal: Journal) -> None:
    """Exactly at the bound, one more recipient's text goes out with another request."""
    size = octets(MESSAGE)
    two = [MESSAGE, Message("+8619900000001", MESSAGE.content._replace(sign="丙"))]
    for bound, requests in ((2 * size, 1), (2 * size - 1, 2), (size, 2)):
        assert planned(journal, *two, limits=Limits(9, 9, bound)).requests == requests
    with pytest.raises(InputError) as caught:
        planned(journal, *two, limits=Limits(9, 9, size - 1), listed=True)
    assert [(one.row, one.rule) for one in caught.value.problems] == [
        (row, f"makes {size} bytes with its sign; one call takes {size - 1}") for row in (1, 2)
    ]


def requests_of(journal: Journal, plan: Plan) -> list[Any]:
    """The requests as dispatch takes them, each checked against its digest."""
    with journal.transaction():
        plan = journal.keep(plan, PlanState.CONFIRMED)
    made = []
    while (request := journal.take(plan)) is not None:
        made.append(request)
    return [_Seen(one.shared, one.messages, one.out_id) for one in made]


class _Seen:
    """A request, with words for what is asked of it here."""

    def __init__(self, shared: bool, messages: tuple[Message, ...], out_id: str) -> None:  # noqa: FBT001  private
        self.shared, self.messages, self.out_id = shared, messages, out_id

    @property
    def messages_as_text(self) -> list[str]:
        return list(map(str, self.messages))


def fewest(chosen: list[tuple[str, str | None]], limits: Limits) -> int:
    """The requests that full shared ones, and personal ones for what is left alone, come to."""
    sizes = Counter(str(content) for content in chosen).values()
    if limits.personal == 1:
        return sum(-(-size // limits.shared) for size in sizes)
    alone = sum(size % limits.shared == 1 for size in sizes)
    return sum(-(-size // limits.shared) - (size % limits.shared == 1) for size in sizes) - (-alone // limits.personal)
