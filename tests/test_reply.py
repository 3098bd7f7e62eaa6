"""Whatever the CLI prints is a reply or one of our errors, and nothing but proof makes a send more than unknown."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smswrap.catalogue import Entry, search
from smswrap.process import Finished
from smswrap.providers.aliyun.operations import OPERATIONS
from smswrap.providers.aliyun.reply import CLI_TEXTS, json_object, read
from smswrap.providers.base import ProviderError, Reply

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

# What the CLI prints where (facts §2.1, §2.2, §2.5): exit code, stdout, stderr, and the catalogue's code for it.
MEASURED = [
    (
        0,
        "",
        "ERROR: load current configuration failed init config failed invalid character 'x'",
        "cli.config-unreadable",
    ),
    (3, "", "ERROR: unknown profile nope, run configure to check\n\nUse `aliyun configure`", "cli.profile-unknown"),
    (3, "", "ERROR: region can't be empty\n\nUse `aliyun configure`", "cli.region-missing"),
    (3, "", "ERROR: access_key_id is not configured for profile 'default'", "cli.credentials-missing"),
    (1, "", "ERROR: failed to resolve plugin binary path: plugin binary not found", "cli.plugin-missing"),
    (1, "", "ERROR: 'dysmsapi' is not a valid built-in product.\nA plugin ... is available", "cli.plugin-missing"),
    (2, "Did you mean:\n  dm\n", "ERROR: 'dysmsapi' is not a valid product. See `aliyun help`", "cli.plugin-missing"),
    (2, "", "ERROR: invalid flag user-agent", "cli.flags-refused"),
    (2, "", "ERROR: invalid flag --user-agent; available flags: --help", "cli.flags-refused"),
    (2, "", "ERROR: 'SendSms' is not a valid api. See `aliyun help dysmsapi`.", "cli.flags-refused"),
    (2, "", "ERROR: 'send' is not a valid command", "cli.flags-refused"),
    (1, "", "Error: required flags missing: --phone-numbers, --sign-name", "cli.flags-refused"),
    (1, "", "Error: unknown field: phone", "cli.flags-refused"),
    (1, "", "Error: unknown flag: --phone", "cli.flags-refused"),
    (1, "", URL + "dial tcp 127.0.0.1:80: connect: connection refused", "cli.unreachable"),
    (1, "", URL + "dial tcp: lookup dysmsapi.aliyuncs.com: no such host", "cli.unreachable"),
    (1, "", TIMED_OUT, "cli.timeout"),
    (1, "", URL + "read tcp 10.0.0.1:5->10.0.0.2:80: read: connection reset by peer", "cli.connection-lost"),
    (1, "", URL + "EOF", "cli.connection-lost"),
]
WENT_OUT = {row.code for row in CLI_TEXTS if row.went_out}

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
BINARY = st.binary(max_size=60).map(lambda octets: octets.decode("utf-8", "replace"))
# NaN and Infinity are no JSON, though Python writes them: a reply that holds one is unreadable.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=10,
)
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
    return Finished(("aliyun",), code, stdout, stderr, 1.5, **more)


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


@pytest.mark.parametrize(("code", "stdout", "stderr", "told"), MEASURED)
@pytest.mark.parametrize("colour", ["{}", "\x1b[1;31m{}\x1b[0m"])
def test_each_text_of_the_cli_is_recognised(code: int, stdout: str, stderr: str, told: str, colour: str) -> None:
    fault = failure(finished(stdout, colour.format(stderr), code)).fault
    assert fault.code == told
    assert (fault.kind == "unknown") == (told in WENT_OUT)
    assert failure(finished(stdout, stderr, code), LIST).fault.kind != "unknown"


def test_no_text_of_the_table_goes_unmeasured() -> None:
    assert {row.code for row in CLI_TEXTS} == {told for _, _, _, told in MEASURED}


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
        "{not json}\n" + ACCEPTED,
    ],
)
@pytest.mark.parametrize("run", [{}, {"code": 1}, {"code": -9}, {"code": -15, "timed_out": True}])
def test_a_whole_reply_counts_whatever_surrounds_it(stdout: str, run: dict[str, Any]) -> None:
    reply = read(SEND, finished(stdout, "Auto-installing plugin…\n", **run))
    assert reply.data == {"biz_id": "811500729806877893^0"}
    assert (reply.operation, reply.request_id) == ("send-sms", "R-1")
    assert reply.text == (ACCEPTED.replace("\n", "\r\n") if "\r\n" in stdout else ACCEPTED).strip()


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_a_reply_with_what_is_no_json_number_is_unreadable(constant: str) -> None:
    assert json_object(f'{{"Code": "OK", "value": {constant}}}') is None


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{\r\n\x1b")), max_size=5), JSON)
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
        (finished(code=-9), "cli.killed", "it was ended by signal 9"),
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


def test_a_message_stays_short_and_on_one_line() -> None:
    fault = failure(finished("x\n" * 100_000, "y " * 100_000, 1)).fault
    assert len(fault.message) < 500
    assert "\n" not in fault.message


@pytest.mark.parametrize(
    "row", [row for row in search("") if row.provider == "aliyun" and "*" not in row.code], ids=lambda row: row.code
)
def test_each_code_of_the_catalogue_is_told_as_its_row_says(row: Entry) -> None:
    if row.code == "OK":
        return
    fault = failure(finished(json.dumps({"Code": row.code, "Message": "said", "RequestId": "R-1"}), "", 0)).fault
    assert (fault.kind, fault.code, fault.meaning) == (row.kind, row.code, row.meaning)
    assert fault.message == f"{row.code}: said"
    assert "<Operation>" not in fault.next_step
