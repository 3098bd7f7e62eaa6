"""scripts/volc_sms.py as its callers see it: a process, its streams and its exit code."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import json
import os
import pty
import re
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from forked import Forked
from gateway import KEY, serving
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

    from gateway import Gateway

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "scripts" / "volc_sms.py"
LOADING = f"""
import hashlib, hmac, http.client, ssl, unicodedata, urllib.request
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("volc_sms", {str(SCRIPT)!r})
script = sys.modules["volc_sms"] = module_from_spec(spec)
spec.loader.exec_module(script)

def run():
    sys.exit(script.main(sys.argv[1:]))
"""
SECRET = KEY
TOKEN, PASSWORD = "sandbox-token", "pass-w0rd/1234567"
NEVER_SHOWN = (KEY, SECRET, TOKEN, PASSWORD, "c2FuZGJveA%3D%3D", "pass-w0rd%2F1234567", "pass-w0rd\\/1234567")
SEND = ["send_sms", "--sub-account", "77da1acf", "--signature", "火山引擎", "--template-id", "ST_code"]
SEND += ["--template-param", '{"code":"987654"}', "--mobiles"]
READ = ["list_sub_account"]


def load_script() -> ModuleType:
    """The script as a module, for the few tests of a single function."""
    spec = importlib.util.spec_from_file_location("volc_sms", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["volc_sms"] = module  # dataclasses look their module up there
    spec.loader.exec_module(module)
    return module


volc = load_script()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with serving(tmp_path / "state") as made:
        yield made


Run = subprocess.CompletedProcess[str]


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start the script as a bare interpreter would, with these variables and nothing else."""

    def start(
        words: Sequence[str], env: dict[str, str], stdout: int = subprocess.PIPE, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[str]:
        home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LC_ALL": "C"}
        argv = [sys.executable, "-I", "-S", str(SCRIPT), *words]
        return subprocess.Popen(
            argv,
            env={**home, **env},
            encoding="utf-8",
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.PIPE,
        )

    return start


@pytest.fixture(scope="session")
def loaded() -> Iterator[Forked]:
    """The script, loaded once by a bare interpreter."""
    with contextlib.closing(Forked([sys.executable, "-I", "-S"], LOADING, {"LC_ALL": "C"})) as made:
        yield made


@pytest.fixture
def run(start: Callable[..., subprocess.Popen[str]], loaded: Forked, tmp_path: Path) -> Callable[..., Run]:
    """Run the script to its end; whatever it was asked, no secret is in its output."""

    def run(words: Sequence[str], env: dict[str, str], stdout: int = subprocess.PIPE) -> Run:
        whole = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "LC_ALL": "C", **env}
        if stdout == subprocess.PIPE and loaded.fits(whole):
            code, out, err = loaded.run([str(SCRIPT), *words], whole)
        else:
            with start(words, env, stdout) as process:
                out, err = process.communicate(timeout=60)
            code = process.returncode
        for secret in NEVER_SHOWN:
            assert secret not in (out or "") + (err or "")
        return Run(words, code, out, err)

    return run


@pytest.fixture
def serve() -> Iterator[Callable[[Sequence[bytes | None]], int]]:
    """A server that answers one request with raw pieces, then closes; a None piece waits until the test is over."""
    over = threading.Event()
    threads: list[threading.Thread] = []

    def answer(listener: socket.socket, pieces: Sequence[bytes | None]) -> None:
        connection, _ = listener.accept()
        with listener, connection:
            if pieces:
                read_request(connection)
            for piece in pieces:
                if piece is None:
                    over.wait(60)
                    return
                try:
                    connection.sendall(piece)
                except OSError:
                    return

    def serve(pieces: Sequence[bytes | None]) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        threads.append(threading.Thread(target=answer, args=(listener, pieces)))
        threads[-1].start()
        port: int = listener.getsockname()[1]
        return port

    yield serve
    over.set()
    for thread in threads:
        thread.join(10)


def read_request(connection: socket.socket) -> bytes:
    """A whole request: headers and as much body as they announce."""
    text = b""
    while b"\r\n\r\n" not in text:
        text += connection.recv(65536)
    head, _, body = text.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0] or 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head


def bearer(port: int, scheme: str = "http") -> dict[str, str]:
    return {"ARK_SKILL_API_KEY": KEY, "ARK_SKILL_API_BASE": f"{scheme}://127.0.0.1:{port}"}


