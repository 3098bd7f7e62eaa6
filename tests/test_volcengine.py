"""`smswrap --provider volcengine`, run as a user runs it: in the sandbox, and against a gateway of the test's own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections import Counter
from contextlib import nullcontext
from dataclasses import fields
from datetime import datetime, timedelta, timezone
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from conftest import DEADLINE, wait_until
from gateway import KEY, serving
from hypothesis import given
from hypothesis import strategies as st

from smswrap.clock import SHANGHAI, today
from smswrap.errors import CredentialsError, InputError, SetupError
from smswrap.model import Account as Caller
from smswrap.model import Content, Message, Request
from smswrap.process import Finished
from smswrap.providers import records
from smswrap.providers.base import Limits, ProviderError, Settings
from smswrap.providers.records import as_json
from smswrap.providers.volcengine import arguments, client, normalise, reply, verification
from smswrap.providers.volcengine.client import Client
from smswrap.providers.volcengine.gateway import standing_in
from smswrap.providers.volcengine.operations import OPERATIONS, TEXTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from conftest import Ran, Running, StandIn
    from gateway import Gateway

    from smswrap.providers.base import Accepted, Operation

VOLCENGINE = ("--provider", "volcengine")
SIGN, TEMPLATE, GROUP, MARKETING = "火山引擎", "ST_code", "77da1acf", "88eb2bd0"
IN_GROUP = ("--message-group", GROUP)

PROJECT = Path(__file__).parents[1]


def send(number: str, *more: str, sign: str = SIGN, template: str = TEMPLATE) -> tuple[str, ...]:
    return ("send", "-p", number, "-s", sign, "-t", template, "--var", "code=123456", "--yes", *more)


class Account:
    """The sandbox's side of a test: what the stand-in plays, and what it saw."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def play(self, **changes: object) -> None:
        """Change the account, key by key."""
        self._write("account", changes)

    def rules(self, *rules: dict[str, object]) -> None:
        """Let something happen by action instead of by recipient."""
        self._write("rules", [{"name": str(number), **rule} for number, rule in enumerate(rules)])

    def _write(self, name: str, value: object) -> None:
        self.directory.mkdir(exist_ok=True)
        (self.directory / f"gateway-{name}.json").write_text(json.dumps(value), "utf-8")

    def _lines(self, name: str) -> list[dict[str, Any]]:
        path = self.directory / f"gateway-{name}.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    @property
    def calls(self) -> list[dict[str, Any]]:
        return self._lines("calls")

    @property
    def actions(self) -> list[str]:
        return [call["action"] for call in self.calls]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self._lines("ledger")

    def with_one_group(self, **more: object) -> None:
        self.play(groups=[{"SubAccount": GROUP, "SubAccountName": "the only one"}], **more)


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path / "stand-in")


@pytest.fixture
def volcengine(
    smswrap: Callable[..., Ran], account: Account, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Ran]]:
    """Run the program with this provider, whose gateway is the account's."""
    with serving(account.directory) as gateway:
        for name, value in gateway.signed.items():
            monkeypatch.setenv(name, value)
        yield partial(smswrap, *VOLCENGINE)


@pytest.fixture
def sandboxed(smswrap: Callable[..., Ran]) -> Callable[..., Ran]:
    """Run the program in the sandbox, with this provider: each run starts the gateway, and finds the account."""
    return partial(smswrap, "--sandbox", *VOLCENGINE)


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A gateway that the test starts, with an account of one group; the environment leads to it."""
    with serving(tmp_path / "gateway", groups=1) as started:
        monkeypatch.setenv("ARK_SKILL_API_KEY", KEY)
        monkeypatch.setenv("ARK_SKILL_API_BASE", f"http://127.0.0.1:{started.port}")
        yield started


def processes(words: str) -> list[tuple[int, str]]:
    """Pid and command line of every running process whose command line holds these words."""
    argv = ["ps", "-axww", "-o", "pid=,args="]
    listed = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    found = (line.strip().partition(" ") for line in listed.splitlines() if words in line)
    return [(int(pid), command) for pid, _, command in found]


def parent(pid: int) -> int:
    """The pid of a process's parent; 0 where it has ended, as those of other tests do."""
    argv = ["ps", "-o", "ppid=", "-p", str(pid)]
    return int(subprocess.run(argv, check=False, capture_output=True, text=True).stdout or 0)


# --- a send ---

OUTCOMES = [
    ("19900000002", 6, "refused", "FlowLimitExceeded"),
    ("19900000003", 8, "unknown", "script.timeout"),
    ("19900000004", 8, "unknown", "script.timeout"),
    ("19900000007", 5, "refused", "RE:0010"),
    ("19900000008", 8, "unknown", "script.connection-lost"),
    ("19900000009", 8, "unknown", "script.connection-lost"),
    ("19900000010", 8, "unknown", "script.no-reply"),
    ("19900000011", 8, "unknown", "InternalError"),
    ("19900000012", 8, "unknown", "script.http-502"),
    ("19900000013", 4, "refused", "InvalidAccessKey"),
    ("19900000014", 4, "refused", "AccessDenied"),
    ("19900000015", 5, "refused", "RE:0009"),
    ("19900000016", 8, "unknown", "script.no-reply"),
    ("19900000017", 8, "unknown", "script.no-reply"),
    ("19900000018", 8, "unknown", "script.http-307"),
    ("19900010000", 4, "refused", "RE:0000"),
    ("19900010001", 5, "refused", "RE:0001"),
    ("19900010003", 5, "refused", "RE:0003"),
    ("19900010007", 5, "refused", "RE:0007"),
    ("19900010013", 6, "refused", "RE:0013"),
    ("19900010500", 8, "unknown", "RE:0500"),
]


@pytest.mark.parametrize(("number", "code", "status", "provider_code"), OUTCOMES)
def test_each_way_a_send_can_fail_has_its_status_and_exit_code(
    volcengine: Callable[..., Ran], account: Account, number: str, code: int, status: str, provider_code: str | None
) -> None:
    ran = volcengine(*send(number, *IN_GROUP), "--read-timeout", "1")
    assert (ran.code, ran.envelope["status"], ran.error["code"]) == (code, status, provider_code)
    assert ran.error["retry"] == {5: "never", 4: "never", 6: "later", 8: "after-receipt"}[code]
    assert ran.error["meaning"]
    assert ran.error["next_step"]
    assert account.actions == ["SendSmsForAgent"]  # once, and to nobody else: the redirect was not followed either
    for private in (number, "123456", KEY):
        assert private not in ran.stderr
    assert KEY not in ran.stdout


@pytest.mark.parametrize("number", ["19900000000", "19900000019"])
def test_an_accepted_send_has_the_providers_message_id_by_either_spelling(
    volcengine: Callable[..., Ran], account: Account, number: str
) -> None:
    ran = volcengine(*send(number, *IN_GROUP, "-o", "order-1"))
    (message,) = account.messages
    (request,) = ran.envelope["data"]["requests"]
    assert (ran.code, ran.envelope["status"], ran.envelope["provider"]) == (0, "accepted", "volcengine")
    assert (request["outcome"], request["biz_id"], request["out_id"]) == ("accepted", message["MessageId"], "order-1")
    assert request["recipients"] == [f"+86{number}"]
    assert request["request_id"]


def test_the_request_is_what_the_api_wants(volcengine: Callable[..., Ran], account: Account) -> None:
    assert volcengine(*send("+86 199-0000-0000,+852 9876 1234", *IN_GROUP)).code == 0
    (call,) = account.calls
    assert call["body"] == {
        "SubAccount": GROUP,
        "Signature": SIGN,
        "TemplateId": TEMPLATE,
        "Mobiles": "19900000000,+85298761234",
        "TemplateParam": '{"code":"123456"}',
    }
    assert call["headers"]["authorization"].startswith("HMAC-SHA256 ")


