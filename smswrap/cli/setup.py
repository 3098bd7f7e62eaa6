"""`smswrap setup`: asks, installs and configures, and ends with doctor's verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smswrap.cli.admin import run_doctor
from smswrap.cli.doctor import Examining
from smswrap.cli.options import command
from smswrap.errors import InputError
from smswrap.providers.base import set_up

if TYPE_CHECKING:
    from smswrap.cli.answer import Answer
    from smswrap.cli.runtime import Runtime


def run(runtime: Runtime) -> Answer:
    """Go through the steps, then judge."""
    person = runtime.desk()
    if not person.asks:
        step = "Run it at a terminal; `smswrap doctor` says what is missing, without questions."
        raise InputError.of("setup", "", "asks questions, and there is no terminal", step)
    set_up(runtime.provider_name, runtime.settings(), person)
    live = person.ask("Make one call that only reads, to see whether the keys are taken? [y/N] ")
    answer = run_doctor(runtime, Examining(live=live))
    answer.command = "setup"
    return answer


COMMAND = command("setup", run)
