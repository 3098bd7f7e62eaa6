"""The hall without processes: a model of a provider, a journal of its own, and a clock that can be moved."""

from __future__ import annotations

import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from smswrap import clock
from smswrap.clock import today
from smswrap.errors import Fault, Kind
from smswrap.journal.journal import Journal
from smswrap.model import Account, Content, Message, Order
from smswrap.providers.base import Accepted, Limits, Patience, ProviderError, Reply
from smswrap.providers.records import Receipt, Sign, Template
from smswrap.sending import service
from smswrap.sending.house import House
from smswrap.sending.planning import Asked, Found
from smswrap.sending.refusals import DuplicatePolicy
from smswrap.sending.service import Options

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from smswrap.model import Request
    from smswrap.providers.base import Settings
    from smswrap.sending.report import Report
    from smswrap.sending.shown import ShownPlan

ACCOUNT = Account("aliyun", "work", "AK", "3Fqz", "cn-hangzhou")
LIMITS = Limits(shared=1000, personal=100)
TEMPLATE = Template("SMS_1", "a template", "verification", "approved", "code ${code}", ("code",))
YES = Options(yes=True)
AT_ONCE = Patience(receipts=(0.0,))

FAULTS = {
    "refuse": Fault(Kind.REFUSED, "no", code="isv.MOBILE_NUMBER_ILLEGAL"),
    "refuse all": Fault(Kind.REFUSED, "no money", code="isv.AMOUNT_NOT_ENOUGH"),
    "throttle": Fault(Kind.THROTTLED, "slower", code="Throttling.User"),
    "lose the request": Fault(Kind.UNKNOWN, "timeout", code="cli.timeout"),
    "lose the reply": Fault(Kind.UNKNOWN, "timeout", code="cli.timeout"),
}
REACHING = {"accept", "lose the reply", "die after"}


class Death(BaseException):
    """The process is gone: from here on, it writes nothing."""


