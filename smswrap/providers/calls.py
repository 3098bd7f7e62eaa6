"""What calls of every provider have in common: reads that time out are repeated, and how a program ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smswrap import signals
from smswrap.providers.base import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from smswrap.process import Finished
    from smswrap.providers.base import Operation, Reply, Settings

TIMED_OUT = frozenset({"cli.timeout", "script.timeout"})

LONGEST_COMPLAINT = 300
"""Characters of foreign text that a message repeats."""


def call_patiently(operation: Operation, call: Callable[[], Reply], settings: Settings) -> Reply:
    """Make the call; if it is a read that times out, up to twice more; a send never. Raises ProviderError."""
    for pause in settings.patience.read_retries if operation.kind == "read" else ():
        try:
            return call()
        except ProviderError as error:
            if error.fault.code not in TIMED_OUT:
                raise
            settings.talk.note(f"{operation.name} timed out; trying again in {pause} s …")
            signals.pause(pause)
    return call()


def ending(finished: Finished) -> str:
    """How a program ended that did not end by itself."""
    if finished.stopped:
        return "it was stopped by your second signal"
    if finished.cut_off:
        return "it printed without end and was stopped"
    if finished.timed_out:
        return f"no answer within {finished.seconds:.1f} s"
    return f"it was ended by {signals.name_of(-(finished.code or 0))}"
