"""The library door: plan, confirm, resume, cancel, look up, with the promises of the command line.

Nothing is sent but by `confirm` of a plan that a person was shown; journal, lease and duplicates are every door's.
On the main thread, INT, TERM and HUP wait until a send that runs is known and AI mode is off; then the program's own
handler gets them. What goes wrong raises `SmswrapError` or one of its kinds (`InputError`, `SetupError`,
`CredentialsError`, `ProviderError`), whose `fault` has kind, code, message, meaning, next_step, retry and exit.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, nullcontext
from dataclasses import field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from smswrap.arguments import check_types, read, wrong
from smswrap.clock import SHANGHAI
from smswrap.errors import Fault, InputError, Kind, SmswrapError
from smswrap.household import DEFAULT_PROVIDER, Choices, open_house, open_journal
from smswrap.journal.journal import Filter
from smswrap.model import OUTCOMES, Message, Order, Outcome
from smswrap.providers.base import PROVIDER_NAMES
from smswrap.providers.parameters import Parameter, check, check_shape
from smswrap.record import dataclass
from smswrap.sending import carrying, service
from smswrap.sending.planning import Found
from smswrap.sending.recipients import number_of
from smswrap.sending.refusals import WINDOW, DuplicatePolicy
from smswrap.sending.service import Options
from smswrap.sending.shown import show
from smswrap.signals import Ended, signals_noticed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from smswrap.model import Account, Line
    from smswrap.sending.house import House
    from smswrap.sending.report import Report
    from smswrap.sending.shown import ShownPlan

TRUE = frozenset({"1", "true", "yes", "on"})


@dataclass(frozen=True)
class Proposal:
    """A plan that waits for a yes.

    `text` is what the first recipient will see (None: not known), `parts` what all messages are billed as, `recipients`
    their numbers in E.164 (the first thousand), `expires_at` until when `confirm` takes it.
    """

    id: str
    text: str | None
    recipients: tuple[str, ...]
    recipients_total: int
    parts: int | None
    account: Account
    expires_at: datetime
    warnings: tuple[str, ...] = ()


def plan(  # noqa: PLR0913  the options of `smswrap send`, each by its long name
    *,
    phone_numbers: Iterable[str],
    sign_name: str,
    template_code: str,
    template_param: Mapping[str, str] | None = None,
    accept_odd_values: bool = False,
    out_id: str | None = None,
    message_group: str | None = None,
    verify: bool = False,
    allow_duplicate: bool = False,
    duplicate_window: float = WINDOW,
    idempotency_key: str | None = None,
    provider: str | None = None,
    profile: str | None = None,
    region: str | None = None,
    read_timeout: int | None = None,
    sandbox: bool | None = None,
) -> Proposal:
    """Plan one text to one or many recipients; sends nothing.

    What was noticed is in its `warnings`; `accept_odd_values` lets pass what a program left behind (nan …). Raises
    InputError with all that is wrong, SmswrapError (kind duplicate) for a repeat, and what certainly forbids it.
    """
    check_types(locals())
    choices, talk = _choices(provider, profile, region, read_timeout, sandbox=sandbox), _Listener()
    names, values = (sign_name, template_code), template_param or {}
    told = {"out_id": out_id, "message_group": message_group, "idempotency_key": idempotency_key}
    seconds = {"read_timeout": read_timeout, "duplicate_window": duplicate_window}
    problems = wrong(told, seconds, choices.provider or DEFAULT_PROVIDER)
    odd, sandbox = accept_odd_values, choices.sandbox
    content, template, recipients = read(phone_numbers, names, values, talk.warn, problems, sandbox=sandbox, odd=odd)
    policy = DuplicatePolicy(duplicate_window, allowed=allow_duplicate)
    with _opened(choices, talk) as house:
        messages = ((row, Message(recipient, content)) for row, recipient in enumerate(recipients, 1))
        order = Order("send", house.provider.account(), template, messages, message_group, out_id, sign=content.sign)
        options = Options(verify=verify, key=idempotency_key, duplicates=policy)
        report = service.send(order, options, house, Found())
        shown = report.shown or show(report.plan, house.journal)
    return _proposal(shown, [*talk.heard, *shown.warnings], again=report.again)


def confirm(plan_id: str, *, wait: int | None = None, settle: bool = False, sandbox: bool | None = None) -> Report:
    """Say a person's yes to a plan: send exactly that, once, within 30 minutes, with its account.

    A second one sends nothing and tells of the first. `wait` is how many seconds receipts are waited for.
    """
    check_types(locals())
    options = Options(wait=wait, settle=settle)
    return _told(plan_id, sandbox, lambda house: service.confirm(plan_id, options, house))


def resume(plan_id: str, *, resend_unknown: bool = False, sandbox: bool | None = None) -> Report:
    """Send what was never sent of a plan; after 30 minutes it is proposed anew instead (status confirmation_needed).

    `resend_unknown` says that a person has decided to send again what may have been sent.
    """
    check_types(locals())
    options = Options(yes=resend_unknown)
    return _told(plan_id, sandbox, lambda house: service.resume(plan_id, options, house, resend_unknown=resend_unknown))


def cancel(plan_id: str, *, sandbox: bool | None = None) -> Report:
    """Say a person's no to a plan: it can no longer be confirmed, and what is left of it is not sent."""
    check_types(locals())
    return _told(plan_id, sandbox, lambda house: service.cancel(plan_id, house))


