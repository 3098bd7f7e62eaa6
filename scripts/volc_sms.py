#!/usr/bin/env python3
"""Send SMS and read their state through Volcengine's API of 2026-01-01; one file, nothing but Python >= 3.9.

The reply goes to stdout as JSON, everything else to stderr. Exit codes: 0 done, 1 unexpected, 2 usage,
4 credentials missing or refused, 5 refused, 6 try later, 8 outcome unknown (do not send again),
129/130/143 ended by HUP/INT/TERM before anything was sent.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.client
import io
import ipaddress
import json
import os
import re
import signal
import ssl
import sys
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import IntEnum
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

VERSION = "2026-01-01"
SERVICE = "volcSMS"
REGION = "cn-north-1"
ENDPOINT = "https://sms.volcengineapi.com"
CONTENT_TYPE = "application/json"
ENV_FILE = "~/.openclaw/.env"
MOST_NUMBERS = 200
MOST_BYTES = 10 * 1024 * 1024
MOST_SECONDS = 3600
FIRST_MILLISECONDS = 10**11  # as seconds that is the year 5138, as milliseconds 1973
LEAST_PART = 4  # a shorter template value is hidden as a whole word only, or "1" would blot out the message
SECRET_FLAGS = ("--access-key", "--secret-key", "--session-token", "--api-key", "--base")
HOW_TO_LOG_IN = (
    "set ARK_SKILL_API_KEY and ARK_SKILL_API_BASE in the environment, or VOLCENGINE_ACCESS_KEY and "
    "VOLCENGINE_SECRET_KEY"
)


class Exit(IntEnum):
    """Exit codes; 128 + n means ended by signal n."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    CREDENTIALS = 4
    REFUSED = 5
    LATER = 6
    UNKNOWN = 8