def http_reply(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


# --- the seed's command lines ---

SEED_LINES = [
    """python3 scripts/volc_sms.py send_sms \\
    --sub-account "消息组ID" \\
    --signature "签名" \\
    --template-id "模板ID" \\
    --mobiles "手机号" \\
    --template-param '{"code":"123456"}'""",
    "python3 scripts/volc_sms.py list_sub_account",
    'python3 scripts/volc_sms.py list_signature --signature "火山引擎"',
    'python3 scripts/volc_sms.py list_sms_template --signatures "火山引擎"',
    """python3 scripts/volc_sms.py list_sms_send_log \\
    --sub-account "消息组ID" \\
    --from-time 1773113285 \\
    --to-time 1773213285""",
    """python3 scripts/volc_sms.py list_total_send_count_stat \\
    --start-time 1773113285 \\
    --end-time 1773213285""",
    "python3 scripts/volc_sms.py list_signature",
    """python3 scripts/volc_sms.py send_sms \\
    --sub-account "xxxx" \\
    --signature "xxx" \\
    --template-id "ST_xxxx" \\
    --mobiles "188xxxxxxx8" \\
    --template-param '{"code":"888888"}'""",
    """python3 scripts/volc_sms.py list_sms_send_log \\
    --sub-account "77da1acf" \\
    --from-time 1773113285 \\
    --to-time 1773213285""",
]
PLACEHOLDER_ACCOUNT = {
    "groups": [{"SubAccount": name, "SubAccountName": name} for name in ("消息组ID", "xxxx", "77da1acf")],
    "signatures": [
        {"Signature": "签名", "Description": "", "Status": 3, "SubAccounts": ["消息组ID"]},
        {"Signature": "xxx", "Description": "", "Status": 5, "SubAccounts": ["xxxx"]},
    ],
    "templates": [
        {
            "TemplateId": template,
            "TemplateName": "t",
            "ChannelType": "CN_OTP",
            "Signatures": [sign],
            "SubAccounts": [],
            "Status": 3,
            "Content": "${code}",
        }
        for template, sign in (("ST_0000", "签名"), ("ST_xxxx", "xxx"))
    ],
}


@pytest.mark.parametrize("line", SEED_LINES)
@pytest.mark.parametrize("credentials", ["bearer", "signed"])
def test_every_command_line_of_the_seed_works_as_printed(
    gateway: Gateway, run: Callable[..., Run], line: str, credentials: str
) -> None:
    account = json.dumps(PLACEHOLDER_ACCOUNT)
    (gateway.directory / "gateway-account.json").write_text(account)
    printed = line.replace("手机号", "13811138000").replace("188xxxxxxx8", "18800000008")  # no number can stand there
    printed = printed.replace("模板ID", "ST_0000")  # nor a template's id: it is ASCII
    words = shlex.split(printed.replace("\\\n", ""))[2:]
    done = run(words, getattr(gateway, credentials))
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["Result"]


@pytest.mark.parametrize(("number", "shown"), [("手机号", "****"), ("188xxxxxxx8", "188****xxx8")])
def test_a_placeholder_in_place_of_a_number_is_named_without_a_call(
    gateway: Gateway, run: Callable[..., Run], number: str, shown: str
) -> None:
    done = run([*SEND, number], gateway.bearer)
    assert done.returncode == 2
    assert f"--mobiles holds {shown}" in done.stderr
    assert gateway.lines("calls") == []


def test_chinese_in_a_reply_is_not_escaped(gateway: Gateway, run: Callable[..., Run]) -> None:
    assert '"Signature": "火山引擎"' in run(["list_signature"], gateway.bearer).stdout


BODIES: list[tuple[str, str, dict[str, Any]]] = [
    ("list-sub-account --sub-account-name main --account 9", "ListSubAccount", {"SubAccountName": "main"}),
    ("list-signature", "ListSignature", {"Page": 1, "PageSize": 20}),
    (
        "list_signature --sub-accounts x --sub-accounts=a,,b, --page 2 --page-size 100 --signature ''",
        "ListSignature",
        {"SubAccounts": ["a", "b"], "Page": 2, "PageSize": 100},
    ),
    (
        "list-sms-template --template-id ST --signatures x",
        "ListSmsTemplate",
        {"TemplateId": "ST", "Signatures": ["x"], "Page": 1, "PageSize": 20},
    ),
    (
        "list-sms-send-log --sub-account g --from-time 1 --to-time 2 --mobile +8613811138000 --message-id m",
        "ListSmsSendLog",
        {"SubAccount": "g", "FromTime": 1, "ToTime": 2, "Mobile": "13811138000", "MessageId": "m"}
        | {"Page": 1, "PageSize": 100},
    ),
    ("list_sms_send_log --sub-account g", "ListSmsSendLog", {"SubAccount": "g", "Page": 1, "PageSize": 100}),
    (
        "list_sms_send_log --sub-account g --from 5 --to 5 --mobile '' --message-id ''",
        "ListSmsSendLog",
        {"SubAccount": "g", "FromTime": 5, "ToTime": 5, "Page": 1, "PageSize": 100},
    ),
    ("--sub-account-n x list_sub_account", "ListSubAccount", {"SubAccountName": "x"}),
    ("list_sub_account --sub-account-name ''", "ListSubAccount", {}),
    (
        "list-total-send-count-stat --start-time 1 --end-time 2 --channel-type CN_OTP --signature s --template-id t",
        "ListTotalSendCountStat",
        {"StartTime": 1, "EndTime": 2, "ChannelType": "CN_OTP", "Signature": "s", "TemplateId": "t"},
    ),
    (
        shlex.join(["send-sms", *SEND[1:-2], '{"code": "1"}', "--mobiles", "13811138000,+8613800138001,+14155550123"])
        + " --account 9",
        "SendSms",
        {"SubAccount": "77da1acf", "Signature": "火山引擎", "TemplateId": "ST_code", "TemplateParam": '{"code": "1"}'}
        | {"Mobiles": "13811138000,13800138001,+14155550123"},
    ),
]


@pytest.mark.parametrize(("line", "action", "body"), BODIES)
def test_options_become_the_documented_fields(
    gateway: Gateway, run: Callable[..., Run], line: str, action: str, body: dict[str, Any]
) -> None:
    done = run(shlex.split(line), gateway.bearer)
    assert done.returncode == 0, done.stderr
    (call,) = gateway.lines("calls")
    assert (call["action"], call["version"]) == (f"{action}ForAgent", "2026-01-01")
    assert call["body"] == body
    assert call["headers"]["servicename"] == "volcSMS"


# --- what is refused before anything is called ---

LOG = "list_sms_send_log --sub-account g"
WRONG: list[tuple[str, str]] = [
    ("list_sub_account --mob x", "--mob may be --mobiles or --mobile"),
    ("", "the first argument names the action"),
    ("send", "the first argument names the action"),
    ("send_sms --mobiles 13811138000", "--sub-account is required; --signature is required; --template-id is required"),
    ("list_sub_account --what private-value", "--what is not an option"),
    ("list_sub_account private-value", "an argument is not an option"),
    ("list_sub_account --sub-account-name", "--sub-account-name needs a value"),
    ("list_signature --page 0", "--page is 0; it may be 1 to"),
    ("list_signature --page-size 101", "--page-size is 101; it may be 1 to 100"),
    ("list_signature --page two", "--page is not a whole number"),
    ("list_sub_account --timeout 0", "--timeout is not a number of seconds"),
    ("list_sub_account --timeout nan", "--timeout is not a number of seconds"),
    (f"{LOG} --from-time 3 --to-time 2", "--from-time must not be after --to-time"),
    (f"{LOG} --from-time 1773113285000 --to-time 1773213285", "is in milliseconds; in seconds it is 1773113285"),
    (f"{LOG} --from-time -5 --to-time 7", "--from-time is before 1970"),
    ("list_total_send_count_stat --start-time 3 --end-time 1", "--start-time must not be after --end-time"),
]
WRONG_MOBILES = ["1380013800", "23800138000", "+8623800138000", "+0123456789", "10655551234", "8619", "1-664-491-3789"]
WRONG_PARAMS = [
    "[]",
    "private-value",
    '{"a":true}',
    '{"a":{"b":"private-value"}}',
    '{"a":NaN}',
    '{"a":"private-value","a":"x"}',
    '"private-value"',
    '{"a":null}',
]


def assert_refused_as_usage(done: Run, phrase: str, gateway: Gateway) -> None:
    assert done.returncode == 2
    assert done.stdout == ""
    assert re.match(r"volc_sms: usage\[(arguments|secret-argument|sample-number)\]: ", done.stderr)
    assert phrase in done.stderr
    assert "private-value" not in done.stderr
    assert gateway.lines("calls") == []


@pytest.mark.parametrize(("line", "phrase"), WRONG)
def test_a_wrong_command_line_is_told_and_not_called(
    gateway: Gateway, run: Callable[..., Run], line: str, phrase: str
) -> None:
    assert_refused_as_usage(run(shlex.split(line), gateway.bearer), phrase, gateway)


def test_wrong_numbers_are_masked_and_not_called(gateway: Gateway, run: Callable[..., Run]) -> None:
    for number in WRONG_MOBILES:
        done = run([*SEND, f"13800138001,{number}"], gateway.bearer)
        assert_refused_as_usage(done, "a number has 11 digits", gateway)
        assert number not in done.stderr or len(number) < 5


def test_wrong_template_parameters_are_told_without_their_values(gateway: Gateway, run: Callable[..., Run]) -> None:
    for text in WRONG_PARAMS:
        words = [text if word == '{"code":"987654"}' else word for word in SEND]
        assert_refused_as_usage(run([*words, "13811138000"], gateway.bearer), "--template-param", gateway)


def test_a_request_takes_200_numbers_and_not_201(gateway: Gateway, run: Callable[..., Run]) -> None:
    numbers = [str(13700000000 + number) for number in range(201)]
    assert_refused_as_usage(run([*SEND, ",".join(numbers)], gateway.bearer), "201 numbers", gateway)
    done = run([*SEND, ",".join(numbers[:200])], gateway.bearer)
    assert len(json.loads(done.stdout)["Result"]["MessageId"]) == 200


SPELLINGS = ["13911112222", "8613911112222", "008613911112222", "+8613911112222", "139 1111 2222", "+86 139-1111-2222"]
SPELLINGS += ["(+86) 139.1111.2222", "\u200e13911112222", "".join(chr(ord(digit) + 0xFEE0) for digit in "13911112222")]
ABROAD = [("85298765432", "+85298765432"), ("00852 9876 5432", "+85298765432"), ("+1 650 253 0000", "+16502530000")]
ABROAD += [("+65 9123 4567", "+6591234567"), ("447911123456", "+447911123456")]


@pytest.mark.parametrize(("spelling", "sent"), [*((one, "13911112222") for one in SPELLINGS), *ABROAD])
def test_a_number_goes_out_as_the_gateway_wants_it(spelling: str, sent: str) -> None:
    assert volc.read_mobile(spelling) == sent


@given(st.text("0123456789+- ()86", max_size=20))
def test_a_number_that_is_read_is_read_the_same_again(text: str) -> None:
    try:
        number = volc.read_mobile(text)
    except volc.OptionError:
        return
    assert volc.read_mobile(number) == number
    assert re.fullmatch(r"1[3-9][0-9]{9}|\+[1-9][0-9]{6,14}", number)


def test_the_same_recipient_twice_is_sent_to_once_and_told(gateway: Gateway, run: Callable[..., Run]) -> None:
    done = run([*SEND, "13811138000, +86 138-1113-8000,,13800138001,"], gateway.bearer)
    assert (done.returncode, gateway.only_body()["Mobiles"]) == (0, "13811138000,13800138001")
    assert done.stderr == "volc_sms: note[repeated]: 138****8000 is given more than once and is sent to once\n"


@pytest.mark.parametrize("sample", ["13800138000", "+86 139-0013-9000", "00861 3700137000", "(138)0013 8000"])
def test_a_sample_number_of_the_documentation_is_refused(
    gateway: Gateway, run: Callable[..., Run], sample: str
) -> None:
    done = run([*SEND, f"13911112222,{sample}"], gateway.bearer)
    assert_refused_as_usage(done, "sample number", gateway)
    assert "usage[sample-number]" in done.stderr


@pytest.mark.parametrize(
    ("given_text", "sent"),
    [
        ('{"code":123456}', '{"code":"123456"}'),
        ('{"a":1.50,"b":-3,"c":1e5,"d":"x"}', '{"a":"1.50","b":"-3","c":"1e5","d":"x"}'),
        ('{ "code" : "1" }', '{ "code" : "1" }'),
        ('{"code":""}', '{"code":""}'),
        ("", None),
    ],
)
def test_numbers_among_the_parameters_keep_their_spelling(
    gateway: Gateway, run: Callable[..., Run], given_text: str, sent: str | None
) -> None:
    words = [given_text if word == '{"code":"987654"}' else word for word in SEND]
    run([*words, "13911112222"], gateway.bearer)
    assert gateway.only_body().get("TemplateParam") == sent


def test_the_last_of_a_repeated_option_wins(gateway: Gateway, run: Callable[..., Run]) -> None:
    assert run(["list_signature", "--signature", "a", "--signature=b"], gateway.bearer).returncode == 0
    assert gateway.only_body()["Signature"] == "b"


def test_an_option_of_another_action_is_ignored_and_told(gateway: Gateway, run: Callable[..., Run]) -> None:
    done = run(["list_signature", "--sub-account", "77da1acf", "--page-size", "5"], gateway.bearer)
    assert (done.returncode, gateway.only_body()) == (0, {"Page": 1, "PageSize": 5})
    assert done.stderr.startswith("volc_sms: note[ignored]: --sub-account is an option of other actions")


def test_words_can_be_handed_over_by_stdin(gateway: Gateway, start: Callable[..., subprocess.Popen[str]]) -> None:
    more = json.dumps(["--mobiles", "13911112222", '--template-param={"code":"987654"}'])
    with start([*SEND[:-3], "-"], gateway.bearer, stdin=subprocess.PIPE) as process:
        out, _ = process.communicate(more, timeout=60)
    assert (process.returncode, len(json.loads(out)["Result"]["MessageId"])) == (0, 1)
    assert gateway.only_body()["TemplateParam"] == '{"code":"987654"}'


@pytest.mark.parametrize("text", ["", "{}", '["--mobiles", 1]', "private-value", "[" * 100_000, '["' + "x" * 2**20])
def test_a_stdin_that_holds_no_words_is_told(
    gateway: Gateway, start: Callable[..., subprocess.Popen[str]], text: str
) -> None:
    with start([*SEND[:-1], "-"], gateway.bearer, stdin=subprocess.PIPE) as process:
        out, err = process.communicate(text, timeout=60)
    assert_refused_as_usage(Run([], process.returncode, out, err), "- needs a JSON array of strings", gateway)


def test_help_is_no_value(gateway: Gateway, run: Callable[..., Run]) -> None:
    assert run(["list_signature", "--signature", "-h"], gateway.bearer).returncode == 0
    assert gateway.only_body()["Signature"] == "-h"


def test_a_list_says_that_there_is_more(gateway: Gateway, run: Callable[..., Run]) -> None:
    done = run(["list_signature", "--page-size", "1"], gateway.bearer)
    assert "note[more]: this is page 1, of 1 each; there are 3 in all: add --page 2" in done.stderr
    assert run(["list_signature", "--page-size", "1", "--page", "3"], gateway.bearer).stderr == ""


@pytest.mark.parametrize("flag", ["--access-key", "--secret-key", "--session-token", "--api-key", "--base"])
@pytest.mark.parametrize("equals", [True, False])
def test_a_key_on_the_command_line_is_refused_with_the_reason(
    gateway: Gateway, run: Callable[..., Run], flag: str, *, equals: bool
) -> None:
    words = [*READ, f"{flag}=private-value"] if equals else [flag, "private-value", *READ]
    assert_refused_as_usage(run(words, gateway.bearer), f"{flag} is refused, for everyone", gateway)


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"], ["send_sms", "--help"]])
def test_help_needs_nothing_and_names_every_action_and_exit_code(run: Callable[..., Run], words: list[str]) -> None:
    done = run(words, {})
    assert (done.returncode, done.stderr) == (0, "")
    assert all(action in done.stdout for action in volc.ACTIONS)
    assert "8 outcome unknown" in done.stdout


def test_the_script_is_python_3_9_and_imports_the_standard_library_only() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 9))
    nodes = list(ast.walk(tree))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names | {"smswrap"}  # the sandbox's


