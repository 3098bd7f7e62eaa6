"""From a draft to its answer: verify, ask, dispatch, wait, settle; what all sending verbs share."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, field, fields, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from smswrap import process
from smswrap.cli.output import Answer
from smswrap.errors import Fault, InputError, Problem, SmswrapError
from smswrap.providers.base import ProviderError
from smswrap.sending.confirmation import (
    Guarding,
    confirm_at_once,
    propose,
    refuse_duplicates,
    with_key,
)
from smswrap.sending.dispatch import Pace, dispatch
from smswrap.sending.message import compare_variables
from smswrap.sending.plan import note_messages, split
from smswrap.sending.receipts import find_out, follow, noted_receipts
from smswrap.sending.requests import counts, fault_of, replies, shown, sole_sender, unknown_numbers, waiting
from smswrap.sending.verification import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from smswrap.cli.runtime import Runtime
    from smswrap.providers.base import Body, Message, Provider, Session
    from smswrap.sending.journal import Journal
    from smswrap.sending.plan import Draft, Plan
    from smswrap.sending.table.problems import ProblemReport

MOST_SHOWN = 100
"""Requests that an answer lists; `data.requests_total` says how many there are."""


@dataclass(frozen=True)
class Choice:
    """How a send is to be done."""

    verify: bool = False
    yes: bool = True
    dry_run: bool = False
    wait: bool = False
    wait_timeout: int = 60
    settle: bool = False
    duplicate_window: float = Guarding().window
    allow_duplicate: bool = False
    only_unknown_duplicates: bool = False
    idempotency_key: str | None = None
    attempts: Mapping[int, float] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)

    @classmethod
    def taken_from(cls, given: dict[str, Any]) -> Choice:
        """Take our options out of a command's."""
        return cls(**{one.name: given.pop(one.name) for one in fields(cls) if one.name in given})

    @property
    def guarding(self) -> Guarding:
        """What counts as a duplicate."""
        return Guarding(self.duplicate_window, self.only_unknown_duplicates, self.allow_duplicate)


@dataclass(frozen=True)
class Given:
    """What is to be sent: the draft, its messages with their rows, and where problems with them go.

    With `skips`, rows with problems are left out; otherwise nothing is sent while there are any.
    """

    draft: Draft
    messages: Iterable[tuple[int, Message]]
    report: ProblemReport
    skips: bool = False
    result_file: Callable[[Plan], None] | None = None


def carry_out(runtime: Runtime, given: Given, choice: Choice) -> Answer:
    """Plan the messages, and do what was chosen with the plan."""
    provider = runtime.provider()
    with runtime.journal() as journal:
        draft = _with_group(given.draft, provider)
        plan = note_messages(journal, draft, given.messages, lambda problem: given.report.add([problem]))
        kept = False
        try:
            _refuse_problems(given, plan)
            split(plan, draft, provider.limits)
            answer = _decide(runtime, journal, plan, provider, choice)
            kept = not choice.dry_run
            return answer
        finally:
            if given.result_file is not None and plan.is_confirmed:
                write_or_warn(runtime, partial(given.result_file, plan))
            if not kept:
                plan.forget()


def _with_group(draft: Draft, provider: Provider) -> Draft:
    """The draft with the account's only message group, where the provider has such: a yes is a yes to that one, too."""
    if draft.group is not None or not provider.has_groups:
        return draft
    with provider.session(sends=False) as session:
        return replace(draft, group=session.only_group())


def write_or_warn(runtime: Runtime, write: Callable[[], None]) -> None:
    """Write a result file; what was sent must be told even if that fails."""
    try:
        write()
    except SmswrapError as error:
        runtime.talk.warn(error.fault.message)


def _refuse_problems(given: Given, plan: Plan) -> None:
    report = given.report
    if report.total and not given.skips:
        raise InputError(report.shown, total=report.total, kinds=report.as_json()["kinds"])
    if next(plan.messages(1), None) is None:
        raise InputError(report.shown or [Problem("recipients", "", "are none", "Name at least one recipient.")])


def _decide(runtime: Runtime, journal: Journal, plan: Plan, provider: Provider, choice: Choice) -> Answer:
    earlier = with_key(journal, choice.idempotency_key, plan) if choice.idempotency_key else None
    if earlier is not None:
        return _replay(runtime, plan, earlier)
    _check_duplicates(runtime, plan, choice)
    verified: Body = {}
    if choice.verify and (choice.dry_run or not choice.yes):
        with provider.session(sends=False) as session:
            verified = _verified(plan, session)
        choice = replace(choice, verify=False)
    if choice.dry_run:
        if not verified:
            _learn_content(runtime, plan, provider)
        return _planned(runtime, plan, verified)
    if not choice.yes and (refusal := _ask(runtime, plan, choice)):
        answer = _planned(runtime, plan, verified)
        answer.error = refusal
        answer.failed = "declined" if runtime.asks else None
        return answer
    try:
        confirm_at_once(plan, choice.guarding, choice.idempotency_key)
    except SmswrapError as error:
        earlier = with_key(journal, choice.idempotency_key, plan) if choice.idempotency_key else None
        if error.fault.code != "key-used" or earlier is None:
            raise
        return _replay(runtime, plan, earlier)
    return send(runtime, plan, provider, choice, verified)


