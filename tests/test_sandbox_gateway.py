"""The stand-in for Volcengine's SMS API, asked over HTTP as any client would."""

from __future__ import annotations

import ast
import hashlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from gateway import BEARER, KEY, START, Gateway, serving, started

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SANDBOX = Path(__file__).parents[1] / "smswrap" / "sandbox"
MESSAGE = {"SubAccount": "77da1acf", "Signature": "火山引擎", "TemplateId": "ST_code", "Mobiles": "13900000000"}
MESSAGE["TemplateParam"] = '{"code":"123456"}'
PAGE = {"Page": 1, "PageSize": 20}
LOG = {"SubAccount": "77da1acf", "Page": 1, "PageSize": 100}


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with serving(tmp_path) as made:
        yield made


def test_it_has_no_key_of_its_own(tmp_path: Path) -> None:
    for keys in ({}, {"SMSWRAP_SANDBOX_KEY": ""}):
        done = subprocess.run([*START, "--directory", str(tmp_path)], check=False, capture_output=True, env=keys)
        assert (done.returncode, done.stdout) == (70, b"")
        assert done.stderr == b"the stand-in needs SMSWRAP_SANDBOX_KEY\n"


def test_what_it_makes_is_private(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        with started(tmp_path / "above" / "state") as (_, gateway):
            gateway.ask("SendSmsForAgent", MESSAGE)
    finally:
        os.umask(old)
    made = list((tmp_path / "above").rglob("*"))
    assert {path.stat().st_mode & 0o077 for path in [tmp_path / "above", *made]} == {0}
    assert any(path.is_file() for path in made)


def test_it_ends_with_0_on_sigterm(tmp_path: Path) -> None:
    with started(tmp_path) as (process, _):
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_it_ends_at_once_although_a_client_hangs(tmp_path: Path) -> None:
    with started(tmp_path) as (_, gateway):
        connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
        hung = json.dumps({**MESSAGE, "Mobiles": "13900000003"})
        connection.request("POST", "/?Action=SendSmsForAgent&Version=2026-01-01", hung, BEARER)
        while not gateway.lines("calls"):
            time.sleep(0.01)
    connection.close()


def test_its_state_outlives_it(tmp_path: Path) -> None:
    with started(tmp_path) as (_, gateway):
        (sent,) = gateway.ask("SendSmsForAgent", MESSAGE)["MessageId"]
    with started(tmp_path) as (_, gateway):
        assert gateway.ask("ListSmsSendLogForAgent", LOG)["List"][0]["MessageId"] == sent


def test_two_gateways_may_share_a_directory(tmp_path: Path) -> None:
    with ExitStack() as stack:
        gateways = [stack.enter_context(started(tmp_path))[1] for _ in range(2)]
        threads = [
            threading.Thread(target=gateways[number % 2].ask, args=("SendSmsForAgent", MESSAGE)) for number in range(20)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert gateways[0].ask("ListSmsSendLogForAgent", LOG)["Total"] == 20
    assert len({line["MessageId"] for line in gateways[0].lines("ledger")}) == 20


def test_it_is_a_stranger_that_needs_only_the_standard_library() -> None:
    for path in SANDBOX.glob("*/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level < 2 or (node.level == 2 and str(node.module).partition(".")[0] == "common")
                names = [] if node.level else [node.module or ""]
            assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names, path


# --- who may call ---


def sign(body: bytes, *, token: str = "", **changes: Any) -> dict[str, str]:
    """The headers that the official package signs."""
    signer, param, credentials = (
        import_module(f"volcengine.{name}") for name in ("auth.SignerV4", "auth.SignParam", "Credentials")
    )
    request = param.SignParam()
    request.path, request.method, request.host, request.body = (
        "/",
        changes.pop("method", "POST"),
        changes.pop("host"),
        body,
    )
    request.query = OrderedDict(changes.pop("query", {"Action": "ListSubAccountForAgent", "Version": "2026-01-01"}))
    request.header_list = OrderedDict({"Host": request.host, "Content-Type": "application/json"})
    request.date = changes.pop("date", datetime.now(timezone.utc))
    names = {"access": "AKLTsandbox", "secret": KEY, "service": "volcSMS", "region": "cn-north-1", **changes}
    keys = credentials.Credentials(*(names[name] for name in ("access", "secret", "service", "region")), token)
    signed = signer.SignerV4.sign_only(request, keys)
    headers = {"Authorization": signed.authorization, "X-Date": signed.xdate, **request.header_list}
    headers["X-Content-Sha256"] = hashlib.sha256(body).hexdigest()
    return {**headers, **({"X-Security-Token": token} if token else {})}


@pytest.mark.parametrize("token", ["", "sandbox-token"])
def test_the_official_signature_is_accepted(gateway: Gateway, token: str) -> None:
    headers = sign(b"{}", host=f"127.0.0.1:{gateway.port}", token=token)
    assert gateway.post("ListSubAccountForAgent", b"{}", headers)[0] == 200


TEXTS = {"Action": "ListSecondTemplate", "Version": "2026-01-01"}


def get(gateway: Gateway, query: Mapping[str, str], headers: Mapping[str, str] | None = None) -> tuple[int, Any]:
    """HTTP status and JSON of a GET that is signed, if no other headers are given."""
    signed = sign(b"", host=f"127.0.0.1:{gateway.port}", method="GET", query={**TEXTS, **query})
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    try:
        connection.request("GET", f"/?{urlencode({**TEXTS, **query})}", headers=dict(headers or signed))
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("query", "signs"),
    [
        ({"templateId": "ST_code"}, ["火山引擎", "沙盒免审"]),
        ({"templateId": "ST_code", "signatures": "火山引擎"}, ["火山引擎"]),
        ({"templateId": "ST_code", "signatures": "火山"}, []),
        ({"templateId": "ST_code", "secondTemplateId": "S2T_code", "signatures": "沙盒免审"}, ["沙盒免审"]),
        ({"templateId": "ST_code", "secondTemplateId": "S2T_market"}, []),
        ({"templateId": "ST_market"}, ["沙盒免审"]),
        ({"templateId": "ST"}, []),
    ],
)
def test_the_text_of_a_template_is_told_for_each_sign(
    gateway: Gateway, query: dict[str, str], signs: list[str]
) -> None:
    status, reply = get(gateway, query)
    assert (status, [form["sign"] for form in reply["Result"]["list"]]) == (200, signs)
    if query["templateId"] == "ST_code" and signs:
        form = reply["Result"]["list"][0]
        assert (form["content"], form["templateParams"]) == ("您的验证码是${code}，5分钟内有效。", ["code"])


def test_the_text_of_a_template_is_told_to_signed_gets_only(gateway: Gateway) -> None:
    query = {"templateId": "ST_code"}
    status, reply = get(gateway, query, BEARER)
    assert (status, reply["ResponseMetadata"]["Error"]["Code"]) == (403, "AccessDenied")
    signed = sign(b"", host=f"127.0.0.1:{gateway.port}", method="GET", query={**TEXTS, "templateId": "another"})
    assert get(gateway, query, signed)[0] == 401
    assert get(gateway, {})[1]["ResponseMetadata"]["Error"]["Code"] == "ZJ10200"
    assert gateway.code("ListSecondTemplate", query) == (404, "InvalidActionOrVersion")


HOUR = timedelta(minutes=16)
FORGERIES: list[tuple[dict[str, Any], tuple[int, str]]] = [
    ({"secret": "another"}, (401, "SignatureDoesNotMatch")),
    ({"access": "AKLTanother"}, (401, "InvalidAccessKey")),
    ({"token": "another"}, (401, "InvalidAccessKey")),
    ({"service": "volcsms"}, (401, "SignatureDoesNotMatch")),
    ({"region": "cn-north-2"}, (401, "SignatureDoesNotMatch")),
    ({"date": datetime.now(timezone.utc) - HOUR}, (400, "InvalidTimestamp")),
    ({"date": datetime.now(timezone.utc) + HOUR * 2}, (400, "InvalidTimestamp")),
]


@pytest.mark.parametrize(("changes", "refused"), FORGERIES)
def test_a_wrong_signature_is_refused(gateway: Gateway, changes: dict[str, Any], refused: tuple[int, str]) -> None:
    headers = sign(b"{}", host=f"127.0.0.1:{gateway.port}", **changes)
    assert gateway.code("ListSubAccountForAgent", b"{}", headers) == refused


def test_what_was_changed_after_signing_is_refused(gateway: Gateway) -> None:
    headers = sign(b"{}", host=f"127.0.0.1:{gateway.port}")
    refused = (401, "SignatureDoesNotMatch")
    assert gateway.code("ListSubAccountForAgent", b"{ }", headers) == refused
    assert gateway.code("ListSignatureForAgent", b"{}", headers) == refused
    assert gateway.code("ListSubAccountForAgent", b"{}", {**headers, "Content-Type": "text/plain"}) == refused
    unsigned = {**headers, "X-Security-Token": "sandbox-token"}
    assert gateway.code("ListSubAccountForAgent", b"{}", unsigned) == refused


BEARERS: list[tuple[dict[str, str], tuple[int, str]]] = [
    ({"Authorization": "Bearer another"}, (401, "InvalidAccessKey")),
    ({"Authorization": ""}, (401, "MissingAuthenticationToken")),
    ({"Authorization": KEY}, (401, "SignatureDoesNotMatch")),
    ({"ServiceName": "volcsms"}, (400, "MissingRequestInfo")),
    ({"Content-Type": "text/plain"}, (400, "MissingRequestInfo")),
]


@pytest.mark.parametrize(("headers", "refused"), BEARERS)
def test_a_bearer_needs_its_key_its_service_and_its_type(
    gateway: Gateway, headers: dict[str, str], refused: tuple[int, str]
) -> None:
    assert gateway.code("ListSubAccountForAgent", {}, {**BEARER, **headers}) == refused


def test_the_call_log_has_every_request_and_no_whole_secret(gateway: Gateway) -> None:
    gateway.ask("SendSmsForAgent", MESSAGE)
    gateway.code("ListSubAccountForAgent", {}, {**BEARER, "Authorization": "Bearer someone-elses"})
    gateway.post("ListSubAccountForAgent", b"{}", sign(b"{}", host=f"127.0.0.1:{gateway.port}", token="sandbox-token"))
    first, second, third = gateway.lines("calls")
    assert (first["action"], first["version"], first["body"]) == ("SendSmsForAgent", "2026-01-01", MESSAGE)
    assert abs(first["time"] / 1000 - time.time()) < 60
    assert second["headers"]["authorization"] == "Bearer some***"
    assert third["headers"]["x-security-token"] == "sand***"
    text = (gateway.directory / "gateway-calls.jsonl").read_text()
    assert not any(secret in text for secret in (KEY, "someone-elses", "sandbox-token", "Signature="))


# --- what it answers ---


def test_lists_have_the_documented_fields_in_several_states(gateway: Gateway) -> None:
    groups = gateway.ask("ListSubAccountForAgent", {})
    assert groups["Total"] == len(groups["List"]) >= 2
    assert groups["List"][0].keys() == {"SubAccount", "SubAccountName"}
    signs = gateway.ask("ListSignatureForAgent", PAGE)["List"]
    assert {item["Status"] for item in signs} == {2, 3, 5}
    assert signs[0].keys() == {"Signature", "Description", "Status", "SubAccounts", "CreatedAt"}
    templates = gateway.ask("ListSmsTemplateForAgent", PAGE)["List"]
    assert {item["Status"] for item in templates} == {2, 3, 5}
    fields = "TemplateId SecondTemplateId TemplateName ChannelType Signature Signatures SubAccounts Status"
    fields += " StatusDescription TemplateParams CreatedAt"
    assert templates[0].keys() == set(fields.split())
    assert templates[1]["TemplateParams"] == ["name", "order"]


@pytest.mark.parametrize(
    ("action", "body", "field", "found"),
    [
        ("ListSubAccountForAgent", {"SubAccountName": "market"}, "SubAccount", ["88eb2bd0"]),
        ("ListSignatureForAgent", {**PAGE, "Signature": "火山"}, "Signature", ["火山引擎"]),
        ("ListSignatureForAgent", {**PAGE, "SubAccounts": ["88eb2bd0"]}, "Signature", ["沙盒免审"]),
        ("ListSmsTemplateForAgent", {**PAGE, "TemplateId": "mark"}, "TemplateId", ["ST_market"]),
        ("ListSmsTemplateForAgent", {**PAGE, "Signatures": ["沙盒免审"]}, "TemplateId", ["ST_code", "ST_market"]),
        ("ListSmsTemplateForAgent", {"Page": 2, "PageSize": 3}, "TemplateId", ["ST_rejected"]),
    ],
)
def test_lists_can_be_filtered_and_paged(
    gateway: Gateway, action: str, body: dict[str, Any], field: str, found: list[str]
) -> None:
    assert [item[field] for item in gateway.ask(action, body)["List"]] == found


def test_the_envelope_is_the_documented_one(gateway: Gateway) -> None:
    _, reply = gateway.post("ListSubAccountForAgent", {})
    metadata = reply["ResponseMetadata"]
    assert metadata.pop("RequestId")
    assert metadata == {
        "Action": "ListSubAccountForAgent",
        "Version": "2026-01-01",
        "Service": "volcSMS",
        "Region": "cn-north-1",
    }


REFUSED_MESSAGES: list[tuple[dict[str, str], str]] = [
    ({"SubAccount": "nobody"}, "RE:0003"),
    ({"SubAccount": "88eb2bd0"}, "RE:0004"),
    ({"Signature": "nobody"}, "RE:0004"),
    ({"Signature": "沙盒驳回"}, "RE:0004"),
    ({"TemplateId": "nobody"}, "RE:0005"),
    ({"TemplateId": "ST_rejected"}, "RE:0005"),
    ({"TemplateId": "ST_market"}, "RE:0005"),
    ({"Mobiles": "13900000000,12"}, "RE:0006"),
    ({"TemplateParam": "{}"}, "RE:0009"),
    ({"TemplateParam": '{"code":1}'}, "RE:0009"),
    ({"TemplateParam": "["}, "RE:0009"),
    ({"Mobiles": ",".join(str(13700000000 + number) for number in range(201))}, "RE:0009"),
]


@pytest.mark.parametrize(("changes", "code"), REFUSED_MESSAGES)
def test_a_message_that_does_not_fit_the_account_is_refused_under_http_200(
    gateway: Gateway, changes: dict[str, str], code: str
) -> None:
    assert gateway.code("SendSmsForAgent", {**MESSAGE, **changes}) == (200, code)
    assert gateway.lines("ledger") == []


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("SendSmsForAgent", {**MESSAGE, "Account": "1"}),
        ("SendSmsForAgent", {**MESSAGE, "Mobiles": ["13900000000"]}),
        ("ListSignatureForAgent", {"Page": 1}),
        ("ListSignatureForAgent", {"Page": "1", "PageSize": 20}),
        ("ListSignatureForAgent", {"Page": 1, "PageSize": 101}),
        ("ListSignatureForAgent", {"Page": True, "PageSize": 20}),
        ("ListSubAccountForAgent", b"not JSON"),
        ("ListSubAccountForAgent", []),
    ],
)
def test_a_field_that_is_unknown_missing_or_of_another_type_is_refused(
    gateway: Gateway, action: str, body: object
) -> None:
    assert gateway.code(action, body) == (400, "ZJ10200")