# --- credentials ---


def test_the_environment_comes_before_the_file_and_the_file_before_the_key_pair(
    gateway: Gateway, run: Callable[..., Run], tmp_path: Path
) -> None:
    file = tmp_path / ".openclaw" / ".env"
    file.parent.mkdir()
    base = gateway.bearer["ARK_SKILL_API_BASE"]
    file.write_text(f"ARK_SKILL_API_KEY={KEY}\nARK_SKILL_API_BASE={base}/file\n")
    for env in ({**gateway.signed, **gateway.bearer, "ARK_SKILL_API_BASE": f"{base}/env"}, gateway.signed):
        assert run(READ, env).returncode == 0
    file.unlink()
    assert run(READ, gateway.signed).returncode == 0
    assert [call["path"] for call in gateway.lines("calls")] == ["/env", "/file", "/"]
    schemes = [call["headers"]["authorization"].split()[0] for call in gateway.lines("calls")]
    assert schemes == ["Bearer", "Bearer", "HMAC-SHA256"]


@pytest.mark.parametrize(
    "form",
    [
        "ARK_SKILL_API_KEY={key}\nARK_SKILL_API_BASE={base}\n",
        "\ufeff# a comment\r\nexport ARK_SKILL_API_KEY = '{key}'  # mine\r\n  ARK_SKILL_API_BASE=\"{base}\"\r\n",
        "ARK_SKILL_API_KEY=old\nARK_SKILL_API_KEY={key} # new\nOTHER=$(touch {marker})\nARK_SKILL_API_BASE={base}",
    ],
)
def test_the_env_file_is_parsed_and_never_executed(
    gateway: Gateway, run: Callable[..., Run], tmp_path: Path, form: str
) -> None:
    file = tmp_path / ".openclaw" / ".env"
    file.parent.mkdir()
    marker = tmp_path / "executed"
    file.write_text(form.format(key=KEY, base=gateway.bearer["ARK_SKILL_API_BASE"], marker=marker), encoding="utf-8")
    done = run(READ, {})
    assert (done.returncode, done.stderr) == (0, "")
    assert not marker.exists()


def test_a_session_token_is_signed_and_sent(gateway: Gateway, run: Callable[..., Run]) -> None:
    assert run(READ, {**gateway.signed, "VOLCENGINE_SESSION_TOKEN": TOKEN}).returncode == 0
    assert gateway.lines("calls")[0]["headers"]["x-security-token"] == "sand***"


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"ARK_SKILL_API_KEY": KEY},
        {"VOLCENGINE_SECRET_KEY": SECRET},
        {"ARK_SKILL_API_KEY": f"{KEY}\n{KEY}", "ARK_SKILL_API_BASE": "http://127.0.0.1:9"},
        {"ARK_SKILL_API_KEY": f"{KEY}é", "ARK_SKILL_API_BASE": "http://127.0.0.1:9"},
        {"ARK_SKILL_API_KEY": KEY, "ARK_SKILL_API_BASE": f"https://user:{PASSWORD}@127.0.0.1:9"},
        {"ARK_SKILL_API_KEY": KEY, "ARK_SKILL_API_BASE": f"https://user:{KEY}@127.0.0.1:nine"},
        {"ARK_SKILL_API_KEY": KEY, "ARK_SKILL_API_BASE": "ftp://127.0.0.1:9"},
        {"ARK_SKILL_API_KEY": KEY, "ARK_SKILL_API_BASE": "127.0.0.1:9"},
        {"VOLCENGINE_ACCESS_KEY": "AKLTsandbox", "VOLCENGINE_SECRET_KEY": SECRET, "VOLC_SMS_ENDPOINT": "nowhere"},
    ],
)
def test_missing_or_unusable_credentials_end_with_4(run: Callable[..., Run], env: dict[str, str]) -> None:
    done = run([*SEND, "13811138000"], env)
    assert (done.returncode, done.stdout) == (4, "")
    assert re.search(r"volc_sms: refused\[(no|bad)-credentials\]: ", done.stderr)


def test_half_a_pair_is_told_when_another_pair_is_used(gateway: Gateway, run: Callable[..., Run]) -> None:
    done = run(READ, {**gateway.signed, "ARK_SKILL_API_KEY": KEY})
    assert done.returncode == 0
    assert "warning[half-pair]: ARK_SKILL_API_BASE is missing" in done.stderr


@pytest.mark.parametrize("env", [{"ARK_SKILL_API_KEY": "another"}, {"VOLCENGINE_SECRET_KEY": "another"}])
def test_credentials_that_the_server_refuses_end_with_4_and_its_json(
    gateway: Gateway, run: Callable[..., Run], env: dict[str, str]
) -> None:
    done = run(READ, {**(gateway.bearer if "ARK_SKILL_API_KEY" in env else gateway.signed), **env})
    assert done.returncode == 4
    assert json.loads(done.stdout)["ResponseMetadata"]["Error"]["Code"] in {"InvalidAccessKey", "SignatureDoesNotMatch"}


