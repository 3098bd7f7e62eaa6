"""How help looks: verbs in groups, lines by their columns, the reader's language; `smswrap help` and `completion`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from smswrap.cli.answer import Answer
from smswrap.cli.options import command, meaning, pages
from smswrap.cli.runtime import COMPLETING
from smswrap.cli.screen import padded, wrapped
from smswrap.errors import InputError
from smswrap.messages import said, width

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from smswrap.cli.runtime import Runtime

GROUPS = ("Send", "Look up", "Account", "This machine")
FIRST_COLUMN = 30
"""Columns that a term may take before its text goes below it."""

SHELL = click.Argument(["shell"], type=click.Choice(["bash", "zsh", "fish"]))
TOPIC = click.Argument(["topic"], metavar="[VERB | TOPIC]", required=False)


class Formatter(click.HelpFormatter):
    """Click's, with Chinese characters as wide as they are and every sentence in the reader's language."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage line."""
        super().write_usage(prog, args, prefix or f"{said('Usage:')} ")

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        self.write(f"{' ' * self.current_indent}{said(f'{heading}:')}\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs; one with an indented line keeps its lines."""
        paragraphs = map(self._paragraph, text.split("\n\n"))
        self.write("\n\n".join("\n".join(lines) for lines in paragraphs) + "\n")

    def _paragraph(self, text: str) -> list[str]:
        lines = text.strip("\n").split("\n")
        if any(line.startswith("  ") for line in lines):
            lines = [said(lines[0]), *lines[1:]]
        else:
            lines = wrapped(said(" ".join(text.split())), self.width, self.current_indent)
        return [f"{' ' * self.current_indent}{line}".rstrip() for line in lines]

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = FIRST_COLUMN, col_spacing: int = 2) -> None:
        """Write terms and their texts in two columns."""
        rows = list(rows)
        column = min(max(width(term) for term, _ in rows), col_max) + col_spacing
        before = " " * self.current_indent
        for term, text in rows:
            lines = wrapped(said(text), self.width, self.current_indent + column)
            if width(term) > column - col_spacing:
                lines = ["", *lines]
            self.write(f"{before}{padded(term, column)}{lines[0]}".rstrip() + "\n")
            self.write("".join(f"{before}{' ' * column}{line}\n" for line in lines[1:]))


def grouped(verbs: Sequence[str]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each group with its verbs and a line of each."""
    from smswrap.cli.read import group_and_line

    groups: dict[str, list[tuple[str, str]]] = {group: [] for group in GROUPS}
    own = [verb for verb in pages() if verb in verbs]
    for verb in own:
        groups[pages()[verb].group].append((verb, pages()[verb].line))
    for verb in verbs:
        if verb not in own:
            group, line = group_and_line(verb)
            groups[group].append((verb, line))
    yield from groups.items()


def run(_runtime: Runtime, topic: str | None) -> Answer:
    """Explain a verb or a topic."""
    ctx = click.get_current_context().find_root()
    topics = [name.removeprefix("help ") for name in pages() if name.startswith("help ")]
    if topic in topics:
        return Answer("help", text=_page(ctx.make_formatter(), topic), form="raw")
    group = cast("click.Group", ctx.command)
    found = group.get_command(ctx, topic) if topic else None
    if topic and found is None:
        known = [*topics, *group.list_commands(ctx)]
        step = meaning(topic, known, "smswrap help") or f"The topics are: {', '.join(topics)}."
        raise InputError.of("TOPIC", topic[:40], "is neither a verb nor a topic", step)
    about = click.Context(found, parent=ctx, info_name=topic) if found else ctx
    return Answer("help", text=about.get_help(), form="raw")


def _page(formatter: click.HelpFormatter, topic: str) -> str:
    """A topic's page; what is indented stands in two columns, and the sandbox's are its magic recipients."""
    rows: list[tuple[str, str]] = []
    for paragraph in pages()[f"help {topic}"].text.split("\n\n"):
        if paragraph.startswith("  "):
            rows = [
                (term, text.strip())
                for term, _, text in (line.strip().partition("  ") for line in paragraph.split("\n"))
            ]
        else:
            formatter.write_text(paragraph)
            formatter.write_paragraph()
    if topic == "sandbox":
        from smswrap.sandbox.aliyun.magic import MAGIC

        rows = [(row.number, row.sentence) for row in MAGIC]
    formatter.write_dl(rows)
    return formatter.getvalue()


def run_completion(_runtime: Runtime, shell: str) -> Answer:
    """Print what makes a shell complete."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101  one of SHELL's
    root = click.get_current_context().find_root().command
    return Answer("completion", text=kind(root, {}, "smswrap", COMPLETING).source(), form="raw")


COMMANDS = {
    "help": command("help", run, (), TOPIC),
    "completion": command("completion", run_completion, (), SHELL),
}
