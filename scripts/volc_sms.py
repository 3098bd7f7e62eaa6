#!/usr/bin/env python3
"""Send SMS and read their state through Volcengine's API of 2026-01-01; one file, nothing but Python >= 3.9.

The reply goes to stdout as JSON, everything else to stderr, a line each:

    volc_sms: WORD[CODE]: what happened
    volc_sms: hint: what to do next

Programs read WORD, CODE and the exit code, never the sentence. `note` and `warning` stand beside a result; the last
line of another word says how the command ended: `refused` is a send that was certainly not made, `failed` a read
without a result, `unknown` a send that may have been made. The codes are one table, ENDINGS; --help prints it.

Exit codes: 0 done, 1 unexpected, 2 usage, 3 setup, 4 credentials missing or refused, 5 refused, 6 try later,
8 outcome unknown (do not send again), 10 repeats a send of unknown outcome, 129/130/143 ended by HUP/INT/TERM before
anything was sent.
"""

import sys

# No `from __future__ import annotations` above: Python 3.6 would complain of that line instead of saying what it needs.
if sys.version_info < (3, 9):  # noqa: UP036  the package needs more, this file alone does not
    sys.stderr.write("volc_sms: setup[python]: this needs Python 3.9 or newer\n")
    sys.exit(3)

# What only some calls need is imported where they need it: most of a call's time is what it loads.
import contextlib
import io
import ipaddress
import json
import os
import re
import signal
import socket
from binascii import b2a_base64
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import IntEnum
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

if TYPE_CHECKING:
    import http.client
    import ssl
    from datetime import datetime

VERSION = "2026-01-01"
SERVICE = "volcSMS"
REGION = "cn-north-1"
ENDPOINT = "https://sms.volcengineapi.com"
CONTENT_TYPE = "application/json"
IN_CLONE = "smswrap-clone"
"""The -X option of a Python that we started ourselves."""
SANDBOX_ACCESS_KEY = "AKLTsandbox"
"""Whose secret is the key that the sandbox's gateway was started with: so that a template's text can be asked for."""
ENV_FILE = "~/.openclaw/.env"
MOST_NUMBERS = 200
MEGABYTE = 1024 * 1024
MOST_SENT_BACK, MOST_LISTED = MEGABYTE, 10 * MEGABYTE  # octets of a reply to a send, and to a read
MOST_DEPTH = 100  # levels of a reply; the API's own have four
MOST_SECONDS = 3600
LONGEST_QUOTE = 200  # characters of foreign text in a message
FIRST_MILLISECONDS = 10**11  # as seconds that is the year 5138, as milliseconds 1973
LEAST_SECRET = 8  # characters; hiding a shorter one would blot out ordinary words and say what is missing
LEAST_PART = 4  # a shorter template value is hidden as a whole word only, or "1" would blot out the message
SECRET_FLAGS = ("--access-key", "--secret-key", "--session-token", "--api-key", "--base")
SECRET_PARAMETER = re.compile("key|token|secret|pass|pwd|sign|auth|credential", re.IGNORECASE)
DOCUMENTATION, OURS = "the documentation", "smswrap's own texts"
SAMPLE_NUMBERS: Mapping[str, str] = {  # phones of strangers, and in whose texts they stand; the same as smswrap's
    **dict.fromkeys(("13800138000", "13900139000", "13700137000"), DOCUMENTATION),
    **dict.fromkeys(("13812345678", "13912345678", "13812348000", "+85298765432"), OURS),
    **dict.fromkeys((f"136123456{last}" for last in range(71, 80)), OURS),
    **dict.fromkeys((f"139000000{last:02}" for last in range(21)), OURS),
}
# Mobiles abroad with their country codes, where people usually send to; a fixed line is none of them.
MOBILES_ABROAD = re.compile(
    (
        r"852(5[1-79]|6[0-9]|9[1-8])\d{6} 8536\d{7} 8869[0-8]\d{7} 601([0249][0-9]|6[1-9])\d{6,7} 66[89]\d{8} "
        r"84[3579]\d{8} 639\d{9} 628[1-35-9]\d{8,9} 81[789]0[1-9]\d{7} 8210\d{8} 919\d{9} 923\d{9} 8801\d{9} 947\d{8} "
        r"959\d{8,9} 8551[0-9]\d{7} 85620\d{8} 9779[678]\d{8} 9715\d{8} 9665\d{8} 905[03-5]\d{8} 9725\d{8} "
        r"447[1-57-9]\d{8} 3538[35-9]\d{7} 33[67]\d{8} 491([57]\d|6[023])\d{7,8} 393\d{8,9} 346\d{8} 3519[1236]\d{7} "
        r"316[1-58]\d{7} 324[5-9]\d{7} 417[5-9]\d{7} 43(66[04]|676|69[09])\d{7} 467[02369]\d{7} 3584\d{7,8} "
        r"48(5[0137]|6[069]|7[2389]|88)\d{7} 420(60[1-8]|7[2379][0-9])\d{6} 36[237]0\d{7} 407[2-6]\d{7} 3069\d{8} "
        r"380(50|6[36-8]|9[1-9])\d{7} 79\d{9} 77(0[0-25-8]|47|7[15-8])\d{7} 27(6[0-9]|7[1-46-9]|8[1-4])\d{7} "
        r"234(70[1-46-8]|80[1-9]|81[0-8]|90[1-8])\d{7} 254[17]\d{8} 201[0-25]\d{8} 212[67]\d{8} 55[1-9][1-9]9\d{8} "
        r"569\d{8} 573\d{9} 519\d{8} 614\d{8} 642\d{8}"
    ).replace(" ", "|"),
    re.ASCII,
)
NO = frozenset({"", "0", "false", "f", "no", "n", "off"})  # whatever else SMSWRAP_SANDBOX says means yes
HOW_TO_LOG_IN = (
    "set ARK_SKILL_API_KEY and ARK_SKILL_API_BASE in the environment, or VOLCENGINE_ACCESS_KEY and "
    "VOLCENGINE_SECRET_KEY"
)


