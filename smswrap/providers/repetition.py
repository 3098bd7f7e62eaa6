"""Reads that time out are repeated; a send never is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smswrap import signals
from smswrap.providers.base import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from smswrap.providers.base import Operation, Reply, Settings

TIMED_OUT = frozenset({"cli.timeout", "script.timeout"})


def call_patiently(operation: Operation, call: Callable[[], Reply], settings: Settings) -> Reply:
    """Make the call; if it is a read that times out, up to twice more. Raises ProviderError."""
    for pause in settings.patience.read_retries if operation.kind == "read" else ():
        try:
            return call()
        except ProviderError as error:
            if error.fault.code not in TIMED_OUT:
                raise
            settings.talk.note(f"{operation.name} timed out; trying again in {pause} s …")
            signals.pause(pause)
    return call()
