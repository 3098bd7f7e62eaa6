"""A row of the operations table and its values -> the CLI's arguments -> a reply."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from smswrap.errors import CredentialsError, SmswrapError
from smswrap.model import Account
from smswrap.patterns import pattern
from smswrap.process import OnSignal
from smswrap.providers.aliyun import account, preflight, reply
from smswrap.providers.aliyun.aimode import USER_AGENT, Lease, ai_mode
from smswrap.providers.aliyun.operations import OPERATIONS
from smswrap.providers.base import DEFAULT_READ_TIMEOUT, Accepted, Limits, Provider, ProviderError
from smswrap.providers.calls import call_patiently
from smswrap.providers.parameters import spelt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smswrap.model import Request
    from smswrap.providers.aliyun.account import Profile
    from smswrap.providers.aliyun.program import Program
    from smswrap.providers.base import Operation, Reply, Settings
    from smswrap.providers.records import Receipt, Sign, Template

API_VERSION = "2017-05-25"
"""Must be said: the plugin's default is 2018-05-01, which has none of these operations."""

MOST_OCTETS = 120_000
"""Bytes of a request's signs and parameters: each array is one argument, and Linux takes 131,072 bytes of one
(MAX_ARG_STRLEN, execve(2))."""

MAINLAND = pattern(r"1[3-9][0-9]{9}")
"""What the API reads as a mainland number if nothing stands before it."""


class Client:
    """The provider `aliyun`."""

    name = "aliyun"
    limits = Limits(shared=1000, personal=100, octets=MOST_OCTETS)
    has_groups = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def account(self) -> Account:
        """Who would call, as far as that can be known without a call; what is missing, `check` says."""
        try:
            return preflight.effective(self._settings).account()
        except SmswrapError:
            return Account(self.name, self._settings.profile, region=self._settings.region)

    def check(self, *, sends: bool) -> None:
        """Find what certainly refuses a call (a send), without a call. Raises SetupError, CredentialsError."""
        preflight.check(self._settings, sends=sends)

    @contextmanager
    def session(self, *, sends: bool) -> Iterator[Session]:
        """Check the CLI, turn AI mode on, and off at the end. Raises SetupError, CredentialsError."""
        program, profile = preflight.check(self._settings, sends=sends)
        with closing(Lease(program)) as lease:
            preflight.require_version(program)
            with ai_mode(lease, partial(preflight.prepare, profile)) as calling:
                yield Session(calling, self._settings, profile)


class Session:
    """AI mode is on: dysmsapi can be called."""

    def __init__(self, program: Program, settings: Settings, profile: Profile) -> None:
        self._program = replace(program, environment={**program.environment, **account.pinning(profile)})
        self._settings = settings
        self._profile = profile
        self._read_timeout = settings.read_timeout or DEFAULT_READ_TIMEOUT

    def call(self, verb: str, values: Mapping[str, Any]) -> Reply:
        """Make the verb's operation; a read that times out is repeated twice. Raises ProviderError."""
        operation = OPERATIONS[verb]
        try:
            preflight.obey_policy(self._program, (operation.name,))
        except CredentialsError as error:
            raise ProviderError(error.fault) from error
        found = call_patiently(operation, partial(self._call_once, operation, values), self._settings)
        asked = values.get("phone_number")
        return found if asked is None else _about(asked, found)

    def send(self, request: Request) -> Accepted:
        """Send one request: SendSms where all get the same, else SendBatchSms."""
        verb, values = ("send", _shared(request)) if request.shared else ("send-batch", _personal(request))
        sent = self.call(verb, values)
        return Accepted(sent.record.biz_id, sent.request_id, sent.text)

    def sign(self, sign: str, group: str | None) -> Sign:  # noqa: ARG002  groups are Volcengine's
        """Look the sign up."""
        found: Sign = self.call("query-sign", {"sign_name": sign}).record
        return found

    def template(self, template: str, sign: str | None) -> Template:  # noqa: ARG002  a text goes with all signs here
        """Look the template up."""
        found: Template = self.call("query-template", {"template_code": template}).record
        return found

    def only_group(self) -> None:
        """Give None: groups are Volcengine's."""

    def receipts(self, recipient: str, day: str, biz_id: str | None, group: str | None) -> list[Receipt]:  # noqa: ARG002
        """Fetch one recipient's receipts of one day."""
        values = {"phone_number": recipient, "send_date": day, "biz_id": biz_id, "page_size": 50, "page": 1}
        return list(self.call("query-status", values).record.messages)

    def _call_once(self, operation: Operation, values: Mapping[str, Any]) -> Reply:
        finished = self._program.run(
            *self._arguments(operation, values),
            timeout=self._timeout,
            on_signal=OnSignal.FINISH if operation.kind == "send" else OnSignal.END,
        )
        return reply.read(operation, finished, _private(operation, values), self._program.secrets)

    @property
    def _timeout(self) -> float:
        # The CLI's own limits must pass first: a send that we give up has an outcome that nobody knows.
        patience = self._program.patience
        return max(patience.connect, self._profile.connect_timeout) + self._read_timeout + patience.start

    def _arguments(self, operation: Operation, values: Mapping[str, Any]) -> list[str]:
        arguments = ["dysmsapi", operation.name, "--api-version", API_VERSION]
        for parameter in operation.parameters:
            value = values.get(parameter.key)
            if value is not None:
                arguments += _words(parameter.wire, addressed(value) if parameter.type == "phone" else spelt(value))
        arguments += ["--user-agent", USER_AGENT, "--read-timeout", str(self._read_timeout)]
        # Without any region, the CLI exits 3; what it knows by itself it need not be told.
        region = self._profile.region if self._settings.region or not self._profile.fields.get("region_id") else None
        for option, value in (("--region", region), ("--profile", self._settings.profile)):
            if value is not None:
                arguments += _words(option, value)
        return arguments