class Exit(IntEnum):
    """Exit codes; 128 + n means ended by signal n."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    SETUP = 3
    CREDENTIALS = 4
    REFUSED = 5
    LATER = 6
    UNKNOWN = 8
    DUPLICATE = 10


class Ending(NamedTuple):
    """How a code ends a send and a read, and what it means."""

    send: Exit
    read: Exit
    meaning: str


ENDINGS: Mapping[str, Ending] = {
    "arguments": Ending(Exit.USAGE, Exit.USAGE, "the command line is wrong"),
    "secret-argument": Ending(Exit.USAGE, Exit.USAGE, "a key stands on the command line"),
    "sample-number": Ending(Exit.USAGE, Exit.USAGE, "a number of the documentation, a stranger's phone"),
    "sandbox": Ending(Exit.SETUP, Exit.SETUP, "SMSWRAP_SANDBOX is set and the sandbox is not to be had"),
    "hall": Ending(Exit.SETUP, Exit.SETUP, "smswrap is set up here and cannot be used"),
    "duplicate": Ending(Exit.DUPLICATE, Exit.DUPLICATE, "it repeats a send of which nobody knows the outcome yet"),
    "ca-bundle": Ending(Exit.SETUP, Exit.SETUP, "the certificates that the environment names cannot be read"),
    "proxy": Ending(Exit.SETUP, Exit.SETUP, "the proxy that the environment names cannot be used"),
    "no-credentials": Ending(Exit.CREDENTIALS, Exit.CREDENTIALS, "no complete credentials were found"),
    "bad-credentials": Ending(Exit.CREDENTIALS, Exit.CREDENTIALS, "a key or base cannot be used as it is written"),
    "needs-signed": Ending(Exit.CREDENTIALS, Exit.CREDENTIALS, "a Bearer key cannot call this action"),
    "unreachable": Ending(Exit.REFUSED, Exit.LATER, "no connection was made, so nothing was asked"),
    "timeout": Ending(Exit.UNKNOWN, Exit.LATER, "the request was written and no answer came in time"),
    "lost": Ending(Exit.UNKNOWN, Exit.LATER, "the request was written and the connection broke"),
    "unreadable": Ending(Exit.UNKNOWN, Exit.LATER, "the answer is not the API's JSON"),
    "too-large": Ending(Exit.UNKNOWN, Exit.LATER, "the answer is too large to be read"),
    "no-message-id": Ending(Exit.UNKNOWN, Exit.LATER, "the answer has neither an error nor a message id"),
    "two-things": Ending(Exit.UNKNOWN, Exit.LATER, "the answer has both an error and a message id"),
    "signal": Ending(Exit.UNKNOWN, Exit.LATER, "INT, TERM or HUP ended the wait for the answer"),
    "not-shown": Ending(Exit.UNKNOWN, Exit.UNEXPECTED, "the answer came and could not be written to stdout"),
    "internal": Ending(Exit.UNEXPECTED, Exit.UNEXPECTED, "a mistake in this script"),
    # How the next two end depends on the error's code and the HTTP status: CODES and STATUSES below.
    "provider": Ending(Exit.REFUSED, Exit.REFUSED, "the reply holds an error of the API"),
    "http-NNN": Ending(Exit.REFUSED, Exit.REFUSED, "HTTP status NNN without the API's JSON"),
}
WORDS: Mapping[int, str] = {
    Exit.USAGE: "usage",
    Exit.SETUP: "setup",
    Exit.UNEXPECTED: "unexpected",
    Exit.UNKNOWN: "unknown",
}
HINTS: Mapping["int | str", str] = {
    **dict.fromkeys(("no-credentials", "secret-argument"), HOW_TO_LOG_IN),
    "hall": "set smswrap up again, from the whole folder that this script came with",
    "needs-signed": "set VOLCENGINE_ACCESS_KEY and VOLCENGINE_SECRET_KEY in place of ARK_SKILL_API_KEY",
    Exit.USAGE: "nothing was called; see --help",
    Exit.CREDENTIALS: "check the credentials and what they permit, then run the command again",
    Exit.REFUSED: "fix the cause, then run the command again",
    Exit.LATER: "run the command again later",
    Exit.UNKNOWN: "do not send it again: look for it with list_sms_send_log first",
}

# The reply's Error.Code: how the command ends, and what it means. A code that is not listed is a refusal.
CODES: Mapping[str, tuple[Exit, str]] = {
    "RE:0000": (Exit.CREDENTIALS, "the access key was not accepted"),
    "RE:0001": (Exit.REFUSED, "the SMS service is not activated for the account"),
    "RE:0002": (Exit.REFUSED, "the SMS service of the account is closed"),
    "RE:0003": (Exit.REFUSED, "there is no such message group"),
    "RE:0004": (Exit.REFUSED, "the signature does not exist or is not approved"),
    "RE:0005": (Exit.REFUSED, "the template does not exist or is not approved"),
    "RE:0006": (Exit.REFUSED, "a mobile number has a wrong format"),
    "RE:0007": (Exit.REFUSED, "this machine's address is not on the allow list"),
    "RE:0009": (Exit.REFUSED, "a parameter is wrong"),
    "RE:0010": (Exit.REFUSED, "the account is in arrears"),
    "RE:0011": (Exit.REFUSED, "the region is wrong"),
    "RE:0012": (Exit.REFUSED, "the type of message is not allowed"),
    "RE:0013": (Exit.LATER, "a sending threshold is reached"),
    "1017": (Exit.LATER, "verification codes are sent too often"),
    "FlowLimitExceeded": (Exit.LATER, "there are too many calls"),
    "InvalidTimestamp": (Exit.CREDENTIALS, "the signature has expired: check this machine's clock"),
    "SignatureDoesNotMatch": (Exit.CREDENTIALS, "the signature does not match: check the secret key"),
    **dict.fromkeys(("AccessDenied", "LackPolicy"), (Exit.CREDENTIALS, "the credentials do not permit this")),
    **dict.fromkeys(
        (
            *("InvalidAccessKey", "InvalidSecretToken", "InvalidAuthorization", "InvalidCredential"),
            *("MissingAuthenticationToken", "MissingSignature"),
        ),
        (Exit.CREDENTIALS, "the credentials were not accepted"),
    ),
    # A fault inside the service: nothing documented says that it comes before acceptance, this API has no key that
    # makes a repeat harmless, and its predecessor returned such errors together with message ids.
    **dict.fromkeys(
        (
            *("RE:0500", "SY:0500", "1015", "1999", "InternalError", "InternalServiceError"),
            *("InternalServiceTimeout", "ServiceUnavailableTemp"),
        ),
        (Exit.UNKNOWN, "the service failed inside"),
    ),
}
# How an HTTP status ends the command when the reply carries no listed code.
STATUSES: Mapping[int, Exit] = {401: Exit.CREDENTIALS, 403: Exit.CREDENTIALS, 429: Exit.LATER}
# What a gateway in front says when the request may have gone on; 409 may mean "already there". So may a redirect.
OPEN_STATUSES = frozenset({408, 409, 499})


class CallError(Exception):
    """A way to end that we expected: a code of ENDINGS, what happened, the provider's JSON if there was one."""

    def __init__(self, code: str, what: str, reply: object = None, end: "Exit | None" = None) -> None:
        super().__init__(what)
        self.code = code
        self.reply = reply
        self.end = end

    def exit(self, *, sends: bool) -> Exit:
        """The exit code; a read is never unknown, for it can simply be run again."""
        known = ENDINGS.get(self.code, ENDINGS["http-NNN"])
        end = self.end or (known.send if sends else known.read)
        return Exit.LATER if end is Exit.UNKNOWN and not sends else end


class OptionError(ValueError):
    """What is wrong with an option's value, in words that do not repeat a private value."""


class SampleNumberError(OptionError):
    """A number that only documentation has."""