@pytest.mark.parametrize(
    ("suffix", "path"), [("/", "/"), ("/api/", "/api"), ("/api?tenant=a%20b", "/api"), ("?x=1&y=", "/"), ("", "/")]
)
@pytest.mark.parametrize("kind", ["bearer", "signed"])
def test_a_base_may_have_a_slash_a_path_or_a_query(
    gateway: Gateway, run: Callable[..., Run], suffix: str, path: str, kind: str
) -> None:
    env = getattr(gateway, kind)
    name = "ARK_SKILL_API_BASE" if kind == "bearer" else "VOLC_SMS_ENDPOINT"
    done = run(READ, {**env, name: env[name] + suffix})
    assert (done.returncode, done.stderr) == (0, "")
    (call,) = gateway.lines("calls")
    assert (call["path"], call["action"]) == (path, "ListSubAccountForAgent")


def test_plain_http_warns_each_time_unless_it_is_loopback(gateway: Gateway, run: Callable[..., Run]) -> None:
    for _ in range(2):
        done = run(READ, {**gateway.bearer, "ARK_SKILL_API_BASE": f"http://0.0.0.0:{gateway.port}"})
        assert done.returncode == 0
        assert "warning[plain-http]: ARK_SKILL_API_BASE is plain http" in done.stderr
    assert run(READ, {**gateway.bearer, "ARK_SKILL_API_BASE": f"http://localhost:{gateway.port}"}).stderr == ""


# --- the signature ---

EXAMPLE_BODY = '{"SubAccount":"77da1acf","Signature":"测试","TemplateId":"ST_1","Mobiles":"13800138000"}'.encode()
EXAMPLE_SERVER = volc.Server(
    secure=True, host="sms.volcengineapi.com", port=443, netloc="sms.volcengineapi.com", path="/", query=""
)


@pytest.mark.parametrize(
    ("token", "signature"),
    [
        ("", "b2cbe2b12b626244d42457a62f8582d53f5f6865774d6e6371e2b1e6fd83dbe8"),
        ("STSTOKEN", "c4b48605453ab4da9091816612341736645f8ad169050e66e51e00d4b6b63108"),
    ],
)
def test_the_signer_gives_the_known_answers(token: str, signature: str) -> None:
    keys = volc.Keys("AKLTexample", "c2VjcmV0", token)
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    headers = volc.sign(keys, EXAMPLE_SERVER, "Action=SendSmsForAgent&Version=2026-01-01", EXAMPLE_BODY, now)
    assert headers["Authorization"].rpartition("Signature=")[2] == signature


words = st.text("abcXYZ019-_.~ /+&=%测é", max_size=12)


@given(
    token=st.sampled_from(["", "token/+="]),
    body=st.binary(max_size=80),
    pairs=st.dictionaries(st.text("abcXYZ-_.~", min_size=1, max_size=8), words, max_size=4),
    path=st.sampled_from(["/", "/api", "/api/v1"]),
    secret=st.text("abcXYZ019+/=", min_size=1, max_size=40),
    seconds=st.integers(946684800, 4102444799),
)
def test_the_signer_agrees_with_the_official_one(
    *, token: str, body: bytes, pairs: dict[str, str], path: str, secret: str, seconds: int
) -> None:
    now = datetime.fromtimestamp(seconds, timezone.utc)
    official = [import_module(f"volcengine.{name}") for name in ("auth.SignerV4", "auth.SignParam", "Credentials")]
    param = official[1].SignParam()
    param.path, param.method, param.host, param.body = path, "POST", "sms.volcengineapi.com", body
    param.query = OrderedDict(pairs)
    param.header_list = OrderedDict({"Host": param.host, "Content-Type": "application/json"})
    param.date = now.replace(tzinfo=None)
    keys = official[2].Credentials("AKLT1", secret, "volcSMS", "cn-north-1", token)
    theirs = official[0].SignerV4.sign_only(param, keys)

    server = EXAMPLE_SERVER._replace(path=path)
    query = "&".join(f"{volc.encode(name)}={volc.encode(value)}" for name, value in pairs.items())
    ours = volc.sign(volc.Keys("AKLT1", secret, token), server, query, body, now)
    assert ours["Authorization"] == theirs.authorization


# --- outcomes: magic recipients, then faults at each point of the exchange ---

OUTCOMES = [
    # recipient, exit code, word on stderr, was it accepted
    ("19900000000", 0, "", True),
    ("19900000002", 6, "refused", False),
    ("19900000003", 8, "unknown", False),
    ("19900000004", 8, "unknown", True),
    ("19900000007", 5, "refused", False),
    ("19900000008", 8, "unknown", True),
    ("19900000009", 8, "unknown", False),
    ("19900000010", 8, "unknown", False),
    ("19900000011", 8, "unknown", False),
    ("19900000012", 8, "unknown", False),
    ("19900000013", 4, "refused", False),
    ("19900000014", 4, "refused", False),
    ("19900000015", 5, "refused", False),
    ("19900000016", 8, "unknown", True),
    ("19900000017", 8, "unknown", True),
    ("19900000018", 8, "unknown", False),
    ("19900000019", 0, "", True),
    ("19900010000", 4, "refused", False),
    ("19900010001", 5, "refused", False),
    ("19900010013", 6, "refused", False),
    ("19900010500", 8, "unknown", False),
]


@pytest.mark.parametrize(("number", "code", "word", "accepted"), OUTCOMES)
def test_a_send_ends_with_what_is_known_of_it(
    gateway: Gateway, run: Callable[..., Run], number: str, code: int, word: str, *, accepted: bool
) -> None:
    done = run([*SEND, number, "--timeout", "1"], gateway.bearer)
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith(f"volc_sms: {word}[") if word else done.stderr == ""
    assert len(gateway.lines("ledger")) == accepted
    assert len(gateway.lines("calls")) == 1, "sent again, or followed a redirect"
    assert "987654" not in done.stderr
    if code in {4, 5, 6}:
        assert json.loads(done.stdout)["ResponseMetadata"]["Error"]["Code"]
    if word == "unknown":
        assert "do not send it again" in done.stderr


HEAD = b"HTTP/1.1 200 OK\r\n"
META = '"ResponseMetadata":{"RequestId":"r"}'
NO_IDS = ("[]", '[""]', "[null]")

FAULTS: dict[str, list[bytes | None]] = {
    "closed after the request": [b""],
    "no answer": [None],
    "no status line": [b"what?\r\n\r\n"],
    "closed in the status line": [b"HTTP/1.1 2"],
    "silent in the headers": [HEAD, None],
    "closed in the headers": [HEAD + b"Content-Le"],
    "closed in the body": [HEAD + b'Content-Length: 99\r\n\r\n{"Result"'],
    "silent in the body": [HEAD + b'Content-Length: 99\r\n\r\n{"Result"', None],
    "closed in a chunk": [HEAD + b"Transfer-Encoding: chunked\r\n\r\n40\r\n{"],
    "an endless header": [HEAD + b"X: " + b"x" * 70000],
    "an empty 200": [http_reply(b"")],
    "a 204": [http_reply(b"", "204 No Content")],
    "a 102": [b"HTTP/1.1 102 Processing\r\nContent-Length: 0\r\n\r\n"],
    "a list": [http_reply(b"[1]")],
    "no UTF-8": [http_reply(b'{"Result": "\xff"}')],
    "deep nesting": [http_reply(b"[" * 200_000)],
    "another object": [http_reply(b'{"hello": 1}')],
    "an error without a code": [http_reply(b'{"ResponseMetadata":{"Error":"oops"}}')],
    "a 500 with a code of refusal": [http_reply(b'{"ResponseMetadata":{"Error":{"Code":"RE:0010"}}}', "500 X")],
    "a 504": [http_reply(b"<html>", "504 Gateway Timeout")],
    "a 303": [http_reply(b"", "303 See Other", "Location: http://127.0.0.1:9/\r\n")],
    "a transient code": [http_reply(b'{"ResponseMetadata":{"Error":{"Code":"1015"}}}')],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_after_the_request_is_written_a_fault_leaves_a_send_unknown_and_a_read_for_later(
    serve: Callable[[Sequence[bytes | None]], int], run: Callable[..., Run], fault: str
) -> None:
    sent = run([*SEND, "13811138000", "--timeout", "0.5"], bearer(serve(FAULTS[fault])))
    assert (sent.returncode, sent.stderr[:18]) == (8, "volc_sms: unknown["), sent.stderr
    read = run([*READ, "--timeout", "0.5"], bearer(serve(FAULTS[fault])))
    assert (read.returncode, read.stderr[:17]) == (6, "volc_sms: failed["), read.stderr
    assert "Traceback" not in sent.stderr + read.stderr


@pytest.mark.parametrize(
    "body",
    [f"{{{META}}}", *(f'{{{META},"Result":{told}}}' for told in ("{}", *(f'{{"MessageId":{ids}}}' for ids in NO_IDS)))],
)
def test_a_reply_without_a_message_id_leaves_a_send_unknown(
    serve: Callable[[Sequence[bytes | None]], int], run: Callable[..., Run], body: str
) -> None:
    done = run([*SEND, "13811138000"], bearer(serve([http_reply(body.encode())])))
    assert done.returncode == 8
    assert json.loads(done.stdout) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"ResponseMetadata":{"Error":{"Code":"RE:0004"}},"Result":{"MessageId":["1"]}}',
        b'{"Result":{"MessageId":["1"]},"Result":null,"ResponseMetadata":{"Error":{"Code":"RE:0004"}}}',
        b'{"ResponseMetadata":{"Error":{"Code":"RE:0004"}},"ResponseMetadata":{},"Result":{"MessageId":["1"]}}',
    ],
)
def test_a_reply_that_says_both_yes_and_no_leaves_a_send_unknown(
    serve: Callable[[Sequence[bytes | None]], int], run: Callable[..., Run], body: bytes
) -> None:
    assert run([*SEND, "13811138000"], bearer(serve([http_reply(body)]))).returncode == 8


