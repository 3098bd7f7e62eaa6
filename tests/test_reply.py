"""Whatever the CLI prints is a reply or one of our errors, and nothing but proof makes a send more than unknown."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smswrap.catalogue import Entry, explain, search
from smswrap.process import Finished
from smswrap.providers.aliyun.operations import OPERATIONS
from smswrap.providers.aliyun.reply import MOST_NESTED, PLUGIN_TEXTS, host_texts, json_object, read
from smswrap.providers.base import ProviderError, Reply
from smswrap.providers.records import Sent

if TYPE_CHECKING:
    from smswrap.providers.base import Operation

SEND, LIST = OPERATIONS["send"], OPERATIONS["list-signs"]
ACCEPTED = '{\n\t"BizId": "811500729806877893^0",\n\t"Code": "OK",\n\t"Message": "OK",\n\t"RequestId": "R-1"\n}\n'
REFUSED = '{\n\t"Code": "isv.AMOUNT_NOT_ENOUGH",\n\t"Message": "账户余额不足",\n\t"RequestId": "R-2"\n}\n'
NOISE = "Downloading aliyun-cli-dysmsapi 0.1.0...\nPlugin aliyun-cli-dysmsapi 0.1.0 installed successfully!\n"
HTML = "<html>\n<head><title>502 Bad Gateway</title></head>\n<body>{\n}</body>\n</html>\n"
URL = (
    'ERROR: Get "http://dysmsapi.aliyuncs.com/?AccessKeyId=LTAI5tMadeUpKey&PhoneNumbers=13912345678'
    '&Signature=c2lnbmF0dXJl&SignName=%E7%AD%BE": '
)
TIMED_OUT = URL + "context deadline exceeded (Client.Timeout exceeded while awaiting headers)\n"
SERVER_ERROR = (
    "ERROR: SDK.ServerError\nErrorCode: {}\nRecommend: https://api.example/?q=x\nRequestId: 0E4DE985-5532-9F9F\n"
    "Message: Request was denied.\nRespHeaders: map[Content-Type:[application/json]]\n"
)
SDK_ERROR = (
    "SDKError:\n   StatusCode: 400\n   Code: {0}\n"
    "   Message: code: 400, Request was denied. request id: 0E4DE985-5532-9F9F\n"
    '   Data: {{"Code":"{0}","HostId":"dysmsapi.example","RequestId":"0E4DE985-5532-9F9F"}}\n'
)

TIP = "\n\nConfiguration failed, use `aliyun configure` to configure it\n"
UNRESOLVED = '\n\nprofile "default": failed to resolve credentials\n'
MISSING = "Plugin 'aliyun-cli-dysmsapi' is required for command 'dysmsapi send-sms' but not installed.\n"
NO_CATALOG = "Note: Could not load the remote plugin catalog (network or server).\n"
FIELDS = (
    *("access_key_id", "access_key_secret", "sts_token", "ram_role_arn", "role_session_name", "private_key"),
    *("key_pair_name", "process_command", "credentials_uri", "oidc_provider_arn", "oidc_token_file"),
    *("source_profile", "cloud_sso_sign_in_url", "bearer_token"),
)

# What the CLI itself prints before it starts the plugin (facts §2.8): exit code, stdout, stderr, the catalogue's code.
HOST = [
    (
        0,
        "",
        "ERROR: load current configuration failed init config failed invalid character 'x'",
        "cli.config-unreadable",
    ),
    (3, "", "ERROR: unknown profile nope, run configure to check" + TIP, "cli.profile-unknown"),
    (1, "", "ERROR: profile not found, use `aliyun configure list`", "cli.profile-unknown"),
    (3, "", "ERROR: region can't be empty" + TIP, "cli.region-missing"),
    (3, "", "ERROR: invalid region cn_hangzhou" + TIP, "cli.region-missing"),
    (3, "", "ERROR: invalid mode: ak" + TIP, "cli.mode-unknown"),
    (
        3,
        "",
        "ERROR: profile default is not configure yet, run `aliyun configure --profile default` first" + TIP,
        "cli.credentials-missing",
    ),
    *(
        (3, "", f"ERROR: {field} is not configured for profile 'p'. Run `aliyun configure`" + TIP, code)
        for field in FIELDS
        for code in ("cli.credentials-missing",)
    ),
    (
        3,
        "",
        "ERROR: invalid oauth_site_type 'X' for profile 'p', should be CN or INTL." + TIP,
        "cli.credentials-missing",
    ),
    (3, "", "ERROR: a text that nobody has seen yet" + TIP, "cli.credentials-missing"),
    (3, "", "ERROR: " + SERVER_ERROR.format("NoPermission")[7:] + UNRESOLVED, "cli.credentials-failed"),
    (3, "", "ERROR: unexcepted certificate mode: X" + UNRESOLVED, "cli.credentials-failed"),
    (3, "", 'ERROR: Get "http://100.100.100.200/": dial tcp: i/o timeout' + UNRESOLVED, "cli.credentials-failed"),
    (1, "", "ERROR: operation blocked by safety policy: dysmsapi send-sms (rule: dysmsapi:*)", "cli.safety-policy"),
    (1, "", "ERROR: 操作被安全策略拒绝: dysmsapi send-sms (规则: dysmsapi:*)", "cli.safety-policy"),
    (
        1,
        "",
        "ERROR: Safety policy requires confirmation for: dysmsapi send-sms\nre-run the same command with --yes.",
        "cli.safety-policy",
    ),
    (1, "", "ERROR: 安全策略要求确认以下操作：dysmsapi send-sms\n当前为非交互环境", "cli.safety-policy"),
    (1, "", "ERROR: operation cancelled by user", "cli.safety-policy"),
    (1, "", "ERROR: 操作已由用户取消\n", "cli.safety-policy"),
    (1, "", "ERROR: failed to resolve plugin binary path: plugin binary not found", "cli.plugin-missing"),
    (1, "", "ERROR: failed to check plugin status: failed to read local plugin manifest: EOF", "cli.plugin-missing"),
    (1, "", MISSING + "ERROR: failed to install plugin 'aliyun-cli-dysmsapi': timeout", "cli.plugin-missing"),
    (
        1,
        "",
        MISSING + "Do you want to install it? [Y/n]: \nERROR: failed to read user input: EOF",
        "cli.plugin-missing",
    ),
    (1, "", "ERROR: plugin aliyun-cli-dysmsapi not found", "cli.plugin-missing"),
    (1, "", "ERROR: plugin execution failed: fork/exec /x: permission denied", "cli.plugin-missing"),
    (1, "", "ERROR: 'dysmsapi' is not a valid built-in product.\nA plugin ... is available", "cli.plugin-missing"),
    (
        2,
        "Did you mean:\n  dm\n",
        NO_CATALOG + "ERROR: 'dysmsapi' is not a valid product. See `aliyun help`",
        "cli.plugin-missing",
    ),
    (2, "", "ERROR: invalid flag user-agent", "cli.flags-refused"),
    (2, "", "ERROR: invalid flag --user-agent; available flags: --help", "cli.flags-refused"),
    (2, "", "ERROR: 'SendSms' is not a valid api. See `aliyun help dysmsapi`.", "cli.flags-refused"),
    (2, "", "ERROR: 'send' is not a valid command", "cli.flags-refused"),
    (1, "", "ERROR: --region duplicated", "cli.flags-refused"),
    (1, "", "ERROR: --region must be assigned with value", "cli.flags-refused"),
    (1, "", "ERROR: not support '--' in command line", "cli.flags-refused"),
    (1, "", "ERROR: not support flag form -out", "cli.flags-refused"),
    (1, "", "ERROR: flag --vpc can't be assiged", "cli.flags-refused"),
]
# What comes after the plugin was started.
PLUGIN = [
    (1, "", "Error: required flags missing: --phone-numbers, --sign-name", "cli.flags-refused"),
    (1, "", "Error: unknown field: phone", "cli.flags-refused"),
    (1, "", "Error: unknown flag: --phone", "cli.flags-refused"),
    (1, "", URL + "dial tcp 127.0.0.1:80: connect: connection refused", "cli.unreachable"),
    (1, "", URL + "dial tcp: lookup dysmsapi.aliyuncs.com: no such host", "cli.unreachable"),
    (1, "", TIMED_OUT, "cli.timeout"),
    (1, "", URL + "read tcp 10.0.0.1:5->10.0.0.2:80: read: connection reset by peer", "cli.connection-lost"),
    (1, "", URL + "EOF", "cli.connection-lost"),
]
MEASURED = [*HOST, *PLUGIN]
WENT_OUT = {row.code for row in PLUGIN_TEXTS if row.reached}

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
BINARY = st.binary(max_size=60).map(lambda octets: octets.decode("utf-8", "replace"))
# NaN and Infinity are no JSON, though Python writes them: a reply that holds one is unreadable.


def json_of(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=10,
    )


JSON, WHOLE_JSON = json_of(ANY_TEXT), json_of(st.text())
REPLIES = st.fixed_dictionaries(
    {"Code": st.sampled_from(["OK", "isv.AMOUNT_NOT_ENOUGH", "isp.SYSTEM_ERROR", "unheard.of", ""]) | JSON},
    optional={"BizId": JSON, "Message": JSON, "RequestId": JSON, "TotalCount": JSON, "SmsSignList": JSON},
).map(lambda body: json.dumps(body, indent="\t"))
PIECES = st.one_of(
    ANY_TEXT,
    BINARY,
    REPLIES,
    JSON.map(json.dumps),
    REPLIES.flatmap(lambda text: st.integers(0, len(text)).map(lambda end: text[:end])),
    st.sampled_from(
        [ACCEPTED, REFUSED, NOISE, HTML, TIMED_OUT, SERVER_ERROR.format("NoPermission"), "\ufeff", "\x1b["]
    ),
    st.sampled_from(
        ["{", "}", "\n", "\r\n", "\r{", '{"Code":"OK","Code":"isv.X"}', '{"Code":NaN}', '{"Code":Infinity}']
    ),
    st.sampled_from(["\x1b[1;31m" + REFUSED + "\x1b[0m", "[" * 5_000, '{"a":' * 5_000, '{"Code":' + "9" * 5_000 + "}"]),
    st.sampled_from([str(text) for _, _, text, _ in MEASURED]),
)
OUTPUTS = st.lists(PIECES, max_size=4).map("".join)
QUIET = st.lists(
    st.sampled_from(
        ["{", "}", "[", "\n", "\r\n", '"BizId"', ": ", "签名", "\ufffd", "\x1b[31m", "\ufeff", "…", "OK", "12"]
    ),
    max_size=12,
).map("".join)
"""Texts that prove nothing."""
SECRETS = st.text(st.sampled_from("验证码张三李四ЖЩЪ"), min_size=3, max_size=8)


def finished(stdout: str = "", stderr: str = "", code: int | None = 0, **more: Any) -> Finished:
    """A run of the CLI."""
    return Finished(code, stdout, stderr, 1.5, **more)


def failure(run: Finished, operation: Any = SEND, private: tuple[str, ...] = ()) -> ProviderError:
    """The error that the run is told as."""
    with pytest.raises(ProviderError) as caught:
        read(operation, run, private)
    return caught.value


def reply_or_error(run: Finished, operation: Any = SEND, private: tuple[str, ...] = ()) -> Reply | ProviderError:
    """What becomes of the run."""
    try:
        return read(operation, run, private)
    except ProviderError as error:
        return error


@given(
    verb=st.sampled_from(["send", "send-batch", "list-signs", "query-status"]),
    stdout=OUTPUTS,
    stderr=OUTPUTS,
    code=st.none() | st.integers(-31, 255),
    timed_out=st.booleans(),
    stopped=st.booleans(),
)
def test_any_output_ends_in_a_reply_or_a_provider_error(
    verb: str, stdout: str, stderr: str, code: int | None, *, timed_out: bool, stopped: bool
) -> None:
    run = finished(stdout, stderr, code, timed_out=timed_out, stopped=stopped)
    found = reply_or_error(run, OPERATIONS[verb])
    if isinstance(found, Reply):
        assert found.body["Code"] == "OK"
        assert json.loads(found.text).keys() == found.body.keys()
    else:
        fault = found.fault
        assert fault.message
        assert fault.meaning
        assert fault.next_step
        assert fault.kind != "unknown" or (OPERATIONS[verb].kind, fault.retry) == ("send", "after-receipt")
        assert OPERATIONS[verb].kind == "send" or fault.kind != "unknown"


@given(stdout=QUIET, stderr=QUIET, code=st.integers(-31, 255), timed_out=st.booleans(), stopped=st.booleans())
def test_a_send_without_a_proof_is_unknown(
    stdout: str, stderr: str, code: int, *, timed_out: bool, stopped: bool
) -> None:
    fault = failure(finished(stdout, stderr, code, timed_out=timed_out, stopped=stopped)).fault
    assert (fault.kind, fault.retry) == ("unknown", "after-receipt")
    assert "may have been sent" in fault.meaning


@pytest.mark.parametrize(("code", "stdout", "stderr", "told"), HOST)
@pytest.mark.parametrize("colour", ["{}", "\x1b[1;31m{}\x1b[0m"])
@pytest.mark.parametrize("operation", [SEND, LIST], ids=["send", "read"])
def test_before_the_plugin_starts_nothing_is_sent(
    code: int, stdout: str, stderr: str, told: str, colour: str, operation: Operation
) -> None:
    fault = failure(finished(stdout, colour.format(stderr), code), operation).fault
    assert (fault.code, fault.kind, fault.retry) == (told, explain(told, "aliyun").kind, "never")
    assert fault.kind in {"setup", "credentials"}
    assert "moment" not in fault.next_step


@pytest.mark.parametrize(("code", "stdout", "stderr", "told"), [row for row in HOST if "ErrorCode" not in row[2]])
@pytest.mark.parametrize("place", ["Error: {}", "{}", "sending\n{}", "SDKError:\n{}", "ERROR: a new one\n{}"])
def test_the_same_words_from_the_plugin_prove_nothing(
    code: int, stdout: str, stderr: str, told: str, place: str
) -> None:
    exit_code = 7 if place == "{}" else code or 7
    fault = failure(finished(stdout, place.format(stderr), exit_code)).fault
    if place == "ERROR: a new one\n{}" and code == 3:  # with this exit code, any ERROR above such a tip is the CLI's
        return
    expected = "refused" if ": dial " in stderr else "unknown"  # no connection, whoever tried to make it
    assert (fault.kind, told in {fault.code, None}) == (expected, False)


@pytest.mark.parametrize(("code", "stdout", "stderr", "told"), PLUGIN)
@pytest.mark.parametrize("colour", ["{}", "\x1b[1;31m{}\x1b[0m"])
def test_after_the_plugin_has_started_only_a_call_without_a_connection_is_known(
    code: int, stdout: str, stderr: str, told: str, colour: str
) -> None:
    fault = failure(finished(stdout, colour.format(stderr), code)).fault
    assert (fault.code, fault.kind) == (told, "unknown" if told in WENT_OUT else "refused")
    assert failure(finished(stdout, stderr, code), LIST).fault.kind in {"unavailable", "setup"}


def test_no_text_of_the_tables_goes_unmeasured() -> None:
    for row in host_texts():
        whys = [stderr.partition("ERROR: ")[2] for code, _, stderr, _ in HOST if code == row.exit]
        assert any(re.match(row.pattern, why) for why in whys), row
    assert {row.code for row in PLUGIN_TEXTS} == {told for _, _, _, told in PLUGIN}


@pytest.mark.parametrize(
    "text", [SERVER_ERROR.format("X.Y"), SDK_ERROR.format("X.Y"), TIMED_OUT + "RequestId: 0E4DE985-5532-9F9F"]
)
def test_the_request_id_of_an_error_text_is_kept(text: str) -> None:
    assert failure(finished("", text, 1)).request_id == "0E4DE985-5532-9F9F"


@pytest.mark.parametrize(
    ("biz_id", "told"),
    [
        ("{}", None),
        ("[1]", None),
        ("true", None),
        ("12", "12"),
        ("9" * 5_000, None),
        ("1.5", "1.5"),
        ('"\\ud800x"', "\ufffdx"),
        ('"\\ud83d\\ude00"', "😀"),
        ('""', None),
    ],
)
def test_an_accepted_send_stays_accepted_whatever_its_biz_id_is(biz_id: str, told: str | None) -> None:
    reply = read(SEND, finished(f'{{"Code": "OK", "BizId": {biz_id}, "RequestId": "R-1"}}'))
    assert reply.record.biz_id == told
    json.dumps(reply.body, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "stdout",
    [
        '{"Code":"OK","BizId":"1^0","Code":"isv.AMOUNT_NOT_ENOUGH"}',
        '{"Code":"isv.AMOUNT_NOT_ENOUGH","Code":"OK"}',
        '{"Code":"OK","BizId":"1^0","BizId":"2^0"}',
        NOISE + '{"Code":"OK","Code":"OK"}\n' + ACCEPTED,
        '{"Code":"OK","Data":{"a":1,"a":2}}',
        '{"Code":"OK","BizId":"1^0","code":"isv.AMOUNT_NOT_ENOUGH"}',
        ACCEPTED + REFUSED,
        ACCEPTED + "retrying …\n" + REFUSED,
        ACCEPTED + '{"time": 1} and {"Code":"isv.X","Code":"isv.Y","n":' + "9" * 5_000 + "}",
    ],
)
def test_a_reply_that_says_two_things_is_unknown(stdout: str) -> None:
    error = failure(finished(stdout))
    assert (error.fault.kind, error.fault.retry) == ("unknown", "after-receipt")
    assert "two things" in error.fault.message
    assert "Code" in error.text
    assert failure(finished(stdout), LIST).fault.kind == "unavailable"


def test_a_refusal_that_names_a_message_is_unknown() -> None:
    error = failure(finished('{"Code":"isv.BUSINESS_LIMIT_CONTROL","BizId":"1^0","RequestId":"R-1"}'))
    assert (error.fault.kind, error.fault.retry, error.request_id) == ("unknown", "after-receipt", "R-1")
    assert "two things" in error.fault.message


@pytest.mark.parametrize("code", ["ok", "OK ", "DELIVERED"])
@pytest.mark.parametrize("said", ['{{"Code":"{}"}}', "ErrorCode: {}\n"])
def test_a_code_that_is_none_of_a_failure_is_no_refusal(code: str, said: str) -> None:
    """Told as one it ended with exit 0, as if the send had been accepted."""
    assert failure(finished(said.format(code), code=1)).fault.kind == "unknown"


@pytest.mark.parametrize("depth", [MOST_NESTED + 1, 900, 100_000])
@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_a_reply_that_is_nested_too_deep_is_unknown(depth: int, brackets: str) -> None:
    opening = brackets[0] if brackets == "[]" else '{"a":'
    inner = "[]" if brackets == "[]" else "{}"
    stdout = '{"Code":"OK","x":' + opening * depth + inner + brackets[1] * depth + "}"
    assert failure(finished(stdout)).fault.kind == "unknown"


def test_a_cli_that_printed_without_end_is_unknown_of_a_send_and_says_so() -> None:
    fault = failure(finished("x" * 2**20, "", -15, cut_off=True)).fault
    assert (fault.kind, fault.code) == ("unknown", "cli.killed")
    assert "printed without end" in fault.message


@pytest.mark.parametrize("form", [SERVER_ERROR, SDK_ERROR, "\x1b[1;31m" + SERVER_ERROR + "\x1b[0m"])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("Throttling.User", "throttled"),
        ("NoPermission", "credentials"),
        ("InvalidAccessKeyId.NotFound", "credentials"),
        ("SignatureDoesNotMatch", "credentials"),
        ("isv.AMOUNT_NOT_ENOUGH", "refused"),
        ("ServiceUnavailable", "unknown"),
    ],
)
def test_a_gateway_error_on_stderr_is_told_by_its_code(form: str, code: str, kind: str) -> None:
    error = failure(finished("", form.format(code), 1))
    assert (error.fault.code, error.fault.kind) == (code, kind)
    assert error.fault.message == f"{code}: Request was denied."
    assert error.request_id == "0E4DE985-5532-9F9F"


@pytest.mark.parametrize("run", [{"code": -9}, {"code": -15, "timed_out": True}, {"code": 1, "stopped": True}])
def test_an_error_text_of_a_cli_that_was_cut_off_proves_nothing(run: dict[str, Any]) -> None:
    fault = failure(finished("", SERVER_ERROR.format("NoPermission"), **run)).fault
    assert (fault.kind, fault.code) == ("unknown", "cli.timeout" if "timed_out" in run else "cli.killed")


def test_a_failure_that_is_unknown_of_a_send_is_unavailable_of_a_read() -> None:
    for run in (finished("", TIMED_OUT, 1), finished(), finished("", SERVER_ERROR.format("ServiceUnavailable"), 1)):
        assert (failure(run, SEND).fault.kind, failure(run, LIST).fault.kind) == ("unknown", "unavailable")


def test_a_business_error_is_a_refusal_although_the_cli_exits_zero() -> None:
    error = failure(finished(REFUSED))
    assert (error.fault.kind, error.fault.code) == ("refused", "isv.AMOUNT_NOT_ENOUGH")
    assert error.fault.message == "isv.AMOUNT_NOT_ENOUGH: 账户余额不足"
    assert (error.request_id, error.text, error.body) == ("R-2", REFUSED.strip(), json.loads(REFUSED))


@pytest.mark.parametrize(
    "stdout",
    [
        ACCEPTED,
        NOISE + ACCEPTED,
        NOISE.replace("\n", "\r\n") + ACCEPTED.replace("\n", "\r\n"),
        "10%\r50%\r100%\r" + ACCEPTED,
        "\x1b[32m" + NOISE + "\x1b[0m" + ACCEPTED,
        ACCEPTED + "\nDone. {}\n",
        ACCEPTED + 'took {"ms": 12, "Codes": []} { "Code": \n',
        ACCEPTED + '{"trace": {"Code": "cached"}}\n' + "{" * 100,
        ACCEPTED + "Message: Code: isv.X, please update\n",
        "{not json}\n" + ACCEPTED,
    ],
)
@pytest.mark.parametrize("run", [{}, {"code": 1}, {"code": -9}, {"code": -15, "timed_out": True}])
def test_a_whole_reply_counts_whatever_surrounds_it(stdout: str, run: dict[str, Any]) -> None:
    reply = read(SEND, finished(stdout, "Auto-installing plugin…\n", **run))
    assert reply.record == Sent("811500729806877893^0")
    assert (reply.operation, reply.request_id) == ("send-sms", "R-1")
    assert reply.text == (ACCEPTED.replace("\n", "\r\n") if "\r\n" in stdout else ACCEPTED).strip()


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_a_reply_with_what_is_no_json_number_is_unreadable(constant: str) -> None:
    assert json_object(f'{{"Code": "OK", "value": {constant}}}') is None


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{\r\n\x1b")), max_size=5), WHOLE_JSON
)
def test_the_reply_is_the_json_object_after_lines_that_are_none(lines: list[str], value: Any) -> None:
    text = json.dumps({"Code": "OK", "value": value}, indent="\t")
    found = json_object("".join(f"{line}\n" for line in lines) + text + "\ntrailing")
    assert found is not None
    assert found[0] == text
    assert json.dumps(found[1], indent="\t") == text


@pytest.mark.parametrize(
    "stdout",
    [
        "",
        "\n",
        "OK",
        HTML,
        "null",
        "[]",
        '["Code", "OK"]',
        "{}",
        '{"code": "OK"}',
        '{"Code": null}',
        '{"Code": ""}',
        '{"Code": 200}',
        '{"Code": ["OK"]}',
        '{"BizId": "1^0"}',
        '{"Code": ' + "9" * 5_000 + "}",
        '{"Code": "OK", "x": ' + "[" * 5_000,
        '{"Code": "OK",}',
        '{"Code": "OK"',
        "{'Code': 'OK'}",
        "{" * 5_000,
        "\n{" * 5_000,
        b'{"Code": "\xff\xfe'.decode("utf-8", "replace"),
        '{"Code": "OK", "BizId": "1\n2"}',
    ],
)
@pytest.mark.parametrize("code", [0, 1, 255, -9])
def test_a_send_whose_reply_cannot_be_read_is_unknown(stdout: str, code: int) -> None:
    fault = failure(finished(stdout, "", code)).fault
    assert fault.kind == "unknown"
    assert "Do not send again" in fault.next_step


def test_a_reply_that_breaks_off_between_two_values_is_unknown() -> None:
    for end, _ in enumerate(ACCEPTED.rstrip()[:-1]):
        if ACCEPTED[end] in "\n,{:" or ACCEPTED[:end].endswith("OK"):
            assert failure(finished(ACCEPTED[:end])).fault.kind == "unknown"


@pytest.mark.parametrize(
    ("run", "code", "words"),
    [
        (finished(code=-15, timed_out=True), "cli.timeout", "no answer within 1.5 s"),
        (finished(code=-9), "cli.killed", "it was ended by SIGKILL"),
        (finished(code=-15, stopped=True), "cli.killed", "it was stopped by your second signal"),
        (finished(stderr="segmentation fault", code=139), "cli.no-reply", "exit code 139: segmentation fault"),
        (finished(), "cli.no-reply", "exit code 0: no output"),
    ],
)
def test_the_message_says_how_the_cli_ended(run: Finished, code: str, words: str) -> None:
    fault = failure(run).fault
    assert (fault.kind, fault.code) == ("unknown", code)
    assert words in fault.message


def test_a_cli_that_could_not_be_started_is_a_matter_of_setup() -> None:
    fault = failure(finished(stderr="aliyun: Permission denied", code=None)).fault
    assert (fault.kind, fault.code, fault.exit) == ("setup", "cli.not-started", 3)
    assert "Permission denied" in fault.message


@pytest.mark.parametrize("text", [TIMED_OUT, URL + "dial tcp 127.0.0.1:80: connect: connection refused", URL + "EOF"])
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_the_url_in_a_message_shows_neither_key_nor_number_nor_signature(text: str, stream: str) -> None:
    shown = json.dumps(failure(finished(code=1, **{stream: text})).fault.as_json())
    for secret in ("LTAI5tMadeUpKey", "13912345678", "c2lnbmF0dXJl", "%E7%AD%BE"):
        assert secret not in shown


@given(secret=SECRETS, head=QUIET, tail=QUIET, code=st.integers(0, 9), place=st.integers(0, 4))
def test_no_message_repeats_a_private_value(secret: str, head: str, tail: str, code: int, place: int) -> None:
    around = head.replace("{", "").replace("\n", " ") + secret + tail.replace("\n", " ")
    forms = (
        finished(around, "", code),
        finished("", f"ERROR: unknown flag: {around}", code),
        finished("", SERVER_ERROR.format("NoPermission").replace("denied", secret), code),
        finished(json.dumps({"Code": "isv.X", "Message": around}), "", code),
        finished(json.dumps({"Code": 1, "Message": around}), around, code),
    )
    assert secret not in json.dumps(failure(forms[place], private=(secret,)).fault.as_json(), ensure_ascii=False)


@pytest.mark.parametrize("code", ['"isv.X"', "1", '"OK"'])
def test_a_key_is_taken_out_of_the_reply_itself(code: str) -> None:
    stdout = json.dumps({"Message": "the key LTAI5tMadeUpKey is unknown", "RequestId": "R-1"})
    run = finished(stdout.replace("{", f'{{"Code": {code}, ', 1), "LTAI5tMadeUpKey", 1)
    try:
        found: Any = read(SEND, run, secrets=("LTAI5tMadeUpKey",))
    except ProviderError as error:
        found = error
    assert "LTAI5tMadeUpKey" not in f"{found.text} {found.body} {getattr(found, 'fault', '')}"
    assert found.body["RequestId"] == "R-1"


def test_a_message_stays_short_and_on_one_line() -> None:
    fault = failure(finished("x\n" * 100_000, "y " * 100_000, 1)).fault
    assert len(fault.message) < 500
    assert "\n" not in fault.message


@pytest.mark.parametrize(
    "row", [row for row in search("") if row.provider == "aliyun" and "*" not in row.code], ids=lambda row: row.code
)
def test_each_code_of_the_catalogue_is_told_as_its_row_says(row: Entry) -> None:
    if row.kind == "none":
        return
    fault = failure(finished(json.dumps({"Code": row.code, "Message": "said", "RequestId": "R-1"}), "", 0)).fault
    assert (fault.kind, fault.code, fault.meaning) == (row.kind, row.code, row.meaning)
    assert fault.message == f"{row.code}: said"
    assert "<Operation>" not in fault.next_step
