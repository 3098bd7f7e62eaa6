"""How help looks: verbs in groups, lines by their columns on a screen, the reader's language; and `smswrap help`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import click

from smswrap.cli.answer import Answer
from smswrap.cli.options import command
from smswrap.cli.words import padded, wrapped
from smswrap.errors import InputError
from smswrap.messages import said, width

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from smswrap.cli.runtime import Runtime

GROUPS: dict[str, dict[str, str]] = {
    "Send": {
        "send": "Send one text to one or many recipients.",
        "send-batch": "Send each recipient a text of their own, from a file.",
        "confirm": "Say yes to a plan: send exactly what it shows.",
        "resume": "Go on with a plan that was cut short.",
        "cancel": "Say no to a plan, or to what is left of it.",
    },
    "Look up": {
        "history": "List what was sent, newest first.",
        "explain": "Say what an error or receipt code means.",
    },
    "Account": {},
    "This machine": {
        "setup": "Install and configure what a send needs, step by step.",
        "doctor": "Say whether the next send would pass.",
        "completion": "Print the completion of a shell: bash, zsh, fish.",
        "sandbox": "Look at the sandbox, or empty it.",
        "schema": "Print the JSON Schema of answers.",
        "skill": "Hand this program to an agent, as an Agent Skill.",
        "help": "Explain a verb, or a topic.",
    },
}
"""The verbs as the list shows them; those of operations join their group, others the last one."""

FIRST_COLUMN = 30
"""Columns that a term may take before its text goes below it."""

TOPIC = click.Argument(["topic"], metavar="[VERB | TOPIC]", required=False)
HELP = """Explain a verb, or a topic: exit-codes, environment, output, sandbox.

\b
Example:
  smswrap help exit-codes
"""


class Formatter(click.HelpFormatter):
    """Click's, with Chinese characters as wide as they are and every sentence in the reader's language."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the usage line."""
        super().write_usage(prog, args, prefix or f"{said('Usage:')} ")

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        self.write(f"{' ' * self.current_indent}{said(f'{heading}:')}\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs; one that begins with a backspace keeps its lines."""
        paragraphs = map(self._paragraph, text.split("\n\n"))
        self.write("\n\n".join("\n".join(lines) for lines in paragraphs) + "\n")

    def _paragraph(self, text: str) -> list[str]:
        lines = text.strip("\n").split("\n")
        if lines[0].strip() == "\b":
            lines = [said(lines[1]), *lines[2:]]
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


def grouped(
    verbs: Sequence[str], command: Callable[[str], click.Command | None]
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Each group with its verbs and a line of each; a verb that no group names is loaded for its line."""
    from smswrap.cli.read import group_and_line

    groups = {group: dict(lines) for group, lines in GROUPS.items()}
    named = {verb for lines in GROUPS.values() for verb in lines}
    for verb in verbs:
        if verb not in named:
            group, line = group_and_line(verb) or ("This machine", "")
            groups[group][verb] = line or getattr(command(verb), "get_short_help_str", str)()
    for group, lines in groups.items():
        yield group, [(verb, line) for verb, line in lines.items() if verb in verbs]


def run(_runtime: Runtime, topic: str | None) -> Answer:
    """Explain a verb or a topic."""
    from smswrap.cli.topics import TOPICS

    ctx = click.get_current_context().find_root()
    if topic and topic in TOPICS:
        formatter = ctx.make_formatter()
        TOPICS[topic](formatter)
        return Answer("help", text=formatter.getvalue(), form="raw")
    group = cast("click.Group", ctx.command)
    found = group.get_command(ctx, topic) if topic else None
    if topic and found is None:
        step = f"The topics are: {', '.join(TOPICS)}."
        raise InputError.of("TOPIC", topic[:40], "is neither a verb nor a topic", step)
    about = click.Context(found, parent=ctx, info_name=topic) if found else ctx
    return Answer("help", text=about.get_help(), form="raw")


COMMAND = command("help", run, (), HELP, TOPIC)
