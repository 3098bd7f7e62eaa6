"""`explain` and `sandbox`: verbs that call no provider."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from smswrap import catalogue
from smswrap.cli.options import with_common_options
from smswrap.cli.output import Answer
from smswrap.cli.prompts import ask
from smswrap.sandbox import Sandbox

if TYPE_CHECKING:
    from smswrap.cli.runtime import Runtime


@click.command("explain")
@click.argument("code", required=False)
@click.option("--search", metavar="TEXT", help="List the codes that hold this text.")
@click.pass_obj
def explain(runtime: Runtime, /, code: str | None, search: str | None) -> Answer:
    """Say what an error or receipt code means and what to do; without a code, list them all.

    \b
    Examples:
      smswrap explain isv.BUSINESS_LIMIT_CONTROL
      smswrap explain --search balance
    """  # noqa: D301  \b is click's mark for text that keeps its lines
    if code is not None:
        return Answer("explain", data=catalogue.explain(code, runtime.given.get("provider"))._asdict() | {"code": code})
    rows = [row._asdict() for row in catalogue.search(search or "")]
    return Answer("explain", data={"codes": rows, "total": len(rows)})


@click.group("sandbox")
def sandbox() -> None:
    """Look at the sandbox, or empty it."""


@sandbox.command("path")
def path() -> Answer:
    """Show where the sandbox lives."""
    return Answer("sandbox path", data={"path": str(Sandbox().directory)}, text=str(Sandbox().directory))


@sandbox.command("reset")
@click.pass_obj
def reset(runtime: Runtime, /) -> Answer:
    """Delete the sandbox's folder: calls, messages, configuration. A folder that smswrap did not make is left alone."""
    question = f"Delete {Sandbox().directory} and all in it? [y/N] "
    if runtime.asks and Sandbox().directory.exists() and not ask(question, runtime.talk):
        return Answer("sandbox reset", data={"path": str(Sandbox().directory), "deleted": False})
    emptied = Sandbox().reset()
    return Answer("sandbox reset", data={"path": str(Sandbox().directory), "deleted": emptied})


@sandbox.command("log")
def log() -> Answer:
    """Show the calls that the stand-ins received, oldest first."""
    return Answer("sandbox log", data={"calls": list(Sandbox().calls())})


for _command in (explain, path, reset, log):
    with_common_options(_command)