@dataclass
class Listener:
    """Hears what the house says."""

    warnings: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Nobody watches."""

    def detail(self, text: str) -> None:
        """Nobody watches."""

    def warn(self, text: str) -> None:
        """Keep it."""
        self.warnings.append(text)

    def trouble(self, fault: Fault) -> None:
        """Nothing here has AI mode."""
        pytest.fail(f"unexpected trouble: {fault}")

    def progress(
        self, what: str, total: int | None = None, seconds: float | None = None
    ) -> AbstractContextManager[Callable[[int], None]]:
        """Nobody watches."""
        assert what, (total, seconds)
        return nullcontext(lambda _done: None)


@dataclass
class Person:
    """Somebody at the terminal, who gives these answers; nobody, if there are none left."""

    answers: list[bool] = field(default_factory=list)
    saw: list[ShownPlan] = field(default_factory=list)

    @property
    def asks(self) -> bool:
        """Whether anybody is there."""
        return bool(self.answers)

    def confirm(self, shown: ShownPlan) -> bool:
        """Answer."""
        self.saw.append(shown)
        return self.answers.pop(0)

    def ask(self, question: str) -> bool:
        """Answer."""
        assert question
        return self.answers.pop(0)


class Gateway:
    """A provider: what it does with the next requests, and every message that it accepted."""

    name = "aliyun"
    has_groups = False

    def __init__(self, settings: Settings | None = None) -> None:
        assert settings is None
        self.limits = LIMITS
        self.who = ACCOUNT
        self.behaviours: list[str] = []
        self.ledger: list[tuple[str, Message]] = []
        self.receipt = "delivered"
        self.calls: list[str] = []
        self.killed = False
        self.echo = True
        self.text: str | None = None
        self.sent_at: float | None = None

    def account(self) -> Account:
        """Who calls."""
        return self.who

    def check(self, *, sends: bool) -> None:
        """Nothing forbids anything."""

    @contextmanager
    def session(self, *, sends: bool) -> Iterator[Gateway]:  # noqa: ARG002  a Provider's signature
        """The gateway is its own session."""
        yield self

    def send(self, request: Request) -> Accepted:
        """Behave as told."""
        behaviour = self.behaviours.pop(0) if self.behaviours else "accept"
        self.calls.append("send")
        if behaviour in REACHING:
            self.ledger += [(request.out_id, message) for message in request.messages]
        if behaviour == "break":
            raise RuntimeError(behaviour)
        if behaviour.startswith("die"):
            self.killed = True
            raise Death
        if behaviour in FAULTS:
            raise ProviderError(FAULTS[behaviour])
        return Accepted("1^0", "R-1", '{"Code":"OK"}')

    def sign(self, sign: str, group: str | None) -> Sign:
        """Every sign is approved."""
        assert group is None
        return Sign(sign, "approved")

    def template(self, template: str, sign: str | None) -> Template:  # noqa: ARG002  a Session's signature
        """Every template has the one text."""
        self.calls.append("template")
        return replace(TEMPLATE, template=template)

    def only_group(self) -> str | None:
        """There are none."""
        return None

    def receipts(self, recipient: str, day: str, biz_id: str | None, group: str | None) -> list[Receipt]:
        """The receipts of what was accepted, the latest first."""
        assert group is None
        self.calls.append(f"receipts {biz_id}")
        assert day <= today()
        return [
            Receipt(
                recipient=recipient,
                receipt=self.receipt,
                code="MOBILE_NOT_ON_SERVICE" if self.receipt == "failed" else None,
                out_id=out_id if self.echo else None,
                template="SMS_1",
                sign=message.content.sign,
                content=self.text or f"【{message.content.sign}】code {message.content.parameters.get('code')}",
                sent_at=None if self.sent_at is None else clock.iso(self.sent_at),
            )
            for out_id, message in reversed(self.ledger)
            if message.recipient == recipient
        ]

    def call(self, verb: str, values: Any) -> Reply:
        """Nobody calls by name here."""
        pytest.fail(f"nobody should call {verb} with {values}")

    @property
    def reached(self) -> list[str]:
        """Who got a message, once for each."""
        return sorted(message.recipient for _, message in self.ledger)


class Hall:
    """A house with a model provider, and short words for what is done in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.gateway = Gateway()
        self.person = Person()
        self.talk = Listener()

    @contextmanager
    def house(self) -> Iterator[House]:
        """The house, with the journal opened anew."""
        self.talk = Listener()
        with (
            Journal(self.path) as journal,
            House(journal, self.gateway, self.talk, self.person, Asked("work"), patience=AT_ONCE) as house,
        ):
            yield house

    def send(self, *messages: Message, options: Options = Options(), **more: Any) -> Report:  # noqa: B008  frozen
        """Send these messages; without options, that is to propose them."""
        with self.house() as house:
            order = order_of(*messages, account=house.provider.account(), **more)
            return service.send(order, options, house, Found())

    def die(self, one: Message, behaviour: str) -> None:
        """Send a message in a process that dies: `die before` it went out, or `die after`."""
        self.gateway.behaviours = [behaviour]
        whole = Journal.settle

        def settle(journal: Journal, *arguments: Any, **more: Any) -> None:
            if self.gateway.killed:
                raise Death
            whole(journal, *arguments, **more)

        with pytest.MonkeyPatch.context() as dying:
            dying.setattr(Journal, "settle", settle)
            with pytest.raises(Death):
                self.send(one, options=replace(YES, duplicates=DuplicatePolicy(allowed=True)))
        self.gateway.killed = False

    def propose(self, *messages: Message, options: Options = Options(), **more: Any) -> str:  # noqa: B008  frozen
        """Propose these messages; gives the plan's id."""
        report = self.send(*messages, options=options, **more)
        assert int(report.exit) == 9, report.error
        return report.plan.plan_id

    def confirm(self, plan_id: str, options: Options = Options()) -> Report:  # noqa: B008  frozen
        """Say yes."""
        with self.house() as house:
            return service.confirm(plan_id, options, house)

    def resume(self, plan_id: str, options: Options = Options(), *, resend_unknown: bool = False) -> Report:  # noqa: B008  frozen
        """Go on."""
        with self.house() as house:
            return service.resume(plan_id, options, house, resend_unknown=resend_unknown)

    def cancel(self, plan_id: str) -> Report:
        """Say no."""
        with self.house() as house:
            return service.cancel(plan_id, house)

    def look_up(self, plan_id: str) -> Report:
        """Find out about unknown outcomes."""
        with self.house() as house:
            (plan,) = service.with_unknown(plan_id, house)
            return service.look_up(plan, house)


class Clocks:
    """The two clocks of the machine: the wall's can be moved, the other goes on until a restart."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall = self.ticks = 0.0
        self.boot = "this start"
        real_time, real_ticks = time.time, clock.ticks
        monkeypatch.setattr(time, "time", lambda: real_time() + self.wall)
        monkeypatch.setattr(clock, "ticks", lambda: real_ticks() + self.ticks)
        monkeypatch.setattr(clock, "boot", lambda: self.boot)

    def pass_by(self, seconds: float) -> None:
        """Let time pass by both clocks."""
        self.wall += seconds
        self.ticks += seconds

    def move(self, wall: float = 0.0, ticks: float = 0.0) -> None:
        """Move each of them."""
        self.wall += wall
        self.ticks += ticks

    def set(self, wall: float) -> None:
        """Set the wall clock to this moment."""
        self.wall += wall - time.time()

    def restart(self) -> None:
        """Start the machine anew."""
        self.boot += "'s next"
        self.ticks -= 1_000_000


def message(
    recipient: str = "+8619900000000", sign: str = "甲", code: str | None = "1", extend: str | None = None
) -> Message:
    """A message."""
    return Message(recipient, Content(sign, {} if code is None else {"code": code}, extend))


def order_of(*messages: Message, account: Account = ACCOUNT, **more: Any) -> Order:
    """An order of these messages."""
    rows: Sequence[tuple[int, Message]] = list(enumerate(messages or (message(),), 1))
    return Order("send", account, more.pop("template", "SMS_1"), rows, **more)