@pytest.mark.parametrize("status", ["400 Bad Request", "403 Forbidden", "429 Too Many Requests"])
def test_a_status_of_failure_around_a_message_id_leaves_a_send_unknown(
    serve: Callable[[Sequence[bytes | None]], int], run: Callable[..., Run], status: str
) -> None:
    body = b'{"ResponseMetadata":{"RequestId":"1"},"Result":{"MessageId":["1"]}}'
    done = run([*SEND, "13811138000"], bearer(serve([http_reply(body, status)])))
    assert (done.returncode, done.stderr[:30]) == (8, "volc_sms: unknown[two-things]:")


def test_a_reply_that_drips_does_not_outlive_the_timeout(run: Callable[..., Run]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        started = time.monotonic()
        done = run([*SEND, "13811138000", "--timeout", "0.6"], bearer(listener.getsockname()[1]))
        assert time.monotonic() - started < 10
        thread.join(10)
    assert done.returncode == 8


def drip(listener: socket.socket) -> None:
    """One letter of a header each 0.2 seconds until the client leaves, at most 20 seconds."""
    connection, _ = listener.accept()
    over = threading.Event()
    with connection:
        read_request(connection)
        for letter in b"HTTP/1.1 200 OK\r\nX: " + b"x" * 80:
            try:
                connection.sendall(bytes([letter]))
            except OSError:
                return
            over.wait(0.2)


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(("words", "code", "word"), [([*SEND, "13811138000"], 5, "refused"), (READ, 6, "failed")])
def test_a_server_that_was_not_reached_means_refused_or_later(
    run: Callable[..., Run], words: list[str], code: int, word: str, scheme: str
) -> None:
    with socket.socket() as unlistened:  # bound, so that nobody else takes the port; not listening, so it refuses
        unlistened.bind(("127.0.0.1", 0))
        done = run(words, bearer(unlistened.getsockname()[1], scheme))
    assert done.returncode == code
    assert f"volc_sms: {word}[unreachable]: 127.0.0.1 was not reached" in done.stderr


@pytest.mark.parametrize("host", ["a" * 64, "."])
def test_a_host_that_has_no_address_was_not_reached(run: Callable[..., Run], host: str) -> None:
    done = run([*SEND, "13811138000"], {"ARK_SKILL_API_KEY": KEY, "ARK_SKILL_API_BASE": f"https://{host}"})
    assert done.returncode == 5
    assert "was not reached" in done.stderr


@pytest.mark.parametrize("pieces", [[], [None]])
def test_a_failed_handshake_means_refused(
    serve: Callable[[Sequence[bytes | None]], int], run: Callable[..., Run], pieces: list[bytes | None]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1] if pieces else serve([])
        done = run([*SEND, "13811138000", "--timeout", "0.5"], bearer(port, "https"))
    assert done.returncode == 5
    assert "was not reached" in done.stderr


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
def test_a_certificate_that_nobody_vouches_for_is_refused(run: Callable[..., Run], tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=shake_hands, args=(listener, context))
        thread.start()
        done = run([*SEND, "13811138000"], bearer(listener.getsockname()[1], "https"))
        thread.join(10)
    assert done.returncode == 5
    assert "CERTIFICATE_VERIFY_FAILED" in done.stderr


def shake_hands(listener: socket.socket, context: ssl.SSLContext) -> None:
    """A TLS server whose client goes away."""
    connection, _ = listener.accept()
    with connection:
        try:
            context.wrap_socket(connection, server_side=True).recv(1)
        except OSError:
            return


# --- secrets and private values ---

ECHOES = [
    ("200 OK", {"ResponseMetadata": {"Error": {"Code": "RE:0009", "Message": f"key {KEY} is odd"}}}, 5),
    ("401 Unauthorized", {"ResponseMetadata": {"Error": {"Code": KEY, "Message": KEY, "CodeN": 1}, KEY: [KEY]}}, 4),
    ("200 OK", {**json.loads(f"{{{META}}}"), "Result": {"MessageId": [f"x{KEY}x"]}}, 0),
    ("400 Bad", [KEY, {"a": f"Bearer {KEY}"}], 5),
    ("500 Oops", {"ResponseMetadata": {"RequestId": KEY, "Error": {"Code": 5, "Message": "x" * 295 + KEY}}}, 8),
]


@pytest.mark.parametrize(("status", "body", "code"), ECHOES)
def test_a_key_that_the_server_echoes_is_not_shown(
    serve: Callable[[Sequence[bytes | None]], int], run: Callable[..., Run], status: str, body: object, code: int
) -> None:
    done = run([*SEND, "13811138000"], bearer(serve([http_reply(json.dumps(body).encode(), status)])))
    assert done.returncode == code, done.stderr
    assert "***" in done.stdout
    assert KEY[:4] not in done.stderr, "a message that is cut short may cut a key in two"
    json.loads(done.stdout)


def test_a_key_in_a_status_line_or_in_a_broken_reply_is_not_shown(
    serve: Callable[[Sequence[bytes | None]], int], run: Callable[..., Run]
) -> None:
    for raw in (http_reply(b"<html>", f"401 {KEY}"), f"{KEY} {KEY}\r\n\r\n".encode(), http_reply(f"<{KEY}>".encode())):
        assert run(READ, bearer(serve([raw]))).returncode in {4, 6}


@pytest.mark.parametrize("form", ["{}", "say {} and {} again", "x{}x"])
def test_a_secret_of_the_base_is_not_shown_either(
    serve: Callable[[Sequence[bytes | None]], int], run: Callable[..., Run], form: str
) -> None:
    message = form.replace("{}", PASSWORD)
    body = json.dumps({"ResponseMetadata": {"Error": {"Code": "RE:0009", "Message": message}}}).encode()
    port = serve([http_reply(body)])
    base = f"http://127.0.0.1:{port}/?pass=pass-w0rd%2F1234567"
    assert run(READ, {"ARK_SKILL_API_KEY": KEY, "ARK_SKILL_API_BASE": base}).returncode == 5


def test_the_secret_key_and_the_token_are_not_shown_when_echoed(
    serve: Callable[[Sequence[bytes | None]], int], run: Callable[..., Run]
) -> None:
    message = f"{SECRET} {TOKEN} c2FuZGJveA%3D%3D"
    body = json.dumps({"ResponseMetadata": {"Error": {"Code": "RE:0000", "Message": message}}}).encode()
    keys = {"VOLCENGINE_ACCESS_KEY": "AKLTsandbox", "VOLCENGINE_SECRET_KEY": SECRET, "VOLCENGINE_SESSION_TOKEN": TOKEN}
    done = run(READ, {**keys, "VOLC_SMS_ENDPOINT": f"http://127.0.0.1:{serve([http_reply(body)])}"})
    assert done.returncode == 4
    assert json.loads(done.stdout)["ResponseMetadata"]["Error"]["Message"] == "*** *** ***"


def test_numbers_template_values_and_control_characters_stay_out_of_messages(
    serve: Callable[[Sequence[bytes | None]], int], run: Callable[..., Run]
) -> None:
    error = {"Code": "RE:0006", "Message": "bad 13811138000 with 987654\x1b[2J"}
    body = json.dumps({"ResponseMetadata": {"Error": error}}).encode()
    done = run([*SEND, "13811138000"], bearer(serve([http_reply(body)])))
    assert "bad 138****8000 with *** [2J" in done.stderr


# --- signals, streams, proxies ---

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]


