"""Makes a plan's requests: each is journalled before it goes out and settled after; none is ever made twice."""

from __future__ import annotations

import time
from contextlib import nullcontext, suppress
from dataclasses import field, replace
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from smswrap import signals
from smswrap.catalogue import explain
from smswrap.errors import Fault, Kind
from smswrap.journal.requests import NO_ATTEMPTS
from smswrap.masking import hide, redact
from smswrap.model import Outcome, Result
from smswrap.providers.base import ProviderError
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smswrap.journal.journal import Journal
    from smswrap.model import Plan, Request
    from smswrap.providers.base import Accepted, Session, Talk

FOR_ALL = frozenset({Kind.SETUP, Kind.CREDENTIALS})
"""Kinds of refusal that would meet the next request too."""

MOST_AT_ONCE = 4
"""Requests, where nobody said how many: few are made one after the other, so that a refusal stops the rest."""

THROTTLE_TRIES = 5
THROTTLE_PAUSE = 1.0
"""Seconds before a throttled request is made again; doubled each time. The provider said no, so it was not sent."""

GLANCE = 0.2
"""Seconds after which the loop looks at signals and the clock again."""


class Pace(NamedTuple):
    """How fast: requests at once (None: as many as the plan is worth), and requests a second (None: no limit)."""

    jobs: int | None = None
    rate: float | None = None


class Floor(NamedTuple):
    """Where requests are made: the journal, the session, and who is told."""

    journal: Journal
    session: Session
    talk: Talk
    progress: Callable[[int], None]


@dataclass
class _Run:
    """One run over a plan's requests; `attempts` are earlier ones that are made once more."""

    plan: Plan
    floor: Floor
    pace: Pace
    attempts: Mapping[int, float]
    done: SimpleQueue[tuple[Request, Result]] = field(default_factory=SimpleQueue)
    running: int = 0
    taken: int = 0
    jobs: int = 1
    tries: dict[int, int] = field(default_factory=dict)
    next_start: float = 0.0
    stopped: bool = False
    failure: BaseException | None = None
    told: list[Callable[[], None]] = field(default_factory=list)
    """What is told once the transaction is over: whoever reads it slowly keeps nobody from the journal."""