class Interrupted(BaseException):
    """INT, TERM or HUP arrived."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


class Run:
    """What the one error door knows of a call: does it send, has a byte of it left, and what must not be shown."""

    def __init__(self) -> None:
        self.sends = self.written = False
        self.secrets: set[str] = set()
        self.private: set[str] = set()

    def hide(self, *secrets: "str | None") -> None:
        """Remember secrets, as they are and as they look inside a URL or JSON, to keep them out of all output."""
        for secret in secrets:
            if secret and len(secret) >= LEAST_SECRET:
                spellings = (quote(secret, safe, errors="replace") for safe in ("/", ""))
                self.secrets |= {secret, *spellings, json.dumps(secret)[1:-1]}

    def clean(self, value: Any) -> Any:
        """The same JSON value without the secrets."""
        if isinstance(value, str):
            return replace_all(value, self.secrets)
        if isinstance(value, list):
            return [self.clean(item) for item in value]
        if isinstance(value, dict):
            return {self.clean(key): self.clean(item) for key, item in value.items()}
        return value

    def quote(self, text: object) -> str:
        """Foreign words, fit for one line of stderr: no secrets, no control characters, numbers masked, bounded."""
        shown = replace_all(str(text), self.secrets)  # first: what follows may cut a secret in two
        for value in sorted(self.private, key=len, reverse=True):
            whole = re.escape(value) if len(value) >= LEAST_PART else rf"(?<!\w){re.escape(value)}(?!\w)"
            shown = re.sub(whole, "***", shown)
        line = "".join(letter if letter.isprintable() else " " for letter in shown)
        return re.sub(r"[0-9]{7,}", lambda found: mask_number(found[0]), line)[:LONGEST_QUOTE]

    def print_reply(self, reply: object) -> None:
        """Write the provider's JSON to stdout, and be sure that it arrived there; indented for eyes only."""
        if sys.stdout is None:  # closed by whoever started us: they want no reply
            return
        indent = 2 if sys.stdout.isatty() else None  # into pipes, indents cost gigabytes where replies are deep (S13)
        text = json.dumps(self.clean(reply), indent=indent, ensure_ascii=False)
        print(re.sub("[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]", escape, text), flush=True)

    def say(self, word: str, what: str) -> None:
        """Write one line to stderr; a closed stderr changes nothing."""
        if sys.stderr is not None:  # print would take stdout instead
            with contextlib.suppress(OSError, ValueError):
                print(f"volc_sms: {word}: {replace_all(what, self.secrets)}", file=sys.stderr, flush=True)


def escape(found: "re.Match[str]") -> str:
    """A character that a terminal would obey or hide, as JSON spells it."""
    return f"\\u{ord(found[0]):04x}"


def replace_all(text: str, secrets: set[str]) -> str:
    """The text with every secret as ***, the longest first, for one may be part of another."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def mask_number(number: str) -> str:
    """138****8000."""
    return f"{number[:3]}****{number[-4:]}" if len(number) > len("138****8000") - 1 else "****"


def read_text(text: str) -> str:
    """A text that can be sent as UTF-8."""
    if not text.strip().isprintable():  # surrogates of a broken UTF-8 argument are not printable either
        raise OptionError("holds control characters or broken UTF-8")
    return text.strip()


def read_template(text: str) -> str:
    """A template's id: what else is in it was pasted with it, and no template has such an id."""
    if not re.fullmatch("[A-Za-z0-9_-]+", read_text(text)):
        raise OptionError("is not a template's id: letters, digits, - and _")
    return read_text(text)


def read_names(text: str) -> list[str]:
    """Comma-separated values; nothing between two commas is nothing."""
    return [read_text(name) for name in text.split(",") if name.strip()]


def narrow(text: str) -> str:
    """The text with its full-width letters as ASCII, and without what nobody sees."""
    import unicodedata

    return "".join(letter for letter in unicodedata.normalize("NFKC", text) if unicodedata.category(letter) != "Cf")


def join_digits(plain: str) -> str:
    """A number without blanks, hyphens and brackets; 00 in front is +."""
    return re.sub(r"^\+?00", "+", re.sub(r"[\s().\u2010-\u2015\u2212-]+", "", plain))


def read_mobile(text: str) -> str:
    """A mainland number as its 11 digits, another one in E.164: as the API takes them.

    Mainland numbers may stand as 1…, 86…, 0086…, +86…, others with + or 00, mobiles also bare. A bare number of fewer
    than 11 digits may be a mainland one with a digit lost, and 1-664-491-3789 is not grouped as mainland numbers are:
    both would reach a stranger, and need their plus.
    """
    plain = narrow(text)
    number = join_digits(plain)
    bare = re.sub(r"^\+?86(?=1)", "", number)
    american = re.match(r"\W*1\W+\d{3}\W+\d{3}\W+\d{4}\W*$", plain)
    if re.fullmatch("1[3-9][0-9]{9}", bare) and not number.startswith("+1") and not american:
        return bare
    full = f"+{number}" if MOBILES_ABROAD.fullmatch(number) else number
    if not re.fullmatch(r"\+(?!86)[1-9][0-9]{6,14}", full):
        shown = mask_number(plain.strip())
        raise OptionError(f"holds {shown}: a number has 11 digits, or starts with + and the country code")
    return full


def read_mobiles(text: str) -> str:
    """Up to 200 different numbers, none of them a sample, as the comma-separated text that the API takes."""
    numbers = list(dict.fromkeys(map(read_mobile, read_names(text))))
    if not numbers:
        raise OptionError("holds no number")
    for number in numbers:
        source = SAMPLE_NUMBERS.get(number)
        if source == DOCUMENTATION or (source and not in_sandbox()):
            raise SampleNumberError(f"holds {number}, a sample number of {source}: ask for the real one")
    if len(numbers) > MOST_NUMBERS:
        raise OptionError(f"holds {len(numbers)} numbers; one request takes at most {MOST_NUMBERS}")
    return ",".join(numbers)


class Spelling(str):
    """A JSON number as it was written."""

    __slots__ = ()


def read_template_param(text: str) -> str:
    """The text of a JSON object of strings; numbers become strings as they are spelt. Messages name keys, no values."""
    try:
        pairs = json.loads(text, object_pairs_hook=list, parse_int=Spelling, parse_float=Spelling)
        text.encode()
    except (ValueError, RecursionError):
        raise OptionError('is not JSON; it looks like {"code":"123456"}') from None
    if not text.lstrip().startswith("{"):
        raise OptionError("is not a JSON object")
    wrong = [key for key, value in pairs if not isinstance(value, str)]
    if wrong:
        raise OptionError(f"has values that are not strings; put double quotes around them: {', '.join(wrong)}")
    if len(dict(pairs)) < len(pairs):
        raise OptionError("has the same key twice")
    respelt = any(isinstance(value, Spelling) for _, value in pairs)
    return json.dumps(dict(pairs), ensure_ascii=False, separators=(",", ":")) if respelt else text


def read_integer(text: str) -> int:
    """A whole number of at most 18 digits."""
    if not re.fullmatch("-?[0-9]{1,18}", text.strip()):
        raise OptionError("is not a whole number")
    return int(text)


def read_seconds(text: str) -> int:
    """A Unix time in seconds; the API answers in milliseconds, so that is what people paste."""
    number = read_integer(text)
    if number >= FIRST_MILLISECONDS:
        raise OptionError(f"is in milliseconds; in seconds it is {number // 1000}")
    if number < 0:
        raise OptionError("is before 1970")
    return number


def read_timeout(text: str) -> float:
    """Seconds, more than 0 and at most an hour."""
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text.strip()) or not 0 < float(text) <= MOST_SECONDS:
        raise OptionError(f"is not a number of seconds between 0 and {MOST_SECONDS}")
    return float(text)