def status(plan_id: str, *, wait: int | None = None, sandbox: bool | None = None) -> Report:
    """What became of a plan, with unknown outcomes and receipts looked up; sends nothing."""
    check_types(locals())

    def look(house: House) -> Report:
        report = service.look_up(service.find(plan_id, house.journal), house)
        return carrying.followed(report, wait if wait is not None else 0, house)

    return _told(plan_id, sandbox, look)


def history(  # noqa: PLR0913  the options of `smswrap history`
    *,
    date: str | None = None,
    phone_number: str | None = None,
    outcome: str | None = None,
    plan: str | None = None,
    limit: int = 100,
    offset: int = 0,
    sandbox: bool | None = None,
) -> list[Line]:
    """Lines of what was sent, newest first: one a recipient. `date` is yyyyMMdd in Asia/Shanghai."""
    check_types(locals())
    with open_journal(_choices(sandbox=sandbox)) as journal:
        number = service.find(plan, journal).number if plan is not None else None
        recipient = number_of(phone_number, "phone_number") if phone_number is not None else None
        day = None if date is None else check(Parameter("date", "", "", "date"), date)
        kind = None if outcome is None else Outcome(check(Parameter("outcome", "", "", choices=OUTCOMES), outcome))
        which = Filter(day, recipient, kind, number)
        return journal.lines(which, limit, offset)


@dataclass
class _Listener:
    """Hears what a house has to say, and keeps the warnings."""

    warnings: list[str] = field(default_factory=list)
    troubles: list[Fault] = field(default_factory=list)

    @property
    def heard(self) -> list[str]:
        """The warnings, and what else must be known."""
        return [*self.warnings, *(f"{one.message} {one.next_step}" for one in self.troubles)]

    def note(self, text: str) -> None:
        """Nobody watches."""

    def detail(self, text: str) -> None:
        """Nobody watches."""

    def warn(self, text: str) -> None:
        """Keep a warning, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def trouble(self, fault: Fault) -> None:
        """Keep a failure that must be told even though the request itself went well."""
        self.troubles.append(fault)

    def progress(
        self,
        what: str,  # noqa: ARG002  a Talk's signature
        total: int | None = None,  # noqa: ARG002
        seconds: float | None = None,  # noqa: ARG002
    ) -> AbstractContextManager[Callable[[int], None]]:
        """Nobody watches."""
        return nullcontext(lambda _done: None)


class _NobodyThere:
    """A program cannot be asked: its plans are proposed."""

    asks = False

    def confirm(self, shown: ShownPlan) -> bool:  # noqa: ARG002  a Desk's signature
        """Nobody says yes here."""
        return False

    def ask(self, question: str) -> bool:  # noqa: ARG002  a Desk's signature
        """Nobody says yes here."""
        return False


@contextmanager
def _opened(choices: Choices, talk: _Listener, plan_id: str | None = None) -> Iterator[House]:
    try:
        with signals_noticed(passed_on=True), open_house(choices, talk, _NobodyThere(), plan_id) as house:
            yield house
    except SmswrapError as error:
        if talk.heard:
            error.data = {**(error.data or {}), "warnings": talk.heard}
        raise
    except Ended as ended:
        message = f"Ended by {ended.signum.name}."
        meaning, step = "Nothing was sent now.", "Run it again if you like."
        raise SmswrapError(Fault(Kind.INTERRUPTED, message, meaning, step, "later", ended.signum.name)) from None


def _told(plan_id: str, sandbox: bool | None, do: Callable[[House], Report]) -> Report:  # noqa: FBT001  three-valued
    """The report, with what was said on the way, and what went wrong when the house was left."""
    talk = _Listener()
    with _opened(_choices(sandbox=sandbox), talk, plan_id) as house:
        report = do(house)
    return replace(report, said=tuple(talk.warnings), trouble=talk.troubles[0] if talk.troubles else None)


def _choices(
    provider: str | None = None,
    profile: str | None = None,
    region: str | None = None,
    read_timeout: int | None = None,
    *,
    sandbox: bool | None = None,
) -> Choices:
    """The choices: what was given, else SMSWRAP_<NAME>. Raises InputError."""
    provider = provider or os.environ.get("SMSWRAP_PROVIDER") or None
    if provider is not None and provider not in PROVIDER_NAMES:
        raise InputError.of("provider", provider, f"is none of {', '.join(PROVIDER_NAMES)}", "Name one of them.")
    profile = os.environ.get("SMSWRAP_PROFILE") or None if profile is None else profile
    region = os.environ.get("SMSWRAP_REGION") or None if region is None else region
    for shape, value in (("profile", profile), ("region", region)):
        if value is not None:
            check_shape(shape, value, shape)
    if sandbox is None:
        sandbox = _is_true("SMSWRAP_SANDBOX")
    return Choices(provider, profile, region, read_timeout, sandbox, _is_true("SMSWRAP_ALLOW_ROOT"))


def _is_true(variable: str) -> bool:
    return os.environ.get(variable, "").lower() in TRUE


def _proposal(shown: ShownPlan, warnings: list[str], *, again: bool) -> Proposal:
    planned = shown.plan
    if again:
        warnings.append(f"The key was used: {planned.plan_id} has been sent; confirm tells what became of it.")
    return Proposal(
        id=planned.plan_id,
        text=shown.messages[0].text,
        recipients=shown.recipients,
        recipients_total=planned.recipients,
        parts=planned.parts.total if planned.parts else None,
        account=planned.account,
        expires_at=datetime.fromtimestamp(planned.expires_at, SHANGHAI),
        warnings=tuple(warnings),
    )
