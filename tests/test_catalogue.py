"""The catalogue knows every documented code, and says something true and useful about any other text."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smswrap.catalogue import Entry, explain, near, search
from smswrap.cli.app import COMMANDS
from smswrap.cli.read import verbs as reading_verbs
from smswrap.errors import EXIT_OF, Exit, Kind, Retry
from smswrap.messages import said

ANY_TEXT = st.text(st.characters(codec=None))

# The error tables of the two skill documents that are served.
ALIYUN_SKILL = """
    isv.SMS_SIGNATURE_SCENE_ILLEGAL isv.SMS_TEMPLATE_ILLEGAL isv.SMS_SIGN_NAME_ILLEGAL isv.MOBILE_NUMBER_ILLEGAL
    isv.AMOUNT_NOT_ENOUGH isv.BUSINESS_LIMIT_CONTROL SignatureNotFound TemplateNotFound
    InvalidAccessKeyId.NotFound SignatureDoesNotMatch Forbidden.RAM
"""
VOLCENGINE_SKILL = "RE:0001 RE:0003 RE:0004 RE:0005 RE:0006 RE:0010 ZJ10200"

# What else the facts sheet names; a gateway's `MissingX` is a family, see the tests of prefixes.
ALIYUN_FACTS = """
    OK isv.INVALID_JSON_PARAM isp.RAM_PERMISSION_DENY NoPermission Throttling Throttling.User DELIVERED
    UNBINDING_QUA BINDING_INCOMPLETE_QUA NON_REGISTER REGISTERING DETECTING DETECT_SUCCESS QUALIFICATION_ERROR
    SIGNATURE_ERROR SIGNATURE_QUALIFICATION_ERROR ONE_CODE_MULTIPLE_SIGN OTHERS_ERROR REGISTER_TIMEOUT NO_SEND_RECORD
    EXT_CODE_RECYCLE SUBPORT_RECYCLE
"""
VOLCENGINE_FACTS = """
    RE:0000 RE:0002 RE:0007 RE:0009 RE:0011 RE:0012 RE:0013 RE:0500 1001 1015 1017 1023 1024 1999 SY:0500
    100004 MissingRequestInfo
"""

# The provider's own lists of business codes and receipts.
ALIYUN_BUSINESS = """
    isv.ACCOUNT_NOT_EXISTS isv.ACCOUNT_ABNORMAL isv.OUT_OF_SERVICE isv.PRODUCT_UN_SUBSCRIPT isv.PRODUCT_UNSUBSCRIBE
    isp.SYSTEM_ERROR isp.GATEWAY_ERROR isv.SMS_SIGNATURE_ILLEGAL isv.SMS_SIGN_ILLEGAL isv.SIGN_STATE_ILLEGAL
    isv.TEMPLATE_MISSING_PARAMETERS isv.SMS_CONTENT_ILLEGAL isv.INVALID_PARAMETERS isv.EXTEND_CODE_ERROR
    isv.MOBILE_COUNT_OVER_LIMIT isv.DAY_LIMIT_CONTROL isv.MONTH_LIMIT_CONTROL isv.BLACK_KEY_CONTROL_LIMIT
    isv.DENY_IP_RANGE isv.DOMESTIC_NUMBER_NOT_SUPPORTED isv.PARAM_LENGTH_LIMIT isv.PARAM_NOT_SUPPORT_URL
    isv.TEMPLATE_PARAMS_ILLEGAL isv.CUSTOMER_REFUSED isv.SMS_TEST_NUMBER_LIMIT isv.SMS_TEST_SIGN_TEMPLATE_LIMIT
    isv.SMS_TEST_TEMPLATE_PARAMS_ILLEGAL isv.SECURITY_FROZEN_ACCOUNT isv.UNSUPPORTED_CONTENT
    isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE isv.ONE_CODE_MULTIPLE_SIGN isv.CODE_EXCEED_LIMIT isv.CODE_ERROR
    isv.SIGN_SOURCE_ILLEGAL isv.SIGN_COUNT_OVER_LIMIT isv.TEMPLATE_COUNT_OVER_LIMIT isv.SIGN_NAME_ILLEGAL
    InvalidTimeStamp.Expired SignatureNonceUsed InvalidVersion InvalidAction.NotFound InternalError
    MOBILE_NOT_ON_SERVICE MOBILE_SEND_LIMIT MOBILE_ACCOUNT_ABNORMAL MOBILE_IN_BLACK MOBILE_TERMINAL_ERROR
    MOBLLE_TERMINAL_ERROR USER_REJECT INVALID_NUMBER CONTENT_KEYWORD CONTENT_ERROR EXPIRED NO_ROUTE
    SP_NOT_BY_INTER_SMS SP_UNKNOWN_ERROR REQUEST_SUCCESS IS_CLOSE PARAMS_ILLEGAL PORT_NOT_REGISTERED
    SIGNATURE_BLACKLIST DELIVRD UNDELIV REJECTD