def read_between(least: int, most: int) -> Callable[[str], int]:
    """A reader of whole numbers within bounds."""

    def read(text: str) -> int:
        number = read_integer(text)
        if not least <= number <= most:
            raise OptionError(f"is {number}; it may be {least} to {most}")
        return number

    return read


class Option(NamedTuple):
    """One option: the request's field (none: accepted and not sent), its help, and who reads its value."""

    field: "str | None"
    help: str
    read: Callable[[str], Any] = read_text


OPTIONS: Mapping[str, Option] = {
    "--sub-account": Option("SubAccount", "message group, from list_sub_account"),
    "--sub-accounts": Option("SubAccounts", "message groups, separated by commas", read_names),
    "--sub-account-name": Option("SubAccountName", "part of a message group's name"),
    "--signature": Option("Signature", "signature, from list_signature"),
    "--signatures": Option("Signatures", "signatures, separated by commas", read_names),
    "--template-id": Option("TemplateId", "template, from list_sms_template", read_template),
    "--second-template-id": Option("SecondTemplateId", "a template's form for one signature"),
    "--template-param": Option("TemplateParam", "JSON object of strings or numbers", read_template_param),
    "--mobiles": Option("Mobiles", f"up to {MOST_NUMBERS} numbers, separated by commas", read_mobiles),
    "--mobile": Option("Mobile", "one number", read_mobile),
    "--message-id": Option("MessageId", "exact message id"),
    "--channel-type": Option("ChannelType", "CN_OTP, CN_NTC or CN_MKT"),
    "--from-time": Option("FromTime", "start, Unix seconds", read_seconds),
    "--to-time": Option("ToTime", "end, Unix seconds", read_seconds),
    "--start-time": Option("StartTime", "start, Unix seconds", read_seconds),
    "--end-time": Option("EndTime", "end, Unix seconds", read_seconds),
    "--page": Option("Page", "page, from 1", read_between(1, 10**9)),
    "--page-size": Option("PageSize", "items per page, 1 to 100", read_between(1, 100)),
    "--account": Option(None, "accepted for older command lines, and not sent"),
    "--timeout": Option(None, "seconds to connect, and again to answer; default 30", read_timeout),
}
COMMON = ("--account", "--timeout")


class Action(NamedTuple):
    """One call of the API: its name there (none: no call), what it is for, its options, and their defaults.

    `window` names two times of which the first must not be after the second; a GET takes only signed requests.
    """

    api: str
    help: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    defaults: Mapping[str, str] = {}
    window: tuple[str, ...] = ()
    sends: bool = False
    method: str = "POST"

    @property
    def flags(self) -> tuple[str, ...]:
        """Every option it takes."""
        return (*self.required, *self.optional, *self.defaults, *COMMON)


def paged(size: int) -> Mapping[str, str]:
    """The defaults of a paged list."""
    return {"--page": "1", "--page-size": str(size)}


ACTIONS: Mapping[str, Action] = {
    "send_sms": Action(
        "SendSmsForAgent",
        "send one text to some numbers",
        ("--sub-account", "--signature", "--template-id", "--mobiles"),
        ("--template-param",),
        sends=True,
    ),
    "list_sub_account": Action("ListSubAccountForAgent", "list message groups", (), ("--sub-account-name",)),
    "list_signature": Action(
        "ListSignatureForAgent", "list signatures", (), ("--signature", "--sub-accounts"), paged(20)
    ),
    "list_sms_template": Action(
        "ListSmsTemplateForAgent", "list templates", (), ("--template-id", "--signatures", "--sub-accounts"), paged(20)
    ),
    "list_sms_send_log": Action(
        "ListSmsSendLogForAgent",
        "list messages and their receipts",
        ("--sub-account",),
        ("--from-time", "--to-time", "--mobile", "--template-id", "--signature", "--message-id"),
        paged(100),
        window=("--from-time", "--to-time"),
    ),
    "list_total_send_count_stat": Action(
        "ListTotalSendCountStatForAgent",
        "count messages and receipts",
        ("--start-time", "--end-time"),
        ("--sub-account", "--channel-type", "--signature", "--template-id"),
        window=("--start-time", "--end-time"),
    ),
    "list_second_template": Action(
        "ListSecondTemplate",
        "show a template's text, with VOLCENGINE_ACCESS_KEY and VOLCENGINE_SECRET_KEY only",
        ("--template-id",),
        ("--signatures", "--second-template-id"),
        method="GET",
    ),
    "show_account": Action("", "show which credentials would be used, without the secret; calls nothing"),
}


def write_help() -> str:
    """The whole help: actions, options, environment, codes, exit codes."""
    lines = ["usage: volc_sms.py ACTION [--option VALUE ...] [-]"]
    for name, action in ACTIONS.items():
        lines += ["", f"{name}: {action.help}"]
        for flag in action.flags[: -len(COMMON)]:
            default = f", default {action.defaults[flag]}" if flag in action.defaults else ""
            needs = ", required" if flag in action.required else default
            lines.append(f"  {flag:22}{OPTIONS[flag].help}{needs}")
    lines += ["", "every action:", *(f"  {flag:22}{OPTIONS[flag].help}" for flag in COMMON), "", HELP]
    lines += ["", "Codes on stderr:", *(f"  {code:16} {ending.meaning}" for code, ending in ENDINGS.items())]
    return "\n".join([*lines, *(__doc__ or "").splitlines()[1:]])


HELP = f"""A single - stands for more words of the command line, read from stdin as a JSON array of strings: other users
of this machine can read a command line, but not a pipe. So codes and numbers can be handed over:
  echo '["--mobiles=13…","--template-param={{\\"code\\":\\"…\\"}}"]' | volc_sms.py send_sms --sub-account … -

Options may stand before the action and be shortened; the last of a repeated one wins; an empty one counts as absent.

Credentials, the first pair that is complete, never on the command line:
  ARK_SKILL_API_KEY and ARK_SKILL_API_BASE from the environment, then from {ENV_FILE};
  VOLCENGINE_ACCESS_KEY and VOLCENGINE_SECRET_KEY [and VOLCENGINE_SESSION_TOKEN], or the same names with VOLC_,
  from the environment, then from {ENV_FILE}, for {ENDPOINT} or what
  VOLCENGINE_SMS_ENDPOINT (older: VOLC_SMS_ENDPOINT) names.
Servers are reached through HTTPS_PROXY and HTTP_PROXY if these are set; NO_PROXY names exceptions. A proxy can read
what goes to a plain http server. REQUESTS_CA_BUNDLE or SSL_CERT_FILE name certificates to trust.
Where smswrap is set up beside this file, or in the Python that runs it, a send goes through its journal: it stands
in `smswrap history`, and after an unknown outcome the same line is refused (exit 10) until that is settled.
With SMSWRAP_SANDBOX=1 nothing leaves for any of these: everything goes to the sandbox of smswrap."""


def read_stdin_words() -> list[str]:
    """The words that stand for a - on the command line."""
    try:
        words = json.loads(sys.stdin.buffer.read(MEGABYTE + 1)) if sys.stdin else None
    except (ValueError, RecursionError, OSError):
        words = None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise CallError("arguments", "- needs a JSON array of strings on stdin, of at most 1 MB")
    return words


