"""`smswrap completion`, and what completes: signs, templates and plans as they were last seen, never by a call."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from smswrap import state
from smswrap.cli.answer import Answer
from smswrap.cli.options import command
from smswrap.errors import SmswrapError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smswrap.cli.runtime import Runtime

VARIABLE = "_SMSWRAP_COMPLETE"
SHELL = click.Argument(["shell"], type=click.Choice(["bash", "zsh", "fish"]))
KEPT = 500
"""Names of a list that are remembered."""


def run(_runtime: Runtime, shell: str) -> Answer:
    """Print the script."""
    kind = get_completion_class(shell)
    if kind is None:
        raise AssertionError(shell)
    root = click.get_current_context().find_root().command
    return Answer("completion", text=kind(root, {}, "smswrap", VARIABLE).source(), form="raw")


def remember(runtime: Runtime, thing: str, names: Iterable[str | None]) -> None:
    """Keep the names of a list for later."""
    facts = state.remembered(_file(runtime))
    known = [name for name in names if name][:KEPT]
    state.remember(_file(runtime), {**facts, f"{runtime.provider_name} {thing}": known})


def listed(ctx: click.Context, thing: str, incomplete: str) -> list[CompletionItem]:
    """Names that were listed last and begin so."""
    runtime = ctx.find_root().obj
    names = state.remembered(_file(runtime)).get(f"{runtime.provider_name} {thing}", [])
    return _beginning(names, incomplete)


def plans(ctx: click.Context, _one: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Plans of the journal that begin so."""
    with suppress(SmswrapError), ctx.find_root().obj.journal() as journal:
        return _beginning([plan_id for plan_id, _ in journal.plan_ids()], incomplete)
    return []


def verbs(lines: Iterable[tuple[str, Sequence[tuple[str, str]]]], incomplete: str) -> list[CompletionItem]:
    """Verbs that begin so, each with its line."""
    return [CompletionItem(verb, help=line) for _, rows in lines for verb, line in rows if verb.startswith(incomplete)]


def _beginning(names: Any, incomplete: str) -> list[CompletionItem]:  # noqa: ANN401  what a file holds
    return [CompletionItem(name) for name in names if isinstance(name, str) and name.startswith(incomplete)]


def _file(runtime: Runtime) -> str:
    return "listed-sandbox.json" if runtime.common.sandbox else "listed.json"


COMMAND = command("completion", run, (), SHELL)
