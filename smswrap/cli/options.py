"""Options: the common ones, accepted before and after the verb, and those made from a provider's parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from smswrap.cli.runtime import OUTPUTS, Runtime
from smswrap.providers.base import PROVIDER_NAMES
from smswrap.providers.parameters import SHAPES, shorten

if TYPE_CHECKING:
    from collections.abc import Callable

    from smswrap.providers.parameters import Parameter

F = TypeVar("F", bound="Callable[..., Any] | click.Command")

LONGEST_TIMEOUT = 60
"""Seconds; no call should hang longer than a person would wait."""


def _keep(ctx: click.Context, option: click.Parameter, value: Any) -> None:  # noqa: ANN401  click's own signature
    runtime = ctx.ensure_object(Runtime)
    if isinstance(value, str) and not value.strip():
        raise click.BadParameter("it must not be empty.", ctx, option)
    if isinstance(value, str) and option.name in SHAPES and not SHAPES[option.name].pattern.fullmatch(value):
        raise click.BadParameter(f"{shorten(value)!r} {SHAPES[option.name].rule}.", ctx, option)
    if value is not None and option.name is not None:
        runtime.given[option.name] = value
        runtime.talk.quiet = bool(runtime.given.get("quiet"))
        runtime.talk.verbose = bool(runtime.given.get("verbose"))


def _common(*, variables: bool) -> list[click.Option]:
    def option(spellings: list[str], **attributes: Any) -> click.Option:  # noqa: ANN401  click's own attributes
        name = spellings[-1].removeprefix("--").replace("-", "_")
        variable = f"SMSWRAP_{name.upper()}" if variables else None
        return click.Option(spellings, envvar=variable, expose_value=False, callback=_keep, default=None, **attributes)

    return [
        option(
            ["--provider"], type=click.Choice(PROVIDER_NAMES), help="Who sends: aliyun (the default) or volcengine."
        ),
        option(["--profile"], metavar="NAME", help="A saved profile of the aliyun CLI."),
        option(["-r", "--region"], metavar="ID", help="Region, for example cn-hangzhou."),
        option(["--output"], type=click.Choice(OUTPUTS), help="json (default off a terminal), raw, or table."),
        option(["--sandbox"], is_flag=True, help="Use the stand-ins: no network, no account."),
        option(
            ["--read-timeout"],
            type=click.IntRange(1, LONGEST_TIMEOUT),
            metavar="SECONDS",
            help="How long the provider may take to answer; 3 (a send through volcengine: 30).",
        ),
        option(["-q", "--quiet"], is_flag=True, help="No talk but errors."),
        option(["-v", "--verbose"], is_flag=True, help="Tell of every call."),
    ]


def with_common_options(command: click.Command, *, variables: bool = False) -> click.Command:
    """Add the common options; `variables` lets SMSWRAP_<NAME> stand for them, which only the group does."""
    command.params += _common(variables=variables)
    return command


def option_for(parameter: Parameter) -> click.Option:
    """Make the option of a provider's parameter; its value is checked later, with all others, by `parameters.check`."""
    spellings = [word for word in parameter.short if word.startswith("-")]
    return click.Option([*spellings, parameter.option, parameter.key], help=parameter.help, metavar="VALUE")
