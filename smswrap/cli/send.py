"""`smswrap send`: parse, plan, let a person say yes, dispatch, show."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from smswrap.cli.options import with_common_options
from smswrap.cli.sender import Choice, Given, carry_out
from smswrap.errors import InputError, Problem
from smswrap.providers.base import Message, operations_of
from smswrap.providers.parameters import LONGEST_TEXT, check_shape, check_text
from smswrap.sending.confirmation import DUPLICATE_WINDOW
from smswrap.sending.dispatch import Pace
from smswrap.sending.message import read_parameters
from smswrap.sending.plan import Draft
from smswrap.sending.recipients import read_recipients
from smswrap.sending.spellings import split_numbers
from smswrap.sending.table.problems import ProblemReport

if TYPE_CHECKING:
    from collections.abc import Callable

    from smswrap.cli.output import Answer
    from smswrap.cli.runtime import Runtime

LONGEST_OUT_ID = 255
"""Characters: below 256 by the API page of SendBatchSms."""


SENDING: tuple[Callable[[Any], Any], ...] = (
    click.option("--verify", is_flag=True, help="Check sign, template and variables at the provider first."),
    click.option("--yes", is_flag=True, help="A person has said yes: do not ask."),
    click.option("--dry-run", is_flag=True, help="Show what would be sent; send nothing."),
    click.option("--wait", is_flag=True, help="Wait for the receipts."),
    click.option("--wait-timeout", type=click.IntRange(1, 3600), default=60, show_default=True, help="Seconds."),
    click.option("--settle", is_flag=True, help="If the outcome is unknown, look for it in the receipts at once."),
    click.option("--idempotency-key", metavar="KEY", help="The same key and content is sent once; then replayed."),
)
GUARDING: tuple[Callable[[Any], Any], ...] = (
    click.option("--allow-duplicate", is_flag=True, help="Send although the same was sent just now."),
    click.option(
        "--duplicate-window",
        type=click.IntRange(0),
        default=DUPLICATE_WINDOW,
        show_default=True,
        metavar="SECONDS",
        help="How long the same send again is taken for a mistake.",
    ),
    click.option("--only-unknown-duplicates", is_flag=True, hidden=True),
)
MOST_JOBS = 32


def _pace(ctx: click.Context, _parameter: click.Parameter, rate: float | None) -> Pace:
    if rate is not None and not math.isfinite(rate):
        raise click.BadParameter("it must be a finite number.")
    return Pace(ctx.params.pop("jobs"), rate)


PACE: tuple[Callable[[Any], Any], ...] = (
    click.option("--jobs", type=click.IntRange(1, MOST_JOBS), default=4, is_eager=True, help="Requests at once; 4."),
    click.option("--rate", "pace", type=click.FloatRange(0, min_open=True), callback=_pace, help="Requests a second."),
)


def _all(options: tuple[Callable[[Any], Any], ...], command: Callable[..., Any]) -> Callable[..., Any]:
    for decorate in reversed(options):
        command = decorate(command)
    return command


def sending_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a send; they arrive as one Choice."""
    return _all((*SENDING, *GUARDING), command)


def guarding_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options about duplicates; Choice takes them."""
    return _all(GUARDING, command)


def pace_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options about speed; they arrive as `pace`."""
    return _all(PACE, command)


@click.command("send")
@click.option("-p", "--phone-numbers", multiple=True, metavar="NUMBERS", help="Recipients, separated by commas.")
@click.option("-s", "--sign-name", metavar="SIGN", help="The approved sign (signature name).")
@click.option("-t", "--template-code", metavar="CODE", help="The approved template, SMS_….")
@click.option("-tp", "--template-param", metavar="JSON", help='{"code":"123456"}, @FILE, or - for stdin.')
@click.option("--var", "variables", multiple=True, metavar="NAME=VALUE", help="One template parameter; repeatable.")
@click.option("-o", "--out-id", metavar="ID", help="Your own id of this send, below 256 characters.")
@click.option("--message-group", metavar="ID", help="Volcengine's message group; needed if the account has several.")
@sending_options
@click.pass_obj
def send(runtime: Runtime, /, **given: Any) -> Answer:  # noqa: ANN401  click's options, each of its own type
    """Send one text to one or many recipients.

    Without --yes it asks at a terminal; elsewhere it sends nothing and exits 9.

    \b
    Examples:
      smswrap send -p 13812345678 -s 我的签名 -t SMS_123456 -tp '{"code":"123456"}' --verify
      smswrap send -p 13812345678,+85298765432 -s 我的签名 -t SMS_123456 --var code=123456 --yes --wait
    """  # noqa: D301  \b is click's mark for text that keeps its lines
    choice = Choice.taken_from(given)
    draft, messages = planned(runtime, **given)
    return carry_out(runtime, Given(draft, enumerate(messages, 1), ProblemReport()), choice)