def dispatch(plan: Plan, floor: Floor, pace: Pace, attempts: Mapping[int, float] = NO_ATTEMPTS) -> None:
    """Make all requests of the plan that were never made, and `attempts` once more (see `Journal.take`).

    `floor.progress` is told how many recipients each one had. Several requests are a batch, which waits for a throttled
    provider; of a single one the person is told at once.

    Stops starting new ones after a signal, and after a refusal that would meet every request; those that run finish.
    A second signal stops them, too: their outcome is unknown. Raises JournalLost once nothing runs any more.
    """
    run = _Run(plan, floor, pace, attempts, jobs=pace.jobs or min(MOST_AT_ONCE, max(1, plan.requests // 2)))
    note = "Ending when the running request has its answer; a second signal stops it."
    with signals.finishing(lambda: floor.talk.note(note)):
        more = _step(run, [])
        while more or run.running:
            more = _step(run, _ended(run, at_once=more and _may_take(run)))
    if run.failure is not None:
        raise run.failure


def make(session: Session, request: Request) -> Result:
    """Make one request, once; a reply that may hold numbers and codes is kept without them."""
    try:
        sent = session.send(request)
    except ProviderError as error:
        outcome = Outcome.UNKNOWN if error.fault.kind == Kind.UNKNOWN else Outcome.REFUSED
        return Result(outcome, None, error.request_id, error.fault, redact(error.text, _private(request)))
    return Result(Outcome.ACCEPTED, sent.biz_id, sent.request_id, None, _without_values(sent, request))


def _without_values(sent: Accepted, request: Request) -> str:
    """The reply as it came, unless a value of the message stands in it elsewhere than in its ids."""
    values = {value for message in request.messages for value in message.content.parameters.values()}
    rest = sent.text.replace(sent.biz_id or "\0", "").replace(sent.request_id or "\0", "")
    return sent.text if hide(rest, values) == rest else hide(sent.text, values)


def _private(request: Request) -> set[str]:
    numbers = {message.recipient.removeprefix("+").removeprefix("86") for message in request.messages}
    return numbers | {value for message in request.messages for value in message.content.parameters.values()}


def _step(run: _Run, ended: list[tuple[Request, Result]]) -> bool:
    """Note what ended and take what may begin, with one commit; then begin it. False if nothing is left to begin."""
    requests: list[Request] = []
    try:
        with run.floor.journal.while_sending(run.plan.plan_id) if ended or _may_take(run) else nullcontext():
            for request, result in ended:
                _note(run, request, result)
            # One at first: it is under way while the next is read.
            more = _take(run, requests, max(1, len(ended)))
    except BaseException as error:  # noqa: BLE001  raised again when nothing runs any more
        run.failure, run.stopped = run.failure or error, True
        return False
    for tell in run.told:
        tell()
    run.told.clear()
    for request in requests:
        _start(run, request)
    return more


def _may_take(run: _Run) -> bool:
    left = run.running < run.jobs and run.taken < run.plan.requests
    return left and not run.stopped and time.monotonic() >= run.next_start


def _take(run: _Run, requests: list[Request], most: int) -> bool:
    """Take what may be started now; False if nothing is left that this run would start."""
    while len(requests) < most and run.running + len(requests) < run.jobs:
        if run.stopped or signals.signal_received() or run.taken >= run.plan.requests:
            return False
        if time.monotonic() < run.next_start:
            return True
        try:
            request = run.floor.journal.take(run.plan, run.attempts)
        except BaseException as error:  # noqa: BLE001  raised again when nothing runs any more
            run.failure, run.stopped = error, True
            return False
        if request is None:
            return False
        requests.append(request)
        run.taken += 1
        if run.pace.rate:
            run.next_start = time.monotonic() + 1 / run.pace.rate
    return True


def _start(run: _Run, request: Request) -> None:
    run.running += 1
    if run.jobs > 1:
        with suppress(RuntimeError):  # no more threads: then one after the other, in this one
            Thread(target=_work, args=(run, request)).start()
            return
    _work(run, request)


def _work(run: _Run, request: Request) -> None:
    try:
        result = make(run.floor.session, request)
    except BaseException as error:  # noqa: BLE001  whatever it was, the message may be on its way
        result = _unexpected(error)
    run.done.put((request, result))


def _ended(run: _Run, *, at_once: bool) -> list[tuple[Request, Result]]:
    """Wait for an end, for a moment or not at all; all that came to one by then."""
    if not run.running:
        time.sleep(min(GLANCE, max(0.0, run.next_start - time.monotonic())))
        return []
    found: list[tuple[Request, Result]] = []
    try:
        found.append(run.done.get(timeout=0 if at_once else GLANCE))
        while True:
            found.append(run.done.get_nowait())
    except Empty:
        run.running -= len(found)
        return found


def _unexpected(error: BaseException) -> Result:
    message = f"Something nobody expected while the request was made: {type(error).__name__}: {redact(str(error))}"
    meaning = "The outcome is unknown: the SMS may have been sent."
    step = "Do not send again; query its receipt, and report this."
    return Result(Outcome.UNKNOWN, fault=Fault(Kind.UNKNOWN, message, meaning, step, "after-receipt", "internal"))


def _note(run: _Run, request: Request, result: Result) -> None:
    fault, number = result.fault, request.number
    if fault is not None and fault.kind == Kind.INTERRUPTED:
        # A signal came before the request went out.
        _give_back(run, number)
        return
    for_all = fault is not None and _meets_the_next_too(fault, run.plan.account.provider)
    if fault is not None and for_all and fault.kind == Kind.THROTTLED and _try_again(run, number, fault):
        return
    run.floor.journal.settle(run.plan, number, replace(result, fault=fault), passing=for_all)
    run.told.append(partial(run.floor.progress, len(request.messages)))
    run.stopped = run.stopped or for_all


def _meets_the_next_too(fault: Fault, provider: str) -> bool:
    scope = explain(fault.code, provider).scope if fault.code else ""
    if fault.kind == Kind.THROTTLED:
        return scope != "number"
    return fault.kind in FOR_ALL or scope == "every"


def _try_again(run: _Run, number: int, fault: Fault) -> bool:
    tries = run.tries[number] = run.tries.get(number, 0) + 1
    if run.plan.requests == 1 or tries >= THROTTLE_TRIES or signals.signal_received():
        return False
    pause = THROTTLE_PAUSE * 2 ** (tries - 1)
    run.told.append(partial(run.floor.talk.note, f"Throttled ({fault.code}); going on in {pause:.0f} s …"))
    run.next_start = time.monotonic() + pause
    _give_back(run, number)
    return True


def _give_back(run: _Run, number: int) -> None:
    run.taken -= 1
    run.floor.journal.give_back(run.plan, number)