def addressed(recipient: str) -> str:
    """E.164 as the API takes it: mainland numbers bare, others as country code and number.

    North American numbers get a leading 00: without it +1 650 253 0000 reads as the mainland mobile 165 0253 0000.
    """
    if recipient.startswith("+1"):
        return f"00{recipient[1:]}"
    return recipient.removeprefix("+86") if recipient.startswith("+86") else recipient.removeprefix("+")


def _about(recipient: str, found: Reply) -> Reply:
    """The reply with the messages of this recipient (E.164) alone: somebody else's may hold somebody else's code."""
    messages: tuple[Receipt, ...] = found.record.messages
    own = tuple(message for message in messages if _is_to(recipient, message.recipient))
    return found if own == messages else replace(found, record=replace(found.record, messages=own, total=len(own)))


def _is_to(recipient: str, told: str | None) -> bool:
    # What a row does not tell is what was asked for.
    if told is None or told == addressed(recipient):
        return True
    return MAINLAND.fullmatch(told) is None and recipient == f"+{told.removeprefix('+').removeprefix('00')}"


def _shared(request: Request) -> dict[str, Any]:
    content = request.messages[0].content
    return {
        "phone_numbers": ",".join(addressed(message.recipient) for message in request.messages),
        "sign_name": content.sign,
        "template_code": request.template,
        "template_param": dict(content.parameters) or None,
        "extend_code": content.extend_code,
        "out_id": request.out_id,
    }


def _personal(request: Request) -> dict[str, Any]:
    contents = [message.content for message in request.messages]
    parameters = [dict(content.parameters) for content in contents]
    codes = [content.extend_code or "" for content in contents]
    return {
        "phone_number_json": [addressed(message.recipient) for message in request.messages],
        "sign_name_json": [content.sign for content in contents],
        "template_code": request.template,
        "template_param_json": parameters if any(parameters) else None,
        "extend_code_json": codes if any(codes) else None,
        "out_id": request.out_id,
    }


def _words(option: str, value: str) -> list[str]:
    # Alone, a word that begins with a hyphen is read as an option of the CLI's own (see SHAPES).
    return [f"{option}={value}"] if value.startswith("-") else [option, value]


def _private(operation: Operation, values: Mapping[str, Any]) -> Iterator[str]:
    for parameter in operation.parameters:
        if parameter.private:
            yield from _leaves(values.get(parameter.key))


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for element in value:
            yield from _leaves(element)
    elif isinstance(value, str):
        yield value
        yield from (text for part in value.split(",") for text in (part, part.lstrip("+"), addressed(part)))


PROVIDER: type[Provider] = Client