def end_with(process: subprocess.Popen[str], signum: int) -> tuple[int, str]:
    process.send_signal(signum)
    _, err = process.communicate(timeout=30)
    assert KEY not in err
    return process.returncode, err


def restore_interrupt() -> None:
    """A shell's background job ignores SIGINT, and the script rightly keeps that: undo it for the child."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.parametrize(("signum", "code"), SIGNALS)
def test_a_signal_leaves_a_send_unknown_and_ends_a_read(
    start: Callable[..., subprocess.Popen[str]], signum: int, code: int
) -> None:
    restore_interrupt()
    for words, expected in (([*SEND, "13811138000"], (8, "unknown")), (READ, (code, "interrupted"))):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            process = start(words, bearer(listener.getsockname()[1]))
            connection, _ = listener.accept()
            with connection:
                read_request(connection)
                ended, err = end_with(process, signum)
        assert (ended, err.split(": ")[1]) == (expected[0], f"{expected[1]}[signal]")


@pytest.mark.parametrize(("signum", "code"), SIGNALS)
def test_a_signal_before_the_request_is_written_says_that_nothing_was_sent(
    start: Callable[..., subprocess.Popen[str]], signum: int, code: int
) -> None:
    restore_interrupt()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = start([*SEND, "13811138000"], bearer(listener.getsockname()[1], "https"))
        connection, _ = listener.accept()
        with connection:
            connection.recv(1)  # it waits for the handshake now
            ended, err = end_with(process, signum)
    assert ended == code
    assert "nothing was sent" in err


def test_a_send_whose_reply_cannot_be_shown_is_not_to_be_repeated(gateway: Gateway, run: Callable[..., Run]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = run([*SEND, "13811138000"], gateway.bearer, stdout=writing)
    os.close(writing)
    assert done.returncode == 8
    assert "do not send it again" in done.stderr
    assert len(gateway.lines("ledger")) == 1


def test_what_utf_8_cannot_hold_is_written_as_its_json_escape(
    serve: Callable[[Sequence[bytes | None]], int], run: Callable[..., Run]
) -> None:
    done = run(READ, bearer(serve([http_reply(b'{"Result": {"x": "\\ud800"}}')])))
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"Result": {"x": "\ud800"}}


def test_https_goes_through_the_proxy_that_is_set_and_shows_it_no_key(run: Callable[..., Run]) -> None:
    heads: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=refuse_tunnel, args=(listener, heads))
        thread.start()
        proxy = f"http://user:pass-w0rd%2F1234567@127.0.0.1:{listener.getsockname()[1]}"
        done = run([*SEND, "13811138000"], {**bearer(9, "https"), "HTTPS_PROXY": proxy})
        thread.join(10)
    assert done.returncode == 5
    assert "was not reached" in done.stderr
    assert heads[0].startswith(b"CONNECT 127.0.0.1:9 ")
    assert b"Proxy-Authorization: Basic " in heads[0]
    assert KEY.encode() not in heads[0]


def refuse_tunnel(listener: socket.socket, heads: list[bytes]) -> None:
    """A proxy that keeps what it was asked and says no, repeating the password."""
    connection, _ = listener.accept()
    with connection:
        text = b""
        while b"\r\n\r\n" not in text:
            text += connection.recv(65536)
        heads.append(text)
        connection.sendall(f"HTTP/1.1 407 not {PASSWORD}\r\nContent-Length: 0\r\n\r\n".encode())


@pytest.mark.parametrize("exceptions", ["127.0.0.1", "example.com, .0.0.1", "*"])
def test_no_proxy_names_exceptions(run: Callable[..., Run], exceptions: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(0)
        env = {"HTTPS_PROXY": f"127.0.0.1:{proxy.getsockname()[1]}", "NO_PROXY": exceptions}
        assert run(READ, {**bearer(9, "https"), **env}).returncode == 6
        with pytest.raises(BlockingIOError):
            proxy.accept()


# --- what the stderr line tells a program ---

LINE = re.compile(r"volc_sms: (?P<word>[a-z]+)\[(?P<code>[a-z0-9-]+)\]: .+")
ANSWERS: list[tuple[list[bytes | None], str, str]] = [
    ([http_reply(b"denied", "403 Forbidden")], "4 refused[http-403]", "4 failed[http-403]"),
    ([http_reply(b"{}", "429 Too Many Requests")], "6 refused[http-429]", "6 failed[http-429]"),
    ([http_reply(b"", "408 Request Timeout")], "8 unknown[http-408]", "6 failed[http-408]"),
    ([http_reply(b"", "409 Conflict")], "8 unknown[http-409]", "6 failed[http-409]"),
    ([http_reply(b"", "499 Closed")], "8 unknown[http-499]", "6 failed[http-499]"),
    ([http_reply(b"", "302 Found", "Location: http://127.0.0.1:9/\r\n")], "8 unknown[http-302]", "6 failed[http-302]"),
    ([http_reply(b"", "308 X", "Location: http://127.0.0.1:9/\r\n")], "8 unknown[http-308]", "6 failed[http-308]"),
    ([http_reply(b"<html>", "502 Bad Gateway")], "8 unknown[http-502]", "6 failed[http-502]"),
    (
        [http_reply(b'{"ResponseMetadata":{"Error":{"Code":"RE:0004"}}}', "409 X")],
        "8 unknown[provider]",
        "6 failed[provider]",
    ),
    ([http_reply(b'{"ResponseMetadata":{"Error":{"Code":"RE:0004"}}}')], "5 refused[provider]", "5 failed[provider]"),
    ([http_reply(b"<html>")], "8 unknown[unreadable]", "6 failed[unreadable]"),
    ([b"HTTP/1.1 2"], "8 unknown[lost]", "6 failed[lost]"),
    ([None], "8 unknown[timeout]", "6 failed[timeout]"),
    (
        [http_reply(b'{"Result":{"MessageId":["' + b"x" * 11 * 2**20 + b'"]}}')],
        "8 unknown[too-large]",
        "6 failed[too-large]",
    ),
]


@pytest.mark.parametrize(("pieces", "sending", "reading"), ANSWERS)
def test_a_word_and_a_code_tell_how_it_ended(
    serve: Callable[[Sequence[bytes | None]], int],
    run: Callable[..., Run],
    pieces: list[bytes | None],
    sending: str,
    reading: str,
) -> None:
    for words, expected in (([*SEND, "13911112222"], sending), (READ, reading)):
        done = run([*words, "--timeout", "1"], bearer(serve(pieces)))
        (said,) = [found for found in map(LINE.fullmatch, done.stderr.splitlines()) if found]
        assert f"{done.returncode} {said['word']}[{said['code']}]" == expected
        assert said["code"].startswith("http-") or said["code"] in volc.ENDINGS
        assert done.stderr.splitlines()[-1].startswith("volc_sms: hint: ")


def test_every_code_stands_in_the_help(run: Callable[..., Run]) -> None:
    shown = run(["--help"], {}).stdout
    assert all(f"  {code:16} {ending.meaning}\n" in shown for code, ending in volc.ENDINGS.items())


@pytest.mark.parametrize("words", [[*SEND, "13911112222"], READ])
def test_a_refusal_without_json_tells_its_text_and_the_id_that_support_asks_for(
    serve: Callable[[Sequence[bytes | None]], int], run: Callable[..., Run], words: list[str]
) -> None:
    text = f"quota of 13911112222 and {KEY}\x1b[2J is over" + "x" * 500
    port = serve([http_reply(text.encode(), "403 Forbidden", "X-Request-Id: 0217-ab\r\n")])
    done = run(words, bearer(port))
    line = done.stderr.splitlines()[0]
    assert "HTTP 403 Forbidden: quota of 139****2222 and *** [2J is over" in line
    assert line.endswith("x (RequestId 0217-ab)")
    assert line.count("x") < 200


# --- replies that are too much ---


@pytest.mark.parametrize("words", [[*SEND, "13911112222"], READ])
@pytest.mark.parametrize("depth", [101, 900, 100_000])
def test_deep_nesting_is_never_a_traceback(
    serve: Callable[[Sequence[bytes | None]], int], run: Callable[..., Run], words: list[str], depth: int
) -> None:
    body = b'{"Result":{"MessageId":["m"],"x":' + b"[" * depth + b"]" * depth + b"}}"
    done = run(words, bearer(serve([http_reply(body)])))
    assert done.returncode == (8 if words is not READ else 6)
    assert LINE.match(done.stderr)


def test_a_list_may_have_ten_times_what_a_send_may(
    serve: Callable[[Sequence[bytes | None]], int], run: Callable[..., Run]
) -> None:
    body = json.dumps({"Result": {"MessageId": ["m"], "x": ["y"] * 400_000}}, separators=(",", ":")).encode()
    done = run(READ, bearer(serve([http_reply(body)])))
    assert (done.returncode, json.loads(done.stdout)) == (0, json.loads(body))
    assert run([*SEND, "13911112222"], bearer(serve([http_reply(body)]))).returncode == 8


def test_a_terminal_gets_indents_and_no_control_characters(
    serve: Callable[[Sequence[bytes | None]], int], start: Callable[..., subprocess.Popen[str]]
) -> None:
    body = json.dumps({"Result": {"x": "\x9b31m\u202e"}}, ensure_ascii=False).encode()
    ours, theirs = pty.openpty()
    with start(READ, bearer(serve([http_reply(body)])), stdout=theirs) as process:
        process.wait(60)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert shown.replace("\r\n", "\n") == '{\n  "Result": {\n    "x": "\\u009b31m\\u202e"\n  }\n}\n'


# --- streams that are gone ---


def closing(number: int) -> list[str]:
    """A shell that closes a stream and becomes the script."""
    return ["/bin/sh", "-c", f'exec "$0" "$@" {number}>&-', sys.executable, "-I", "-S", str(SCRIPT)]


@pytest.mark.parametrize(("number", "words", "code"), [(1, "send", 0), (1, "read", 0), (2, "send", 0), (2, "wrong", 2)])
def test_a_stream_that_was_closed_before_changes_nothing(
    gateway: Gateway, tmp_path: Path, number: int, words: str, code: int
) -> None:
    lines = {"send": [*SEND, "19900000000"], "read": READ, "wrong": ["nothing"]}
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], **gateway.bearer}
    argv = [*closing(number), *lines[words]]
    done = subprocess.run(argv, env=env, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (code, "")
    assert bool(done.stdout) is (number == 2 and code == 0)
    assert len(gateway.lines("ledger")) == (words == "send")


def test_a_reader_who_left_is_no_failure_of_help_or_of_a_list(gateway: Gateway, run: Callable[..., Run]) -> None:
    for words in (["--help"], READ):
        reading, writing = os.pipe()
        os.close(reading)
        done = run(words, gateway.bearer, stdout=writing)
        os.close(writing)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")
def test_a_full_disk_is_told_with_the_message_id(gateway: Gateway, run: Callable[..., Run]) -> None:
    with Path("/dev/full").open("wb") as full:
        sent = run([*SEND, "19900000000"], gateway.bearer, stdout=full.fileno())
        read = run(READ, gateway.bearer, stdout=full.fileno())
    (message,) = gateway.lines("ledger")
    assert (sent.returncode, read.returncode) == (8, 1)
    assert (
        f"unknown[not-shown]: the reply could not be written to stdout (accepted, MessageId {message['MessageId']})"
        in (sent.stderr)
    )
    assert "unexpected[not-shown]" in read.stderr


def test_no_core_file_is_left() -> None:
    said = "import resource, runpy, sys; sys.argv = ['x', 'nothing']\ntry: runpy.run_path(%r, run_name='__main__')\n"
    said += "except SystemExit: print(resource.getrlimit(resource.RLIMIT_CORE))"
    done = subprocess.run([sys.executable, "-c", said % str(SCRIPT)], capture_output=True, text=True, check=True)
    assert done.stdout == "(0, 0)\n"


# --- old interpreters ---


def interpreters(*versions: str) -> list[str]:
    """Those of pyenv that are here."""
    found = [
        path for version in versions for path in (Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python")
    ]
    return [str(path) for path in found]


@pytest.mark.parametrize("python", interpreters("3.6", "3.7", "3.8") or [None])
def test_an_older_python_is_told_in_one_sentence(python: str | None) -> None:
    if python is None:
        pytest.skip("no older Python is here")
    done = subprocess.run([python, "-I", "-S", str(SCRIPT), *READ], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "volc_sms: setup[python]: this needs Python 3.9 or newer\n"


@pytest.mark.parametrize("python", interpreters("3.9") or [None])
def test_python_3_9_is_enough(gateway: Gateway, tmp_path: Path, python: str | None) -> None:
    if python is None:
        pytest.skip("no Python 3.9 is here")
    env = {"HOME": str(tmp_path), **gateway.signed}
    argv = [python, "-I", "-S", str(SCRIPT), *SEND, "19900000000"]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


# --- where keys and endpoints come from ---


def write_env_file(home: Path, *lines: str) -> None:
    (home / ".openclaw").mkdir(exist_ok=True)
    (home / ".openclaw" / ".env").write_text("\n".join(lines))


@pytest.mark.parametrize("endpoint", ["VOLCENGINE_SMS_ENDPOINT", "VOLC_SMS_ENDPOINT"])
@pytest.mark.parametrize("prefix", ["VOLCENGINE", "VOLC"])
@pytest.mark.parametrize("place", ["environment", "file"])
def test_keys_and_endpoints_go_by_the_names_of_every_version(
    gateway: Gateway, run: Callable[..., Run], tmp_path: Path, endpoint: str, prefix: str, place: str
) -> None:
    base = gateway.signed["VOLC_SMS_ENDPOINT"]
    given_names = {f"{prefix}_ACCESS_KEY": "AKLTsandbox", f"{prefix}_SECRET_KEY": SECRET, endpoint: base}
    if place == "file":
        write_env_file(tmp_path, *(f"{name}={value}" for name, value in given_names.items()))
        given_names = {}
    assert run(READ, given_names).returncode == 0


def test_an_endpoint_of_the_environment_counts_for_keys_of_the_file_and_not_the_other_way_round(
    gateway: Gateway, run: Callable[..., Run], tmp_path: Path
) -> None:
    base = gateway.signed["VOLC_SMS_ENDPOINT"]
    write_env_file(tmp_path, "VOLCENGINE_ACCESS_KEY=AKLTsandbox", f"VOLCENGINE_SECRET_KEY={SECRET}")
    assert run(READ, {"VOLCENGINE_SMS_ENDPOINT": base}).returncode == 0
    write_env_file(tmp_path, f"VOLCENGINE_SMS_ENDPOINT={base}")
    keys = {"VOLCENGINE_ACCESS_KEY": "AKLTsandbox", "VOLCENGINE_SECRET_KEY": SECRET}
    done = run(["show_account"], keys)
    assert json.loads(done.stdout) == {"mode": "signed", "key_end": "dbox", "base": "https://sms.volcengineapi.com"}


def test_an_env_file_of_blanks_is_read_in_no_time(run: Callable[..., Run], tmp_path: Path) -> None:
    write_env_file(tmp_path, " " * 400_000, "X=" + " " * 400_000 + "x", "ARK_SKILL_API_KEY=" + " #" * 90_000)
    started = time.monotonic()
    assert run(READ, {}).returncode == 4
    assert time.monotonic() - started < 5


def test_the_account_is_shown_without_its_secret(run: Callable[..., Run]) -> None:
    env = {
        "ARK_SKILL_API_KEY": KEY,
        "ARK_SKILL_API_BASE": "https://gateway.example:8443/api/?token=pass-w0rd%2F1234567",
    }
    done = run(["show_account"], env)
    assert json.loads(done.stdout) == {
        "mode": "bearer",
        "key_end": KEY[-4:],
        "base": "https://gateway.example:8443/api",
    }
    assert json.loads(run(["show-account"], {**env, "ARK_SKILL_API_KEY": "short"}).stdout)["key_end"] is None
    assert run(["show_account"], {}).returncode == 4


@pytest.mark.parametrize(
    ("key", "query"),
    [("test", ""), ("k", ""), (KEY, "?Region=cn-north-1&tenant=Checkpoint"), ("longer-key", "?token=1")],
)
def test_only_real_secrets_are_masked(
    serve: Callable[[Sequence[bytes | None]], int], run: Callable[..., Run], key: str, query: str
) -> None:
    reply = {"Result": {"Region": "cn-north-1", "x": "test k Checkpoint 1"}}
    base = f"http://127.0.0.1:{serve([http_reply(json.dumps(reply).encode())])}/{query}"
    done = run(READ, {"ARK_SKILL_API_KEY": key, "ARK_SKILL_API_BASE": base})
    assert json.loads(done.stdout) == reply


def test_a_short_password_is_not_told_by_what_is_missing(run: Callable[..., Run]) -> None:
    done = run(READ, {"ARK_SKILL_API_KEY": KEY, "ARK_SKILL_API_BASE": "http://u:p@127.0.0.1:9"})
    assert "ARK_SKILL_API_BASE must be http(s)://host[:port][/path][?query], without a user" in done.stderr


# --- a template's text: a signed GET ---


def test_a_templates_text_is_asked_for_by_a_signed_get(
    run: Callable[..., Run], serve_recorded: Callable[[bytes], tuple[int, list[bytes]]]
) -> None:
    body = json.dumps({"ResponseMetadata": {"RequestId": "r"}, "Result": {"list": []}}).encode()
    port, heads = serve_recorded(http_reply(body))
    keys = {"VOLCENGINE_ACCESS_KEY": "AKLTsandbox", "VOLCENGINE_SECRET_KEY": SECRET}
    words = ["list_second_template", "--template-id", "ST_1", "--signatures", "火山"]
    done = run(words, {**keys, "VOLCENGINE_SMS_ENDPOINT": f"http://127.0.0.1:{port}"})
    assert (done.returncode, done.stderr) == (0, "")
    query = "Action=ListSecondTemplate&Version=2026-01-01&templateId=ST_1&signatures=%E7%81%AB%E5%B1%B1"
    first, *headers = heads[0].decode().split("\r\n")
    assert first == f"GET /?{query} HTTP/1.1"
    found = dict(header.lower().split(": ", 1) for header in headers)
    assert "content-type" not in found
    now = datetime.strptime(found["x-date"], "%Y%m%dt%H%M%Sz").replace(tzinfo=timezone.utc)
    server = EXAMPLE_SERVER._replace(netloc=f"127.0.0.1:{port}")
    expected = volc.sign(volc.Keys("AKLTsandbox", SECRET), server, query, b"", now, "GET")["Authorization"]
    assert found["authorization"] == expected.lower()


def test_a_bearer_key_is_told_that_it_cannot_ask_for_a_text(gateway: Gateway, run: Callable[..., Run]) -> None:
    done = run(["list_second_template", "--template-id", "ST_1"], gateway.bearer)
    assert (done.returncode, gateway.lines("calls")) == (4, [])
    assert done.stderr.startswith("volc_sms: failed[needs-signed]: a Bearer key (ARK_SKILL_API_KEY) cannot")


# --- the sandbox ---


@pytest.mark.parametrize("value", ["1", "true", "YES", "on", "anything"])
def test_in_the_sandbox_nothing_leaves_for_a_real_account(
    run: Callable[..., Run], tmp_path: Path, value: str, gateway: Gateway
) -> None:
    state = tmp_path / "sandbox"
    env = {**gateway.bearer, **gateway.signed, "SMSWRAP_SANDBOX": value, "SMSWRAP_SANDBOX_DIR": str(state)}
    env |= dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY"), f"http://127.0.0.1:{gateway.port}")
    done = run([*SEND, "19900000000"], env)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "volc_sms: note[sandbox]: this is the sandbox; nothing real is sent\n"
    assert gateway.lines("calls") == []
    assert len((state / "gateway-ledger.jsonl").read_text("utf-8").splitlines()) == 1
    assert processes(str(state)) == []


def processes(words: str) -> list[str]:
    """The command lines that hold these words."""
    argv = ["ps", "-axww", "-o", "args="]
    listed = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    return [line for line in listed.splitlines() if words in line]


@pytest.mark.parametrize("value", ["", "0", "false", "No", " off "])
def test_a_sandbox_that_is_switched_off_is_none(gateway: Gateway, run: Callable[..., Run], value: str) -> None:
    done = run(READ, {**gateway.bearer, "SMSWRAP_SANDBOX": value})
    assert (done.returncode, done.stderr, len(gateway.lines("calls"))) == (0, "", 1)


def test_the_gateway_that_smswrap_names_is_the_one_that_is_asked(gateway: Gateway, run: Callable[..., Run]) -> None:
    base = gateway.bearer["ARK_SKILL_API_BASE"]
    env = {"SMSWRAP_SANDBOX": "1", "SMSWRAP_SANDBOX_BASE": base, "SMSWRAP_SANDBOX_KEY": KEY}
    assert run(READ, {**env, "ARK_SKILL_API_KEY": "real", "ARK_SKILL_API_BASE": "http://127.0.0.1:1"}).returncode == 0
    assert len(gateway.lines("calls")) == 1
    done = run([*SEND, "19900000000"], {**env, "SMSWRAP_SANDBOX_BASE": "http://gateway.example"})
    assert done.returncode == 3
    assert "setup[sandbox]: SMSWRAP_SANDBOX_BASE is not on this machine" in done.stderr


def test_alone_in_the_sandbox_it_sends_nothing(gateway: Gateway, tmp_path: Path) -> None:
    lone = tmp_path / "elsewhere" / "volc_sms.py"
    lone.parent.mkdir()
    shutil.copy(SCRIPT, lone)
    env = {"HOME": str(tmp_path), **gateway.bearer, "SMSWRAP_SANDBOX": "1"}
    argv = [sys.executable, "-I", "-S", str(lone), *SEND, "19900000000"]
    done = subprocess.run(argv, env=env, check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, gateway.lines("calls")) == (3, "", [])
    assert "setup[sandbox]: SMSWRAP_SANDBOX is set, and the sandbox of smswrap cannot be started here" in done.stderr


# --- proxies and certificates ---


@pytest.fixture
def serve_recorded() -> Iterator[Callable[[bytes], tuple[int, list[bytes]]]]:
    """A server that answers one request with these bytes: its port, and the heads that it saw."""
    threads: list[threading.Thread] = []

    def answer(listener: socket.socket, reply: bytes, heads: list[bytes]) -> None:
        with listener, listener.accept()[0] as connection:
            heads.append(read_request(connection))
            connection.sendall(reply)

    def serve_recorded(reply: bytes) -> tuple[int, list[bytes]]:
        listener, heads = socket.create_server(("127.0.0.1", 0)), list[bytes]()
        threads.append(threading.Thread(target=answer, args=(listener, reply, heads)))
        threads[-1].start()
        return listener.getsockname()[1], heads

    yield serve_recorded
    for thread in threads:
        thread.join(10)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy"])
def test_plain_http_goes_through_the_proxy_that_is_set(
    run: Callable[..., Run], serve_recorded: Callable[[bytes], tuple[int, list[bytes]]], name: str
) -> None:
    port, heads = serve_recorded(http_reply(b'{"Result":{"Total":0}}'))
    base = "http://gateway.example:81/api"
    env = {"ARK_SKILL_API_KEY": KEY, "ARK_SKILL_API_BASE": base, name: f"http://user:{'p' * 9}@127.0.0.1:{port}"}
    assert run(READ, env).returncode == 0
    first, *headers = heads[0].decode().split("\r\n")
    assert first == f"POST {base}?Action=ListSubAccountForAgent&Version=2026-01-01 HTTP/1.1"
    assert "Host: gateway.example:81" in headers
    assert "Proxy-Authorization: Basic dXNlcjpwcHBwcHBwcHA=" in headers


def test_no_proxy_and_a_cgi_header_keep_plain_http_from_a_proxy(gateway: Gateway, run: Callable[..., Run]) -> None:
    dead = "http://127.0.0.1:1"
    assert run(READ, {**gateway.bearer, "http_proxy": dead, "no_proxy": "127.0.0.1"}).returncode == 0
    assert run(READ, {**gateway.bearer, "HTTP_PROXY": dead, "REQUEST_METHOD": "GET"}).returncode == 0  # httpoxy
    assert run(READ, {**gateway.bearer, "HTTP_PROXY": "socks5://127.0.0.1:1"}).returncode == 3
    assert len(gateway.lines("calls")) == 2


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificate")
@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"])
def test_a_certificate_that_the_environment_vouches_for_is_trusted(
    run: Callable[..., Run], tmp_path: Path, name: str
) -> None:
    files = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_securely, args=(listener, context))
        thread.start()
        done = run(READ, {**bearer(listener.getsockname()[1], "https"), name: files[0]})
        thread.join(10)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_bundle_that_cannot_be_read_is_told(run: Callable[..., Run], tmp_path: Path) -> None:
    done = run(READ, {**bearer(9, "https"), "REQUESTS_CA_BUNDLE": str(tmp_path / "nothing.pem")})
    assert done.returncode == 3
    assert "setup[ca-bundle]: REQUESTS_CA_BUNDLE names no file" in done.stderr


def make_certificate(directory: Path) -> list[str]:
    """A certificate for 127.0.0.1 that nobody but itself vouches for, and its key."""
    files = [str(directory / "cert.pem"), str(directory / "key.pem")]
    openssl = shutil.which("openssl") or ""
    make = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1"
    subprocess.run([openssl, *make.split(), "-out", files[0], "-keyout", files[1]], check=True, capture_output=True)
    return files


def answer_securely(listener: socket.socket, context: ssl.SSLContext) -> None:
    """One request over TLS, and an empty list for it."""
    connection, _ = listener.accept()
    with context.wrap_socket(connection, server_side=True) as secured:
        read_request(secured)
        secured.sendall(http_reply(b'{"Result":{"Total":0}}'))
