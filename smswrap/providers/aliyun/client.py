"""A row of the operations table and its values -> the CLI's arguments -> a reply."""

from __future__ import annotations

import json
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from smswrap.providers.aliyun import configuration, preflight, reply
from smswrap.providers.aliyun.aimode import USER_AGENT, ai_mode
from smswrap.providers.aliyun.operations import OPERATIONS
from smswrap.providers.base import DEFAULT_READ_TIMEOUT, Limits, TemplateText, Verified
from smswrap.providers.repetition import call_patiently

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smswrap.providers.aliyun.program import Program
    from smswrap.providers.base import Body, Operation, Reply, SendRequest, Settings

API_VERSION = "2017-05-25"
"""Must be said: the plugin's default is 2018-05-01, which has none of these operations."""

CONNECT_ALLOWANCE = 5.0
"""Seconds on top of the read timeout for starting the CLI, name look-up and TLS."""


class Client:
    """The provider `aliyun`."""

    name = "aliyun"
    limits = Limits(shared=1000, personal=100)
    has_groups = False

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    @contextmanager
    def session(self, *, sends: bool) -> Iterator[Session]:
        """Check the CLI, turn AI mode on, and off at the end. Raises SetupError, CredentialsError."""
        program, saved = preflight.ready(self._settings, sends=sends)
        region = self._settings.region or configuration.missing_region(program, saved)
        with ai_mode(program, partial(preflight.prepare, program, saved)):
            yield Session(program, self._settings, region)


class Session:
    """AI mode is on: dysmsapi can be called."""

    def __init__(self, program: Program, settings: Settings, region: str | None) -> None:
        self._program = program
        self._settings = settings
        self._read_timeout = settings.read_timeout or DEFAULT_READ_TIMEOUT
        self._region = region

    def call(self, verb: str, values: Mapping[str, Any]) -> Reply:
        """Make the verb's operation; a read that times out is repeated twice. Raises ProviderError."""
        operation = OPERATIONS[verb]
        return call_patiently(operation, partial(self._call_once, operation, values), self._settings)

    def send(self, request: SendRequest) -> Reply:
        """Send one request: SendSms where all get the same, else SendBatchSms."""
        return self.call("send", _shared(request)) if request.shared else self.call("send-batch", _personal(request))

    def verify(self, sign: str, template: str, group: str | None) -> Verified:  # noqa: ARG002  groups are Volcengine's
        """Look the sign and the template up."""
        found_sign = self.call("query-sign", {"sign_name": sign}).data
        found_template = self.call("query-template", {"template_code": template}).data
        variables = tuple(found_template["variables"])
        return Verified(found_sign, found_template, variables, found_template["content"])

    def template(self, template: str, sign: str | None = None) -> TemplateText:  # noqa: ARG002  one text for all signs
        """Fetch the template's text and variables."""
        found = self.call("query-template", {"template_code": template}).data
        return TemplateText(found["content"], tuple(found["variables"]))

    def only_group(self) -> None:
        """Give None: groups are Volcengine's."""

    def receipts(self, recipient: str, day: str, biz_id: str | None, group: str | None) -> list[Body]:  # noqa: ARG002
        """Fetch one recipient's receipts of one day."""
        values = {"phone_number": recipient, "send_date": day, "biz_id": biz_id, "page_size": 50, "page": 1}
        messages: list[Body] = self.call("query-status", values).data["messages"]
        return messages

    def _call_once(self, operation: Operation, values: Mapping[str, Any]) -> Reply:
        timeout = self._read_timeout + CONNECT_ALLOWANCE
        finished = self._program.run(*self._arguments(operation, values), timeout=timeout)
        return reply.read(operation, finished, _private(operation, values))

    def _arguments(self, operation: Operation, values: Mapping[str, Any]) -> list[str]:
        arguments = ["dysmsapi", operation.name, "--api-version", API_VERSION]
        for parameter in operation.parameters:
            value = values.get(parameter.key)
            if value is not None:
                arguments += _words(parameter.wire, dialled(value) if parameter.type == "phone" else _spell(value))
        arguments += ["--user-agent", USER_AGENT, "--read-timeout", str(self._read_timeout)]
        for option, value in (("--region", self._region), ("--profile", self._settings.profile)):
            if value is not None:
                arguments += _words(option, value)
        return arguments


def dialled(recipient: str) -> str:
    """E.164 as QuerySendDetails takes it: mainland numbers bare, others as country code and number, no plus."""
    return recipient.removeprefix("+86") if recipient.startswith("+86") else recipient.removeprefix("+")


def addressed(recipient: str) -> str:
    """E.164 as SendSms takes it.

    North American numbers keep a leading 00: without it +1 650 253 0000 reads as the mainland mobile 165 0253 0000.
    """
    return f"00{recipient[1:]}" if recipient.startswith("+1") else dialled(recipient)


def _shared(request: SendRequest) -> dict[str, Any]:
    first = request.messages[0]
    return {
        "phone_numbers": ",".join(addressed(message.recipient) for message in request.messages),
        "sign_name": first.sign,
        "template_code": request.template,
        "template_param": dict(first.parameters) or None,
        "extend_code": first.extend_code,
        "out_id": request.out_id,
    }


def _personal(request: SendRequest) -> dict[str, Any]:
    messages = request.messages
    parameters = [dict(message.parameters) for message in messages]
    codes = [message.extend_code or "" for message in messages]
    return {
        "phone_number_json": [addressed(message.recipient) for message in messages],
        "sign_name_json": [message.sign for message in messages],
        "template_code": request.template,
        "template_param_json": parameters if any(parameters) else None,
        "extend_code_json": codes if any(codes) else None,
        "out_id": request.out_id,
    }


def _words(option: str, value: str) -> list[str]:
    # Alone, a word that begins with a hyphen is read as an option of the CLI's own (see SHAPES).
    return [f"{option}={value}"] if value.startswith("-") else [option, value]


def _spell(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return str(value)


def _private(operation: Operation, values: Mapping[str, Any]) -> set[str]:
    given = (values.get(parameter.key) for parameter in operation.parameters if parameter.private)
    return {text for value in given for text in _leaves(value)}


def _leaves(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for element in value:
            yield from _leaves(element)
    elif isinstance(value, str):
        yield value
        yield from (text for part in value.split(",") for text in (part, dialled(part)))
