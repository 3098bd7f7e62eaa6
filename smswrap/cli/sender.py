"""From a plan to its answer: verify, ask, dispatch, wait; what `send` and `send-batch` share."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from smswrap import process
from smswrap.cli.output import Answer
from smswrap.errors import Fault
from smswrap.providers.base import ProviderError
from smswrap.sending.dispatch import dispatch
from smswrap.sending.receipts import follow
from smswrap.sending.verification import verify

if TYPE_CHECKING:
    from smswrap.cli.runtime import Runtime
    from smswrap.providers.base import Body, Provider, Session
    from smswrap.sending.dispatch import Dispatched
    from smswrap.sending.plan import SendPlan


@dataclass(frozen=True)
class Choice:
    """How a send is to be done."""

    verify: bool
    yes: bool
    dry_run: bool
    wait: bool
    wait_timeout: int

    @classmethod
    def taken_from(cls, given: dict[str, Any]) -> Choice:
        """Take our options out of a command's."""
        return cls(**{field.name: given.pop(field.name) for field in fields(cls)})


def carry_out(runtime: Runtime, plan: SendPlan, choice: Choice) -> Answer:
    """Do what was chosen with the plan."""
    provider = runtime.provider()
    verified: Body = {}
    if choice.verify and (choice.dry_run or not choice.yes):
        with provider.session(sends=False) as session:
            plan, verified = _verified(plan, session)
        choice = replace(choice, verify=False)
    if choice.dry_run:
        return _planned(runtime, plan, provider, verified)
    if not choice.yes and (refusal := _ask(runtime, plan, provider)):
        answer = _planned(runtime, plan, provider, verified)
        answer.error = refusal
        answer.failed = "declined" if runtime.asks else None
        return answer
    return _send(runtime, plan, provider, choice, verified)


def _ask(runtime: Runtime, plan: SendPlan, provider: Provider) -> Fault | None:
    if not runtime.asks:
        return Fault(
            "confirmation",
            "A person has to say yes to this plan first; nothing was sent.",
            "The plan is in `data`.",
            "Restate the plan to the person; after an explicit yes, run the same command with --yes.",
            "later",
        )
    from smswrap.cli.prompts import confirm

    if confirm(plan.as_json(provider.limits), runtime.talk, sandbox=runtime.sandbox):
        return None
    return Fault("confirmation", "Declined; nothing was sent.", "", "Run the command again to send after all.", "later")


def _planned(runtime: Runtime, plan: SendPlan, provider: Provider, verified: Body) -> Answer:
    data = {**plan.as_json(provider.limits), **verified}
    return Answer(runtime.command, plan.provider, data, done="planned", warnings=plan.warnings())


def _verified(plan: SendPlan, session: Session) -> tuple[SendPlan, Body]:
    found = verify(plan, session)
    return plan.with_content(found.content), {"verified": {"sign": found.sign, "template": found.template}}


def _send(runtime: Runtime, plan: SendPlan, provider: Provider, choice: Choice, verified: Body) -> Answer:
    receipts: list[Body] = []
    with provider.session(sends=True) as session:
        if choice.verify:
            plan, verified = _verified(plan, session)
        process.checkpoint()
        sent = dispatch(plan, provider.limits, session, runtime.talk)
        if choice.wait and sent.counts()["accepted"] and not process.signal_received():
            _wait(runtime, session, sent, receipts, choice.wait_timeout)
    return _told(runtime, sent, {**verified, **({"receipts": receipts} if choice.wait else {})})


def _wait(runtime: Runtime, session: Session, sent: Dispatched, receipts: list[Body], seconds: int) -> None:
    """Collect the receipts; whatever ends this, what has been sent must still be told."""
    runtime.talk.note(f"Accepted; waiting up to {seconds} s for the receipts …")
    try:
        for latest in follow(sent.results, session, seconds):
            receipts[:] = latest
    except ProviderError as error:
        runtime.talk.warn(f"The receipts could not be queried: {error.fault.message}")
    except process.Ended as ended:
        runtime.talk.note(f"No longer waiting ({ended.signum.name}).")


def _told(runtime: Runtime, sent: Dispatched, more: Body) -> Answer:
    data: Body = {"plan_id": sent.plan.plan_id, "counts": sent.counts()}
    data["requests"] = [result.as_json() for result in sent.results]
    replies = [result.body for result in sent.results if result.body is not None]
    answer = Answer(runtime.command, sent.plan.provider, {**data, **more}, done="accepted", error=sent.fault)
    answer.reply = replies[0] if len(sent.results) == 1 and replies else replies or None
    answer.text = sent.results[0].text if len(sent.results) == 1 else _array(replies)
    if sent.fault and sent.fault.kind not in {"unknown", "partial"}:
        answer.failed = "refused"
    _judge_ending(answer, sent)
    _judge_receipts(answer, more.get("receipts", []))
    return answer


def _judge_ending(answer: Answer, sent: Dispatched) -> None:
    answer.signum = process.signal_received()
    if answer.signum is None or answer.error is not None:
        return
    counts = sent.counts()
    message = f"Ended by signal {answer.signum}; {counts['accepted']} of {counts['recipients']} were accepted."
    step = "Do not send again to those; `smswrap query-status` shows what became of them."
    answer.error = Fault("interrupted", message, "", step, "after-receipt")
    answer.failed = "accepted" if counts["accepted"] else None


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


def _array(replies: list[Body]) -> str:
    import json

    return json.dumps(replies, ensure_ascii=False, indent=2) if replies else ""
