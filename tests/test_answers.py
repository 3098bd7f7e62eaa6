"""What answers look like: their order, their size, and what is said on stderr beside them."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import DEADLINE, SEND, SIGN, TEMPLATE

from smswrap.cli.answer import json_text, of_report
from smswrap.clock import Moment
from smswrap.masking import redact
from smswrap.model import Account, Counts, Outcome, Plan, PlanState, RequestRecord
from smswrap.providers.aliyun.operations import OPERATIONS
from smswrap.providers.base import PROVIDER_NAMES, Operation, operations_of
from smswrap.providers.parameters import Parameter
from smswrap.providers.records import Group, Groups, Receipt
from smswrap.sending.report import Report, Stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran, StandIn

ASKING = SEND[:-1]
CLI = Path(__file__).parent.parent / "smswrap" / "cli"
THOUSAND = [f"138{number:08}" for number in range(1, 1001)]


def account(standin: StandIn, **lists: list[dict[str, object]]) -> None:
    (standin.directory / "account.json").write_text(json.dumps(lists), "utf-8")


# The reply of the provider


@pytest.mark.parametrize("arguments", [SEND, ("list-signs",), ("query-template", "-t", TEMPLATE)])
def test_the_providers_reply_comes_only_where_it_was_asked_for(
    standin: StandIn, words: Callable[..., Ran], arguments: tuple[str, ...]
) -> None:
    assert words(*arguments).envelope["reply"] is None
    again = ("--allow-duplicate",) if arguments == SEND else ()
    assert words(*arguments, *again, "--with-reply").envelope["reply"]["Code"] == "OK"
    assert not standin.ai_mode


def test_the_providers_reply_comes_with_a_failure(standin: StandIn, words: Callable[..., Ran]) -> None:
    ran = words(*SEND[:2], "19900000007", *SEND[3:])
    assert ran.envelope["reply"]["Code"] == ran.error["code"] == "isv.AMOUNT_NOT_ENOUGH"
    assert ran.error["request_id"] == ran.envelope["reply"]["RequestId"]
    ran = words("query-sign", "-s", "没有的签名")
    assert ran.error["request_id"] == ran.envelope["reply"]["RequestId"]
    assert standin.ledger == []


def test_json_without_a_terminal_is_one_line(standin: StandIn, words: Callable[..., Ran]) -> None:
    assert standin.launcher.exists()
    for arguments in (SEND, ("list-templates",), ("nonsense",)):
        assert words(*arguments).stdout.count("\n") == 1


# Sizes


def test_five_hundred_templates_fit(standin: StandIn, words: Callable[..., Ran]) -> None:
    text = "您的验证码为：${code}，5分钟内有效，请勿泄露。"
    rows: list[dict[str, object]] = [
        {"code": f"SMS_{number:09}", "name": "登录验证码", "content": text, "type": "verification"}
        for number in range(501)
    ]
    account(standin, templates=rows)
    ran = words("list-templates", "--approved", "--all")
    assert len(ran.stdout) < 60_000
    data = ran.envelope["data"]
    assert ("left_out" in data, len(data["templates"])) == (False, 501)
    assert data["templates"][0] == {
        "template": "SMS_000000000",
        "name": "登录验证码",
        "type": "verification",
        "content": text,
    }
    ran = words("list-templates", "--all")
    data = ran.envelope["data"]
    assert len(ran.stdout) < 60_000
    assert len(data["templates"]) + data["left_out"] == 501
    assert "--full" in ran.envelope["warnings"][0]
    full = words("list-templates", "--all", "--full").envelope["data"]["templates"]
    assert (len(full), full[0]["variables"]) == (501, ["code"])


def test_search_looks_at_every_page_in_code_name_and_text(standin: StandIn, words: Callable[..., Ran]) -> None:
    rows: list[dict[str, object]] = [
        {"code": f"SMS_{number:09}", "name": f"名{number}", "content": f"text {number} ${{code}}"}
        for number in range(120)
    ]
    account(standin, templates=rows, signs=[{"name": "Brand"}, {"name": "其他"}])
    for word, expected in (("000000117", [117]), ("名118", [118]), ("TEXT 119 ", [119]), ("nothing like it", [])):
        found = words("list-templates", "--search", word).envelope["data"]["templates"]
        assert [row["template"] for row in found] == [f"SMS_{number:09}" for number in expected]
    assert [row["sign"] for row in words("list-signs", "--search", "brand").envelope["data"]["signs"]] == ["Brand"]


def test_a_plan_of_a_thousand_fits_and_tells_what_it_leaves_out(standin: StandIn, words: Callable[..., Ran]) -> None:
    ran = words(*ASKING[:2], ",".join(THOUSAND), *ASKING[3:])
    data = ran.envelope["data"]
    assert len(ran.stdout) < 40_000
    assert (data["recipients_total"], len(data["recipients"])) == (1000, 1000)
    assert data["messages_left_out"] == 1000 - len(data["messages"])
    assert data["account"]["key_end"]
    assert data["expires_at"] > "2026"
    assert standin.ledger == []


def test_a_plan_of_twenty_shows_each_text_and_one_of_more_the_shortest_and_the_longest(
    standin: StandIn, words: Callable[..., Ran], tmp_path: Path
) -> None:
    def plan(count: int) -> dict[str, object]:
        file = tmp_path / "people.csv"
        rows = [f"138{number:08},{'1' * (number % 7 + 1)}" for number in range(1, count + 1)]
        file.write_text("\n".join(["phone,code", *rows]) + "\n", "utf-8")
        data = words("send-batch", "-t", TEMPLATE, "-s", SIGN, "--file", str(file)).envelope["data"]
        assert isinstance(data, dict)
        return data

    few, many = plan(20), plan(21)
    assert isinstance(few["messages"], list)
    assert isinstance(many["messages"], list)
    assert (len(few["messages"]), few["messages_left_out"]) == (20, 0)
    codes = [message["parameters"]["code"] for message in many["messages"]]
    assert (codes, many["messages_left_out"]) == (["11", "1", "1111111"], 18)
    assert standin.ledger == []


def thousand(**more: object) -> Report:
    """The report of a send to a thousand, with all receipts."""
    numbers = tuple(f"+86{number}" for number in THOUSAND)
    receipts = tuple(
        Receipt(number, "failed" if row % 20 == 0 else "delivered", "MOBILE_NOT_ON_SERVICE" if row % 20 == 0 else None)
        for row, number in enumerate(numbers)
    )
    plan = Plan(
        number=1,
        plan_id="0123456789abcdef",
        fingerprint="f",
        state=PlanState.CONFIRMED,
        command="confirm",
        account=Account("aliyun"),
        template=TEMPLATE,
        made=Moment.now(),
        recipients=1000,
        requests=1,
    )
    request = RequestRecord(1, Outcome.ACCEPTED, numbers, "smswrap-0123456789abcdef-1", biz_id="b" * 30)
    report = Report(Stage.SENT, plan, counts=Counts(1000, 1000), requests=(request,), receipts=receipts)
    return replace(report, **more)  # type: ignore[arg-type]  # fields of Report


def test_a_send_to_a_thousand_with_its_receipts_fits_and_tells_the_failed_ones_first() -> None:
    envelope = of_report("confirm", thousand()).envelope(with_reply=False)
    assert len(json_text(envelope, pretty=False)) < 40_000
    data = envelope["data"]
    assert data["receipt_counts"] == {"delivered": 950, "failed": 50, "in_flight": 0}
    assert (len(data["receipts"]), data["receipts_left_out"]) == (20, 980)
    assert {one["receipt"] for one in data["receipts"]} == {"failed"}


def test_a_thousand_requests_of_one_recipient_each_fit_too() -> None:
    requests = tuple(
        RequestRecord(row, Outcome.ACCEPTED, (f"+86{number}",), f"smswrap-0123456789abcdef-{row}", biz_id="b" * 30)
        for row, number in enumerate(THOUSAND[:100])  # as many as a report lists
    )
    report = thousand(requests=requests)
    answer = of_report("confirm", replace(report, plan=replace(report.plan, requests=1000)))
    assert len(json_text(answer.envelope(with_reply=False), pretty=False)) < 40_000
    assert (len(answer.data["requests"]), answer.data["requests_total"]) == (100, 1000)


def test_history_fits_and_tells_how_to_go_on(standin: StandIn, words: Callable[..., Ran]) -> None:
    words(*SEND[:2], ",".join(THOUSAND[:90]), *SEND[3:])
    ran = words("history")
    data = ran.envelope["data"]
    assert len(ran.stdout) < 15_000
    assert (data["shown"], data["next_offset"]) == (40, 40)
    last = words("history", "--offset", "80").envelope["data"]
    assert (last["shown"], last["next_offset"]) == (10, None)
    assert len(standin.ledger) == 90


# One row per operation


def links(body: dict[str, object]) -> Groups:
    listed = body["Links"]
    assert isinstance(listed, list)
    return Groups(tuple(Group(link["Id"], link["Url"]) for link in listed), len(listed))


def test_a_row_in_a_providers_table_is_a_verb(
    standin: StandIn, words: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Operation(
        verb="list-links",
        name="query-short-links",
        kind="read",
        help="List the account's short links.",
        action="dysms:QueryShortLinks",
        parameters=(Parameter("page", "--page-no", "Page, from 1.", "integer", low=1, default=1),),
        normalise=links,
        paged="groups",
        example="smswrap list-links --search shop",
        columns=("name",),
        listed="groups",
    )
    monkeypatch.setitem(OPERATIONS, "list-links", row)
    reply = {
        "Code": "OK",
        "RequestId": "R",
        "Links": [{"Id": "1", "Url": "a.example"}, {"Id": "2", "Url": "b.example"}],
    }
    standin.rules({"cmd": "dysmsapi query-short-links *", "stdout": json.dumps(reply)})
    assert "list-links" in words("--help").stdout
    told = words("list-links", "--help").stdout
    for said in (row.help, row.example, "--page", "--all", "--search", "--full"):
        assert said in told
    ran = words("list-links", "--page", "2")
    assert (ran.code, ran.envelope["data"]["groups"]) == (0, [{"name": "a.example"}, {"name": "b.example"}])
    assert standin.api_calls[-1]["argv"][1:6:2][0] == "query-short-links"
    assert "--page-no" in standin.api_calls[-1]["argv"]
    assert words("list-links", "--full").envelope["data"]["groups"][1] == {"group": "2", "name": "b.example"}
    assert words("list-links", "--search", "B.").envelope["data"]["groups"] == [{"name": "b.example"}]
    table = words("list-links", "--output", "table").stdout
    assert "b.example" in table
    assert "group" not in table.partition("groups")[2]
    assert words("list-linkz").error["next_step"].startswith("Did you mean `smswrap list-links`")


@pytest.mark.parametrize(
    ("slip", "verb"),
    [
        ("sned", "send"),
        ("list-sign", "list-signs"),
        ("status", "query-status"),
        ("statistic", "query-statistics"),
        ("SEND", "send"),
    ],
)
def test_a_slip_in_a_verb_is_told_what_was_meant(words: Callable[..., Ran], slip: str, verb: str) -> None:
    ran = words(slip)
    assert (ran.code, f"`smswrap {verb}`" in ran.error["next_step"]) == (2, True)


@pytest.mark.parametrize(("slip", "topic"), [("sned", "send"), ("exit-code", "exit-codes")])
def test_a_slip_in_a_topic_is_told_what_was_meant(words: Callable[..., Ran], slip: str, topic: str) -> None:
    assert words("help", slip).error["next_step"] == f"Did you mean `smswrap help {topic}`?"


def test_the_command_line_names_no_verb_that_reads() -> None:
    verbs = {row.verb for name in PROVIDER_NAMES for row in operations_of(name).values() if row.kind == "read"}
    named = {
        (path.name, node.value)
        for path in CLI.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "\n" not in node.value
        if any(verb in node.value.split() for verb in verbs)
    }
    assert named == set()


# Talk


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("list-sign", "list-signs"), ("sned", "send"), ("status", "query-status"), ("docter", "doctor")],
)
def test_a_mistyped_verb_is_told_what_was_meant(
    standin: StandIn, words: Callable[..., Ran], typed: str, meant: str
) -> None:
    ran = words(typed)
    assert (ran.code, ran.error["kind"]) == (2, "input")
    assert f"`smswrap {meant}`" in ran.error["next_step"]
    assert "sent" not in ran.stderr.replace("`smswrap send`", "")
    assert standin.calls == []


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (("skill", "install"), "skill install"),
        (("skill", "install", "/proc/nowhere"), "skill install"),
        (("sandbox", "log", "--typo"), "sandbox log"),
        (("skill", "typo"), "skill"),
    ],
)
def test_a_failure_names_the_whole_command(words: Callable[..., Ran], arguments: tuple[str, ...], command: str) -> None:
    ran = words(*arguments)
    assert (ran.code, ran.envelope["command"]) == (2, command)


def test_a_mistyped_option_is_told_what_was_meant(standin: StandIn, words: Callable[..., Ran]) -> None:
    ran = words("send", "--phone-number", "19900000000")
    assert (ran.code, "--phone-numbers" in ran.error["message"]) == (2, True)
    assert standin.calls == []


def test_stderr_has_one_message_and_one_hint(standin: StandIn, words: Callable[..., Ran]) -> None:
    assert standin.launcher.exists()
    for arguments in (("list-signs", "--page-size", "0"), (*SEND[:2], "19900000007", *SEND[3:]), ASKING, ("send",)):
        lines = words(*arguments).stderr.splitlines()
        assert [line.partition(":")[0] for line in lines] == ["error", "hint"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("list-signs", "--page", "x"),
        ("history", "--plan", "zzz"),
        ("explain", "zzz"),
        ("--profile", "nope", "list-signs"),
    ],
)
def test_only_verbs_that_send_say_that_nothing_was_sent(
    standin: StandIn, words: Callable[..., Ran], arguments: tuple[str, ...]
) -> None:
    ran = words(*arguments)
    assert ran.code > 0
    assert "nothing was sent" not in ran.stderr.lower() + ran.stdout.lower()
    assert standin.ledger == []
    assert "Nothing was sent." in words("send", "--jobs").stderr


@pytest.mark.parametrize(
    "arguments",
    [ASKING, SEND, ("list-signs",), ("doctor",), ("history",), ("explain", "RE:0001"), ("sandbox", "path"), ("snd",)],
)
def test_the_sandbox_is_marked_once_on_stderr_and_in_the_envelope(
    words: Callable[..., Ran], arguments: tuple[str, ...]
) -> None:
    ran = words("--sandbox", *arguments)
    assert ran.envelope["sandbox"] is True
    assert ran.stderr.count("sandbox: nothing real is sent") == 1
    assert "sandbox: " not in words("--sandbox", "--quiet", *arguments, "--output", "json").stderr


def test_outside_the_sandbox_nothing_is_marked(standin: StandIn, words: Callable[..., Ran]) -> None:
    assert standin.launcher.exists()
    ran = words("list-signs")
    assert (ran.envelope["sandbox"], ran.stderr) == (False, "")


@pytest.mark.parametrize("output", ["json", "table"])
def test_csv_and_another_output_contradict_each_other(
    standin: StandIn, words: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    ran = words("history", "--csv", "--output", output)
    assert ran.code == 2
    assert f"--output {output}" in ran.stderr
    monkeypatch.setenv("SMSWRAP_OUTPUT", output)
    assert words("history", "--csv").stdout.startswith("plan_id,")
    assert standin.calls == []


def test_problems_are_told_once_where_a_table_lists_them(standin: StandIn, words: Callable[..., Ran]) -> None:
    ran = words("send", "-p", "123", "--output", "table")
    assert ran.stderr.startswith("error: 3 problems. Nothing was sent.")
    assert ran.stdout.count("--sign-name") == 1
    one = words("list-signs", "--page", "x", "--output", "table")
    assert (one.stdout, one.stderr.count("'x'")) == ("", 1)
    assert standin.calls == []


HOSTILE = "a\u202eb\x9b31mc\x1b]0;x\x07d\u2066e"


def test_no_mark_of_a_providers_text_reaches_a_terminal(standin: StandIn, words: Callable[..., Ran]) -> None:
    template = {"TemplateCode": "SMS_1", "TemplateName": HOSTILE, "TemplateContent": HOSTILE}
    reply = {"Code": "OK", "RequestId": "R", "TotalCount": 1, "SmsTemplateList": [template]}
    standin.rules(
        {"cmd": "dysmsapi query-sms-template-list *", "stdout": json.dumps(reply)},
        {"cmd": "dysmsapi query-sms-sign-list *", "exit_code": 1, "stderr": f"ERROR: {HOSTILE}\n"},
    )
    asked = words("--output", "json", "list-templates", "--with-reply")
    assert asked.envelope["data"]["templates"][0]["name"] == HOSTILE
    failed = words("--output", "json", "list-signs")
    for ran in (asked, failed, words("--output", "table", "list-templates")):
        shown = ran.stdout + ran.stderr
        assert "31mc" in shown
        assert not [mark for mark in HOSTILE if mark in shown and not mark.isprintable()]


@pytest.mark.parametrize("arguments", [("explain",), ("list-templates", "--full")])
def test_a_reader_who_closes_the_pipe_of_a_query_hears_nothing(standin: StandIn, arguments: tuple[str, ...]) -> None:
    assert standin.launcher.exists()
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "smswrap", *arguments]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=DEADLINE)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_reader_who_closes_the_pipe_of_a_send_is_told_of_it(standin: StandIn) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "smswrap", *SEND]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, check=False, timeout=DEADLINE)
    os.close(writing)
    assert (ended.returncode, len(standin.ledger)) == (0, 1)
    assert b"status accepted, plan " in ended.stderr


# Words of a plan


def test_a_plan_that_can_no_longer_be_confirmed_says_why_in_its_status(
    standin: StandIn, words: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = words(*ASKING)
    plan_id = waiting.envelope["data"]["plan_id"]
    assert (waiting.envelope["status"], waiting.error["code"]) == ("confirmation_needed", "waiting")
    standin.save_profile("other", access_key_id="LTAI-other")
    config = standin.configuration
    config["current"] = "other"
    (standin.home / ".aliyun" / "config.json").write_text(json.dumps(config), "utf-8")
    refused = words("confirm", plan_id)
    assert (refused.code, refused.envelope["status"], refused.error["code"]) == (9, "account", "account")
    with monkeypatch.context() as later:
        wall = time.time
        later.setattr(time, "time", lambda: wall() + 3600)
        expired = words("confirm", plan_id)
    assert (expired.code, expired.envelope["status"]) == (9, "expired")
    assert words("cancel", plan_id).envelope["status"] == "cancelled"
    assert words("confirm", plan_id).envelope["status"] == "cancelled"
    assert standin.ledger == []


def test_a_plan_that_was_sent_cannot_be_cancelled(standin: StandIn, words: Callable[..., Ran]) -> None:
    plan_id = words(*SEND).envelope["data"]["plan_id"]
    ran = words("cancel", plan_id)
    assert (ran.code, ran.envelope["status"], ran.envelope["data"]["plan_id"]) == (9, "sent", plan_id)
    assert len(standin.ledger) == 1


def test_a_failure_after_planning_still_names_the_plan(standin: StandIn, words: Callable[..., Ran]) -> None:
    refusal = '{"Code":"isv.OUT_OF_SERVICE","Message":"x","RequestId":"R-9"}\n'
    standin.rules({"cmd": "dysmsapi get-sms-sign *", "stdout": refusal})
    ran = words(*SEND, "--verify")
    assert (ran.code, ran.error["request_id"]) == (5, "R-9")
    assert len(ran.envelope["data"]["plan_id"]) >= 16
    assert standin.ledger == []


def test_the_id_of_a_request_is_not_taken_for_a_phone_number() -> None:
    told = "84217300-671B-9EC2-F8B3-031234567890"
    assert redact(told) == told
    for number in ("13987654321", "86-13987654321", "0086-13987654321", "13987654321-1234-x"):
        assert "13987654321" not in redact(number)


def test_the_next_step_of_a_rehearsal_is_one_too(words: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch) -> None:
    ran = words("--sandbox", *ASKING)
    plan_id = ran.envelope["data"]["plan_id"]
    assert f"`smswrap --sandbox confirm {plan_id}`" in ran.error["next_step"]
    assert f"`smswrap --sandbox confirm {plan_id}`" in ran.stderr
    monkeypatch.setenv("SMSWRAP_SANDBOX", "1")
    assert f"`smswrap confirm {plan_id}`" in words(*ASKING).error["next_step"]


def test_the_next_step_names_the_program_as_it_was_started(
    words: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSWRAP_PROGRAM", "my skills/scripts/smswrap")
    ran = words("--sandbox", *ASKING)
    plan_id = ran.envelope["data"]["plan_id"]
    assert f"`'my skills/scripts/smswrap' --sandbox confirm {plan_id}`" in ran.error["next_step"]


def test_the_list_of_all_codes_fits(words: Callable[..., Ran]) -> None:
    every = words("explain")
    assert len(every.stdout) < 60_000
    assert every.envelope["data"]["total"] > 300
    assert all(row["next_step"] for row in words("explain", "--search", "balance").envelope["data"]["codes"])