def _replay(runtime: Runtime, plan: Plan, earlier: Plan) -> Answer:
    """Tell what became of the send that had the same idempotency key, when it has come to its end."""
    plan.forget()
    with sole_sender(earlier, patience(runtime)):
        return told(runtime, earlier, again=True)


def _learn_content(runtime: Runtime, plan: Plan, provider: Provider) -> None:
    """Fetch the template's text for a dry run, which is worth showing without it, too."""
    try:
        with provider.session(sends=False) as session:
            content, variables = session.template(plan.row["template"])
        plan.learn(content)
        for problem in chain(*compare_variables(variables, next(plan.messages(1)).parameters)):
            runtime.talk.warn(str(problem))
    except SmswrapError as error:
        runtime.talk.warn(f"The text is not known: {error.fault.message}")


def _check_duplicates(runtime: Runtime, plan: Plan, choice: Choice) -> None:
    """Refuse a duplicate before anybody is asked; a dry run only warns of it."""
    try:
        refuse_duplicates(plan, choice.guarding)
    except SmswrapError as error:
        if error.fault.kind != "duplicate" or not choice.dry_run:
            raise
        runtime.talk.warn(error.fault.message)


def send(runtime: Runtime, plan: Plan, provider: Provider, choice: Choice, verified: Body | None = None) -> Answer:
    """Make the requests of a confirmed plan that were never made, and tell what became of all of them."""
    receipts: list[Body] = []
    seen = dict(verified or {})
    with ExitStack() as sole:
        sole.enter_context(sole_sender(plan, patience(runtime)))
        if not counts(plan)["not_sent"] and not choice.attempts:
            return told(runtime, plan, again=True)
        with provider.session(sends=True) as session:
            if choice.verify:
                seen |= _verified(plan, session)
            process.checkpoint()
            _dispatch(runtime, plan, session, choice)
            if choice.settle:
                look_up(runtime, plan, session)
            # Whoever asks for the outcome now need not wait for the receipts with us.
            sole.close()
            if choice.wait and counts(plan)["accepted"]:
                _wait(runtime, plan, session, receipts, choice.wait_timeout)
    return told(runtime, plan, {**seen, **({"receipts": receipts} if choice.wait else {})})


def look_up(runtime: Runtime, plan: Plan, session: Session) -> None:
    """Find out about the plan's unknown requests, as far as receipts tell."""
    asked = len(unknown_numbers(plan))
    if not asked or process.signal_received():
        return
    runtime.talk.note(f"Looking for {asked} request(s) of unknown outcome in the receipts …")
    try:
        found = find_out(plan, session)
        runtime.talk.note(f"{found} of them were accepted; what no receipt shows stays unknown.")
    except ProviderError as error:
        runtime.talk.warn(f"The receipts could not be queried: {error.fault.message}")
    except process.Ended as ended:
        runtime.talk.note(f"No longer looking ({ended.signum.name}).")


def told(runtime: Runtime, plan: Plan, more: Body | None = None, *, again: bool = False) -> Answer:
    """The answer about a confirmed plan, from what the journal holds; `again` says that nothing was sent now."""
    row, counted = plan.row, counts(plan)
    data: Body = {"plan_id": row["plan_id"], "counts": counted, "requests": shown(plan, MOST_SHOWN)}
    data["requests_total"] = row["requests"]
    answer = Answer(runtime.command, row["provider"], {**data, **(more or {})}, done="accepted")
    answer.error = fault_of(plan)
    if answer.error and answer.error.kind == "unknown":
        step = f"Do not send again. `smswrap resume --unknown {row['plan_id']}` looks for it in the receipts."
        if left := waiting(plan):
            step += f" {left} other recipient(s) were never sent to: `smswrap resume {row['plan_id']}` does that."
        answer.error = replace(answer.error, next_step=step)
    answer.failed = "refused" if answer.error and answer.error.kind not in {"unknown", "partial"} else None
    _attach_replies(answer, plan)
    _judge_ending(answer, counted)
    receipts = noted_receipts(plan, row["provider"]) if again else (more or {}).get("receipts", [])
    if again and receipts:
        answer.data["receipts"] = receipts
    _judge_receipts(answer, receipts)
    if again:
        answer.warnings.append("This is what became of the plan before; nothing was sent now.")
    return answer


