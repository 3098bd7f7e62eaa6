"""The mark of a session: it says since when AI mode is on, and what stood in its place before.

It lies beside the lease, is written before the switch is turned on and goes when it is off. So a mark without a lease
is what a session left that died to its last process.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from smswrap.disk import read_regular
from smswrap.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from smswrap.providers.base import Settings

NAME = "smswrap.on"


class Mark(NamedTuple):
    """When AI mode was turned on (ISO 8601), whether it had been on before, and the user agent that stood there."""

    since: str
    was_on: bool = False
    user_agent: str = ""


def home_of(environment: Mapping[str, str]) -> Path:
    """The directory of the CLI's own files, `~/.aliyun`. Raises SetupError where there is no home."""
    try:
        return Path(environment.get("HOME") or Path.home()) / ".aliyun"
    except RuntimeError as error:
        raise SetupError("This user has no home directory.", "Set HOME to a folder of yours.") from error


def recover(settings: Settings) -> None:
    """Turn AI mode off if a session left it on that is dead to its last process; else one look at a file."""
    left = False
    with contextlib.suppress(OSError, SetupError):  # a home that is nowhere, or that we may not enter, holds none
        left = (home_of(settings.environment) / NAME).exists()
    if left:
        from smswrap.providers.aliyun.aimode import recover as turn_off

        turn_off(settings)


def read(home: Path) -> Mark | None:
    """The mark, if there is one; one that cannot be read tells nothing of what was before."""
    try:
        found = json.loads(read_regular(home / NAME))
        return Mark(str(found["since"]), found["was_on"] is True, str(found["user_agent"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        return Mark("an unknown time")


def make(home: Path, ours: str) -> None:
    """Note what stands in ai-mode.json; a mark that a dead session left knows better, and stays.

    `ours` is our own user agent, which is nobody's to be put back. Raises OSError.
    """
    if read(home) is not None:
        return
    from smswrap.clock import now

    was_on, user_agent = switch(home)
    mark = Mark(now().isoformat(timespec="seconds"), was_on, "" if user_agent == ours else user_agent)
    number = os.open(home / NAME, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        json.dump(mark._asdict(), file)


def switch(home: Path) -> tuple[bool, str]:
    """What stands in ai-mode.json: whether AI mode is on, and the user agent; one that cannot be read is off."""
    try:
        saved = json.loads(read_regular(home / "ai-mode.json"))
        return saved.get("enabled") is True, str(saved.get("user_agent") or "")
    except (OSError, ValueError, AttributeError):
        return False, ""


def remove(home: Path) -> None:
    """Take the mark away: the switch is off."""
    with contextlib.suppress(OSError):
        (home / NAME).unlink()