"""
VOLCENGINE_RECEIPTS = """
    NE:0100 NE:0103 NE:0104 NE:0105 NE:0106 CR:0200 CR:0201 CR:0202 CR:0203 CR:0204 CR:0205 CR:0206 CR:0207 CR:0208
    CR:0209 CR:0210 CR:0212 CR:0213 CR:0215 CR:0216 CR:0217 CE:0300 CE:0301 CE:0302 CE:0304 CE:0305 SY:0501 UN:0900
"""

ALL_ROWS = search("")


@pytest.mark.parametrize("code", f"{ALIYUN_SKILL} {ALIYUN_FACTS} {ALIYUN_BUSINESS}".split())
def test_every_documented_code_of_alibaba_cloud_has_its_own_row(code: str) -> None:
    assert explain(code, "aliyun").code == code


@pytest.mark.parametrize("code", f"{VOLCENGINE_SKILL} {VOLCENGINE_FACTS} {VOLCENGINE_RECEIPTS}".split())
def test_every_documented_code_of_volcengine_has_its_own_row(code: str) -> None:
    assert explain(code, "volcengine").code == code


def test_no_code_stands_twice_for_one_provider() -> None:
    repeated = [
        key for key, count in Counter((row.provider, row.code.casefold()) for row in ALL_ROWS).items() if count > 1
    ]
    assert repeated == []


def test_every_row_has_a_legal_kind_and_retry() -> None:
    for row in ALL_ROWS:
        assert row.kind in set(Kind), row
        assert row.kind != "input", f"a provider's refusal is no usage error: {row}"
        assert row.retry in get_args(Retry), row
        assert row.scope in {"number", "request", "every"}, row
        assert row.provider in {"aliyun", "volcengine", "carrier", "cli", "smswrap"}, row


def test_every_row_speaks_in_full_sentences() -> None:
    for row in ALL_ROWS:
        assert _are_sentences(row.meaning, at_most=1), row.meaning
        assert _are_sentences(row.next_step, at_most=2), row.next_step
        assert len(row.meaning) <= 120, row
        assert len(row.next_step) <= 160, row
        assert not re.search(r"\b[Mm]end\b|\bis no\b(?! longer)|\| bash", row.meaning + row.next_step), row


def _are_sentences(text: str, at_most: int) -> bool:
    one_line = re.fullmatch(r"[A-Z`](?!.*  ).*[^\s.]\.", text) is not None
    return one_line and len(text.split()) >= 4 and len(re.split(r"(?<=[.!?])\s+(?=[A-Z`])", text)) <= at_most


def test_no_row_invites_a_retry_that_its_kind_forbids() -> None:
    allowed: dict[Kind, set[Retry]] = {
        Kind.NONE: {"never"},
        Kind.THROTTLED: {"later"},
        Kind.UNAVAILABLE: {"later"},
        Kind.UNKNOWN: {"after-receipt", "never"},
        Kind.REFUSED: {"never", "later"},
        Kind.CREDENTIALS: {"never"},
        Kind.SETUP: {"never"},
        Kind.CONFIRMATION: {"never"},
        Kind.DUPLICATE: {"never"},
        Kind.INTERRUPTED: {"later"},
    }
    for row in ALL_ROWS:
        helped = row.code == "journal-damaged"  # ten minutes later nothing counts as a repeat any more
        assert row.retry in ({"later"} if helped else allowed[row.kind]), row


def test_a_next_step_names_only_verbs_that_smswrap_has() -> None:
    verbs = {*COMMANDS, *reading_verbs(), "COMMAND"}
    for row in ALL_ROWS:
        for command in re.findall(r"`smswrap ([^`]*)`", row.next_step):
            words = re.sub(r"--(?:provider|output) \S+ ", "", command).split()
            assert words[0] in verbs, row


def test_a_missing_permission_is_told_with_the_action_of_the_call() -> None:
    assert "dysms:QuerySmsSignList" in explain("NoPermission", "aliyun").step("dysms:QuerySmsSignList")
    assert all("{action}" not in row.step() for row in ALL_ROWS)


def test_what_meets_every_request_and_what_is_one_numbers_own_is_told_apart() -> None:
    assert {explain(code).scope for code in ("isv.AMOUNT_NOT_ENOUGH", "RE:0010", "Throttling.User")} == {"every"}
    assert {explain(code).scope for code in ("isv.BUSINESS_LIMIT_CONTROL", "MOBILE_IN_BLACK", "DB:0144")} == {"number"}
    assert explain("isv.SMS_CONTENT_ILLEGAL").scope == "request"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("isv.AMOUNT_NOT_ENOUG", "isv.AMOUNT_NOT_ENOUGH"), ("DELIVERD", "DELIVERED"), ("re:003", "RE:0003")],
)
def test_a_code_that_nobody_knows_has_close_ones(typed: str, meant: str) -> None:
    assert not explain(typed).known or explain(typed).code.endswith("*")
    assert meant in near(typed)


def test_a_word_that_is_far_from_every_code_has_none() -> None:
    assert near("bogus nonsense") == []


def test_a_next_step_never_leads_to_the_other_provider() -> None:
    for row in ALL_ROWS:
        if row.provider == "volcengine":
            assert "aliyun" not in row.next_step, row
            commands = re.findall(r"`smswrap ([^`]*(?:list|query)-[^`]*)`", row.next_step)
            assert all(command.startswith("--provider volcengine ") for command in commands), row
        else:
            assert "volcengine" not in row.next_step.lower(), row


@pytest.mark.parametrize(
    ("provider", "code", "words"),
    [
        ("aliyun", "isv.SMS_SIGN_NAME_ILLEGAL", ["`smswrap list-signs --approved`"]),
        ("aliyun", "isv.SMS_SIGNATURE_ILLEGAL", ["`smswrap list-signs --approved`"]),
        ("aliyun", "isv.SMS_TEMPLATE_ILLEGAL", ["`smswrap list-templates --approved`"]),
        (
            "aliyun",
            "isv.BUSINESS_LIMIT_CONTROL",
            ["1 a minute", "5 an hour", "10 a day", "40 a day", "50 a day"],
        ),
        (
            "aliyun",
            "isv.DAY_LIMIT_CONTROL",
            ["next day", "https://dysms.console.aliyun.com/"],
        ),
        ("aliyun", "isv.AMOUNT_NOT_ENOUGH", ["https://dysms.console.aliyun.com/"]),
        ("aliyun", "isv.OUT_OF_SERVICE", ["https://dysms.console.aliyun.com/"]),
        ("aliyun", "isp.RAM_PERMISSION_DENY", ["dysms:SendSms", "ram.console.aliyun.com"]),
        ("aliyun", "Forbidden.RAM", ["dysms:SendSms"]),
        ("aliyun", "NoPermission", ["dysms:SendSms"]),
        ("volcengine", "RE:0003", ["`smswrap --provider volcengine list-groups`"]),
        ("volcengine", "RE:0004", ["`smswrap --provider volcengine list-signs`"]),
        ("volcengine", "RE:0005", ["`smswrap --provider volcengine list-templates`"]),
        ("volcengine", "RE:0010", ["https://console.volcengine.com/sms"]),
    ],
)
def test_the_next_step_is_concrete(provider: str, code: str, words: list[str]) -> None:
    next_step = explain(code, provider).step()
    assert [word for word in words if word not in next_step] == []


@pytest.mark.parametrize(
    ("provider", "code", "exit_code"),
    [
        ("aliyun", "isv.MOBILE_NUMBER_ILLEGAL", Exit.REFUSED),
        ("aliyun", "isv.AMOUNT_NOT_ENOUGH", Exit.REFUSED),
        ("aliyun", "isv.BUSINESS_LIMIT_CONTROL", Exit.LATER),
        ("aliyun", "Throttling.User", Exit.LATER),
        ("aliyun", "InvalidAccessKeyId.NotFound", Exit.CREDENTIALS),
        ("aliyun", "SignatureDoesNotMatch", Exit.CREDENTIALS),
        ("aliyun", "Forbidden.RAM", Exit.CREDENTIALS),
        ("aliyun", "cli.profile-unknown", Exit.CREDENTIALS),
        ("aliyun", "cli.region-missing", Exit.SETUP),
        ("aliyun", "OK", Exit.OK),
        ("aliyun", "DELIVERED", Exit.OK),
        ("aliyun", "isp.SYSTEM_ERROR", Exit.UNKNOWN),
        ("aliyun", "SignatureNonceUsed", Exit.UNKNOWN),
        ("aliyun", "cli.timeout", Exit.UNKNOWN),
        ("volcengine", "RE:0000", Exit.CREDENTIALS),
        ("volcengine", "RE:0013", Exit.LATER),
        ("volcengine", "RE:0500", Exit.UNKNOWN),
        ("volcengine", "1015", Exit.UNKNOWN),
        ("volcengine", "1999", Exit.UNKNOWN),
    ],
)
def test_the_kind_of_a_code_decides_the_exit_code(provider: str, code: str, exit_code: Exit) -> None:
    assert EXIT_OF[explain(code, provider).kind] is exit_code


@pytest.mark.parametrize(
    ("code", "row"),
    [
        ("isv.SOMETHING_NEW", "isv.*"),
        ("isp.SOMETHING_NEW", "isp.*"),
        ("MissingPhoneNumbers", "Missing*"),
        ("MissingAccessKeyId", "MissingAccessKeyId"),
        ("InvalidAccessKeyId.Whatever", "InvalidAccessKeyId*"),
        ("InvalidSendDate", "Invalid*"),
        ("Throttling.Burst", "Throttling*"),
        ("Forbidden.Whatever", "Forbidden*"),
        ("MK:0099", "MK:*"),
        ("DB:0142", "DB:0142"),
        ("DB:0999", "DB:*"),
        ("MK:0014", "MK:0014"),
        ("XA:0042", "XA:*"),
        ("amount_not_enough", "isv.AMOUNT_NOT_ENOUGH"),
        ("System_Error", "isp.SYSTEM_ERROR"),
        ("SDK.Whatever", "SDK.*"),
        ("  isv.sms_template_illegal\n", "isv.SMS_TEMPLATE_ILLEGAL"),
        ("signaturedoesnotmatch", "SignatureDoesNotMatch"),
        ("isv.*", "isv.*"),
    ],
)
def test_the_exact_row_wins_in_any_case_then_the_longest_prefix(code: str, row: str) -> None:
    assert explain(code, "aliyun").code == row


@pytest.mark.parametrize("prefix", ["RE:", "VE:", "ZJ", "NE:", "CR:", "CE:", "SY:", "UN:"])
def test_a_new_code_of_a_known_family_of_volcengine_finds_its_family(prefix: str) -> None:
    assert explain(f"{prefix}9876", "volcengine").code == f"{prefix}*"


def test_every_row_is_found_by_its_own_code() -> None:
    assert [row.code for row in ALL_ROWS if explain(row.code, row.provider) != row] == []


def test_a_code_that_two_providers_share_is_explained_for_the_one_that_was_asked() -> None:
    assert explain("SignatureDoesNotMatch", "aliyun").provider == "aliyun"
    assert explain("SignatureDoesNotMatch", "volcengine").provider == "volcengine"


def test_a_carriers_receipt_is_known_behind_both_providers() -> None:
    assert explain("UNDELIV", "aliyun") == explain("UNDELIV", "volcengine") == explain("UNDELIV")
    assert explain("UNDELIV").provider == "carrier"


def test_a_code_of_the_other_provider_counts_as_unlisted() -> None:
    assert explain("RE:0003").provider == "volcengine"
    assert explain("RE:0003", "aliyun").meaning == explain("no such code", "aliyun").meaning


def test_an_unlisted_code_is_a_refusal_that_is_not_retried_and_names_the_page_and_the_request_id() -> None:
    entry = explain("QQ:1", "volcengine")
    assert (entry.code, entry.provider, entry.kind, entry.retry) == ("QQ:1", "volcengine", "refused", "never")
    assert "https://www.volcengine.com/docs/6361/173288" in entry.next_step
    assert "RequestId" in entry.next_step
    assert not entry.known


@given(code=ANY_TEXT, provider=st.none() | st.sampled_from(["aliyun", "volcengine", "cli", "carrier"]) | ANY_TEXT)
def test_any_text_is_explained_with_a_meaning_and_a_next_step(code: str, provider: str | None) -> None:
    entry = explain(code, provider)
    assert entry.meaning.endswith(".")
    assert entry.next_step.endswith(".")
    assert entry.kind in set(Kind)


@given(row=st.sampled_from([row for row in ALL_ROWS if row.code.endswith("*")]), rest=ANY_TEXT)
def test_what_begins_like_a_family_never_falls_to_a_shorter_one(row: Entry, rest: str) -> None:
    text = (row.code[:-1] + rest).strip()
    found = explain(text, row.provider)
    is_exact = found.code.casefold() == text.casefold()
    assert is_exact or len(found.code) >= len(row.code) or not text.startswith(row.code[:-1])


@given(text=ANY_TEXT)
def test_a_search_finds_every_row_that_holds_all_its_words(text: str) -> None:
    words = text.casefold().split()
    found = search(text)
    for row in ALL_ROWS:
        told = f"{row.code} {row.meaning} {row.step()}".casefold()
        quoted = [part for part in re.findall("“(.*?)”", told) if part in text.casefold()]
        assert (row in found) == (all(word in told for word in words) or bool(quoted))


def test_a_search_looks_at_codes_and_meanings_in_any_case() -> None:
    assert "isv.BUSINESS_LIMIT_CONTROL" in {row.code for row in search("business_limit")}
    assert "RE:0010" in {row.code for row in search("ARREARS")}
    assert len(search("")) > 200


def test_a_search_looks_at_the_words_of_the_reader_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert search("余额", said) == []
    monkeypatch.setenv("SMSWRAP_LANG", "zh")
    assert "isv.AMOUNT_NOT_ENOUGH" in {row.code for row in search("余额", said)}
    assert search("balance", said) == search("balance")


@pytest.mark.parametrize("code", ["http-502", "script.HTTP-502"])
def test_an_http_status_is_explained_in_the_words_of_either_door(code: str) -> None:
    assert explain(code).code == "script.http-*"


def test_importing_the_catalogue_reads_no_rows() -> None:
    script = "import smswrap.catalogue as c; print(c._rows.cache_info().currsize)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["0"]
