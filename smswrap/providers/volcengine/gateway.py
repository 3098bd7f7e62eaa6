"""The sandbox's stand-in for Volcengine's gateway, running beside us for the length of a session."""

from __future__ import annotations

import json
import secrets
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from smswrap import process
from smswrap.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FOREIGN = ("ARK_", "VOLC")
"""What the names of variables begin with that would bring a real account into the sandbox."""

BASE, KEY = "SMSWRAP_SANDBOX_BASE", "SMSWRAP_SANDBOX_KEY"
"""The variables that lead volc_sms.py to the stand-in. The key is another one each time: it stands in no command line,
and whoever finds the port cannot do anything with it."""

STARTS_WITHIN = 20.0
"""Seconds; it takes a fifth of one (measured), and longer on a machine that is busy."""

_STAND_IN = Path(__file__).parents[2] / "sandbox" / "standin.py"


@contextmanager
def standing_in(environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Run the stand-in for the length of the block; gives the environment that leads the script to it.

    Raises SetupError if it does not start.
    """
    own = {name: value for name, value in environment.items() if not name.startswith(FOREIGN)}
    directory = environment["SMSWRAP_SANDBOX_DIR"]
    own |= {"SMSWRAP_SANDBOX": "1", KEY: secrets.token_urlsafe()}
    # `-I -S`: it needs the standard library only, and starts in half the time. UTF-8 for whatever the directory holds.
    argv = [sys.executable, "-I", "-S", "-X", "utf8", str(_STAND_IN), "gateway", "--directory", directory]
    with process.serving(argv, env=own, timeout=STARTS_WITHIN) as line:
        yield {**own, BASE: f"http://127.0.0.1:{_port(line, directory)}"}


def _port(line: str, directory: str) -> int:
    try:
        return int(json.loads(line)["port"])
    except (ValueError, KeyError, TypeError):
        message = "The sandbox's gateway for Volcengine did not start."
        raise SetupError(message, f"Run `smswrap sandbox reset`, and see whether {directory} can be written.") from None
