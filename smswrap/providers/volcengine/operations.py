"""The actions of version 2026-01-01, by the names that volc_sms.py has for them: the rows beside this file.

A verb's options are one list for all providers (cli/read.py): the same word keeps its short forms, and its help has to
be true of every provider.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from smswrap.errors import InputError
from smswrap.providers.base import Operation
from smswrap.providers.parameters import Parameter, ordered_dates
from smswrap.providers.tables import read_operations
from smswrap.providers.volcengine import normalise
from smswrap.providers.volcengine.arguments import stretch

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDS_GROUP = frozenset({"send", "query-status"})
"""Verbs whose action cannot do without a message group (SubAccount)."""


def _one_stretch(values: Mapping[str, Any]) -> None:
    start, end, day = (values.get(key) for key in ("from_time", "to_time", "send_date"))
    if end is not None and start is None:
        raise InputError.of("--to-time", end, "needs --from-time beside it", "Add --from-time.")
    if start is not None and day is not None:
        step = "Give a day, or --from-time and --to-time."
        raise InputError.of("--send-date", day, "cannot be combined with --from-time", step)
    first, last = stretch(values)
    if first >= last:
        raise InputError.of("--from-time", str(start), "does not lie before the end", "Give an earlier --from-time.")


OPERATIONS = read_operations(
    Path(__file__).parent,
    normalise,
    {"query-status": {"rules": (_one_stretch,)}, "query-statistics": {"rules": (ordered_dates,)}},
)

TEXTS = Operation(
    verb="",
    name="list_second_template",
    kind="read",
    help="Show a template's text.",
    action="volcSMS:ListSecondTemplate",
    parameters=(
        Parameter("template-code", "--template-id", "The template."),
        Parameter("sign-name", "--signatures", "The form for this sign."),
    ),
    normalise=normalise.texts,
)
"""Not a verb of its own: plans show the text."""

ACCOUNT = Operation("", "show_account", "read", "Show who would call.", "", (), normalise=dict)
"""Nobody is asked: the script tells which keys it would use."""
