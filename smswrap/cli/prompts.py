"""What a person at a terminal is shown and asked, on stderr."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from smswrap import process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smswrap.cli.runtime import Console
    from smswrap.providers.base import Body

YES = frozenset({"y", "yes", "是", "确认", "发送"})
SHOWN_RECIPIENTS = 20


def confirm(shown: Body, talk: Console, *, sandbox: bool) -> bool:
    """Show the plan and ask for a yes; no answer and end of input are a no. A signal raises Ended."""
    talk.say("\n".join(_describe(shown, sandbox=sandbox)))
    return ask("Send it? [y/N] ", talk)


def ask(question: str, talk: Console) -> bool:
    """Ask for a yes; no answer and end of input are a no. A signal raises Ended."""
    talk.say(question, end="")
    with process.interruptible():
        answer = sys.stdin.readline()
    if not answer.endswith("\n"):
        talk.say("")
    return answer.strip().lower() in YES


def _describe(shown: Body, *, sandbox: bool) -> Iterator[str]:
    recipients = shown["recipients"]
    total = shown["recipients_total"]
    more = f" and {total - SHOWN_RECIPIENTS} more" if total > SHOWN_RECIPIENTS else ""
    yield ""
    yield f"Provider    {shown['provider']}{' (sandbox: nothing real is sent)' if sandbox else ''}"
    if shown["profile"]:
        yield f"Profile     {shown['profile']}"
    yield f"Sign        {', '.join(shown['signs'])}"
    yield f"Template    {shown['template']}"
    yield f"Recipients  {', '.join(recipients[:SHOWN_RECIPIENTS])}{more} ({total})"
    for message in shown["messages"][:1]:
        if message["parameters"]:
            pairs = ", ".join(f"{name}={value}" for name, value in message["parameters"].items())
            yield f"Parameters  {_visible(pairs)}"
        if message["text"]:
            yield f"Text        {_visible(message['text'])}"
    if shown["parts"] is not None:
        yield f"Parts       {shown['parts']} in {shown['requests']} request(s)"
    yield ""


def _visible(text: str) -> str:
    return "".join(char if char.isprintable() else "·" for char in text)
