"""A program that talks with the person itself: the second and last module that starts one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pexpect

from smswrap.signals import interruptible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def converse(argv: Sequence[str], env: Mapping[str, str], answers: Mapping[str, str]) -> int | None:
    """Run a program in a terminal of its own, joined to the person's, until it ends; its exit code, None if none.

    What the person types goes to it unseen; after a prompt that begins like one of `answers`, that is typed for them.
    """
    size = os.get_terminal_size(2)
    child = pexpect.spawn(argv[0], [*argv[1:]], env={**env}, timeout=None, dimensions=(size.lines, size.columns))
    left, shown = {prompt.encode(): answer for prompt, answer in answers.items()}, bytearray()

    def watch(printed: bytes) -> bytes:
        shown.extend(printed)
        for prompt in [prompt for prompt in left if shown.rpartition(b"\n")[2].startswith(prompt)]:
            if shown.endswith(b": "):
                child.sendline(left.pop(prompt))
        return printed

    try:
        with interruptible():
            child.interact(escape_character=None, output_filter=watch)  # type: ignore[arg-type]  # the stub knows text alone
    finally:
        child.close()
        if shown and not shown.endswith(b"\n"):  # what is said next begins a line
            os.write(1, b"\n")
    return child.exitstatus
