"""The arguments of the library door, read as the command line reads its options; all that is wrong is told at once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from smswrap.errors import InputError, Problem
from smswrap.model import Content
from smswrap.providers.base import operations_of
from smswrap.providers.parameters import LONGEST_OUT_ID, LONGEST_TEXT, LONGEST_TIMEOUT, check_shape, check_text
from smswrap.sending.message import check_parameters, odd_values, tidy_sign, tidy_template
from smswrap.sending.recipients import read_recipients
from smswrap.sending.table.problems import Notices

if TYPE_CHECKING:
    from collections.abc import Callable

    from smswrap.sending.message import Tidied

_LONGEST = {"out_id": LONGEST_OUT_ID}
_BOUNDS = {"read_timeout": (1, LONGEST_TIMEOUT), "duplicate_window": (0, math.inf)}

_NEEDED = ("phone_numbers", "sign_name", "template_code", "plan_id")
_TEXT = "str"
_KINDS = {
    "phone_numbers": "list of str",
    "template_param": "dict of str",
    "duplicate_window": "number",
    **dict.fromkeys(("accept_odd_values", "verify", "allow_duplicate", "resend_unknown", "settle", "sandbox"), "bool"),
    **dict.fromkeys(("read_timeout", "wait", "limit", "offset"), "int"),
}
"""What the arguments are that are no text."""
_TYPES: Mapping[str, type | tuple[type, ...]] = {"str": str, "bool": bool, "int": int, "number": (int, float)}


def check_types(arguments: Mapping[str, object]) -> None:
    """Raise InputError with every argument of another type than its own; their values are judged later.

    A value is not shown: it may be a message's.
    """
    told = ((name, value) for name, value in arguments.items() if value is not None or name in _NEEDED)
    wrong = [
        (name, type(value).__name__, kind) for name, value in told if not _is(kind := _KINDS.get(name, _TEXT), value)
    ]
    if wrong:
        raise InputError([Problem(name, "", f"is {given}, not {kind}", "") for name, given, kind in wrong])


def _is(kind: str, value: object) -> bool:
    # To Python, a text is a list of texts, and True a number.
    if isinstance(value, bool):
        return kind == "bool"
    if kind == "list of str":
        return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))
    if kind == "dict of str":
        return isinstance(value, Mapping) and all(isinstance(name, str) for name in value)
    return isinstance(value, _TYPES[kind])


def wrong(texts: Mapping[str, str | None], seconds: Mapping[str, float | None], provider: str) -> list[Problem]:
    """What is wrong with the arguments that are neither message nor account, as the command line judges them."""
    found: list[Problem] = []
    for name, text in texts.items():
        try:
            if text is not None:
                check_text(name, text, longest=_LONGEST.get(name, LONGEST_TEXT))
        except InputError as error:
            found += error.problems
    for name, value in seconds.items():
        low, high = _BOUNDS[name]
        if value is not None and not low <= value <= high:
            rule = f"is not between {low:g} and {high:g} seconds"
            found.append(Problem(name, f"{value:g}", rule, f"Correct {name}."))
    known = {parameter.key for parameter in operations_of(provider)["send"].parameters}
    if texts["message_group"] is not None and "message_group" not in known:
        found.append(Problem("message_group", "", f"is not known to the provider {provider}", "Leave it out."))
    return found


def read(  # noqa: PLR0913  what makes a message, each by its name
    numbers: Iterable[str],
    names: tuple[str, str],
    parameters: Mapping[str, str],
    warn: Callable[[str], None],
    problems: list[Problem],
    *,
    sandbox: bool,
    odd: bool,
) -> tuple[Content, str, list[str]]:
    """The content, the template and the recipients, as the command line reads them; `names` are sign and template.

    Raises InputError with what is wrong, `problems` too.
    """
    notices = Notices()
    sign, template = (_named(kind, name, problems, notices) for kind, name in zip(_NAMES, names, strict=True))
    wrong = check_parameters(parameters, field="template_param")
    strange = [] if wrong else odd_values(parameters, field="template_param")
    strange = [replace(one, next_step="Correct the value, or say accept_odd_values=True.") for one in strange]
    notices.let_pass(strange if odd else ())
    recipients, unread, noticed = _numbers(numbers, sandbox=sandbox)
    problems += [*wrong, *([] if odd else strange), *unread]
    if problems:
        raise InputError(problems)
    notices.add(noticed)
    for line in notices.lines:
        warn(line)
    return Content(sign, dict(parameters)), template, recipients


_NAMES = (("sign_name", "sign", tidy_sign), ("template_code", "template", tidy_template))


def _named(kind: tuple[str, str, Callable[..., Tidied]], value: str, problems: list[Problem], notices: Notices) -> str:
    field, shape, tidy = kind
    tidied = tidy(value, field=field)
    notices.add(tidied.notices)
    try:
        check_shape(field, check_text(field, tidied.value), shape)
    except InputError as error:
        problems += error.problems
    return tidied.value


def _numbers(numbers: Iterable[str], *, sandbox: bool) -> tuple[list[str], list[Problem], list[Problem]]:
    found, wrong, noticed = read_recipients(map(str, numbers), samples_allowed=sandbox, field="phone_numbers")
    missing = Problem("phone_numbers", "", "names no recipient", "Give at least one number.")
    return found, wrong or ([] if found else [missing]), noticed
