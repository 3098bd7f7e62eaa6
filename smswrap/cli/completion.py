"""What completes a line: signs, templates and plans as they were last seen, never by a call."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from click.shell_completion import CompletionItem

from smswrap import state
from smswrap.errors import SmswrapError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import click

    from smswrap.cli.runtime import Runtime

THINGS = {"sign_name": "signs", "template_code": "templates"}
"""What options of these names are completed from."""

SENDING = frozenset({"send", "send-batch"})
"""Verbs for which only what is approved is of use."""

KEPT = 500
"""Names of a list that are remembered."""


def remember(runtime: Runtime, thing: str, names: Iterable[tuple[str | None, str | None]]) -> None:
    """Keep the names of a list for later, each with its state."""
    facts = state.remembered(_file(runtime))
    known = [pair for pair in names if pair[0]][:KEPT]
    state.remember(_file(runtime), {**facts, f"{runtime.provider_name} {thing}": known})


def known(ctx: click.Context, name: str, incomplete: str) -> list[CompletionItem]:
    """What an option or argument of this name can be: plans of the journal, or what was listed last, that begins so."""
    runtime = ctx.find_root().obj
    if name != "plan_id":
        listed = state.remembered(_file(runtime)).get(f"{runtime.provider_name} {THINGS[name]}", [])
        return _beginning(_names(listed, sendable=ctx.info_name in SENDING), incomplete)
    with suppress(SmswrapError), runtime.journal() as journal:
        return _beginning(journal.plan_ids(), incomplete)
    return []


def verbs(lines: Iterable[tuple[str, Sequence[tuple[str, str]]]], incomplete: str) -> list[CompletionItem]:
    """Verbs that begin so, each with its line."""
    return [CompletionItem(verb, help=line) for _, rows in lines for verb, line in rows if verb.startswith(incomplete)]


def _names(listed: Any, *, sendable: bool) -> Iterator[str]:  # noqa: ANN401  what a file holds
    for one in listed if isinstance(listed, list) else []:
        match one:
            case [str(name), condition] if condition == "approved" or not sendable:
                yield name


def _beginning(names: Iterable[str], incomplete: str) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def _file(runtime: Runtime) -> str:
    return "listed-sandbox.json" if runtime.common.sandbox else "listed.json"
