"""What `smswrap help TOPIC` explains."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from smswrap.sandbox.aliyun.magic import MAGIC

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import click

Rows = tuple[tuple[str, str], ...]

EXIT_CODES: Rows = (
    ("0", "Done."),
    ("1", "Something nobody expected."),
    ("2", "Usage or input is wrong; nothing was called."),
    ("3", "This machine is not ready: CLI, plugin, configuration."),
    ("4", "Credentials or permission."),
    ("5", "The provider refused, or a message was not delivered."),
    ("6", "Throttled or not reachable: try later."),
    ("7", "Some recipients of a batch were not sent to."),
    ("8", "The outcome is unknown: do not send again, look it up."),
    ("9", "A person's yes is needed, was refused or has expired."),
    ("10", "The same was sent a moment ago."),
    ("11", "Done, but AI mode could not be turned off."),
    ("129 130 143", "Ended by HUP, INT (^C) or TERM before the outcome was known."),
)
ENVIRONMENT: Rows = (
    ("SMSWRAP_<OPTION>", "Stands for a common option, as SMSWRAP_PROVIDER, SMSWRAP_PROFILE, SMSWRAP_OUTPUT."),
    ("SMSWRAP_SANDBOX=1", "The same as --sandbox."),
    ("SMSWRAP_LANG", "en or zh; otherwise LC_ALL, LC_MESSAGES, LANG say it."),
    ("SMSWRAP_STATE_DIR", "Where smswrap remembers what was sent."),
    ("SMSWRAP_SANDBOX_DIR", "Where the sandbox lives."),
    ("SMSWRAP_PATIENCE", "Times by which waits are longer, on a slow machine."),
    ("NO_COLOR", "No colours."),
    ("ALIBABA_CLOUD_PROFILE", "The profile of the aliyun CLI, unless --profile names one."),
    ("ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET", "Keys, where the profile has none."),
    ("ARK_SKILL_API_KEY, ARK_SKILL_API_BASE", "Volcengine: a key and the gateway it belongs to."),
    ("VOLCENGINE_ACCESS_KEY, VOLCENGINE_SECRET_KEY", "Volcengine: a pair of keys."),
)
OUTPUT: Rows = (
    ("table", "For people; the default at a terminal."),
    ("json", "One object, for success and failure alike; the default elsewhere."),
    ("raw", "What the provider answered, untouched."),
    ("smswrap", "Version of this object."),
    ("status", "What happened, in a word: accepted, confirmation_needed, failed, …"),
    ("error", "null, or kind, code, message, meaning, next_step, retry."),
    ("warnings", "What is not as it should be, and stopped nothing."),
    ("data", "What was asked for, in the same words for both providers."),
    ("reply", "The provider's JSON, with --with-reply or a failure."),
)


def _explain(before: Sequence[str], rows: Callable[[], Rows], formatter: click.HelpFormatter) -> None:
    for paragraph in before:
        formatter.write_text(paragraph)
        formatter.write_paragraph()
    formatter.write_dl(rows())


def _magic() -> Rows:
    return tuple((row.number, row.sentence) for row in MAGIC)


TOPICS: Mapping[str, Callable[[click.HelpFormatter], None]] = {
    "exit-codes": partial(_explain, ["What the exit code says; JSON is written whatever it is."], lambda: EXIT_CODES),
    "environment": partial(
        _explain, ["A flag counts before a variable, a variable before a default."], lambda: ENVIRONMENT
    ),
    "output": partial(
        _explain,
        ["stdout is data, stderr is talk. --output is table, json or raw; the lines below those are JSON's keys."],
        lambda: OUTPUT,
    ),
    "sandbox": partial(
        _explain,
        [
            "With --sandbox everything runs against stand-ins: no network, no account, and nothing real is sent.",
            "These recipients have a fate of their own; all others get the message.",
        ],
        _magic,
    ),
}
"""The topics, each with what writes it."""