def find_flag(word: str) -> str:
    """The option that the word names, whole or shortened. A key on the command line is refused."""
    if word in SECRET_FLAGS:
        reason = "everyone on this machine can read a command line"
        raise CallError("secret-argument", f"{word} is refused, for {reason}")
    meant = [word] if word in OPTIONS else [flag for flag in OPTIONS if len(word) > len("--") and flag.startswith(word)]
    if len(meant) == 1:
        return meant[0]
    name = word if re.fullmatch("--?[a-z-]{1,30}", word) else "an argument"
    reason = f"may be {' or '.join(meant)}" if meant else "is not an option"
    raise CallError("arguments", f"{name} {reason}")


def parse_words(words: Sequence[str]) -> tuple[str, dict[str, str]]:
    """The action's word, and flag -> text. Messages repeat no text: one in the wrong place may be a key."""
    rest, name, given = list(words), "", {}
    while rest:
        word = rest.pop(0)
        if word in {"-h", "--help"}:
            return "help", {}
        if word == "-":
            rest[:0] = read_stdin_words()
        elif not word.startswith("-"):
            if name:
                raise CallError("arguments", "an argument is not an option")
            name = word
        else:
            flag, equals, text = word.partition("=")
            flag = find_flag(flag)
            if not equals and (not rest or rest[0].startswith("--")):
                raise CallError("arguments", f"{flag} needs a value")
            given[flag] = text if equals else rest.pop(0)
    return name, {flag: text for flag, text in given.items() if text.strip()}


def read_body(action: Action, given: Mapping[str, str]) -> dict[str, Any]:
    """The request's fields, and what is not sent under its flag; or one failure that names every problem."""
    texts = {"--timeout": "30", **action.defaults, **{flag: given[flag] for flag in given if flag in action.flags}}
    problems: list[object] = [f"{flag} is required" for flag in action.required if flag not in texts]
    code = "arguments"
    body: dict[str, Any] = {}
    for flag, text in texts.items():
        try:
            body[OPTIONS[flag].field or flag] = OPTIONS[flag].read(text)
        except OptionError as problem:
            problems.append(f"{flag} {problem}")
            code = "sample-number" if isinstance(problem, SampleNumberError) else code
    times = [body[OPTIONS[flag].field or ""] for flag in action.window if OPTIONS[flag].field in body]
    if times != sorted(times):
        problems.append(f"{action.window[0]} must not be after {action.window[1]}")
    if problems:
        raise CallError(code, "; ".join(map(str, problems)))
    return body


def parse_command(words: Sequence[str], run: Run) -> "tuple[Action | None, dict[str, Any], float]":
    """The action (none: help), its request and the timeout in seconds."""
    name, given = parse_words(words)
    if name == "help":
        return None, {}, 0
    action = ACTIONS.get(name.replace("-", "_"))
    if not action:
        raise CallError("arguments", f"the first argument names the action: {', '.join(ACTIONS)}")
    run.sends = action.sends
    for flag in given.keys() - action.flags:
        run.say("note[ignored]", f"{flag} is an option of other actions and is not used")
    body = read_body(action, given)
    body.pop("--account", None)
    for flag in given.keys() & {"--mobiles", "--mobile"} & set(action.flags):
        tell_numbers(run, read_names(given[flag]))
    run.private = set(filter(None, json.loads(body.get("TemplateParam", "{}")).values()))
    return action, body, body.pop("--timeout")


def tell_numbers(run: Run, texts: Sequence[str]) -> None:
    """Say which recipients are named more than once, and so are sent to once, and which were taken for ones abroad."""
    numbers = [read_mobile(text) for text in texts]
    repeated = [number for number, count in Counter(numbers).items() if count > 1]
    bare = [read_mobile(text) for text in texts if join_digits(narrow(text))[0].isdigit()]
    for code, found, what in (
        ("repeated", repeated, "is given more than once and is sent to once"),
        ("plus-added", [number for number in bare if number[0] == "+"], "had no + in front: read as abroad"),
    ):
        if found:
            masked = ", ".join(map(mask_number, dict.fromkeys(found)))[:LONGEST_QUOTE]
            run.say(f"note[{code}]", f"{masked} {what}")


class Server(NamedTuple):
    """Where requests go. `netloc` is host[:port] as the Host header says it; `query` is what the base brought."""

    secure: bool
    host: str
    port: int
    netloc: str
    path: str
    query: str


class Keys(NamedTuple):
    """An access key, its secret and perhaps a session token for the signed API; `access` is empty for a Bearer key."""

    access: str
    secret: str
    token: str = ""


def authorize(keys: Keys, server: Server, method: str, query: str, body: bytes) -> dict[str, str]:
    """The headers that say who asks."""
    if keys.access:
        from datetime import datetime, timezone

        return sign(keys, server, query, body, datetime.now(timezone.utc), method)
    if method == "GET":
        raise CallError(
            "needs-signed", "a Bearer key (ARK_SKILL_API_KEY) cannot ask for a template's text, a key pair can"
        )
    return {"ServiceName": SERVICE, "Authorization": f"Bearer {keys.secret}"}