def planned(  # noqa: PLR0913  the options of `send`, each by its name
    runtime: Runtime,
    *,
    phone_numbers: tuple[str, ...],
    sign_name: str | None,
    template_code: str | None,
    template_param: str | None,
    variables: tuple[str, ...],
    out_id: str | None,
    message_group: str | None,
) -> tuple[Draft, list[Message]]:
    """Give what is to be planned, or raise InputError with all that is wrong."""
    problems: list[Problem] = []
    sign = read_text(problems, "--sign-name", sign_name)
    template = read_text(problems, "--template-code", template_code)
    if out_id is not None:
        read_text(problems, "--out-id", out_id, longest=LONGEST_OUT_ID)
    if message_group is not None:
        read_text(problems, "--message-group", message_group)
        problems += unknown_to_provider(runtime, "message-group")
    parameters = collect(problems, lambda: read_parameters(template_param, variables)) or {}
    recipients = _recipients(problems, phone_numbers, runtime)
    if problems:
        raise InputError(problems)
    draft = draft_of(runtime, template, out_id=out_id, group=message_group)
    return draft, [Message(recipient, sign, parameters) for recipient in recipients]


def unknown_to_provider(runtime: Runtime, name: str) -> list[Problem]:
    """The problem with an option of `send` that the chosen provider does not have."""
    known = {parameter.name for parameter in operations_of(runtime.provider_name)["send"].parameters}
    rule = f"is not known to the provider {runtime.provider_name}"
    return [] if name in known else [Problem(f"--{name}", "", rule, "Leave it out, or choose another --provider.")]


def draft_of(runtime: Runtime, template: str, **more: Any) -> Draft:  # noqa: ANN401  fields of Draft
    """Give a draft with what the common options say."""
    region = runtime.given.get("region")
    if more.get("out_id") is not None and unknown_to_provider(runtime, "out-id"):
        runtime.talk.warn(f"{runtime.provider_name} takes no out-id: it stands in smswrap's history only.")
    return Draft(runtime.command, runtime.provider_name, template, runtime.profile, region, **more)


def _recipients(problems: list[Problem], given: tuple[str, ...], runtime: Runtime) -> list[str]:
    numbers = [number for text in given for number in split_numbers(text)]
    if not numbers:
        step = "Add -p with the numbers that the person gave."
        problems.append(Problem("--phone-numbers", "", "must be given", step))
    recipients, wrong, notices = read_recipients(numbers, samples_allowed=runtime.sandbox)
    problems.extend(wrong)
    for notice in notices:
        runtime.talk.warn(f"{notice}.")
    return recipients


def read_text(problems: list[Problem], option: str, value: str | None, longest: int = LONGEST_TEXT) -> str:
    """Give an option's text, adding to the problems what is wrong with it."""
    if value is None:
        step = f"Ask the person which to use; `smswrap {_LISTS[option]}` shows what the account has."
        problems.append(Problem(option, "", "must be given", step))
        return ""
    text = collect(problems, lambda: check_text(option, value, longest=longest)) or ""
    if text and option in OPTION_SHAPES:
        collect(problems, lambda: check_shape(option, text, OPTION_SHAPES[option]))
    return text


OPTION_SHAPES = {"--sign-name": "sign", "--template-code": "template"}
_LISTS = {"--sign-name": "list-signs --approved", "--template-code": "list-templates --approved"}


def collect(problems: list[Problem], read: Callable[[], Any]) -> Any:  # noqa: ANN401  whatever `read` gives
    """Read something; what is wrong with it joins the problems, and None comes back."""
    try:
        return read()
    except InputError as error:
        problems.extend(error.problems)
        return None


with_common_options(send)
