"""The provider's own spellings, turned into ours; `scenarios/` has a reply of each operation and the data it means."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import SIGN, TEMPLATE
from hypothesis import given
from hypothesis import strategies as st

from smswrap.clock import today
from smswrap.providers.aliyun.normalise import (
    moment,
    qualification,
    qualifications,
    receipts,
    sign,
    signs,
    template,
    templates,
    totals,
    variables,
)
from smswrap.providers.aliyun.operations import OPERATIONS
from smswrap.providers.records import Counts, Day, as_json

if TYPE_CHECKING:
    from conftest import StandIn

SCENARIOS = {path.stem: json.loads(path.read_text("utf-8")) for path in Path(__file__).parent.glob("scenarios/*.json")}
NAMES = sorted(SCENARIOS)
BY_NAME = {operation.name: operation for operation in OPERATIONS.values()}

TODAY = "the day of the call"
TO_ONE = ["--phone-numbers", "19900000000", "--sign-name", SIGN]
BATCH = ["--sign-name-json", f'["{SIGN}"]', "--template-code", TEMPLATE]
PAGE = ["--page-index", "1", "--page-size", "50"]
CALLS: dict[str, list[list[str]]] = {
    "send-sms": [[*TO_ONE, "--template-code", TEMPLATE, "--template-param", '{"code":"1"}', "--out-id", "o"]],
    "send-batch-sms": [
        [*BATCH, "--phone-number-json", f'["1990000000{end}"]', "--template-param-json", '[{"code":"1"}]']
        for end in (1, 6)
    ],
    "query-sms-sign-list": [PAGE],
    "query-sms-template-list": [PAGE],
    "get-sms-sign": [["--sign-name", name] for name in (SIGN, "示例商城", "已驳回签名")],
    "get-sms-template": [["--template-code", code] for code in (TEMPLATE, "SMS_100000005", "SMS_100000007")],
    "query-send-details": [
        ["--phone-number", f"1990000000{end}", "--send-date", TODAY, "--page-size", "10", "--current-page", "1"]
        for end in (0, 1, 6)
    ],
    "query-send-statistics": [["--is-globe", "1", "--start-date", TODAY, "--end-date", TODAY, *PAGE]],
    "query-sms-qualification-record": [["--page-no", "1", "--page-size", "50"]],
    "query-single-sms-qualification": [["--qualification-group-id", "10000124"]],
}
"""Calls of the stand-in whose replies together have every key that it knows; in an order that fills its ledger."""

LEFT_OUT = {
    "query-sms-sign-list": {
        "SmsSignList.AppIcpRecordId",
        "SmsSignList.AuthorizationLetterId",
        "SmsSignList.TrademarkId",
    },
    "get-sms-sign": {"AppIcpRecordId", "AuthorizationLetterId", "TrademarkId", "RegisterResult"},
    "query-sms-qualification-record": {"AccessDeniedDetail"},
    "query-single-sms-qualification": {
        "AccessDeniedDetail",
        "Data.OtherFiles.LicensePic",
        "Data.OtherFiles.PicUrl",
    },
}
"""Documented keys that the stand-in does not play, since nothing reads them."""


def paths(value: Any, above: str = "") -> set[str]:
    """The keys of a reply with those above them; arrays do not count."""
    if isinstance(value, list):
        return {path for element in value for path in paths(element, above)}
    if not isinstance(value, dict):
        return set()
    inner = {path for key in value for path in paths(value[key], f"{above}{key}.")}
    return {above + key for key in value} | inner


SIXTY_FOUR_BITS = st.integers(-(2**63), 2**63 - 1)
SCALARS = (
    st.none() | st.booleans() | SIXTY_FOUR_BITS | st.floats() | st.text(max_size=8) | st.sampled_from(["0", "true"])
)
# ReasonDescList is a list in the SDK's model, so it stays one.
KEYS = st.sampled_from(
    sorted({path.rpartition(".")[2] for one in SCENARIOS.values() for path in paths(one["reply"])} - {"ReasonDescList"})
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


@st.composite
def mutated(draw: st.DrawFn, value: Any) -> Any:
    """A reply, anything of which may be missing or be something else."""
    if draw(st.integers(0, 9)) == 0:
        return draw(JSON)
    if isinstance(value, list):
        return [draw(mutated(element)) for element in value]
    if isinstance(value, dict):
        kept = [key for key in value if draw(st.integers(0, 9))]
        return {key: value[key] if key == "ReasonDescList" else draw(mutated(value[key])) for key in kept}
    return value


def told(value: Any) -> Any:
    """JSON without what is not told: a record has a place for what only other operations or providers tell."""
    if isinstance(value, list):
        return [told(element) for element in value]
    if not isinstance(value, dict):
        return value
    return {key: told(inner) for key, inner in value.items() if inner not in (None, "", [], {})}


def test_every_operation_has_a_scenario() -> None:
    assert sorted(BY_NAME) == NAMES == sorted(CALLS)


@pytest.mark.parametrize("name", NAMES)
def test_the_reply_of_the_scenario_means_its_data(name: str) -> None:
    scenario = SCENARIOS[name]
    assert told(as_json(BY_NAME[name].normalise(scenario["reply"]))) == told(scenario["data"])


@pytest.mark.parametrize("name", NAMES)
def test_normalising_leaves_the_reply_as_it_is(name: str) -> None:
    before = json.dumps(SCENARIOS[name]["reply"])
    BY_NAME[name].normalise(SCENARIOS[name]["reply"])
    assert json.dumps(SCENARIOS[name]["reply"]) == before


@given(st.sampled_from(NAMES), st.dictionaries(KEYS, JSON, max_size=8))
def test_any_json_object_can_be_normalised(name: str, body: dict[str, Any]) -> None:
    json.dumps(as_json(BY_NAME[name].normalise(body)))


@given(st.sampled_from(NAMES).flatmap(lambda name: st.tuples(st.just(name), mutated(SCENARIOS[name]["reply"]))))
def test_a_reply_with_anything_missing_or_wrong_can_be_normalised(case: tuple[str, Any]) -> None:
    name, body = case
    record = BY_NAME[name].normalise(body if isinstance(body, dict) else {"Code": body})
    assert type(record) is type(BY_NAME[name].normalise(SCENARIOS[name]["reply"]))
    assert as_json(record).keys() >= SCENARIOS[name]["data"].keys()


@pytest.mark.parametrize("name", NAMES)
def test_the_pages_of_an_operation_are_where_its_row_says(name: str) -> None:
    paged, data = BY_NAME[name].paged, SCENARIOS[name]["data"]
    assert not paged or (isinstance(data[paged], list) and isinstance(data["total"], int))
    assert bool(paged) == any(key in data for key in ("total", "page"))


@pytest.mark.parametrize(
    ("wire", "state"),
    [("INIT", "reviewing"), ("PASS", "approved"), ("NOT_PASS", "rejected"), ("CANCEL", "cancelled")],
)
def test_an_audit_status_has_one_word_in_both_lists(wire: str, state: str) -> None:
    spelling = f"AUDIT_STATE_{wire}"
    assert signs({"SmsSignList": [{"AuditStatus": spelling}]}).signs[0].state == state
    assert templates({"SmsTemplateList": [{"AuditStatus": spelling}]}).templates[0].state == state


@pytest.mark.parametrize(("number", "state"), [(0, "reviewing"), (1, "approved"), (2, "rejected"), (10, "cancelled")])
@pytest.mark.parametrize("spell", [int, str])
def test_a_status_number_means_the_same_as_int_and_as_string(number: int, state: str, spell: type) -> None:
    assert sign({"SignStatus": spell(number)}).state == state
    assert template({"TemplateStatus": spell(number)}).state == state


@pytest.mark.parametrize(("number", "receipt"), [(1, "in_flight"), (2, "failed"), (3, "delivered")])
@pytest.mark.parametrize("spell", [int, str])
def test_a_send_status_means_the_same_as_int_and_as_string(number: int, receipt: str, spell: type) -> None:
    body = {"SmsSendDetailDTOs": {"SmsSendDetailDTO": [{"SendStatus": spell(number)}]}}
    assert receipts(body).messages[0].receipt == receipt


@pytest.mark.parametrize(
    ("outer", "inner", "word"),
    [(0, 2, "verification"), (1, 0, "notification"), (2, 1, "promotion"), (3, 6, "international")],
)
def test_both_numberings_of_template_types_mean_the_same(outer: int, inner: int, word: str) -> None:
    items = [{"OuterTemplateType": outer, "TemplateType": inner}, {"OuterTemplateType": outer}, {"TemplateType": inner}]
    assert [item.type for item in templates({"SmsTemplateList": items}).templates] == [word] * 3
    assert template({"TemplateType": str(outer)}).type == word


@pytest.mark.parametrize(
    ("listed", "single", "state"),
    [
        ("INIT", "INT", "reviewing"),
        ("NOT_PASS", "FAILED", "rejected"),
        ("PASS", "PASSED", "approved"),
        ("NOT_FINISH", "NOT_FINISH", "unfinished"),
        ("CANCEL", "CANCELED", "cancelled"),
    ],
)
def test_a_qualification_has_one_state_under_both_its_names(listed: str, single: str, state: str) -> None:
    for name in (listed, single):
        assert qualification({"Data": {"State": name}}).state == state
        assert qualifications({"Data": {"List": [{"StateName": name}]}}).qualifications[0].state == state


def test_a_state_that_nobody_documented_is_passed_on() -> None:
    assert sign({"SignStatus": 11}).state == "11"
    assert signs({"SmsSignList": [{"AuditStatus": "AUDIT_STATE_NEW"}]}).signs[0].state == "AUDIT_STATE_NEW"


def test_totals_add_up_and_rate_what_was_delivered() -> None:
    days = [Day(**day) for day in SCENARIOS["query-send-statistics"]["data"]["days"]]
    assert told(as_json(totals(days))) == SCENARIOS["query-send-statistics"]["data"]["totals"]
    assert totals([]) == Counts(0, 0, 0, 0, None)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-03-26 10:00:00", "2026-03-26T10:00:00+08:00"),
        ("2026-03-26T10:00Z", "2026-03-26T10:00Z"),
        ("", None),
        (None, None),
        (1774490400000, None),
    ],
)
def test_a_moment_carries_its_zone(text: object, found: str | None) -> None:
    assert moment(text) == found


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("${a}${b}${a}", ["a", "b"]),
        ("${ 变量_1 }", ["变量_1"]),
        ("$a {b} $ {c} ${d", []),
        ("${${a}}", ["a"]),
        (None, []),
        (5, []),
    ],
)
def test_the_variables_of_a_template_are_named_once_in_order(content: object, names: list[str]) -> None:
    assert list(variables(content)) == names


def test_the_stand_in_answers_in_the_spelling_of_the_scenarios(standin: StandIn) -> None:
    played = {name: {path for call in calls for path in _played(standin, name, call)} for name, calls in CALLS.items()}
    for name, found in played.items():
        expected = paths(SCENARIOS[name]["reply"]) - LEFT_OUT.get(name, set())
        assert found == expected, f"{name}: {sorted(found ^ expected)}"


def _played(standin: StandIn, name: str, arguments: list[str]) -> set[str]:
    words = [today() if word == TODAY else word for word in arguments]
    argv = [str(standin.launcher), "dysmsapi", name, "--api-version", "2017-05-25", *words]
    ended = subprocess.run(argv, check=True, capture_output=True, stdin=subprocess.PIPE)
    reply = json.loads(ended.stdout)
    assert reply["Code"] == "OK", reply
    BY_NAME[name].normalise(reply)
    return paths(reply)