def _dispatch(runtime: Runtime, plan: Plan, session: Session, choice: Choice) -> None:
    from smswrap.cli.progress import progress

    # Several requests are a batch, which waits for a throttled provider; of a single one the person is told at once.
    pace = choice.pace._replace(patient=plan.row["requests"] > 1)
    with progress(runtime, counts(plan)["not_sent"]) as advance:
        dispatch(plan, session, runtime.talk, pace, advance, choice.attempts)


def _ask(runtime: Runtime, plan: Plan, choice: Choice) -> Fault | None:
    if not runtime.asks:
        propose(plan, choice.idempotency_key, allow_duplicate=choice.allow_duplicate)
        return Fault(
            "confirmation",
            f"A person has to say yes to the plan {plan.plan_id} first; nothing was sent.",
            "The plan is in `data`; it can be confirmed for 30 minutes.",
            f"Restate the plan to the person; after an explicit yes run `smswrap confirm {plan.plan_id}`.",
            "later",
        )
    from smswrap.cli.prompts import confirm

    if confirm(plan.as_json(), runtime.talk, sandbox=runtime.sandbox):
        return None
    return Fault("confirmation", "Declined; nothing was sent.", "", "Run the command again to send after all.", "later")


def _planned(runtime: Runtime, plan: Plan, verified: Body) -> Answer:
    data = {**plan.as_json(), **verified}
    warnings = plan.warnings()
    if data["parts"] is None and not verified and not runtime.talk.warnings:
        warnings.append("The text is not known, as nothing was looked up: --verify shows it.")
    return Answer(runtime.command, plan.row["provider"], data, done="planned", warnings=warnings)


def _verified(plan: Plan, session: Session) -> Body:
    found = verify(plan, session)
    return {"verified": {"sign": found.sign, "template": found.template}}


def _wait(runtime: Runtime, plan: Plan, session: Session, receipts: list[Body], seconds: int) -> None:
    """Collect the receipts; whatever ends this, what has been sent must still be told."""
    if process.signal_received():
        return
    runtime.talk.note(f"Accepted; waiting up to {seconds} s for the receipts …")
    try:
        for latest in follow(plan, session, seconds):
            receipts[:] = latest
    except ProviderError as error:
        runtime.talk.warn(f"The receipts could not be queried: {error.fault.message}")
    except process.Ended as ended:
        runtime.talk.note(f"No longer waiting ({ended.signum.name}).")


def patience(runtime: Runtime) -> Callable[[], None]:
    """Give what to do while another process sends the same plan: say so once, and wait."""
    said: list[bool] = []

    def wait() -> None:
        if not said:
            runtime.talk.note("Another smswrap is sending this plan; waiting for it …")
            said.append(True)
        process.pause(0.05)

    return wait


def _attach_replies(answer: Answer, plan: Plan) -> None:
    texts = replies(plan, MOST_SHOWN)
    bodies = [json.loads(text) for text in texts]
    if plan.row["requests"] == 1:
        answer.reply, answer.text = (bodies[0], texts[0]) if texts else (None, "")
    else:
        answer.reply = bodies or None
        answer.text = json.dumps(bodies, ensure_ascii=False, indent=2) if bodies else ""


def _judge_ending(answer: Answer, counted: dict[str, int]) -> None:
    answer.signum = process.signal_received()
    if answer.signum is None or (answer.error is not None and answer.error.kind != "partial"):
        return
    message = f"Ended by signal {answer.signum}; {counted['accepted']} of {counted['recipients']} were accepted."
    rest = f"`smswrap resume {answer.data['plan_id']}` sends what was never sent." if counted["not_sent"] else ""
    step = f"Do not send to those again. {rest}".strip()
    answer.error = Fault("interrupted", message, "", step, "after-receipt")
    answer.failed = "accepted" if counted["accepted"] == counted["recipients"] else None


def _judge_receipts(answer: Answer, receipts: list[Body]) -> None:
    failed = [receipt for receipt in receipts if receipt["receipt"] == "failed"]
    waiting = [receipt for receipt in receipts if receipt["receipt"] == "in_flight"]
    if waiting:
        answer.warnings.append(
            f"{len(waiting)} accepted message(s) have no receipt yet: do not send again, query their status later."
        )
    if failed and answer.error is None:
        codes = ", ".join(sorted({str(receipt["code"]) for receipt in failed}))
        message = f"{len(failed)} of {len(receipts)} message(s) were accepted but not delivered: {codes}."
        meaning = str(failed[0].get("meaning") or "")
        answer.error = Fault("refused", message, meaning, f"See `smswrap explain {failed[0]['code']}`.", "never", codes)
        answer.failed = "undelivered"