@pytest.mark.parametrize("locale", ["C", "zh_CN.GBK", "C.UTF-8"])
def test_values_arrive_as_they_were_in_any_locale(
    volcengine: Callable[..., Ran], account: Account, monkeypatch: pytest.MonkeyPatch, locale: str
) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    values = {"name": 'R&D "张三" !#$*;()|<>', "order": "--sub-account=x \\ '单引号'"}
    given = ("-tp", json.dumps(values))
    assert volcengine("send", "-p", "19900000000", "-s", SIGN, "-t", "ST_notice", *given, "--yes", *IN_GROUP).code == 0
    assert json.loads(account.calls[0]["body"]["TemplateParam"]) == values


def test_more_than_200_recipients_are_split(volcengine: Callable[..., Ran], account: Account) -> None:
    numbers = ",".join(f"138{number:08}" for number in range(1, 202))
    ran = volcengine(*send(numbers, *IN_GROUP))
    assert [len(request["recipients"]) for request in ran.envelope["data"]["requests"]] == [200, 1]
    assert len({message["Mobile"] for message in account.messages}) == len(account.messages) == 201


def test_a_text_for_each_is_a_request_for_each(volcengine: Callable[..., Ran], account: Account) -> None:
    account.with_one_group()
    arrays = ("--phone-number-json", '["19900000000","19900000005"]', "--sign-name-json", f'["{SIGN}","沙盒免审"]')
    ran = volcengine(
        "send-batch", *arrays, "--template-param-json", '[{"code":"1"},{"code":"2"}]', "-t", TEMPLATE, "--yes"
    )
    assert ran.code == 0, ran.stdout
    texts = {message["Mobile"]: message["Content"] for message in account.messages}
    assert texts["19900000000"].startswith(f"【{SIGN}】您的验证码是1")
    assert texts["19900000005"].startswith("【沙盒免审】您的验证码是2")
    assert Counter(account.actions) == {"ListSubAccountForAgent": 1, "SendSmsForAgent": 2}


def test_an_extension_of_the_sending_number_is_refused_and_not_dropped(
    volcengine: Callable[..., Ran], account: Account
) -> None:
    arrays = ("--phone-number-json", '["19900000000"]', "--sign-name-json", f'["{SIGN}"]')
    ran = volcengine("send-batch", *arrays, "--sms-up-extend-code-json", '["7"]', "-t", TEMPLATE, "--yes")
    assert ran.code == 2
    assert "extension" in ran.error["message"]
    assert account.calls == []


def test_a_send_waits_longer_than_a_read_by_default(volcengine: Callable[..., Ran], account: Account) -> None:
    account.rules({"action": "SendSmsForAgent", "delay_ms": 3500, "then": "accept"})
    assert volcengine(*send("19900000000", *IN_GROUP)).code == 0


def test_a_script_that_is_killed_leaves_the_send_unknown_and_its_command_line_holds_nothing_private(
    start: Callable[..., Running], account: Account
) -> None:
    running = start("--sandbox", *VOLCENGINE, *send("19900000004", *IN_GROUP), "--read-timeout", "20")
    wait_until(lambda: bool(account.messages), "the gateway accepted nothing")
    ((pid, command),) = [found for found in processes("send_sms") if parent(found[0]) == running.process.pid]
    os.kill(pid, signal.SIGKILL)
    ran = running.end()
    assert (ran.code, ran.error["code"]) == (8, "script.killed")
    assert command.endswith("volc_sms.py send_sms -")  # numbers, codes and keys are not for everyone to read
    assert "19900000004" not in command


def test_a_first_signal_lets_the_send_finish_and_a_second_one_leaves_it_unknown(
    start: Callable[..., Running], account: Account
) -> None:
    running = start("--sandbox", *VOLCENGINE, *send("19900000004", *IN_GROUP), "--read-timeout", "20")
    wait_until(lambda: bool(account.messages), "the gateway accepted nothing")
    running.send(signal.SIGINT)
    assert running.process.stderr
    assert any("running request" in line for line in iter(running.process.stderr.readline, ""))
    running.send(signal.SIGINT)
    ran = running.end()
    assert (ran.code, ran.envelope["status"]) == (8, "unknown")


# --- the sandbox ---


def test_no_aliyun_call_and_no_ai_mode_is_touched_and_the_gateway_ends_with_the_command(
    sandboxed: Callable[..., Ran], account: Account, tmp_path: Path
) -> None:
    assert sandboxed(*send("19900000000", *IN_GROUP), "--verify", "--wait").code == 0
    assert "SendSmsForAgent" in account.actions
    assert not (account.directory / "calls.jsonl").exists()
    assert not list(account.directory.rglob("ai-mode.json"))
    assert not list((tmp_path / "home").iterdir())
    assert processes(str(account.directory)) == []


