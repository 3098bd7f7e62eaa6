"""A row of the operations table and its values -> volc_sms.py's words -> a reply."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from smswrap import process
from smswrap.errors import CredentialsError, Fault, InputError, Kind, SetupError, SmswrapError
from smswrap.model import Account
from smswrap.process import OnSignal
from smswrap.providers.base import DEFAULT_READ_TIMEOUT, Accepted, Limits, Provider, ProviderError
from smswrap.providers.calls import call_patiently
from smswrap.providers.volcengine import reply, verification
from smswrap.providers.volcengine.arguments import compose
from smswrap.providers.volcengine.gateway import standing_in
from smswrap.providers.volcengine.operations import ACCOUNT, NEEDS_GROUP, OPERATIONS, TEXTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from smswrap.model import Request
    from smswrap.providers.base import Operation, Reply, Settings
    from smswrap.providers.records import Receipt, Sign, Template
    from smswrap.providers.volcengine.verification import TemplateText

SCRIPT_NAME = "volc_sms.py"

SEND_TIMEOUT = 30
"""Seconds that a send may take if --read-timeout does not say otherwise, as Volcengine's own script waits.

The 3 seconds of every other call come from Alibaba's skill. Here a send that is given up too early costs more than a
wait: its outcome is unknown, and this API takes no out-id by which it could be found again.
"""

REQUEST_SPREAD = timedelta(minutes=1)
"""How far the messages of one request may be dated apart; a repetition on purpose comes later than that."""

FOREIGN = ("ALIBABA", "ALICLOUD")
"""What the names of variables begin with that hold the other provider's keys: the script does not get them."""

MOST_OUTPUT = {"send": 4 * 2**20, "read": 32 * 2**20}
"""Bytes that the script may print: it takes replies of 1 MB and 10 MB, and spells some of them longer."""

MOST_PAGES = 100
"""Pages of 100 that a name is looked for in: the API's filters are fuzzy, so that the exact name may stand anywhere."""


class Client:
    """The provider `volcengine`."""

    name = "volcengine"
    limits = Limits(shared=200, personal=1)
    has_groups = True

    def __init__(self, settings: Settings) -> None:
        """Raises InputError for a profile: sending with another account than the one that was named is no option."""
        if settings.profile is not None:
            step = "Leave out --profile, or unset SMSWRAP_PROFILE: the keys are taken from the environment."
            raise InputError.of("--profile", settings.profile, "is not known to this provider", step)
        self._settings = settings

    def account(self) -> Account:
        """Who would call, as the script will find it; what is missing, `check` says."""
        try:
            return self._account()
        except SmswrapError:
            return Account(self.name)

    def _account(self) -> Account:
        if self._settings.sandbox:  # its port and key are others each time, its account is one
            return Account(self.name, mode="signed", base="sandbox")
        try:
            found = Session(find_script(), self._settings, self._settings.environment).call_once(ACCOUNT, {}).body
        except ProviderError as error:
            raise CredentialsError(error.fault.message, reply.ADVICE[Kind.CREDENTIALS].next_step) from error
        return Account(self.name, mode=found["mode"], key_end=found["key_end"], base=found["base"])

    def check(self, *, sends: bool) -> None:  # noqa: ARG002  nothing forbids a send alone
        """Find what certainly refuses a call, without a call. Raises SetupError, CredentialsError."""
        self._account()

    @contextmanager
    def session(self, *, sends: bool) -> Iterator[Session]:  # noqa: ARG002  nothing is prepared for a send alone
        """Find the script; in the sandbox, run the stand-in beside it. Raises SetupError."""
        script = find_script()
        if self._settings.region is not None:
            self._settings.talk.warn("--region is not used: Volcengine's SMS service has one region.")
        if not self._settings.sandbox:
            yield Session(script, self._settings, self._settings.environment)
            return
        with standing_in(self._settings.environment) as environment:
            yield Session(script, self._settings, environment)


