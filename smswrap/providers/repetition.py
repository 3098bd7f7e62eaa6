"""Reads that time out are repeated; a send never is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smswrap import process
from smswrap.providers.base import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from smswrap.providers.base import Operation, Reply, Talk

READ_RETRIES = (0.5, 2.0)
"""Seconds before each repetition of a read that timed out; a send is never repeated."""

TIMED_OUT = frozenset({"cli.timeout", "script.timeout"})


def call_patiently(operation: Operation, call: Callable[[], Reply], talk: Talk) -> Reply:
    """Make the call; if it is a read that times out, up to twice more. Raises ProviderError."""
    pauses = READ_RETRIES if operation.kind == "read" else ()
    for pause in pauses:
        try:
            return call()
        except ProviderError as error:
            if error.fault.code not in TIMED_OUT:
                raise
            talk.note(f"{operation.name} timed out; trying again in {pause} s …")
            process.pause(pause)
    return call()
