"""`smswrap doctor`: is this machine ready to send?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from smswrap.cli.options import with_common_options
from smswrap.cli.output import Answer
from smswrap.errors import Fault, SmswrapError
from smswrap.providers.base import Finding, diagnosis_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smswrap.cli.runtime import Runtime


@click.command("doctor")
@click.pass_obj
def doctor(runtime: Runtime, /) -> Answer:
    """Look at everything that a send needs, and say what is missing. Nothing is changed, nothing is sent.

    \b
    Example:
      smswrap doctor
    """  # noqa: D301  \b is click's mark for text that keeps its lines
    findings = [*diagnosis_of(runtime.provider_name, runtime.settings()), *_journal(runtime)]
    answer = Answer("doctor", runtime.provider_name, {"checks": [finding._asdict() for finding in findings]})
    failed = next((finding for finding in findings if finding.state == "failed"), None)
    if failed is not None:
        message = f"{failed.check}: {failed.detail}"
        answer.error = Fault("setup", message, "Nothing can be sent like this.", failed.next_step)
    return answer


def _journal(runtime: Runtime) -> Iterator[Finding]:
    try:
        with runtime.journal() as journal, journal.transaction():
            # A write that changes nothing says whether there is room and nobody holds the file.
            journal.run("UPDATE meta SET value = value")
            yield Finding("journal", "ok", str(journal.path))
    except SmswrapError as error:
        yield Finding("journal", "failed", error.fault.message, error.fault.next_step)


with_common_options(doctor)
