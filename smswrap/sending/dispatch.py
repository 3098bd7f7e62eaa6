"""Makes a plan's requests: each is journalled before it goes out and settled after; none is ever made twice."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, NamedTuple

from smswrap import process
from smswrap.catalogue import is_about_one_number, meets_every_request
from smswrap.errors import Fault
from smswrap.masking import redact
from smswrap.providers.base import ProviderError
from smswrap.sending.requests import NO_ATTEMPTS, Result, give_back, settle, take

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from smswrap.providers.base import SendRequest, Session, Talk
    from smswrap.sending.plan import Plan
    from smswrap.sending.requests import Outcome, Taken

FOR_ALL = frozenset({"setup", "credentials"})
"""Kinds of refusal that would meet the next request too."""

THROTTLE_TRIES = 5
THROTTLE_PAUSE = 1.0
"""Seconds before a throttled request is made again; doubled each time. The provider said no, so it was not sent."""

GLANCE = 0.2
"""Seconds after which the loop looks at signals and the clock again."""


class Pace(NamedTuple):
    """How fast: requests at once, and requests a second at most (None: no limit)."""

    jobs: int = 1
    rate: float | None = None
    patient: bool = False


@dataclass
class _Run:
    """One run over a plan's requests; `attempts` are earlier ones that are made once more."""

    plan: Plan
    session: Session
    talk: Talk
    pace: Pace
    progress: Callable[[int], None]
    attempts: Mapping[int, float]
    done: SimpleQueue[tuple[Taken, Result]] = field(default_factory=SimpleQueue)
    running: int = 0
    tries: dict[int, int] = field(default_factory=dict)
    next_start: float = 0.0
    stopped: bool = False
    failure: BaseException | None = None


def dispatch(  # noqa: PLR0913, PLR0917  each is a thing of its own
    plan: Plan,
    session: Session,
    talk: Talk,
    pace: Pace,
    progress: Callable[[int], None] = lambda _done: None,
    attempts: Mapping[int, float] = NO_ATTEMPTS,
) -> None:
    """Make all requests of the plan that were never made, and `attempts` once more (see `take`).

    `progress` is told how many recipients each one had.

    Stops starting new ones after a signal, and after a refusal that would meet every request; those that run finish.
    A second signal stops them, too: their outcome is unknown. Raises JournalLost once nothing runs any more.
    """
    run = _Run(plan, session, talk, pace, progress, attempts)
    note = "Ending when the running request has its answer; a second signal stops it."
    with process.finishing(lambda: talk.note(note)):
        while _start_more(run) or run.running:
            _gather(run)
    if run.failure is not None:
        raise run.failure


def make(session: Session, request: SendRequest) -> Result:
    """Make one request, once."""
    try:
        reply = session.send(request)
    except ProviderError as error:
        outcome: Outcome = "unknown" if error.fault.kind == "unknown" else "refused"
        return Result(outcome, None, error.request_id, error.fault, error.text)
    return Result("accepted", reply.data["biz_id"], reply.request_id, None, reply.text)


def _start_more(run: _Run) -> bool:
    """Start what may be started now; False if nothing is left that this run would start."""
    while run.running < run.pace.jobs:
        if run.stopped or process.signal_received():
            return False
        if time.monotonic() < run.next_start:
            return True
        if not _start_one(run):
            return False
    return True


def _start_one(run: _Run) -> bool:
    try:
        taken = take(run.plan, run.attempts)
    except BaseException as error:  # noqa: BLE001  raised again when nothing runs any more
        run.failure, run.stopped = error, True
        return False
    if taken is None:
        return False
    if run.pace.rate:
        run.next_start = time.monotonic() + 1 / run.pace.rate
    try:
        Thread(target=_work, args=(run, taken)).start()
    except RuntimeError as error:  # no more threads: nothing was sent
        run.failure, run.stopped = error, True
        give_back(run.plan, taken.number)
        return False
    run.running += 1
    return True


def _work(run: _Run, taken: Taken) -> None:
    try:
        result = make(run.session, taken.request)
    except BaseException as error:  # noqa: BLE001  whatever it was, the message may be on its way
        result = _unexpected(error)
    run.done.put((taken, result))


def _gather(run: _Run) -> None:
    if not run.running:
        time.sleep(min(GLANCE, max(0.0, run.next_start - time.monotonic())))
        return
    try:
        taken, result = run.done.get(timeout=GLANCE)
    except Empty:
        return
    run.running -= 1
    try:
        _note(run, taken, result)
    except BaseException as error:  # noqa: BLE001  raised again when nothing runs any more
        run.failure, run.stopped = run.failure or error, True


def _unexpected(error: BaseException) -> Result:
    message = f"Something nobody expected while the request was made: {type(error).__name__}: {redact(str(error))}"
    meaning = "The outcome is unknown: the SMS may have been sent."
    step = "Do not send again; query its receipt, and report this."
    return Result("unknown", fault=Fault("unknown", message, meaning, step, "after-receipt", "internal"))


def _note(run: _Run, taken: Taken, result: Result) -> None:
    fault = result.fault
    if fault is not None and fault.kind == "interrupted":
        # A signal came before the request went out.
        give_back(run.plan, taken.number)
        return
    for_all = fault is not None and _meets_the_next_too(fault)
    if fault is not None and for_all and fault.kind == "throttled" and _try_again(run, taken, fault):
        return
    settle(run.plan, taken.number, result, passing=for_all)
    run.progress(len(taken.request.messages))
    run.stopped = run.stopped or for_all


def _meets_the_next_too(fault: Fault) -> bool:
    if fault.kind == "throttled":
        return not is_about_one_number(fault.code)
    return fault.kind in FOR_ALL or meets_every_request(fault.code)


def _try_again(run: _Run, taken: Taken, fault: Fault) -> bool:
    tries = run.tries[taken.number] = run.tries.get(taken.number, 0) + 1
    if not run.pace.patient or tries >= THROTTLE_TRIES or process.signal_received():
        return False
    pause = THROTTLE_PAUSE * 2 ** (tries - 1)
    run.talk.note(f"Throttled ({fault.code}); going on in {pause:.0f} s …")
    run.next_start = time.monotonic() + pause
    give_back(run.plan, taken.number)
    return True