def test_an_unknown_action_version_or_method_is_refused(gateway: Gateway) -> None:
    assert gateway.code("SendSms", {}) == (404, "InvalidActionOrVersion")
    assert gateway.post("ListSubAccountForAgent", {}, version="2020-01-01")[0] == 404
    assert gateway.code("", {}) == (400, "MissingParameter")
    signed = sign(b"", host=f"127.0.0.1:{gateway.port}", method="GET")
    assert get(gateway, {"Action": "ListSubAccountForAgent"}, signed)[0] == 404


# --- receipts ---


def log(gateway: Gateway, **filters: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = gateway.ask("ListSmsSendLogForAgent", {**LOG, **filters})["List"]
    return items


def test_the_send_log_has_the_documented_fields_and_milliseconds(gateway: Gateway) -> None:
    gateway.ask("SendSmsForAgent", {**MESSAGE, "Mobiles": "13900000000,+8613900000001"})
    failed, delivered = log(gateway)
    fields = "Account SubAccount Mobile Signature TemplateId Content ChannelType MessageId ErrorCode ErrorType"
    assert delivered.keys() == {*fields.split(), "ErrorMessage", "Count", "SendTime", "ReceiptTime"}
    assert delivered["Content"] == "【火山引擎】您的验证码是123456，5分钟内有效。"
    assert (delivered["Count"], delivered["ErrorCode"]) == (1, "0")
    assert abs(delivered["SendTime"] / 1000 - time.time()) < 60
    assert delivered["ReceiptTime"] >= delivered["SendTime"]
    assert (failed["Mobile"], failed["ErrorCode"]) == ("13900000001", "CR:0001")


def test_a_long_text_counts_in_parts_of_67(gateway: Gateway) -> None:
    for length, parts in ((70, 1), (71, 2), (134, 2), (135, 3)):
        own = length - len("【火山引擎】您的验证码是，5分钟内有效。")
        gateway.ask("SendSmsForAgent", {**MESSAGE, "TemplateParam": json.dumps({"code": "x" * own})})
        assert (len(log(gateway)[0]["Content"]), log(gateway)[0]["Count"]) == (length, parts)


def test_a_late_receipt_comes_and_another_never_does(gateway: Gateway) -> None:
    (gateway.directory / "gateway-account.json").write_text('{"late_receipt_ms": 1000}')
    gateway.ask("SendSmsForAgent", {**MESSAGE, "Mobiles": "13900000005,13900000006"})
    assert [(item["ReceiptTime"], item["ErrorCode"]) for item in log(gateway)] == [(0, ""), (0, "")]
    deadline = time.monotonic() + 10
    while not log(gateway, Mobile="13900000005")[0]["ReceiptTime"] and time.monotonic() < deadline:
        time.sleep(0.05)
    never, late = log(gateway)
    assert late["ReceiptTime"] == late["SendTime"] + 1000
    assert (never["ReceiptTime"], never["ErrorCode"]) == (0, "")


def test_the_send_log_is_filtered_by_every_field_and_by_seconds(gateway: Gateway) -> None:
    first, second = gateway.ask("SendSmsForAgent", {**MESSAGE, "Mobiles": "13900000000,13900000001"})["MessageId"]
    now = int(time.time())
    assert [item["MessageId"] for item in log(gateway, FromTime=now - 60, ToTime=now + 60)] == [second, first]
    assert [item["MessageId"] for item in log(gateway, MessageId=first)] == [first]
    assert [item["MessageId"] for item in log(gateway, Mobile="+8613900000001")] == [second]
    nothing: list[dict[str, Any]] = [
        {"FromTime": now + 60},
        {"ToTime": now - 60},
        {"SubAccount": "88eb2bd0"},
        {"TemplateId": "ST"},
        {"Signature": "火山"},
    ]
    assert [log(gateway, **filters) for filters in nothing] == [[], [], [], [], []]


def test_statistics_count_messages_and_receipts(gateway: Gateway) -> None:
    numbers = "13900000000,13900000001,13900000006,13800138000"
    gateway.ask("SendSmsForAgent", {**MESSAGE, "Mobiles": numbers})
    now = int(time.time())
    window = {"StartTime": now - 60, "EndTime": now + 60}
    assert gateway.ask("ListTotalSendCountStatForAgent", window) == {
        "TotalSendCount": 4,
        "TotalAllSendCount": 4,
        "TotalSendSuccessCount": 4,
        "TotalReceiptSuccessCount": 2,
        "TotalReceiptFailureCount": 1,
    }
    assert gateway.ask("ListTotalSendCountStatForAgent", {**window, "ChannelType": "CN_MKT"})["TotalSendCount"] == 0


# --- magic recipients and rules ---

CODES = ["0000", "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0009", "0010", "0011", "0012", "0013", "0500"]


def test_every_documented_code_has_its_number(gateway: Gateway) -> None:
    for code in CODES:
        assert gateway.code("SendSmsForAgent", {**MESSAGE, "Mobiles": f"1390001{code}"}) == (200, f"RE:{code}")
    assert gateway.lines("ledger") == []


def test_numbers_for_http_statuses_carry_the_envelope(gateway: Gateway) -> None:
    wanted = {"02": (429, "FlowLimitExceeded"), "07": (200, "RE:0010"), "11": (500, "InternalError")}
    wanted |= {"13": (401, "InvalidAccessKey"), "14": (403, "AccessDenied"), "15": (200, "RE:0009")}
    for end, answer in wanted.items():
        assert gateway.code("SendSmsForAgent", {**MESSAGE, "Mobiles": f"139000000{end}"}) == answer
    assert gateway.lines("ledger") == []


def fetch(gateway: Gateway, number: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=20)
    body = json.dumps({**MESSAGE, "Mobiles": number})
    connection.request("POST", "/?Action=SendSmsForAgent&Version=2026-01-01", body, BEARER)
    return connection.getresponse()


def test_numbers_for_strange_replies(gateway: Gateway) -> None:
    for number, status in (("13900000010", 200), ("13900000012", 502)):
        page = fetch(gateway, number)
        assert (page.status, page.getheader("Content-Type")) == (status, "text/html")
        assert page.read().startswith(b"<html>")
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        json.loads(fetch(gateway, "13900000016").read())
    assert len(fetch(gateway, "13900000017").read()) > 10 * 1024 * 1024
    redirect = fetch(gateway, "13900000018")
    assert redirect.status == 307
    assert "//localhost:" in (redirect.getheader("Location") or "")
    assert "MessageIds" in json.loads(fetch(gateway, "13900000019").read())["Result"]
    assert [line["Mobile"][-2:] for line in gateway.lines("ledger")] == ["16", "17", "19"]


@pytest.mark.parametrize(("number", "accepted"), [("13900000008", 1), ("13900000009", 0)])
def test_numbers_for_a_dropped_connection(gateway: Gateway, number: str, accepted: int) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        fetch(gateway, number)
    assert len(gateway.lines("ledger")) == accepted


@pytest.mark.parametrize(("number", "accepted"), [("13900000003", 0), ("13900000004", 1)])
def test_numbers_for_a_hang(gateway: Gateway, number: str, accepted: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=0.7)
    body = json.dumps({**MESSAGE, "Mobiles": number})
    connection.request("POST", "/?Action=SendSmsForAgent&Version=2026-01-01", body, BEARER)
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert len(gateway.lines("ledger")) == accepted


def write_rules(gateway: Gateway, *rules: dict[str, Any]) -> None:
    (gateway.directory / "gateway-rules.json").write_text(json.dumps(rules))


def test_a_rule_answers_so_many_times_and_only_its_action(tmp_path: Path) -> None:
    rule = {"name": "busy", "action": "ListSubAccountForAgent", "times": 2, "status": 503, "body": {"a": 1}}
    with serving(tmp_path) as gateway:
        write_rules(gateway, rule)
        gateway.ask("ListSignatureForAgent", PAGE)
        assert gateway.post("ListSubAccountForAgent", {}) == (503, {"a": 1})
    with serving(tmp_path) as gateway:
        assert gateway.post("ListSubAccountForAgent", {}) == (503, {"a": 1})
        gateway.ask("ListSubAccountForAgent", {})
    assert [line["rule"] for line in gateway.lines("calls")] == [None, "busy", "busy", None]


def drop(gateway: Gateway) -> None:
    with pytest.raises(http.client.RemoteDisconnected):
        gateway.post("SendSmsForAgent", MESSAGE)


def answer_418(gateway: Gateway) -> None:
    assert gateway.post("SendSmsForAgent", MESSAGE) == (418, "odd")


def answer_late(gateway: Gateway) -> None:
    before = time.monotonic()
    gateway.ask("SendSmsForAgent", MESSAGE)
    assert time.monotonic() - before >= 0.3


RULES: list[tuple[dict[str, Any], Callable[[Gateway], None], int]] = [
    ({"then": "drop"}, drop, 0),
    ({"then": "accept-drop"}, drop, 1),
    ({"status": 418, "body": '"odd"'}, answer_418, 0),
    ({"status": 418, "body": '"odd"', "then": "accept"}, answer_418, 1),
    ({"delay_ms": 300, "then": "accept"}, answer_late, 1),
]


@pytest.mark.parametrize(("rule", "check", "accepted"), RULES)
def test_a_rule_says_what_happens_and_whether_the_call_is_carried_out(
    gateway: Gateway, rule: dict[str, Any], check: Callable[[Gateway], None], accepted: int
) -> None:
    write_rules(gateway, {"name": "it", **rule})
    check(gateway)
    assert len(gateway.lines("ledger")) == accepted


def test_a_rule_that_says_something_unknown_fails_loudly(tmp_path: Path) -> None:
    with started(tmp_path) as (process, gateway):
        write_rules(gateway, {"name": "it", "tehn": "drop"})
        drop(gateway)
        assert process.stderr
        lines = iter(process.stderr.readline, "")
        assert any("gateway-rules.json: a rule has" in line for line in lines)


def test_an_account_may_have_one_group(tmp_path: Path) -> None:
    with started(tmp_path, "--groups", "1") as (_, gateway):
        assert gateway.ask("ListSubAccountForAgent", {})["Total"] == 1
        (tmp_path / "gateway-account.json").write_text('{"groups": [{"SubAccount": "a", "SubAccountName": "b"}]}')
        assert gateway.ask("ListSubAccountForAgent", {})["List"] == [{"SubAccount": "a", "SubAccountName": "b"}]