NEXT_STEPS: Mapping[int, str] = {
    Exit.USAGE: "Nothing was called; see --help.",
    Exit.CREDENTIALS: "Check the credentials and what they permit, then run the command again.",
    Exit.REFUSED: "Mend the cause, then run the command again.",
    Exit.LATER: "Run the command again later.",
    Exit.UNKNOWN: "Do not send it again: look for it with list_sms_send_log first.",
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
# How an HTTP status ends the command when the reply carries no listed code. 303 answers a request that was carried
# out; the other redirects ask for it elsewhere.
STATUSES: Mapping[int, Exit] = {303: Exit.UNKNOWN, 401: Exit.CREDENTIALS, 403: Exit.CREDENTIALS, 429: Exit.LATER}


class CallError(Exception):
    """A way to end that we expected: exit code, what happened, and the provider's JSON if there was one."""

    def __init__(self, code: Exit, what: str, reply: object = None) -> None:
        super().__init__(what)
        self.code = code
        self.reply = reply


class OptionError(ValueError):
    """What is wrong with an option's value, in words that do not repeat a private value."""


class Interrupted(BaseException):
    """INT, TERM or HUP arrived."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


@dataclass
class Run:
    """What the one error door knows of a call: does it send, has a byte of it left, and what must not be shown."""

    sends: bool = False
    written: bool = False
    secrets: set[str] = field(default_factory=set)
    private: set[str] = field(default_factory=set)

    def hide(self, *secrets: str | None) -> None:
        """Remember secrets, as they are and as they look inside a URL or JSON, to keep them out of all output."""
        for secret in filter(None, secrets):
            self.secrets |= {
                secret,
                *(quote(secret, safe, errors="replace") for safe in ("/", "")),
                json.dumps(secret)[1:-1],
            }

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
        return re.sub(r"[0-9]{7,}", lambda found: mask_number(found[0]), line)[:300]

    def print_reply(self, reply: object) -> None:
        """Write the provider's JSON to stdout, and be sure that it arrived there."""
        print(json.dumps(self.clean(reply), indent=2, ensure_ascii=False), flush=True)

    def say(self, word: str, what: str) -> None:
        """Write one line to stderr; a closed stderr changes nothing."""
        with contextlib.suppress(OSError, ValueError):
            print(f"volc_sms: {word}: {replace_all(what, self.secrets)}", file=sys.stderr, flush=True)


def replace_all(text: str, secrets: set[str]) -> str:
    """The text with every secret as ***, the longest first, for one may be part of another."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def mask_number(number: str) -> str:
    """138****8000."""
    return f"{number[:3]}****{number[-4:]}" if len(number) > len("138****8000") - 1 else "****"


def read_text(values: Sequence[str]) -> str:
    """A single non-empty text that can be sent as UTF-8."""
    if len(values) > 1:
        raise OptionError("is given more than once")
    text = values[0].strip()
    if not text or not text.isprintable():  # surrogates of a broken UTF-8 argument are not printable either
        raise OptionError("is empty, or holds control characters or broken UTF-8")
    return text


def read_names(values: Sequence[str]) -> list[str]:
    """Comma-separated values, of one option or several."""
    return [read_text([name]) for value in values for name in value.split(",")]


def read_mobile(values: Sequence[str]) -> str:
    """A mainland number (11 digits, or with +86) or an international one in E.164."""
    number = read_text(values)
    if not re.fullmatch(r"(\+86)?1[3-9][0-9]{9}|\+(?!86)[1-9][0-9]{6,14}", number):
        raise OptionError(f"holds {mask_number(number)}: a number has 11 digits, or starts with + and the country code")
    return number


def read_mobiles(values: Sequence[str]) -> str:
    """Up to 200 different numbers, as the comma-separated text that the API takes."""
    numbers = [read_mobile([number]) for number in read_names(values)]
    if len(numbers) > MOST_NUMBERS:
        raise OptionError(f"holds {len(numbers)} numbers; one request takes at most {MOST_NUMBERS}")
    bare = [number.removeprefix("+86") for number in numbers]
    twice = sorted({mask_number(number) for number in bare if bare.count(number) > 1})
    if twice:
        raise OptionError(f"holds a number twice: {', '.join(twice)}")
    return ",".join(numbers)


def read_template_param(values: Sequence[str]) -> str:
    """The text of a JSON object whose values are strings; messages name its keys, never its values."""
    if len(values) > 1:
        raise OptionError("is given more than once")
    try:
        pairs = json.loads(values[0], object_pairs_hook=list)
        values[0].encode()
    except (ValueError, RecursionError):
        raise OptionError('is not JSON; it looks like {"code":"123456"}') from None
    if not values[0].lstrip().startswith("{"):
        raise OptionError("is not a JSON object")
    wrong = [key for key, value in pairs if not isinstance(value, str)]
    if wrong:
        raise OptionError(f"has values that are no strings; put double quotes around them: {', '.join(wrong)}")
    if len(dict(pairs)) < len(pairs):
        raise OptionError("has the same key twice")
    return values[0]


def read_integer(values: Sequence[str]) -> int:
    """A whole number of at most 18 digits."""
    text = read_text(values)
    if not re.fullmatch("-?[0-9]{1,18}", text):
        raise OptionError("is not a whole number")
    return int(text)


def read_seconds(values: Sequence[str]) -> int:
    """A Unix time in seconds; the API answers in milliseconds, so that is what people paste."""
    number = read_integer(values)
    if number >= FIRST_MILLISECONDS:
        raise OptionError(f"is in milliseconds; in seconds it is {number // 1000}")
    if number < 0:
        raise OptionError("is before 1970")
    return number


def read_timeout(values: Sequence[str]) -> float:
    """Seconds, more than 0 and at most an hour."""
    text = read_text(values)
    if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,3})?", text) or not 0 < float(text) <= MOST_SECONDS:
        raise OptionError(f"is not a number of seconds between 0 and {MOST_SECONDS}")
    return float(text)


def read_between(least: int, most: int) -> Callable[[Sequence[str]], int]:
    """A reader of whole numbers within bounds."""

    def read(values: Sequence[str]) -> int:
        number = read_integer(values)
        if not least <= number <= most:
            raise OptionError(f"is {number}; it may be {least} to {most}")
        return number

    return read


@dataclass(frozen=True)
class Option:
    """One option: the request's field (none: accepted and not sent), its help, and who reads its values."""

    field: str | None
    help: str
    read: Callable[[Sequence[str]], Any] = read_text


OPTIONS: Mapping[str, Option] = {
    "--sub-account": Option("SubAccount", "message group, from list_sub_account"),
    "--sub-accounts": Option("SubAccounts", "message groups, separated by commas", read_names),
    "--sub-account-name": Option("SubAccountName", "part of a message group's name"),
    "--signature": Option("Signature", "signature, from list_signature"),
    "--signatures": Option("Signatures", "signatures, separated by commas", read_names),
    "--template-id": Option("TemplateId", "template, from list_sms_template"),
    "--template-param": Option("TemplateParam", "JSON object of strings", read_template_param),
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


@dataclass(frozen=True)
class Action:
    """One call of the API: its name there, what it is for, its options, and their defaults."""

    api: str
    help: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    defaults: Mapping[str, str] = field(default_factory=dict)
    window: tuple[str, ...] = ()
    sends: bool = False

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
        ("--sub-account", "--from-time", "--to-time"),
        ("--mobile", "--template-id", "--signature", "--message-id"),
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
}


def write_help() -> str:
    """The whole help: actions, options, environment, exit codes."""
    lines = ["usage: volc_sms.py ACTION [--option VALUE ...]"]
    for name, action in ACTIONS.items():
        lines += ["", f"{name}: {action.help}"]
        for flag in action.flags[: -len(COMMON)]:
            default = f", default {action.defaults[flag]}" if flag in action.defaults else ""
            needs = ", required" if flag in action.required else default
            lines.append(f"  {flag:20}{OPTIONS[flag].help}{needs}")
    lines += ["", "every action:", *(f"  {flag:20}{OPTIONS[flag].help}" for flag in COMMON), "", HELP_ON_ENVIRONMENT]
    return "\n".join([*lines, *(__doc__ or "").splitlines()[1:]])


HELP_ON_ENVIRONMENT = f"""Credentials, the first pair that is complete, never on the command line:
  ARK_SKILL_API_KEY and ARK_SKILL_API_BASE from the environment, then from {ENV_FILE};
  VOLCENGINE_ACCESS_KEY and VOLCENGINE_SECRET_KEY [and VOLCENGINE_SESSION_TOKEN] from the environment,
  for {ENDPOINT} or what VOLC_SMS_ENDPOINT names.
An https server is reached through HTTPS_PROXY if that is set (NO_PROXY names exceptions): it passes on what it cannot
read. A plain http server is never reached through a proxy, for that could read the key."""


def parse_options(action: Action, words: Sequence[str]) -> dict[str, list[str]]:
    """Flag -> the texts given for it. Messages repeat no text: one in the wrong place may be a key."""
    given: dict[str, list[str]] = {}
    rest = iter(words)
    for word in rest:
        flag, equals, value = word.partition("=")
        if flag not in action.flags:
            name = flag if re.fullmatch("--?[a-z-]{1,30}", flag) else "an argument"
            raise CallError(Exit.USAGE, f"{name} is not an option of this action")
        text = value if equals else next(rest, "--")
        if not equals and text.startswith("--"):
            raise CallError(Exit.USAGE, f"{flag} needs a value")
        given.setdefault(flag, []).append(text)
    return given


def read_body(action: Action, given: Mapping[str, list[str]]) -> dict[str, Any]:
    """The request's fields, and what is not sent under its flag; or one failure that names every problem."""
    texts = {"--timeout": ["30"], **{flag: [text] for flag, text in action.defaults.items()}, **given}
    problems = [f"{flag} is required" for flag in action.required if flag not in texts]
    body: dict[str, Any] = {}
    for flag, values in texts.items():
        try:
            body[OPTIONS[flag].field or flag] = OPTIONS[flag].read(values)
        except OptionError as problem:
            problems.append(f"{flag} {problem}")
    times = [body.get(OPTIONS[flag].field or "", 0) for flag in action.window]
    if not problems and times != sorted(set(times)):
        problems.append(f"{action.window[0]} must be before {action.window[1]}")
    if problems:
        raise CallError(Exit.USAGE, "; ".join(problems))
    return body


def parse_command(words: Sequence[str], run: Run) -> tuple[Action, dict[str, Any], float]:
    """The action, its request and the timeout in seconds."""
    secret = next((flag for flag in SECRET_FLAGS if flag in [word.partition("=")[0] for word in words]), None)
    if secret:
        reason = "everyone on this machine can read a command line"
        raise CallError(Exit.USAGE, f"{secret} is refused, for {reason}; {HOW_TO_LOG_IN}")
    action = ACTIONS.get(words[0].replace("-", "_")) if words else None
    if not action:
        raise CallError(Exit.USAGE, f"the first argument names the action: {', '.join(ACTIONS)}")
    run.sends = action.sends
    body = read_body(action, parse_options(action, words[1:]))
    body.pop("--account", None)
    values = json.loads(body.get("TemplateParam", "{}")).values()
    run.private = set(filter(None, values))
    return action, body, body.pop("--timeout")


class Server(NamedTuple):
    """Where requests go. `netloc` is host[:port] as the Host header says it; `query` is what the base brought."""

    secure: bool
    host: str
    port: int
    netloc: str
    path: str
    query: str


class KeyPair(NamedTuple):
    """Access key, secret key and perhaps a session token, for the signed API."""

    access: str
    secret: str
    token: str


def sign(keys: KeyPair, server: Server, query: str, body: bytes, now: datetime) -> dict[str, str]:
    """The headers of a POST with Volcengine's V4 signature; `query` is the encoded query string."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    added = {"X-Content-Sha256": digest, "X-Date": stamp}
    added |= {"X-Security-Token": keys.token} if keys.token else {}
    headers = {"content-type": CONTENT_TYPE, "host": server.netloc}
    headers |= {name.lower(): value for name, value in added.items()}
    names = ";".join(sorted(headers))
    pairs = sorted((encode(name), encode(value)) for name, value in parse_qsl(query, keep_blank_values=True))
    canonical_query = "&".join(f"{name}={value}" for name, value in pairs)
    lines = [f"{name}:{headers[name].strip()}" for name in sorted(headers)]
    canonical = "\n".join(["POST", quote(server.path, safe="/-_.~%"), canonical_query, *lines, "", names, digest])
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
        text = path.read_text(encoding="utf-8-sig", errors="replace") if path.is_file() else ""
    except (OSError, RuntimeError):  # not readable, or there is no home
        return {}
    found = re.findall(r"^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=[ \t]*(.*?)[ \t\r]*$", text, re.MULTILINE)
    return {name: strip_quotes(value) for name, value in found}


def strip_quotes(value: str) -> str:
    """A value of the env file without its quotes, or without a comment behind it."""
    quoted = re.match(r"""(["'])(.*?)\1""", value)
    return quoted[2] if quoted else re.sub(r"(^|\s+)#.*", "", value)


def find_credentials(run: Run) -> tuple[Server, Callable[[str, bytes], dict[str, str]]]:
    """The server and what makes the headers of a query and a body, from the first pair that is complete.

    A pair never mixes two sources, or a key would go to a base that it was not meant for.
    """
    for read_source in (lambda: os.environ, read_env_file):
        source: Mapping[str, str] = read_source()
        key, base = (source.get(name, "").strip() for name in ("ARK_SKILL_API_KEY", "ARK_SKILL_API_BASE"))
        run.hide(key)
        if bool(key) != bool(base):
            run.say(
                "warning", f"ARK_SKILL_API_{'BASE' if key else 'KEY'} is missing beside its pair, which is not used"
            )
        if key and base:
            return parse_base("ARK_SKILL_API_BASE", base, run), bear(check_header("ARK_SKILL_API_KEY", key))
    names = [f"VOLCENGINE_{part}" for part in ("ACCESS_KEY", "SECRET_KEY", "SESSION_TOKEN")]
    keys = KeyPair(*(check_header(name, os.environ.get(name, "").strip()) for name in names))
    run.hide(*keys)
    if not (keys.access and keys.secret):
        raise CallError(Exit.CREDENTIALS, f"no complete credentials were found; {HOW_TO_LOG_IN}")
    server = parse_base("VOLC_SMS_ENDPOINT", os.environ.get("VOLC_SMS_ENDPOINT") or ENDPOINT, run)
    return server, lambda query, body: sign(keys, server, query, body, datetime.now(timezone.utc))


def bear(key: str) -> Callable[[str, bytes], dict[str, str]]:
    """What makes the headers of the Bearer gateway."""
    return lambda _query, _body: {"ServiceName": SERVICE, "Authorization": f"Bearer {key}"}


def check_header(name: str, value: str) -> str:
    """The value, if a header can carry it: http.client would repeat a wrong one in its error."""
    if not re.fullmatch("[!-~]*", value):
        raise CallError(Exit.CREDENTIALS, f"{name} holds a space, a control character or a letter outside ASCII")
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
    run.hide(parts.password, unquote(parts.password or ""), parts.query if "=" in parts.query else None)
    run.hide(*(value for _, value in parse_qsl(parts.query) if len(value) > len("tenant1")))
    if not host or parts.username is not None:
        raise CallError(Exit.CREDENTIALS, f"{name} must be http(s)://host[:port][/path][?query], without a user")
    if parts.scheme == "http" and not is_loopback(host):
        run.say("warning", f"{name} is plain http: everyone on the way can read the credentials and the messages")
    return Server(parts.scheme == "https", host, port, parts.netloc, parts.path.rstrip("/") or "/", parts.query)


def is_loopback(host: str) -> bool:
    """Whether the host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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


def find_proxy(server: Server, run: Run) -> SplitResult | None:
    """HTTPS_PROXY for an https server that NO_PROXY does not except; it tunnels, and sees no key."""
    text, exceptions = (
        os.environ.get(name.lower()) or os.environ.get(name, "") for name in ("HTTPS_PROXY", "NO_PROXY")
    )
    excepted = [entry.strip().lstrip(".") for entry in exceptions.lower().split(",") if entry.strip()]
    if not text or "*" in excepted or any(f".{server.host}".endswith(f".{entry}") for entry in excepted):
        return None
    try:
        proxy = urlsplit(text if "://" in text else f"http://{text}")
        usable = proxy.scheme == "http" and bool(proxy.hostname) and proxy.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise CallError(Exit.USAGE, "HTTPS_PROXY must be http://host:port")
    run.hide(proxy.password, unquote(proxy.password or ""))
    return proxy


def open_connection(server: Server, timeout: float, run: Run) -> http.client.HTTPConnection:
    """A connection that is ready for the request; TLS is verified."""
    if not server.secure:
        return http.client.HTTPConnection(server.host, server.port, timeout=timeout)
    proxy = find_proxy(server, run)
    context = ssl.create_default_context()
    if proxy is None:
        return http.client.HTTPSConnection(server.host, server.port, timeout=timeout, context=context)
    tunnel = http.client.HTTPSConnection(proxy.hostname or "", proxy.port or 80, timeout=timeout, context=context)
    login = base64.b64encode(f"{unquote(proxy.username or '')}:{unquote(proxy.password or '')}".encode()).decode()
    run.hide(login if proxy.username else None)
    tunnel.set_tunnel(server.host, server.port, {"Proxy-Authorization": f"Basic {login}"} if proxy.username else {})
    return tunnel


def exchange(run: Run, action: Action, body: object, timeout: float) -> tuple[int, bytes]:
    """One request and its reply: HTTP status and body. Nothing is repeated and no redirect is followed."""
    server, authorize = find_credentials(run)
    payload = json.dumps(body, ensure_ascii=False).encode()
    query = "&".join(filter(None, [server.query, f"Action={action.api}&Version={VERSION}"]))
    headers = {"Host": server.netloc, "Content-Type": CONTENT_TYPE, "User-Agent": f"volc_sms/{VERSION}"}
    headers |= authorize(query, payload)
    connection = open_connection(server, timeout, run)
    try:
        with deadline(timeout):
            connection.connect()
    except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: no such host name
        what = f"{server.host} was not reached, so it was asked nothing ({run.quote(error)})"
        raise CallError(Exit.REFUSED if run.sends else Exit.LATER, what) from error
    run.written = True  # even a request that breaks off may have arrived whole: its last bytes are on the way
    try:
        with deadline(timeout):
            connection.request("POST", f"{server.path}?{query}", payload, headers)
            response = connection.getresponse()
            return response.status, response.read(MOST_BYTES + 1)
    except (OSError, http.client.HTTPException) as error:
        reason = run.quote(error) or type(error).__name__
        raise CallError(Exit.UNKNOWN, f"the answer was lost after the request was written ({reason})") from error
    finally:
        connection.close()


def judge(run: Run, status: int, raw: bytes) -> object:
    """The reply, if it says that the call was done; else the failure that it means."""
    reply = read_json(raw)
    metadata = reply.get("ResponseMetadata") if isinstance(reply, dict) else None
    metadata = metadata if isinstance(metadata, dict) else {}
    error = metadata.get("Error")
    error = error if isinstance(error, dict) else {"Message": error} if error else {}
    if error or not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        code = str(error.get("Code") or error.get("CodeN") or "")
        end, meaning = find_end(status, code)
        words = run.quote(error.get("Message") or http.client.responses.get(status, ""))
        what = " ".join(filter(None, [f"HTTP {status}", as_word(code), words.rstrip(". ")]))
        what += f" (RequestId {as_word(metadata['RequestId'])})" if "RequestId" in metadata else ""
        raise CallError(end, f"{meaning}: {what}" if meaning else what, reply)
    if len(raw) > MOST_BYTES:
        raise CallError(Exit.UNKNOWN, "the reply is larger than 10 MB and was not read")
    if not metadata and not (isinstance(reply, dict) and reply.get("Result")):
        raise CallError(Exit.UNKNOWN, f"the reply of HTTP {status} is not the API's JSON ({len(raw)} bytes)", reply)
    if run.sends and not has_message_id(reply):
        raise CallError(Exit.UNKNOWN, "the reply has neither an error nor a message id", reply)
    return reply


def as_word(text: object) -> str:
    """A foreign identifier, fit for a message."""
    return re.sub("[^0-9A-Za-z:._-]", "", str(text))[:64]


def find_end(status: int, code: str) -> tuple[Exit, str]:
    """How a reply that is a failure ends the command, and what it means."""
    end, meaning = CODES.get(code, (None, ""))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:  # also what a gateway says that lost the answer behind it
        return Exit.UNKNOWN, meaning
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return STATUSES.get(status, Exit.REFUSED), "a redirect is not followed"
    otherwise = Exit.REFUSED if code or status >= HTTPStatus.BAD_REQUEST else Exit.UNKNOWN
    return end or STATUSES.get(status, otherwise), meaning


def read_json(raw: bytes) -> object:
    """The JSON value, or None if it is none or too long."""
    try:
        return json.loads(raw) if len(raw) <= MOST_BYTES else None
    except (ValueError, RecursionError):
        return None


def has_message_id(reply: object) -> bool:
    """Whether the reply names a message: MessageId in the SDK, MessageIds in older documentation."""
    result = reply.get("Result") if isinstance(reply, dict) else None
    return isinstance(result, dict) and any(result.get(name) for name in ("MessageId", "MessageIds", "MessageID"))


def perform(argv: Sequence[str], run: Run) -> int:
    """Carry out one command line; the result is on stdout."""
    if {"-h", "--help"} & set(argv) or list(argv) == ["help"]:
        print(write_help())
        return Exit.OK
    action, body, timeout = parse_command(argv, run)
    run.print_reply(judge(run, *exchange(run, action, body, timeout)))
    return Exit.OK


def report(run: Run, failure: CallError) -> int:
    """Show a failure: the provider's JSON on stdout, the outcome word and the next step on stderr."""
    code = Exit.LATER if failure.code is Exit.UNKNOWN and not run.sends else failure.code
    words = {Exit.USAGE: "usage", Exit.UNEXPECTED: "unexpected", Exit.UNKNOWN: "unknown"}
    if failure.reply is not None:
        with contextlib.suppress(OSError, ValueError):
            run.print_reply(failure.reply)
    run.say(words.get(code, "refused" if run.sends else "failed"), f"{failure}. {NEXT_STEPS.get(code, '')}".rstrip())
    return code


def run_command(argv: Sequence[str], run: Run) -> int:
    """Carry out one command line and report how it failed: the exit code."""
    try:
        return perform(argv, run)
    except CallError as failure:
        return report(run, failure)
    except Exception as error:  # noqa: BLE001  the last door: its text may hold private values, its type does not
        code = Exit.UNKNOWN if run.sends and run.written else Exit.UNEXPECTED
        return report(run, CallError(code, f"{type(error).__name__} in the script"))


def set_signals(handler: Any) -> None:
    """Handle INT, TERM and HUP so, except those that our caller told us to ignore (nohup)."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(signum) is not signal.SIG_IGN:
            signal.signal(signum, handler)


def interrupt(signum: int, _frame: object) -> NoReturn:
    """End what runs; a second signal must not cut the report short."""
    set_signals(signal.SIG_IGN)
    raise Interrupted(signum)


def prepare_streams() -> None:
    """UTF-8 whatever the locale; what JSON can hold and UTF-8 cannot is written as its JSON escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def close_stdout() -> None:
    """Leave nothing for the interpreter to flush at its end: a closed pipe would change the exit code."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(argv: Sequence[str]) -> int:
    """Run one command line; the exit code."""
    run = Run()
    prepare_streams()
    try:
        set_signals(interrupt)
        code = run_command(argv, run)
        set_signals(signal.SIG_IGN)
    except Interrupted as interrupted:
        if run.sends and run.written:
            code = report(run, CallError(Exit.UNKNOWN, f"signal {interrupted.signum} ended the wait for the answer"))
        else:
            run.say("interrupted", "nothing was sent." if run.sends else "nothing was changed.")
            code = 128 + interrupted.signum
    close_stdout()
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