def sign(  # noqa: PLR0913, PLR0917  the parts of a request
    keys: Keys, server: Server, query: str, body: bytes, now: "datetime", method: str = "POST"
) -> dict[str, str]:
    """The headers of a request with Volcengine's V4 signature; `query` is the encoded query string."""
    import hashlib
    import hmac

    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    added = {"X-Content-Sha256": digest, "X-Date": stamp}
    added |= {"X-Security-Token": keys.token} if keys.token else {}
    headers = {"host": server.netloc, **({"content-type": CONTENT_TYPE} if method == "POST" else {})}
    headers |= {name.lower(): value for name, value in added.items()}
    names = ";".join(sorted(headers))
    pairs = sorted((encode(name), encode(value)) for name, value in parse_qsl(query, keep_blank_values=True))
    canonical_query = "&".join(f"{name}={value}" for name, value in pairs)
    lines = [f"{name}:{headers[name].strip()}" for name in sorted(headers)]
    canonical = "\n".join([method, quote(server.path, safe="/-_.~%"), canonical_query, *lines, "", names, digest])
    scope = f"{stamp[:8]}/{REGION}/{SERVICE}/request"
    to_sign = "\n".join(["HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = keys.secret.encode()
    for part in (*scope.split("/"), to_sign):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    credential = f"Credential={keys.access}/{scope}, SignedHeaders={names}, Signature={key.hex()}"
    return {**added, "Authorization": f"HMAC-SHA256 {credential}"}


def encode(text: str) -> str:
    """Percent-encoding as the signature wants it."""
    return quote(text, safe="-_.~")


def read_env_file() -> dict[str, str]:
    """The variables of the skill's env file: parsed, never executed; an absent file has none."""
    try:
        path = Path(ENV_FILE).expanduser()
        raw = path.open("rb").read(MEGABYTE) if path.is_file() else b""
    except (OSError, RuntimeError):  # not readable, or there is no home
        return {}
    found = {}
    for line in raw.decode("utf-8-sig", "replace").splitlines():
        name, equals, value = line.partition("=")
        words = name.split()
        if equals and words and words[:-1] in ([], ["export"]):
            found[words[-1]] = strip_quotes(value.strip())
    return found


def strip_quotes(value: str) -> str:
    """A value of the env file without its quotes, or without a comment behind it."""
    end = value.find(value[0], 1) if value[:1] in {'"', "'"} else -1
    return value[1:end] if end > 0 else re.split(r"(?:^|\s)#", value, maxsplit=1)[0].strip()


def find_account(run: Run) -> tuple[Server, Keys]:
    """Server and keys: the first pair that is complete.

    A pair never mixes two sources, or a key would go to a base that it was not meant for; an endpoint of the
    environment counts for every pair that signs, since whoever names one there means it.
    """
    sources: tuple[Mapping[str, str], ...] = (os.environ, read_env_file())
    for source in sources:
        key, base = (source.get(name, "").strip() for name in ("ARK_SKILL_API_KEY", "ARK_SKILL_API_BASE"))
        run.hide(key)
        if bool(key) != bool(base):
            missing = f"ARK_SKILL_API_{'BASE' if key else 'KEY'}"
            run.say("warning[half-pair]", f"{missing} is missing beside its pair, which is not used")
        if key and base:
            return parse_base("ARK_SKILL_API_BASE", base, run), Keys("", check_header("ARK_SKILL_API_KEY", key))
    for source in sources:
        for prefix in ("VOLCENGINE", "VOLC"):
            keys = read_keys(prefix, source, run)
            if keys.access and keys.secret:
                return parse_base("VOLCENGINE_SMS_ENDPOINT", find_endpoint(os.environ, source), run), keys
    raise CallError("no-credentials", "no complete credentials were found")


def read_keys(prefix: str, source: Mapping[str, str], run: Run) -> Keys:
    """The keys of this prefix, as far as they are there."""
    names = [f"{prefix}_{part}" for part in ("ACCESS_KEY", "SECRET_KEY", "SESSION_TOKEN")]
    keys = Keys(*(check_header(name, source.get(name, "").strip()) for name in names))
    run.hide(*keys)
    return keys


def find_endpoint(*sources: Mapping[str, str]) -> str:
    """The base of the signed API."""
    names = ("VOLCENGINE_SMS_ENDPOINT", "VOLC_SMS_ENDPOINT")
    named = (source.get(name, "").strip() for source in sources for name in names)
    return next(filter(None, named), ENDPOINT)


def check_header(name: str, value: str) -> str:
    """The value, if a header can carry it: http.client would repeat a wrong one in its error."""
    if not re.fullmatch("[!-~]*", value):
        raise CallError("bad-credentials", f"{name} holds a space, a control character or a letter outside ASCII")
    return value


def parse_base(name: str, text: str, run: Run) -> Server:
    """The server of an http(s) URL; its path and query are kept, a user or password is refused."""
    try:
        parts = urlsplit(check_header(name, text.strip()))
        usual = {"https": 443, "http": 80}[parts.scheme]
        port = parts.port or usual
        host = parts.hostname or ""
    except (ValueError, KeyError):
        parts, port, host = SplitResult("", "", "", "", ""), 0, ""
    run.hide(parts.password, unquote(parts.password or ""))
    run.hide(*(value for key, value in parse_qsl(parts.query) if SECRET_PARAMETER.search(key)))
    if not host or parts.username is not None:
        raise CallError("bad-credentials", f"{name} must be http(s)://host[:port][/path][?query], without a user")
    if parts.scheme == "http" and not is_loopback(host):
        who = "everyone on the way can read the credentials and the messages"
        run.say("warning[plain-http]", f"{name} is plain http: {who}")
    return Server(parts.scheme == "https", host, port, parts.netloc, parts.path.rstrip("/") or "/", parts.query)


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def in_sandbox() -> bool:
    """Whether nothing may leave for a real account."""
    return os.environ.get("SMSWRAP_SANDBOX", "").strip().lower() not in NO


def enter_sandbox(run: Run, stack: contextlib.ExitStack) -> tuple[Server, Keys]:
    """The sandbox's gateway: the one that smswrap has started and named to us, else one for as long as we run."""
    run.say("note[sandbox]", "this is the sandbox; nothing real is sent")
    names = ("SMSWRAP_SANDBOX_BASE", "SMSWRAP_SANDBOX_KEY")
    named = all(os.environ.get(name) for name in names)
    base, key = (os.environ[name] for name in names) if named else start_gateway(stack)
    run.hide(key)
    server = parse_base(names[0], base, run)
    if not is_loopback(server.host):
        raise CallError("sandbox", f"{names[0]} is not on this machine, so nothing is sent there")
    return server, Keys(SANDBOX_ACCESS_KEY, check_header(names[1], key))


def find_package() -> list[str]:
    """The folder that smswrap lies in: a checkout has us in scripts/, a wheel in smswrap. Nobody else's is taken."""
    here = Path(__file__).resolve()
    root = here.parents[3 if here.parts[-4:-1] == ("smswrap", "providers", "volcengine") else 1]
    package = root / "smswrap" / "sandbox"
    return [str(root)] if package.is_dir() and package.stat().st_uid == here.stat().st_uid else []


def start_gateway(stack: contextlib.ExitStack) -> tuple[str, str]:
    """Start the gateway as smswrap does, which is beside us or importable: its base and key."""
    try:
        sys.path += find_package()
        from smswrap.providers.volcengine.gateway import standing_in
        from smswrap.sandbox import Sandbox

        sandbox = Sandbox()
        sandbox.prepare()
        variables = stack.enter_context(standing_in(sandbox.environment(os.environ)))
    except Exception as error:
        why = f"SMSWRAP_SANDBOX is set, and the sandbox of smswrap cannot be started here ({type(error).__name__})"
        raise CallError("sandbox", f"{why}; nothing is sent") from error
    return variables["SMSWRAP_SANDBOX_BASE"], variables["SMSWRAP_SANDBOX_KEY"]


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise TimeoutError inside when the time is over; a socket's own timeout starts anew with every byte."""

    def expire(_signum: int, _frame: object) -> NoReturn:
        raise TimeoutError(f"no answer in {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, expire)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def find_proxy(server: Server, run: Run) -> "SplitResult | None":
    """HTTPS_PROXY or HTTP_PROXY, unless NO_PROXY excepts the server; the sandbox is reached without."""
    if in_sandbox() or not any(name.lower().endswith("_proxy") for name in os.environ):
        return None
    from urllib.request import getproxies_environment, proxy_bypass

    text = getproxies_environment().get("https" if server.secure else "http")
    if not text or proxy_bypass(server.host):
        return None
    try:
        proxy = urlsplit(text if "://" in text else f"http://{text}")
        usable = proxy.scheme == "http" and bool(proxy.hostname) and proxy.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise CallError("proxy", f"{'HTTPS' if server.secure else 'HTTP'}_PROXY must be http://host:port")
    run.hide(proxy.password, unquote(proxy.password or ""))
    return proxy


class Route(NamedTuple):
    """A connection, and what a proxy on the way wants to see in front of the path and among the headers."""

    connection: "http.client.HTTPConnection"
    prefix: str = ""
    headers: Mapping[str, str] = {}


def load_http(*, secure: bool) -> Any:
    """The package with http.client; where no TLS is spoken without ssl, which takes a sixth of a call to load."""
    alone = __name__ == "__main__" and not secure and "ssl" not in sys.modules
    if alone:
        sys.modules["ssl"] = None  # type: ignore[assignment]  # "not to be had": http.client can do without
    try:
        import http.client
    finally:
        if alone:
            del sys.modules["ssl"]
    return http


def find_route(server: Server, timeout: float, run: Run) -> Route:
    """The way to the server; TLS is verified, and tunnels through a proxy that then sees no key."""
    http = load_http(secure=server.secure)
    proxy = find_proxy(server, run)
    host, port = (proxy.hostname or "", proxy.port or 80) if proxy else (server.host, server.port)
    login = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}" if proxy and proxy.username else ""
    coded = b2a_base64(login.encode(), newline=False).decode()
    run.hide(coded)
    headers = {"Proxy-Authorization": f"Basic {coded}"} if login else {}
    if not server.secure:
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
        return Route(connection, f"http://{server.netloc}" if proxy else "", headers)
    secured = http.client.HTTPSConnection(host, port, timeout=timeout, context=make_context())
    if proxy:
        secured.set_tunnel(server.host, server.port, headers)
    return Route(secured)


def make_context() -> "ssl.SSLContext":
    """Whom to trust: REQUESTS_CA_BUNDLE, as the script's ancestors did; else SSL_CERT_FILE and the system."""
    import ssl

    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    try:
        if bundle and Path(bundle).is_dir():
            return ssl.create_default_context(capath=bundle)
        return ssl.create_default_context(cafile=bundle or None)
    except OSError:
        raise CallError("ca-bundle", "REQUESTS_CA_BUNDLE names no file of certificates") from None


class Answer(NamedTuple):
    """What came back: HTTP status, the gateway's id of the request, and the body, cut off a byte after `most`."""

    status: int
    request_id: str
    raw: bytes
    most: int


def make_query(server: Server, action: Action, body: Mapping[str, Any]) -> str:
    """The encoded query string; a GET has its fields there, in lower camel case."""
    fields = body if action.method == "GET" else {}
    texts = {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in fields.items()}
    pairs = [f"{name[0].lower()}{name[1:]}={encode(text)}" for name, text in texts.items()]
    return "&".join(filter(None, [server.query, f"Action={action.api}&Version={VERSION}", *pairs]))


def exchange(  # noqa: PLR0913, PLR0917  who asks whom for what
    run: Run, action: Action, body: Mapping[str, Any], timeout: float, server: Server, keys: Keys
) -> Answer:
    """One request and its reply. Nothing is repeated and no redirect is followed."""
    http = load_http(secure=server.secure)
    payload = json.dumps(body, ensure_ascii=False).encode() if action.method == "POST" else b""
    query = make_query(server, action, body)
    headers = {"Host": server.netloc, "User-Agent": f"volc_sms/{VERSION}"}
    headers |= {"Content-Type": CONTENT_TYPE} if payload else {}
    headers |= authorize(keys, server, action.method, query, payload)
    connection, prefix, more = find_route(server, timeout, run)
    most = MOST_SENT_BACK if run.sends else MOST_LISTED
    try:
        with deadline(timeout):
            connection.connect()
    except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: no such host name
        what = f"{server.host} was not reached, so it was asked nothing ({run.quote(error)})"
        raise CallError("unreachable", what) from error
    run.written = True  # even a request that breaks off may have arrived whole: its last bytes are on the way
    try:
        with deadline(timeout):
            connection.request(action.method, f"{prefix}{server.path}?{query}", payload or None, {**headers, **more})
            response = connection.getresponse()
            return Answer(response.status, response.getheader("x-request-id", ""), response.read(most + 1), most)
    except (OSError, http.client.HTTPException) as error:
        reason = run.quote(error) or type(error).__name__
        code = "timeout" if isinstance(error, (TimeoutError, socket.timeout)) else "lost"  # two until 3.10
        raise CallError(code, f"the answer was lost after the request was written ({reason})") from error
    finally:
        connection.close()


def judge(run: Run, answer: Answer) -> dict[str, Any]:
    """The reply, if it says that the call was done; else the failure that it means."""
    reply = read_json(answer)
    found = reply if isinstance(reply, dict) else {}
    metadata = found.get("ResponseMetadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    failed = metadata.get("Error") or not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES
    if run.sends and failed and find_message_ids(found):
        raise CallError("two-things", "the reply has both an error and a message id", reply)
    if failed:
        raise explain(run, answer, metadata, reply)
    if len(answer.raw) > answer.most:
        raise CallError("too-large", f"the reply is larger than {answer.most // MEGABYTE} MB and was not read")
    if not metadata and not found.get("Result"):
        size = f"{len(answer.raw)} bytes"
        raise CallError("unreadable", f"the reply of HTTP {answer.status} is not the API's JSON ({size})", reply)
    if run.sends and not find_message_ids(found):
        raise CallError("no-message-id", "the reply has neither an error nor a message id", reply)
    return found


def explain(run: Run, answer: Answer, metadata: Mapping[str, Any], reply: object) -> CallError:
    """The failure that an HTTP status or the reply's error means."""
    from http.client import responses

    error = metadata.get("Error")
    error = error if isinstance(error, dict) else {"Message": error} if error else {}
    code = str(run.clean(error.get("Code") or error.get("CodeN") or ""))
    end, meaning = find_end(answer.status, code)
    said = error.get("Message") or ("" if metadata else answer.raw[:4096].decode("utf-8", "replace").strip())
    words = [f"HTTP {answer.status}", as_word(code), "" if code else responses.get(answer.status, "")]
    what = " ".join(filter(None, words)) + (f": {run.quote(said).strip().rstrip('.')}" if said else "")
    request_id = as_word(run.clean(metadata.get("RequestId") or answer.request_id))
    what += f" (RequestId {request_id})" if request_id else ""
    what = f"{meaning}: {what}" if meaning else what
    return CallError("provider" if error else f"http-{answer.status}", what, reply, end)


def as_word(text: object) -> str:
    """A foreign identifier, fit for a message."""
    return re.sub("[^0-9A-Za-z:._-]", "", str(text))[:64]


def find_end(status: int, code: str) -> tuple[Exit, str]:
    """How a reply that is a failure ends the command, and what it means."""
    end, meaning = CODES.get(code, (None, ""))
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Exit.UNKNOWN, "a redirect is not followed"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in OPEN_STATUSES:
        return Exit.UNKNOWN, meaning  # also what a gateway says that lost the answer behind it
    otherwise = Exit.REFUSED if code or status >= HTTPStatus.BAD_REQUEST else Exit.UNKNOWN
    return end or STATUSES.get(status, otherwise), meaning


def read_json(answer: Answer) -> object:
    """The JSON value, or None if it is none, says a thing twice, or is too long or too deep to be shown."""
    try:
        value = json.loads(answer.raw, object_pairs_hook=once) if len(answer.raw) <= answer.most else None
    except (ValueError, RecursionError):
        return None
    level = [value]
    for _ in range(MOST_DEPTH):
        insides = [
            item.values() if isinstance(item, dict) else item for item in level if isinstance(item, (dict, list))
        ]
        level = [item for inside in insides for item in inside]
    return None if level else value


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these names; what stands twice in it would be read as whichever stands last."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


def find_message_ids(reply: Mapping[str, Any]) -> list[Any]:
    """The messages that the reply names: MessageId in the SDK, MessageIds in older documentation."""
    result = reply.get("Result")
    told: dict[str, Any] = result if isinstance(result, dict) else {}
    found: object = next((told[name] for name in ("MessageId", "MessageIds", "MessageID") if told.get(name)), [])
    return [one for one in found if one] if isinstance(found, list) else [found]


def has_hall() -> bool:
    """Whether the Python that runs us has smswrap.

    smswrap itself runs us without installed packages (-S): its send is in the hall already.
    """
    beside = str(Path(__file__).resolve().parent)  # is no place for packages, whatever lies there
    sys.path[:] = [folder for folder in sys.path if os.path.realpath(folder) != beside]
    from importlib.util import find_spec

    spec = None if sys.flags.no_site else find_spec("smswrap")
    return spec is not None and spec.origin is not None


def move_to_clone(argv: Sequence[str]) -> None:
    """Start anew with the private Python of the clone that we lie in, where that is set up and ours has no smswrap."""
    here = Path(__file__).resolve()
    made, setup = here.parents[1] / ".venv" / ".smswrap", here.with_name("setup.sh")
    if sys.flags.no_site or has_hall() or not made.is_file() or not setup.is_file():
        return
    if IN_CLONE in sys._xoptions:  # noqa: SLF001  documented as such
        raise CallError("hall", f"the environment in {made.parent} has no smswrap; remove it, so that it is made anew")
    start = f'here=$1; shift; . "$here/setup.sh"; set_up run; exec "$python" -I -X utf8 -X {IN_CLONE} "$@"'
    os.execv("/bin/sh", ["sh", "-c", start, "sh", str(here.parent), str(here), *argv])  # noqa: S606  it is one


def send_in_hall(body: Mapping[str, Any], timeout: float) -> "int | None":
    """The exit code of a send that smswrap made, in its journal; None where smswrap is not set up here."""
    if not has_hall():
        return None
    try:
        from smswrap.compat import send_sms
    except Exception as error:
        raise CallError("hall", f"smswrap is installed here and cannot be used ({type(error).__name__})") from error
    set_signals(signal.SIG_DFL)  # until smswrap takes them: it knows whether anything was sent, we do not
    done: int = send_sms(body, timeout, sandbox=in_sandbox())
    set_signals(signal.SIG_IGN)
    return done


def perform(argv: Sequence[str], run: Run) -> int:
    """Carry out one command line; the result is on stdout."""
    if {"send_sms", "send-sms", "-"} & set(argv):
        move_to_clone(argv)
    action, body, timeout = parse_command(argv, run)
    if action is None:
        with contextlib.suppress(BrokenPipeError):
            print(write_help(), flush=True)
        return Exit.OK
    done = send_in_hall(body, timeout) if action.sends else None
    if done is not None:
        return done
    with contextlib.ExitStack() as stack:
        server, keys = enter_sandbox(run, stack) if in_sandbox() else find_account(run)
        if not action.api:
            show(run, describe_account(server, keys))
            return Exit.OK
        reply = judge(run, exchange(run, action, body, timeout, server, keys))
        show(run, reply)
        tell_more(run, body, reply)
    return Exit.OK


def describe_account(server: Server, keys: Keys) -> dict[str, "str | None"]:
    """Who would ask whom: {mode, key_end, base}; the end of the key only where it is a small part of it."""
    key = keys.access or keys.secret
    scheme = "https" if server.secure else "http"
    return {
        "mode": "signed" if keys.access else "bearer",
        "key_end": key[-4:] if len(key) >= LEAST_SECRET else None,
        "base": f"{scheme}://{server.netloc}{server.path.rstrip('/')}",
    }


def show(run: Run, reply: Mapping[str, Any]) -> None:
    """Write the reply of a call that was done; a reader who went away is no failure of a read."""
    try:
        run.print_reply(reply)
    except OSError as error:
        if isinstance(error, BrokenPipeError) and not run.sends:
            return
        ids = ", ".join(map(as_word, find_message_ids(reply)))[:LONGEST_QUOTE]
        known = f" (accepted, MessageId {ids})" if ids else ""
        raise CallError("not-shown", f"the reply could not be written to stdout{known}") from error


def tell_more(run: Run, body: Mapping[str, Any], reply: Mapping[str, Any]) -> None:
    """Say so if a list has more than the page that was asked for."""
    result = reply.get("Result")
    total = result.get("Total") if isinstance(result, dict) else None
    if "Page" in body and isinstance(total, int) and total > body["Page"] * body["PageSize"]:
        page, size = body["Page"], body["PageSize"]
        run.say("note[more]", f"this is page {page}, of {size} each; there are {total} in all: add --page {page + 1}")


def report(run: Run, failure: CallError) -> int:
    """Show a failure: the provider's JSON on stdout, the outcome's line and the next step on stderr."""
    end = failure.exit(sends=run.sends)
    if failure.reply is not None:
        with contextlib.suppress(Exception):
            run.print_reply(failure.reply)
    run.say(f"{WORDS.get(end, 'refused' if run.sends else 'failed')}[{failure.code}]", f"{failure}")
    hint = HINTS.get(failure.code) or HINTS.get(end)
    if hint:
        run.say("hint", hint)
    return end


def run_command(argv: Sequence[str], run: Run) -> int:
    """Carry out one command line and report how it failed: the exit code."""
    try:
        return perform(argv, run)
    except CallError as failure:
        return report(run, failure)
    except Exception as error:  # noqa: BLE001  the last door: its text may hold private values, its type does not
        end = Exit.UNKNOWN if run.sends and run.written else Exit.UNEXPECTED
        return report(run, CallError("internal", f"{type(error).__name__} in the script", end=end))


def set_signals(handler: Any) -> None:
    """Handle INT, TERM and HUP so, except those that our caller told us to ignore (nohup)."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, handler)


def interrupt(signum: int, _frame: object) -> NoReturn:
    """End what runs; a second signal must not cut the report short."""
    set_signals(signal.SIG_IGN)
    raise Interrupted(signum)


def prepare_process() -> None:
    """UTF-8 whatever the locale, with JSON escapes for what UTF-8 cannot hold; no core file with codes and keys."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def close_stdout() -> None:
    """Leave nothing for the interpreter to flush at its end: a closed pipe would change the exit code."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(argv: Sequence[str]) -> int:
    """Run one command line; the exit code."""
    run = Run()
    prepare_process()
    try:
        set_signals(interrupt)
        code = run_command(argv, run)
        set_signals(signal.SIG_IGN)
    except Interrupted as interrupted:
        if run.sends and run.written:
            code = report(run, CallError("signal", f"signal {interrupted.signum} ended the wait for the answer"))
        else:
            run.say("interrupted[signal]", "nothing was sent" if run.sends else "nothing was changed")
            code = 128 + interrupted.signum
    close_stdout()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