class Session:
    """Calls can be made, by several threads too; remembers the message group and the messages of each send."""

    def __init__(self, script: Path, settings: Settings, environment: Mapping[str, str]) -> None:
        self._script = script
        self._settings = settings
        self._environment = {name: value for name, value in environment.items() if not name.startswith(FOREIGN)}
        self._choosing = Lock()
        self._choice: str | SmswrapError | None = None
        self._sent: dict[str, frozenset[str]] = {}
        self._warned: set[str] = set()

    def call(self, verb: str, values: Mapping[str, Any]) -> Reply:
        """Make the verb's operation; a read that times out is repeated twice. Raises ProviderError, InputError."""
        if verb in NEEDS_GROUP and values.get("message_group") is None:
            values = {**values, "message_group": self.only_group()}
        return self._call(OPERATIONS[verb], values)

    def _call(self, operation: Operation, values: Mapping[str, Any]) -> Reply:
        found = call_patiently(operation, partial(self.call_once, operation, values), self._settings)
        if not operation.paged:
            return found
        # The API does not repeat the page that it gives.
        pages = {key: values.get(key) for key in ("page", "page_size")}
        return replace(found, record=replace(found.record, **pages))

    def send(self, request: Request) -> Accepted:
        """Send one request, once."""
        if not request.shared:
            (_only,) = request.messages  # or the first one's text would go to all: a request has one text
        content = request.messages[0].content
        if content.extend_code:
            message = "Volcengine takes no extension of the sending number."
            step = "Leave out --sms-up-extend-code-json."
            raise ProviderError(Fault(Kind.INPUT, message, "This request was not made.", step))
        values = {
            "phone_numbers": [message.recipient for message in request.messages],
            "sign_name": content.sign,
            "template_code": request.template,
            "template_param": dict(content.parameters) or None,
            "message_group": request.group or self._group_to_send_with(),
        }
        sent = self.call("send", values)
        self._sent[sent.record.biz_id] = frozenset(sent.record.message_ids)
        return Accepted(sent.record.biz_id, sent.request_id, sent.text)

    def sign(self, sign: str, group: str | None) -> Sign:
        """Look the sign up; of several of that name, as after a second application, the likeliest to be sent with."""
        signs: list[Sign] = self._named("list-signs", "signs", "sign", sign, {"sign_name": sign})
        return verification.likeliest(signs, "groups", group or self.only_group(), f"sign {sign}")

    def template(self, template: str, sign: str | None) -> Template:
        """Look the template up, with the text that keys like these can ask for."""
        values = {"template_code": template}
        templates: list[Template] = self._named("list-templates", "templates", "template", template, values)
        found = verification.likeliest(templates, "signs", sign, f"template {template}")
        text = self._text(template, sign)
        return replace(found, content=text.content, why_unknown=text.why_unknown or None)

    def _text(self, template: str, sign: str | None) -> TemplateText:
        try:
            forms = self._call(TEXTS, {"template_code": template, "sign_name": sign}).record.templates
        except ProviderError as error:
            return verification.TemplateText(None, error.fault.message)
        return verification.choose_text(template, sign, forms)

    def receipts(self, recipient: str, day: str, biz_id: str | None, group: str | None) -> list[Receipt]:
        """Fetch one recipient's receipts of one day.

        A request of several recipients has a message id for each, of which `biz_id` is the first, and the log does not
        tell which belong together. Of our own requests we know; those of an earlier run are told by what they share.
        """
        values = {"phone_number": recipient, "send_date": day, "message_group": group}
        messages = self._logged(values)
        ids = self._sent.get(biz_id) if biz_id else None
        ours = [message for message in messages if biz_id is None or message.message_id in (ids or {biz_id})]
        if biz_id and ids is None and messages and not ours:
            first = self._logged({"send_date": day, "biz_id": biz_id, "message_group": group})
            ours = [message for message in messages if first and _sent_together(message, first[0])]
        return sorted(ours, key=lambda message: message.sent_at or "", reverse=True)

    def _logged(self, values: Mapping[str, Any]) -> list[Receipt]:
        return list(self.call("query-status", {**values, "page": 1, "page_size": 100}).record.messages)

    def call_once(self, operation: Operation, values: Mapping[str, Any]) -> Reply:
        """Make the call, once: one run of the script. Raises ProviderError."""
        timeout = timeout_of(operation, self._settings)
        # `-I -S`: the script needs the standard library only. `-X utf8`: it speaks UTF-8 in every locale.
        finished = process.run(
            [sys.executable, "-I", "-S", "-X", "utf8", str(self._script), operation.name, "-"],
            timeout=2 * timeout + self._settings.patience.start,
            env=self._environment,
            input=json.dumps(compose(operation, values, timeout)).encode(),
            on_signal=OnSignal.FINISH if operation.kind == "send" else OnSignal.END,
            most_output=MOST_OUTPUT[operation.kind],
        )
        words = f"{SCRIPT_NAME} {operation.name} … exit {finished.code} after {finished.seconds:.2f} s"
        self._settings.talk.detail(words)
        for warning in reply.warnings(finished):
            if warning not in self._warned:
                self._warned.add(warning)
                self._settings.talk.warn(warning)
        return reply.read(operation, finished, set((values.get("template_param") or {}).values()))

    def _group_to_send_with(self) -> str:
        try:
            return self.only_group()
        except InputError as error:  # whoever sends expects a ProviderError, which says that nothing was sent
            raise ProviderError(error.fault) from error

    def only_group(self) -> str:
        """Fetch the account's only message group."""
        # One look-up for the session, its failure included: a thousand requests must not ask a thousand times.
        with self._choosing:
            if self._choice is None:
                self._choice = self._choose_group()
        if isinstance(self._choice, SmswrapError):
            raise self._choice
        return self._choice

    def _choose_group(self) -> str | SmswrapError:
        try:
            groups = self.call("list-groups", {}).record.groups
        except SmswrapError as error:
            return error
        called = [f"{one.group} ({one.name})" if one.name else str(one.group) for one in groups]
        if not groups:
            step = "Create one at https://console.volcengine.com/sms, or name one with --message-group."
            message = "The account has no message group."
            return ProviderError(Fault(Kind.REFUSED, message, "Nothing was sent.", step, code="no-group"))
        if len(groups) > 1:
            rule = f"must be given, for the account has several: {', '.join(called)}"
            return InputError.of(
                "--message-group", "", rule, "Ask the person which to use, and add --message-group ID."
            )
        self._settings.talk.note(f"Using the account's only message group, {called[0]}.")
        return str(groups[0].group)

    def _named(self, verb: str, items: str, key: str, name: str, values: Mapping[str, Any]) -> list[Any]:
        """Every item of this exact name."""
        found: list[Any] = []
        for page in range(1, MOST_PAGES + 1):
            record = self.call(verb, {**values, "page": page, "page_size": 100}).record
            found += getattr(record, items)
            if not getattr(record, items) or len(found) >= record.total:
                break
        return [item for item in found if getattr(item, key) == name]


def find_script() -> Path:
    """The script: beside this module in an installed wheel, in `scripts/` in a checkout. Raises SetupError."""
    here = Path(__file__).resolve()
    for candidate in (here.with_name(SCRIPT_NAME), here.parents[3] / "scripts" / SCRIPT_NAME):
        if candidate.is_file():
            return candidate
    raise SetupError(f"{SCRIPT_NAME} is missing from this installation.", "Install smswrap again.")


def _sent_together(message: Receipt, other: Receipt) -> bool:
    moments = [datetime.fromisoformat(one.sent_at) for one in (message, other) if one.sent_at]
    alike = (message.template, message.sign) == (other.template, other.sign)
    return alike and len(moments) > 1 and abs(moments[0] - moments[1]) <= REQUEST_SPREAD


def timeout_of(operation: Operation, settings: Settings) -> int:
    """Seconds to connect, and again to answer."""
    return settings.read_timeout or (SEND_TIMEOUT if operation.kind == "send" else DEFAULT_READ_TIMEOUT)


PROVIDER: type[Provider] = Client