def test_no_real_account_gets_into_the_sandbox(
    sandboxed: Callable[..., Ran], account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        secrets = {"ARK_SKILL_API_KEY": "real-bearer-key", "VOLCENGINE_ACCESS_KEY": "AKLTreal"}
        secrets |= {"VOLCENGINE_SECRET_KEY": "real-secret", "VOLCENGINE_SESSION_TOKEN": "real-token"}
        for name, value in {**secrets, "ARK_SKILL_API_BASE": base, "VOLC_SMS_ENDPOINT": base}.items():
            monkeypatch.setenv(name, value)
        (tmp_path / "home" / ".openclaw").mkdir()
        (tmp_path / "home" / ".openclaw" / ".env").write_text(f"ARK_SKILL_API_KEY=x\nARK_SKILL_API_BASE={base}\n")
        ran = sandboxed(*send("19900000000", *IN_GROUP), "--verbose")
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert ran.code == 0
    assert account.calls[0]["headers"]["authorization"].startswith("HMAC-SHA256 ")
    assert not any(secret in ran.stdout + ran.stderr for secret in secrets.values())


def test_the_scripts_environment_holds_the_sandboxs_account_and_no_other(tmp_path: Path) -> None:
    real = {"VOLCENGINE_ACCESS_KEY": "AKLTreal", "VOLC_SMS_ENDPOINT": "https://real.example", "ARK_OTHER": "real"}
    with standing_in({**real, "SMSWRAP_SANDBOX_DIR": str(tmp_path / "own"), "HOME": str(tmp_path)}) as environment:
        assert not real.keys() & environment.keys()
        assert environment["SMSWRAP_SANDBOX_BASE"].startswith("http://127.0.0.1:")
        with standing_in({"SMSWRAP_SANDBOX_DIR": str(tmp_path / "own"), "HOME": str(tmp_path)}) as other:
            assert len({environment["SMSWRAP_SANDBOX_KEY"], other["SMSWRAP_SANDBOX_KEY"], KEY}) == 3


def test_its_state_outlives_the_command(sandboxed: Callable[..., Ran]) -> None:
    biz_id = sandboxed(*send("19900000000", *IN_GROUP)).envelope["data"]["requests"][0]["biz_id"]
    found = sandboxed("query-status", "-p", "19900000000", "--biz-id", biz_id, *IN_GROUP).envelope["data"]
    assert [message["message_id"] for message in found["messages"]] == [biz_id]


def test_a_sandbox_that_does_not_start_is_a_setup_error(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SetupError, match="did not start"), standing_in({"SMSWRAP_SANDBOX_DIR": str(file)}):
        pass


# --- a real gateway, no failover ---


def test_a_real_send_needs_only_the_environment_and_calls_no_aliyun(
    gateway: Gateway, bare_standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    ran = smswrap(*VOLCENGINE, *send("19900000000"), "--verify", "--wait")
    assert ran.code == 0, ran.stdout
    assert len(gateway.lines("ledger")) == 1
    assert bare_standin.calls == []
    assert not (bare_standin.home / ".aliyun").exists()
    assert KEY not in ran.stdout + ran.stderr


def test_the_provider_can_come_from_the_environment_and_the_flag_wins(
    gateway: Gateway, standin: StandIn, smswrap: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSWRAP_PROVIDER", "volcengine")
    assert smswrap("list-signs").envelope["provider"] == "volcengine"
    assert (len(gateway.lines("calls")), standin.calls) == (1, [])
    assert smswrap("--provider", "aliyun", "list-signs").envelope["provider"] == "aliyun"
    assert len(gateway.lines("calls")) == 1


def test_key_pairs_are_used_as_the_script_uses_them(
    gateway: Gateway, smswrap: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ARK_SKILL_API_KEY", "ARK_SKILL_API_BASE"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("VOLCENGINE_ACCESS_KEY", "AKLTsandbox")
    monkeypatch.setenv("VOLCENGINE_SECRET_KEY", "c2FuZGJveA==")
    monkeypatch.setenv("VOLC_SMS_ENDPOINT", f"http://127.0.0.1:{gateway.port}")
    ran = smswrap(*VOLCENGINE, "list-groups", "--verbose")
    assert ran.envelope["data"] == {"groups": [{"group": GROUP, "name": "sandbox main"}], "total": 1}
    assert "volc_sms.py list_sub_account … exit 0" in ran.stderr
    assert "c2FuZGJveA" not in ran.stdout + ran.stderr


def test_without_credentials_it_exits_4_and_asks_no_other_provider(
    standin: StandIn, smswrap: Callable[..., Ran]
) -> None:
    for command in (send("19900000000", *IN_GROUP), ("list-signs",)):
        ran = smswrap(*VOLCENGINE, *command)
        assert (ran.code, ran.error["kind"]) == (4, "credentials")
        assert "ARK_SKILL_API_KEY" in ran.error["next_step"]
    assert standin.calls == []


def test_a_gateway_that_is_not_there_means_that_nothing_was_sent(
    standin: StandIn, smswrap: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("ARK_SKILL_API_KEY", KEY)
    monkeypatch.setenv("ARK_SKILL_API_BASE", f"http://127.0.0.1:{port}")
    sent = smswrap(*VOLCENGINE, *send("19900000000", *IN_GROUP))
    assert (sent.code, sent.error["kind"], sent.error["code"]) == (5, "refused", "script.unreachable")
    listed = smswrap(*VOLCENGINE, "list-signs")
    assert (listed.code, listed.error["kind"], listed.error["code"]) == (6, "unavailable", "script.unreachable")
    assert standin.calls == []


def test_a_warning_of_the_script_reaches_the_envelope_once(
    gateway: Gateway, smswrap: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    for half, value in (("ACCESS", "AKLTsandbox"), ("SECRET", "c2FuZGJveA==")):
        monkeypatch.setenv(f"VOLCENGINE_{half}_KEY", value)
    monkeypatch.setenv("VOLC_SMS_ENDPOINT", f"http://127.0.0.1:{gateway.port}")
    monkeypatch.delenv("ARK_SKILL_API_BASE")
    ran = smswrap(*VOLCENGINE, *send("19900000000"))
    assert len(gateway.lines("calls")) == 2
    assert ran.code == 0
    assert ran.envelope["warnings"] == ["ARK_SKILL_API_BASE is missing beside its pair, which is not used"]


# --- the message group ---


def test_the_only_group_is_picked_with_one_look_up(volcengine: Callable[..., Ran], account: Account) -> None:
    account.with_one_group(late_receipt_ms=0)
    ran = volcengine(*send("19900000000,19900000005"), "--wait")
    assert ran.code == 0
    assert account.actions[:2] == ["ListSubAccountForAgent", "SendSmsForAgent"]
    assert account.actions.count("ListSubAccountForAgent") == 1
    assert {message["SubAccount"] for message in account.messages} == {GROUP}
    assert f"Using the account's only message group, {GROUP} (the only one)." in ran.stderr


@pytest.mark.parametrize("command", [send("19900000000"), (*send("19900000000"), "--verify"), ("query-status",)])
def test_of_several_groups_one_must_be_named(
    volcengine: Callable[..., Ran], account: Account, command: Sequence[str]
) -> None:
    ran = volcengine(*command)
    assert ran.code == 2
    assert f"{GROUP} (sandbox main), {MARKETING} (sandbox marketing)" in ran.error["message"]
    assert "--message-group" in ran.error["next_step"]
    assert account.messages == []
    assert set(account.actions) == {"ListSubAccountForAgent"}


def test_a_look_up_that_fails_is_not_repeated_for_each_request(
    volcengine: Callable[..., Ran], account: Account
) -> None:
    account.rules({"action": "ListSubAccountForAgent", "status": 502, "body": "<html>"})
    numbers = ",".join(f"138{number:08}" for number in range(1, 402))
    ran = volcengine(*send(numbers))
    assert ran.code == 6
    assert account.actions == ["ListSubAccountForAgent"]


def test_an_account_without_a_group_is_told(volcengine: Callable[..., Ran], account: Account) -> None:
    account.play(groups=[])
    ran = volcengine(*send("19900000000"))
    assert (ran.code, ran.error["code"]) == (5, "no-group")


# --- verify ---


@pytest.mark.parametrize(
    ("sign", "template", "group", "code", "said"),
    [
        ("没有的签名", TEMPLATE, GROUP, "not-found", "no sign 没有的签名."),
        (SIGN, "ST_nothing", GROUP, "not-found", "no template ST_nothing."),
        ("没有的签名", "ST_nothing", GROUP, "not-found", "no template ST_nothing."),
        ("火山", TEMPLATE, GROUP, "not-found", "no sign 火山."),
        (SIGN, "ST_cod", GROUP, "not-found", "no template ST_cod."),
        ("沙盒驳回", TEMPLATE, GROUP, "not-approved", "The sign 沙盒驳回 is rejected"),
        (SIGN, "ST_rejected", GROUP, "not-approved", "The template ST_rejected is rejected (rejected)"),
        (SIGN, TEMPLATE, MARKETING, "not-approved", f"does not belong to the message group {MARKETING}"),
        (SIGN, TEMPLATE, "nothing", "not-approved", f"it belongs to {GROUP}."),
        (SIGN, "ST_market", GROUP, "not-approved", f"The template ST_market does not belong to the sign {SIGN}"),
    ],
)
def test_verify_refuses_what_does_not_belong_together_or_is_not_approved(
    volcengine: Callable[..., Ran], account: Account, sign: str, template: str, group: str, code: str, said: str
) -> None:
    words = send("19900000000", "--verify", "--message-group", group, sign=sign, template=template)
    # Variables that do not fit would be told first: ST_market has none, ST_rejected another one.
    own = {"ST_market": (), "ST_rejected": ("--var", "name=x")}.get(template, ("--var", "code=123456"))
    words = (*(word for word in words if word not in {"--var", "code=123456"}), *own)
    ran = volcengine(*words)
    assert (ran.code, ran.error["code"]) == (5, code)
    assert said in ran.error["message"]
    assert account.messages == []
    assert "SendSmsForAgent" not in account.actions


def test_verify_names_missing_and_superfluous_variables(volcengine: Callable[..., Ran], account: Account) -> None:
    ran = volcengine(*send("19900000000", "--verify", *IN_GROUP, template="ST_notice"))
    assert ran.code == 2
    for name in ("${name}", "${order}", "${code}"):
        assert name in ran.error["message"]
    assert account.messages == []


@pytest.mark.parametrize(("sign", "template"), [(SIGN, TEMPLATE), ("沙盒免审", TEMPLATE)])
def test_verify_passes_what_is_approved_or_exempt_from_review(
    volcengine: Callable[..., Ran], account: Account, sign: str, template: str
) -> None:
    ran = volcengine(*send("19900000000", "--verify", *IN_GROUP, sign=sign, template=template))
    assert ran.code == 0
    verified = ran.envelope["data"]["verified"]
    assert verified["sign"]["review_exempt"] is (sign == "沙盒免审")
    shown = (verified["template"]["content"], verified["template"]["variables"])
    assert shown == ("您的验证码是${code}，5分钟内有效。", ["code"])
    assert len(account.messages) == 1


def test_verify_finds_an_exact_name_on_a_later_page(volcengine: Callable[..., Ran], account: Account) -> None:
    listed = [
        {"Signature": f"{SIGN}{number}", "Description": "", "Status": 3, "SubAccounts": []} for number in range(150)
    ]
    account.play(signatures=[*listed, {"Signature": SIGN, "Description": "", "Status": 3, "SubAccounts": [GROUP]}])
    assert volcengine(*send("19900000000", "--verify", *IN_GROUP)).code == 0
    assert account.actions.count("ListSignatureForAgent") == 2


def test_verify_prefers_the_approved_one_of_two_equal_names(volcengine: Callable[..., Ran], account: Account) -> None:
    twice = [{"Signature": SIGN, "Description": "", "Status": status, "SubAccounts": [GROUP]} for status in (2, 3)]
    account.play(signatures=twice)
    ran = volcengine(*send("19900000000", "--verify", *IN_GROUP))
    assert ran.envelope["data"]["verified"]["sign"]["state"] == "approved"


# --- receipts ---


def test_wait_follows_each_recipient_of_one_request(volcengine: Callable[..., Ran], account: Account) -> None:
    account.play(late_receipt_ms=300)
    ran = volcengine(*send("19900000000,19900000001,19900000005", *IN_GROUP), "--wait")
    assert (ran.code, ran.envelope["status"]) == (5, "undelivered")
    receipts = {receipt["recipient"]: receipt for receipt in ran.envelope["data"]["receipts"]}
    words = [receipts[f"+8619900000{last}"]["receipt"] for last in ("000", "001", "005")]
    assert words == ["delivered", "failed", "delivered"]
    assert receipts["+8619900000001"]["code"] == "CR:0001"
    assert receipts["+8619900000001"]["meaning"]


@pytest.mark.parametrize("numbers", ["19900000006", "19900000000,19900000006"])
def test_wait_does_not_take_an_earlier_message_for_ours(
    volcengine: Callable[..., Ran], account: Account, numbers: str
) -> None:
    assert volcengine(*send("19900000006", *IN_GROUP)).code == 0
    account.directory.joinpath("gateway-ledger.jsonl").write_text(
        json.dumps({**account.messages[0], "receipt": {"after_ms": 0, "code": "0", "type": "", "message": ""}}) + "\n"
    )
    command = ("send", "-p", numbers, "-s", SIGN, "-t", TEMPLATE, "--var", "code=654321", "--yes", *IN_GROUP)
    ran = volcengine(*command, "--wait", "--wait-timeout", "1")
    assert ran.code == 0
    receipts = {receipt["recipient"]: receipt["receipt"] for receipt in ran.envelope["data"]["receipts"]}
    assert receipts["+8619900000006"] == "in_flight"


def test_query_status_tells_of_the_messages_of_a_day(volcengine: Callable[..., Ran], account: Account) -> None:
    volcengine(*send("19900000000,19900000001,19900000006", *IN_GROUP))
    ran = volcengine("query-status", *IN_GROUP)
    assert (ran.code, ran.envelope["status"]) == (5, "undelivered")
    data = ran.envelope["data"]
    assert (data["total"], data["page"], data["page_size"]) == (3, 1, 50)
    found = {message["recipient"]: message for message in data["messages"]}
    one = found["+8619900000000"]
    assert (one["receipt"], one["code"], one["meaning"], one["out_id"]) == ("delivered", None, None, None)
    assert (one["template"], one["sign"], one["group"], one["parts"]) == (TEMPLATE, SIGN, GROUP, 1)
    assert one["content"].startswith(f"【{SIGN}】")
    sent = next(message for message in account.messages if message["Mobile"] == "19900000000")
    assert one["message_id"] == sent["MessageId"]
    expected = datetime.fromtimestamp(sent["SendTime"] // 1000, timezone(timedelta(hours=8)))
    assert one["sent_at"] == one["received_at"] == expected.isoformat()
    assert found["+8619900000001"]["reason"] == "the number is not in service"
    assert (found["+8619900000006"]["receipt"], found["+8619900000006"]["received_at"]) == ("in_flight", None)


def test_every_filter_of_query_status_reaches_the_api(volcengine: Callable[..., Ran], account: Account) -> None:
    filters = ("-p", "+86 199 0000 0000", "-s", SIGN, "-t", TEMPLATE, "--biz-id", "m-1", "--page", "2")
    volcengine("query-status", *filters, "--page-size", "100", "--send-date", "20260326", *IN_GROUP)
    assert account.calls[0]["body"] == {
        "SubAccount": GROUP,
        "FromTime": 1774454400,  # 2026-03-26 00:00:00 in Asia/Shanghai
        "ToTime": 1774540799,
        "Mobile": "19900000000",
        "TemplateId": TEMPLATE,
        "Signature": SIGN,
        "MessageId": "m-1",
        "Page": 2,
        "PageSize": 100,
    }


def test_all_walks_the_pages_of_the_send_log(volcengine: Callable[..., Ran], account: Account) -> None:
    volcengine(*send(",".join(f"138{number:08}" for number in range(1, 6)), *IN_GROUP))
    data = volcengine("query-status", *IN_GROUP, "--page-size", "2", "--all").envelope["data"]
    assert len({message["message_id"] for message in data["messages"]}) == 5
    assert account.actions.count("ListSmsSendLogForAgent") == 3


# --- times ---


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Shanghai"])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("--from-time", "202603261030", "--to-time", "20260326103001"), (1774492200, 1774492201)),
        (("--from-time", "2026-03-26T10:30", "--to-time", "2026-03-26 10:31:00"), (1774492200, 1774492260)),
        (("--from-time", "2026-03-26T02:30Z", "--to-time", "2026-03-26T02:31+00:00"), (1774492200, 1774492260)),
        (("--from-time", "1774492200", "--to-time", "1774492260"), (1774492200, 1774492260)),
    ],
)
def test_times_are_asia_shanghai_wherever_the_machine_is(
    volcengine: Callable[..., Ran],
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    given: Sequence[str],
    expected: tuple[int, int],
) -> None:
    monkeypatch.setenv("TZ", zone)
    assert volcengine("query-status", *given, *IN_GROUP).code == 0
    body = account.calls[0]["body"]
    assert (body["FromTime"], body["ToTime"]) == expected


def test_a_stretch_without_an_end_reaches_to_this_moment(volcengine: Callable[..., Ran], account: Account) -> None:
    assert volcengine(*send("19900000000", *IN_GROUP)).code == 0
    since = (datetime.now(SHANGHAI) - timedelta(minutes=5)).strftime("%Y%m%d%H%M")
    data = volcengine("query-status", "--from-time", since, *IN_GROUP).envelope["data"]
    assert [message["message_id"] for message in data["messages"]] == [account.messages[0]["MessageId"]]


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        (("--to-time", "202603261030"), "--to-time", "needs --from-time"),
        (("--from-time", "202603261030", "--send-date", "20260326"), "--send-date", "cannot be combined"),
        (("--from-time", "202603261030", "--to-time", "202603261030"), "--from-time", "before the end"),
        (("--from-time", "209903261030"), "--from-time", "before the end"),
        (("--from-time", "yesterday"), "--from-time", "no existing time"),
        (("--from-time", "20260326"), "--from-time", "no existing time"),
        (("--from-time", "1774492200000"), "--from-time", "no existing time"),
        (("--from-time", "202602301030"), "--from-time", "no existing time"),
        (("--from-time", "2026-02-30T10:30"), "--from-time", "no existing time"),
        (("--from-time", "٢٠٢٦٠٣٢٦١٠٣٠"), "--from-time", "no existing time"),
        (("--send-date", "20260230"), "--send-date", "existing date"),
        (("--page-size", "101"), "--page-size", "from 1 to 100"),
    ],
)
def test_wrong_times_exit_2_before_any_call(
    volcengine: Callable[..., Ran], account: Account, given: Sequence[str], field: str, said: str
) -> None:
    ran = volcengine("query-status", *given, *IN_GROUP)
    assert ran.code == 2
    assert ran.envelope["data"]["problems"][0]["field"] == field
    assert said in ran.error["message"]
    assert account.calls == []


MOMENTS = st.datetimes(datetime(2001, 9, 10), datetime(2099, 12, 31)).map(lambda moment: moment.replace(microsecond=0))  # noqa: DTZ001  the zone is what is tested


@given(MOMENTS)
def test_every_form_of_a_time_means_the_same_second(moment: datetime) -> None:
    seconds = round((moment - datetime(1970, 1, 1, 8)).total_seconds())  # noqa: DTZ001  Asia/Shanghai is UTC+8, always
    forms = (
        moment.strftime("%Y%m%d%H%M%S"),
        moment.isoformat(),
        moment.isoformat(" "),
        f"{moment.isoformat()}+08:00",
        str(seconds),
    )
    assert {arguments.read_time("--from-time", form) for form in forms} == {seconds}


@given(st.dates(datetime(2001, 1, 2).date(), datetime(2099, 1, 1).date()), st.integers(0, 400))  # noqa: DTZ001  days
def test_days_reach_from_the_first_midnight_to_the_last_second(first: Any, more: int) -> None:
    last = first + timedelta(days=more)
    start, end = arguments.days(first.strftime("%Y%m%d"), last.strftime("%Y%m%d"))
    assert end - start + 1 == (more + 1) * arguments.DAY
    assert (start + 8 * 3600) % arguments.DAY == 0
    assert datetime.fromtimestamp(start, SHANGHAI).date() == first


@given(st.text(max_size=20))
def test_whatever_is_given_as_a_time_is_read_or_refused(text: str) -> None:
    try:
        seconds = arguments.read_time("--from-time", text)
    except InputError:
        return
    assert isinstance(seconds, int)


# --- the other reading verbs ---


def test_signs_have_one_vocabulary(volcengine: Callable[..., Ran]) -> None:
    data = volcengine("list-signs", "--full").envelope["data"]
    states = {sign["sign"]: (sign["state"], sign["review_exempt"]) for sign in data["signs"]}
    assert states == {SIGN: ("approved", False), "沙盒免审": ("approved", True), "沙盒驳回": ("rejected", False)}
    assert (data["page"], data["page_size"], data["total"]) == (1, 50, 3)
    assert data["signs"][0]["created_at"] == "2026-01-01T08:00:00+08:00"
    assert data["signs"][1]["groups"] == [GROUP, MARKETING]


def test_approved_leaves_out_the_rejected(volcengine: Callable[..., Ran]) -> None:
    signs = volcengine("list-signs", "--approved", "--all").envelope["data"]["signs"]
    templates = volcengine("list-templates", "--approved").envelope["data"]["templates"]
    assert [sign["sign"] for sign in signs] == [SIGN, "沙盒免审"]
    assert [template["template"] for template in templates] == [TEMPLATE, "ST_notice", "ST_market"]


def test_templates_have_one_vocabulary(volcengine: Callable[..., Ran]) -> None:
    listed = volcengine("list-templates", "--full").envelope["data"]["templates"]
    templates = {template["template"]: template for template in listed}
    assert {name: template["type"] for name, template in templates.items()} == {
        TEMPLATE: "verification",
        "ST_notice": "notification",
        "ST_market": "promotion",
        "ST_rejected": "notification",
    }
    assert templates["ST_notice"]["variables"] == ["name", "order"]
    assert templates["ST_notice"]["review_exempt"] is True
    assert templates[TEMPLATE]["signs"] == [SIGN, "沙盒免审"]
    assert templates[TEMPLATE]["groups"] == [GROUP]
    assert {template["content"] for template in listed} == {None}
    assert templates["ST_rejected"]["state"] == "rejected"


def test_the_lists_filters_reach_the_api(volcengine: Callable[..., Ran], account: Account) -> None:
    volcengine("list-signs", "-s", "沙盒", *IN_GROUP, "--page", "2", "--page-size", "1")
    volcengine("list-templates", "-t", "ST_c", "-s", SIGN, *IN_GROUP)
    volcengine("list-groups", "--group-name", "main")
    bodies = [call["body"] for call in account.calls]
    assert bodies[0] == {"Page": 2, "PageSize": 1, "Signature": "沙盒", "SubAccounts": [GROUP]}
    assert bodies[1] == {
        "Page": 1,
        "PageSize": 50,
        "TemplateId": "ST_c",
        "Signatures": [SIGN],
        "SubAccounts": [GROUP],
    }
    assert bodies[2] == {"SubAccountName": "main"}


def test_both_providers_answer_in_the_same_keys(volcengine: Callable[..., Ran], smswrap: Callable[..., Ran]) -> None:
    volcengine(*send("19900000000", *IN_GROUP))
    theirs = ("send", "-p", "19900000000", "-s", "阿里云短信测试", "-t", "SMS_100000001", "--var", "code=1", "--yes")
    assert smswrap("--sandbox", *theirs).code == 0
    options = {"query-status": ("-p", "19900000000"), "list-signs": ("--full",), "list-templates": ("--full",)}
    groups = {"query-status": IN_GROUP}
    for verb in ("list-signs", "list-templates", "query-status"):
        ours = volcengine(verb, *options.get(verb, ()), *groups.get(verb, ())).envelope
        other = smswrap("--sandbox", verb, *options.get(verb, ())).envelope
        assert list(ours) == list(other)
        (items,) = [key for key, value in other["data"].items() if isinstance(value, list)]
        assert list(other["data"][items][0]) == list(ours["data"][items][0])
        assert list(other["data"]) == list(ours["data"])


def test_statistics_count_and_compute_their_rates(volcengine: Callable[..., Ran], account: Account) -> None:
    volcengine(*send("19900000000,19900000001,19900000006", *IN_GROUP))
    dates = ("--start-date", today(), "--end-date", today())
    data = volcengine("query-statistics", *dates).envelope["data"]
    assert data["totals"] == {
        "attempted": 3,
        "sent": 3,
        "delivered": 1,
        "failed": 1,
        "no_receipt": 1,
        "send_rate": 1.0,
        "delivery_rate": 0.3333,
        "reported": 3,
    }
    assert volcengine("query-statistics", *dates, "--template-type", "2").envelope["data"]["totals"]["sent"] == 0
    assert account.calls[-1]["body"]["ChannelType"] == "CN_MKT"


def test_statistics_reach_from_the_first_day_to_the_end_of_the_last(
    volcengine: Callable[..., Ran], account: Account
) -> None:
    dates = ("--start-date", "20260325", "--end-date", "20260326")
    ran = volcengine("query-statistics", *dates, "-s", SIGN, "-t", TEMPLATE, "--template-type", "0", *IN_GROUP)
    totals = ran.envelope["data"]["totals"]
    assert (totals["send_rate"], totals["delivery_rate"]) == (None, None)
    assert account.calls[0]["body"] == {
        "StartTime": 1774368000,
        "EndTime": 1774540799,
        "Signature": SIGN,
        "TemplateId": TEMPLATE,
        "ChannelType": "CN_OTP",
        "SubAccount": GROUP,
    }
    assert volcengine("query-statistics", "--start-date", "20260326", "--end-date", "20260325").code == 2


@pytest.mark.parametrize(
    ("counts", "send_rate", "delivery_rate", "no_receipt"),
    [
        ((4, 3, 2, 1), 0.75, 0.6667, 0),
        ((0, 0, 0, 0), None, None, 0),
        ((4, 0, 0, 0), 0.0, None, 0),
        ((4, 3, 3, 1), 0.75, 1.0, None),
        ((4, None, 2, 1), None, None, None),
        (("4", "3", "2", "1"), 0.75, 0.6667, 0),
    ],
)
def test_a_rate_is_null_where_nothing_can_be_divided(
    counts: Sequence[int | None], send_rate: float | None, delivery_rate: float | None, no_receipt: int | None
) -> None:
    names = ("TotalAllSendCount", "TotalSendSuccessCount", "TotalReceiptSuccessCount", "TotalReceiptFailureCount")
    foreign = {"TotalSendSuccessRate": 0.123, "TotalReceiptSuccessRate": 0.456}
    totals = normalise.statistics({"Result": {**dict(zip(names, counts, strict=True)), **foreign}}).totals
    assert (totals.send_rate, totals.delivery_rate) == (send_rate, delivery_rate)
    assert totals.no_receipt == no_receipt


@pytest.mark.parametrize(
    ("code", "receipt_time", "expected"),
    [
        ("0", 1774492200000, ("delivered", None)),
        ("", 1774492200000, ("delivered", None)),
        (None, 1774492200000, ("delivered", None)),
        ("", 0, ("in_flight", None)),
        ("0", None, ("in_flight", None)),
        ("NE:0103", 1774492200000, ("failed", "NE:0103")),
        ("CR:0200", 0, ("failed", "CR:0200")),
    ],
)
def test_a_receipt_is_read_by_its_code_and_its_time(
    code: str | None, receipt_time: int | None, expected: tuple[str, str | None]
) -> None:
    body = {
        "Result": {"Total": 1, "List": [{"ErrorCode": code, "ReceiptTime": receipt_time, "SendTime": 1774492200999}]}
    }
    (message,) = normalise.receipts(body).messages
    assert (message.receipt, message.code) == expected
    assert message.sent_at == "2026-03-26T10:30:00+08:00"
    assert message.received_at == ("2026-03-26T10:30:00+08:00" if receipt_time else None)


def test_a_status_that_nobody_documented_is_passed_on_as_it_came() -> None:
    found = normalise.signs({"Result": {"List": [{"Signature": "x", "Status": 1}, {"Signature": "y"}, "z"]}})
    assert [sign.state for sign in found.signs] == ["1", None]
    assert [sign.groups for sign in found.signs] == [None, None]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = (
    "Total List Status SubAccounts Signatures TemplateParams CreatedAt SendTime ReceiptTime ErrorCode MessageId "
    "MessageIds content templateParams TotalAllSendCount TotalSendSuccessCount ChannelType"
)
ITEMS = st.dictionaries(st.sampled_from(FIELDS.split()), JSON, max_size=6)


@given(st.sampled_from([*OPERATIONS.values(), TEXTS]), ITEMS, st.lists(ITEMS, max_size=3))
def test_no_reply_is_too_strange_to_be_read(
    row: Operation, result: dict[str, Any], items: list[dict[str, Any]]
) -> None:
    for body in ({}, {"Result": None}, {"Result": result}, {"Result": {**result, "List": items}}):
        json.dumps(as_json(row.normalise(body)))


def test_a_read_that_times_out_is_repeated_and_a_send_is_not(volcengine: Callable[..., Ran], account: Account) -> None:
    account.rules({"action": "ListSignatureForAgent", "then": "hang", "times": 1})
    ran = volcengine("list-signs", "--read-timeout", "1")
    assert ran.code == 0
    assert account.actions == ["ListSignatureForAgent"] * 2
    assert "timed out; trying again" in ran.stderr


def test_a_read_that_never_answers_is_unavailable_after_three_tries(
    volcengine: Callable[..., Ran], account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SMSWRAP_PATIENCE", "0.3")
    account.rules({"then": "hang"})
    ran = volcengine("list-groups", "--read-timeout", "1")
    assert (ran.code, ran.error["kind"], ran.error["retry"]) == (6, "unavailable", "later")
    assert account.actions == ["ListSubAccountForAgent"] * 3


def test_raw_output_is_the_providers_reply(volcengine: Callable[..., Ran]) -> None:
    found = json.loads(volcengine("list-groups", "--output", "raw").stdout)
    assert [group["SubAccount"] for group in found["Result"]["List"]] == [GROUP, MARKETING]


def test_a_table_shows_signs_and_groups(volcengine: Callable[..., Ran]) -> None:
    shown = volcengine("list-templates", "--output", "table").stdout
    for word in ("ST_market", "promotion", "沙盒免审", MARKETING):
        assert word in shown


# --- what a provider lacks ---

STATISTICS = ("query-statistics", "--start-date", "20260101", "--end-date", "20260102")


@pytest.mark.parametrize(
    ("provider", "command", "said"),
    [
        ("volcengine", ("query-sign", "-s", SIGN), "query-sign"),
        ("volcengine", ("query-template", "-t", TEMPLATE), "query-template"),
        ("volcengine", ("list-qualifications",), "list-qualifications"),
        ("volcengine", ("query-qualification", "--qualification-group-id", "1"), "query-qualification"),
        ("aliyun", ("list-groups",), "list-groups"),
        ("volcengine", (*STATISTICS, "--is-globe", "1"), "--is-globe"),
        ("volcengine", (*STATISTICS, "--template-type", "3"), "none of 0, 1, 2"),
        ("aliyun", ("list-signs", "-s", SIGN), "--sign-name"),
        ("aliyun", ("list-templates", *IN_GROUP), "--message-group"),
        ("aliyun", ("query-status", "-p", "19900000000", "--from-time", "202603261030"), "--from-time"),
        ("aliyun", ("query-status",), "--phone-number"),
        ("aliyun", ("list-signs", "--page-size", "51"), "from 1 to 50"),
    ],
)  # fmt: skip
def test_a_verb_or_option_that_the_provider_lacks_exits_2(
    smswrap: Callable[..., Ran], account: Account, provider: str, command: Sequence[str], said: str
) -> None:
    ran = smswrap("--sandbox", "--provider", provider, *command)
    assert (ran.code, ran.error["kind"]) == (2, "input")
    assert said in ran.error["message"]
    assert account.calls == []
    assert not (account.directory / "calls.jsonl").exists()


def test_short_and_old_spellings_still_work_with_aliyun(smswrap: Callable[..., Ran]) -> None:
    assert smswrap("--sandbox", "list-signs", "--page-index", "1").code == 0
    assert smswrap("--sandbox", "query-status", "--phone-numbers", "19900000000", "--current-page", "1").code == 0


def test_a_profile_is_refused_and_a_region_only_warned_of(volcengine: Callable[..., Ran], account: Account) -> None:
    refused = volcengine(*send("19900000000", *IN_GROUP), "--profile", "prod")
    assert refused.code == 2
    assert "SMSWRAP_PROFILE" in refused.error["next_step"]
    assert account.calls == []
    warned = volcengine("list-groups", "--region", "cn-hangzhou")
    assert warned.code == 0
    assert "one region" in warned.envelope["warnings"][0]


# --- how the script ended ---


def finished(code: int | None, stderr: str = "", stdout: str = "", *, timed_out: bool = False) -> Finished:
    return Finished(code, stdout, stderr, 1.0, timed_out)


def kind_of(verb: str, ended: Finished) -> str:
    with pytest.raises(ProviderError) as raised:
        reply.read(OPERATIONS[verb], ended)
    return raised.value.fault.kind


@pytest.mark.parametrize(
    ("code", "line", "sending", "reading"),
    [
        (2, "volc_sms: usage[arguments]: --mobiles is wrong", "input", "input"),
        (3, "volc_sms: setup[sandbox]: x", "setup", "setup"),
        (1, "volc_sms: unexpected[internal]: KeyError in the script", "internal", "internal"),
        (8, "volc_sms: unknown[lost]: it was lost\nvolc_sms: hint: do not send it again", "unknown", "unknown"),
        (143, "volc_sms: interrupted[signal]: nothing was sent", "interrupted", "interrupted"),
        (5, "volc_sms: refused[http-400]: x", "refused", "refused"),
        (6, "volc_sms: refused[provider]: x\nvolc_sms: note[more]: y", "throttled", "throttled"),
        (4, "volc_sms: failed[http-403]: x", "credentials", "credentials"),
        (6, "volc_sms: failed[http-503]: HTTP 429 was said", "unavailable", "unavailable"),
        (6, "volc_sms: failed[http-429]: x", "throttled", "throttled"),
        (1, "Traceback (most recent call last):\nMemoryError", "unknown", "unavailable"),
        (5, "", "unknown", "unavailable"),
        (5, "volc_sms: warning[plain-http]: it is plain http", "unknown", "unavailable"),
        (5, "volc_sms: unknown[lost]: it contradicts itself", "unknown", "unavailable"),
        (-9, "", "unknown", "unavailable"),
        (-15, "volc_sms: refused[unreachable]: x", "unknown", "unavailable"),
        (None, "python: No such file or directory", "setup", "setup"),
        (0, "", "unknown", "unavailable"),
    ],
)
def test_exit_code_word_and_code_decide_together(code: int | None, line: str, sending: str, reading: str) -> None:
    assert kind_of("send", finished(code, line)) == sending
    assert kind_of("list-signs", finished(code, line)) == reading


@pytest.mark.parametrize(
    ("code", "line", "told"),
    [
        (5, "refused[http-400]: HTTP 400", ("script.http-400", "HTTP 400.")),
        (4, "refused[http-403]: denied", ("script.http-403", "Denied.")),
        (8, "unknown[lost]: it broke", ("script.connection-lost", "It broke.")),
        (6, "refused[unreachable]: a.example was not reached", ("script.unreachable", "a.example was not reached.")),
        (5, "refused: it has no code", (None, "It has no code.")),
    ],
)
def test_the_code_of_the_script_and_its_words_are_kept(code: int, line: str, told: tuple[str | None, str]) -> None:
    with pytest.raises(ProviderError) as raised:
        reply.read(OPERATIONS["send"], finished(code, f"volc_sms: {line}"))
    assert (raised.value.fault.code, raised.value.fault.message) == told


def test_a_script_that_had_to_be_stopped_leaves_a_send_unknown_whatever_it_says() -> None:
    ended = finished(143, "volc_sms: interrupted[signal]: nothing was sent", timed_out=True)
    assert kind_of("send", ended) == "unknown"
    assert kind_of("list-signs", ended) == "unavailable"


def test_a_code_whose_meaning_is_unknown_makes_the_send_unknown_although_the_script_says_refused() -> None:
    body = {"ResponseMetadata": {"Error": {"Code": "FailToConnect", "Message": "x"}}}
    ended = finished(5, "volc_sms: refused[provider]: HTTP 400 FailToConnect x", json.dumps(body))
    assert kind_of("send", ended) == "unknown"


def test_a_message_repeats_neither_numbers_nor_values() -> None:
    said = "13812345678 with 我的密码 in https://x.example/?AccessKeyId=AKLT1"
    body = {"ResponseMetadata": {"Error": {"CodeN": 100009, "Message": said}}}
    ended = finished(4, "volc_sms: refused[provider]: x", json.dumps(body))
    with pytest.raises(ProviderError) as raised:
        reply.read(OPERATIONS["send"], ended, {"我的密码"})
    message = raised.value.fault.message
    assert message == "100009: 138****5678 with *** in https://x.example/?***"


LINES = st.builds(
    "volc_sms: {}{}: {}".format,
    st.sampled_from([*reply.KINDS, "warning", "nonsense"]),
    st.sampled_from(["", "[lost]", "[http-503]", "[]"]),
    st.text(max_size=20),
)


@given(st.integers(-64, 255) | st.none(), st.lists(LINES | st.text(max_size=20), max_size=3), st.text(max_size=20))
def test_a_send_that_did_not_say_that_it_was_not_made_is_unknown(
    code: int | None, lines: list[str], stdout: str
) -> None:
    ended = finished(code, "\n".join(lines), stdout)
    kind = kind_of("send", ended)
    said = {word for word, kinds in reply.KINDS.items() if code in kinds}
    if not any(f"volc_sms: {word}" in ended.stderr for word in said) and code is not None:
        assert kind == "unknown"


# --- the provider itself ---


class Silent:
    """Talk that goes nowhere."""

    def note(self, text: str) -> None: ...
    def warn(self, text: str) -> None: ...
    def detail(self, text: str) -> None: ...
    def trouble(self, fault: object) -> None: ...
    def progress(
        self,
        what: str,  # noqa: ARG002  a Talk's signature
        total: int | None = None,  # noqa: ARG002
        seconds: float | None = None,  # noqa: ARG002
    ) -> AbstractContextManager[Callable[[int], None]]:
        return nullcontext(lambda _done: None)


def test_it_names_itself_and_its_limits() -> None:
    provider = Client(Settings(Silent(), {}))
    assert (provider.name, provider.limits) == ("volcengine", Limits(shared=200, personal=1))


@pytest.fixture
def settings(gateway: Gateway) -> Settings:
    assert gateway.port
    names = ("ARK_SKILL_API_KEY", "ARK_SKILL_API_BASE", "HOME", "PATH")
    environment: Mapping[str, str] = {name: os.environ[name] for name in names}
    return Settings(Silent(), environment, read_timeout=10)


def test_receipts_of_one_number_are_newest_first_and_of_the_request_asked_for(
    gateway: Gateway, settings: Settings
) -> None:
    sent = [
        gateway.ask(
            "SendSmsForAgent",
            {
                "SubAccount": GROUP,
                "Signature": SIGN,
                "TemplateId": TEMPLATE,
                "Mobiles": "19900000000,19900000005",
                "TemplateParam": '{"code":"1"}',
            },
        )["MessageId"][0]
        for _ in range(3)
    ]
    ledger = gateway.directory / "gateway-ledger.jsonl"
    records = [json.loads(line) for line in ledger.read_text("utf-8").splitlines()]
    for number, record in enumerate(records):
        record["SendTime"] += (number // 2) * 1000 - 5000
    ledger.write_text("".join(json.dumps(records[place]) + "\n" for place in (2, 3, 0, 1, 4, 5)), "utf-8")
    with Client(settings).session(sends=False) as session:
        every = session.receipts("+8619900000000", today(), None, None)
        one = session.receipts("+8619900000000", today(), sent[1], None)
        other_day = session.receipts("+8619900000000", "20260101", None, None)
    assert [receipt.message_id for receipt in every] == sent[::-1]
    assert [receipt.message_id for receipt in one] == [sent[1]]
    assert other_day == []


def message_ids(accepted: Accepted) -> list[str]:
    """The ids that the gateway gave, in the order of the recipients."""
    ids: list[str] = json.loads(accepted.text)["Result"]["MessageId"]
    return ids


def test_receipts_of_a_request_of_several_are_told_from_those_of_a_later_one(
    gateway: Gateway, settings: Settings
) -> None:
    recipients = ("+8619900000000", "+8619900000005")
    messages = tuple(Message(recipient, Content(SIGN, {"code": "1"})) for recipient in recipients)
    with Client(settings).session(sends=True) as session:
        ours, later = (session.send(Request(number, TEMPLATE, messages, f"order-{number}")) for number in (1, 2))
        ids = [
            receipt.message_id
            for recipient in recipients
            for receipt in session.receipts(recipient, today(), ours.biz_id, GROUP)
        ]
    assert ids == message_ids(ours)
    assert len(gateway.lines("ledger")) == len({*ids, *message_ids(later)}) == 4


def test_receipts_of_a_request_of_an_earlier_run_are_told_by_what_they_share(
    gateway: Gateway, settings: Settings
) -> None:
    recipients = ("+8619900000000", "+8619900000005")
    messages = tuple(Message(recipient, Content(SIGN, {"code": "1"})) for recipient in recipients)
    with Client(settings).session(sends=True) as session:
        sent = [session.send(Request(number, TEMPLATE, messages, f"order-{number}")) for number in (1, 2)]
    ledger = gateway.directory / "gateway-ledger.jsonl"
    records = [json.loads(line) for line in ledger.read_text("utf-8").splitlines()]
    for record in records[:2]:
        record["SendTime"] -= 15 * 60 * 1000
    ledger.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    day = datetime.fromtimestamp(records[0]["SendTime"] / 1000, SHANGHAI).strftime("%Y%m%d")
    with Client(settings).session(sends=False) as session:
        first, second = (session.receipts(recipient, day, sent[0].biz_id, GROUP) for recipient in recipients)
        stranger = session.receipts(recipients[1], day, "no-such-id", GROUP)
    assert [receipt.message_id for receipt in (*first, *second)] == message_ids(sent[0])
    assert stranger == []


# --- who asks ---


def asking(tmp_path: Path, environment: Mapping[str, str], **more: Any) -> Client:
    """A client whose script finds these variables and nothing else."""
    return Client(Settings(Silent(), {"HOME": str(tmp_path), "PATH": os.environ["PATH"], **environment}, **more))


BEARER = {"ARK_SKILL_API_KEY": "secret-of-9876", "ARK_SKILL_API_BASE": "https://gateway.example/api/"}
SIGNED = {"VOLCENGINE_ACCESS_KEY": "AKLTexample1234", "VOLCENGINE_SECRET_KEY": "c2VjcmV0c2VjcmV0"}


def test_the_account_is_the_one_that_the_script_would_use(tmp_path: Path) -> None:
    by_key = Caller("volcengine", mode="bearer", key_end="9876", base="https://gateway.example/api")
    by_pair = Caller("volcengine", mode="signed", key_end="1234", base="https://sms.volcengineapi.com")
    assert asking(tmp_path, {**SIGNED, **BEARER}).account() == by_key
    assert asking(tmp_path, SIGNED).account() == by_pair
    (tmp_path / ".openclaw").mkdir()
    (tmp_path / ".openclaw" / ".env").write_text("".join(f"{name}={value}\n" for name, value in BEARER.items()))
    assert asking(tmp_path, SIGNED).account() == by_key
    assert asking(tmp_path, {}, sandbox=True).account() == Caller("volcengine", mode="signed", base="sandbox")


def test_without_keys_there_is_no_account_and_nothing_may_be_sent(tmp_path: Path) -> None:
    assert asking(tmp_path, {}).account() == Caller("volcengine")
    with pytest.raises(CredentialsError, match="No complete credentials"):
        asking(tmp_path, {}).check(sends=True)


@pytest.mark.parametrize(("asked", "sending", "reading"), [(None, 30, 3), (3, 3, 3), (4, 4, 4), (60, 60, 60)])
def test_a_read_timeout_that_is_asked_for_counts_for_sends_too(
    tmp_path: Path, asked: int | None, sending: int, reading: int
) -> None:
    settings = asking(tmp_path, {}, read_timeout=asked)._settings  # noqa: SLF001  what the client makes of it is asked
    assert (client.timeout_of(OPERATIONS["send"], settings), client.timeout_of(TEXTS, settings)) == (sending, reading)


def test_the_script_does_not_get_the_other_providers_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    script = tmp_path / "volc_sms.py"
    script.write_text("import json, os; print(json.dumps({'Result': dict(os.environ)}))")
    monkeypatch.setattr(client, "find_script", lambda: script)
    theirs = {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "another", "ALICLOUD_SECRET_KEY": "another"}
    with asking(tmp_path, {**BEARER, **theirs}).session(sends=False) as session:
        seen = session.call("list-groups", {}).body["Result"]
    assert BEARER.items() <= seen.items()
    assert "another" not in seen.values()


# --- the text of a template ---

FORMS = [
    {
        "templateId": "ST_code",
        "secondTemplateId": "S2T_1",
        "sign": SIGN,
        "content": "您的验证码是${code}。",
        "status": 3,
    }
    | {"templateParams": [{"name": "code"}]},
    {"TemplateId": "ST_code", "SecondTemplateId": "S2T_2", "Signature": "沙盒免审", "Content": "Code ${code}"}
    | {"ReviewStatus": 5, "TemplateParams": ["code"]},
    {"TemplateId": "ST_code", "Signature": SIGN, "Content": "an older text", "Status": 2},
    {"TemplateId": "ST_coder", "Signature": SIGN, "Content": "another template's", "Status": 3},
]


class Texts(BaseHTTPRequestHandler):
    """A gateway with three forms of a template, in both capitalisations, and the account's lists."""

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        assert query["Action"] == ["ListSecondTemplate"]
        assert self.headers["Authorization"].startswith("HMAC-SHA256 ")
        self._answer({"list" if query["templateId"] == ["ST_code"] else "List": FORMS})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        lists = {
            "ListSignatureForAgent": [{"Signature": SIGN, "Status": 3, "SubAccounts": [GROUP]}],
            "ListSmsTemplateForAgent": [
                {"TemplateId": "ST_code", "Status": 3, "Signatures": [SIGN], "TemplateParams": ["code"]}
            ],
        }
        items = lists[parse_qs(urlsplit(self.path).query)["Action"][0]]
        self._answer({"Total": len(items), "List": items})

    def _answer(self, result: dict[str, Any]) -> None:
        body = json.dumps({"ResponseMetadata": {"RequestId": "r"}, "Result": result}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words: object) -> None:
        """Say nothing."""


@pytest.fixture
def texts(tmp_path: Path) -> Iterator[Callable[[Mapping[str, str]], Client]]:
    """A client of the gateway above, by these keys."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Texts) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        base = f"http://127.0.0.1:{server.server_port}"
        bases = {"ARK_SKILL_API_BASE": base, "VOLCENGINE_SMS_ENDPOINT": base}
        yield lambda keys: asking(tmp_path, {**keys, **{name: bases[name] for name in bases if name[:3] in str(keys)}})
        server.shutdown()
        thread.join(DEADLINE)


def test_keys_that_sign_are_told_the_text_for_a_sign(texts: Callable[[Mapping[str, str]], Client]) -> None:
    with texts(SIGNED).session(sends=False) as session:
        ours, other = (session.template("ST_code", sign) for sign in (SIGN, "沙盒免审"))
    assert (ours.content, ours.variables, ours.why_unknown) == ("您的验证码是${code}。", ("code",), None)
    assert other.content == "Code ${code}"


@pytest.mark.parametrize(("sign", "why"), [(None, "several texts"), ("nobody's", "no text")])
def test_a_text_that_is_not_certain_is_none(
    texts: Callable[[Mapping[str, str]], Client], sign: str | None, why: str
) -> None:
    with texts(SIGNED).session(sends=False) as session:
        found = session.template("ST_code", sign)
    assert found.content is None
    assert why in str(found.why_unknown)


def test_a_form_is_found_by_either_id() -> None:
    forms = normalise.texts({"Result": {"items": FORMS}}).templates
    for template in ("ST_code", "S2T_1"):
        assert verification.choose_text(template, SIGN, forms) == ("您的验证码是${code}。", "")


def test_a_bearer_key_says_why_there_is_no_text(texts: Callable[[Mapping[str, str]], Client]) -> None:
    with texts({"ARK_SKILL_API_KEY": KEY}).session(sends=False) as session:
        found = session.template("ST_code", SIGN)
    assert (found.content, found.variables) == (None, ("code",))
    assert str(found.why_unknown).startswith("A Bearer key (ARK_SKILL_API_KEY) cannot")


def test_every_verb_has_an_example_and_every_list_its_columns() -> None:
    for verb, row in OPERATIONS.items():
        assert f"--provider volcengine {verb}" in row.example
        kind = getattr(records, verb.removeprefix("list-").capitalize()[:-1], None)
        assert bool(row.columns) is (row.paged != "" or verb == "list-groups")
        assert kind is None or set(row.columns) <= {one.name for one in fields(kind)}
