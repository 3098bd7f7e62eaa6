"""Options as records: a field is an option, a command is made from records and the function that takes them."""

from __future__ import annotations

from dataclasses import field, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from smswrap.cli.runtime import OUTPUTS, Runtime
from smswrap.providers.base import PROVIDER_NAMES
from smswrap.providers.parameters import LONGEST_TIMEOUT, SHAPES, shorten
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from click.shell_completion import CompletionItem

    from smswrap.cli.answer import Answer
    from smswrap.providers.parameters import Parameter

C = TypeVar("C", bound=click.Command)


class Option(click.Option):
    """An option whose help is clean as it stands: to clean it, click would load `inspect`, an eighth of a start."""

    def __init__(self, spellings: Sequence[str], *, help: str | None = None, **more: Any) -> None:  # noqa: A002, ANN401
        super().__init__(spellings, **more)
        self.help = help


def telling(spellings: Sequence[str], text: Callable[[click.Context], str], help: str) -> Option:  # noqa: A002
    """Make an option that shows a text and ends the program."""

    def tell(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001  click's signature
        if value and not ctx.resilient_parsing:
            click.echo(text(ctx), color=ctx.color)
            ctx.exit()

    return Option(spellings, help=help, is_flag=True, is_eager=True, expose_value=False, callback=tell)


def option(*spellings: str, default: Any = None, **attributes: Any) -> Any:  # noqa: ANN401  click's own attributes
    """A field of an options record, and the option of the command line that fills it."""
    return field(default=default, metadata={"spellings": spellings, "attributes": attributes})


def options_of(record: type) -> list[Option]:
    """The options that fill a record; each has the field's name and default."""
    return [
        Option(
            [*one.metadata["spellings"], one.name],
            **{"default": one.default, **completing(one.name), **one.metadata["attributes"]},
        )
        for one in fields(record)
        if "spellings" in one.metadata
    ]


def command(
    verb: str, run: Callable[..., Answer], records: Sequence[type], text: str, *arguments: click.Parameter
) -> click.Command:
    """Make a command: its options fill the records, with which `run(runtime, *arguments, *records)` is called."""

    @click.pass_obj
    def call(runtime: Runtime, /, **values: Any) -> Answer:  # noqa: ANN401  click's values, each of its own type
        given = [values.pop(str(argument.name)) for argument in arguments]
        filled = [record(**{one.name: values[one.name] for one in fields(record)}) for record in records]
        return run(runtime, *given, *filled)

    made = [one for record in records for one in options_of(record)]
    return with_common_options(click.Command(verb, callback=call, params=[*arguments, *made], help=text))


@dataclass(frozen=True)
class Deciding:
    """Options of whatever sends: how it is checked, decided and followed."""

    verify: bool = option("--verify", is_flag=True, default=False, help="Check sign, template and variables first.")
    yes: bool = option("--yes", is_flag=True, default=False, help="A person has said yes: do not ask.")
    dry_run: bool = option("--dry-run", is_flag=True, default=False, help="Show what would be sent; send nothing.")
    idempotency_key: str | None = option(
        "--idempotency-key", metavar="KEY", help="The same key and content is sent once; then replayed."
    )


@dataclass(frozen=True)
class Following:
    """Options about what comes after a send."""

    wait: bool = option("--wait", is_flag=True, default=False, help="Wait for the receipts.")
    wait_timeout: int = option(
        "--wait-timeout", type=click.IntRange(1, 3600), default=60, show_default=True, help="Seconds."
    )
    settle: bool = option(
        "--settle", is_flag=True, default=False, help="If the outcome is unknown, look for it in the receipts at once."
    )

    @property
    def seconds(self) -> int | None:
        """Seconds to wait for receipts, or None."""
        return self.wait_timeout if self.wait else None


@dataclass(frozen=True)
class Guarding:
    """Options about duplicates."""

    allow_duplicate: bool = option(
        "--allow-duplicate", is_flag=True, default=False, help="Send although the same was sent just now."
    )
    duplicate_window: int = option(
        "--duplicate-window",
        type=click.IntRange(0),
        default=600,
        show_default=True,
        metavar="SECONDS",
        help="How long the same send again is taken for a mistake.",
    )
    only_unknown_duplicates: bool = option("--only-unknown-duplicates", is_flag=True, default=False, hidden=True)


@dataclass(frozen=True)
class Speed:
    """Options about speed."""

    jobs: int = option("--jobs", type=click.IntRange(1, 32), default=4, help="Requests at once; 4.")
    rate: float | None = option("--rate", type=click.FloatRange(0, min_open=True), help="Requests a second.")


def with_common_options(made: C, *, variables: bool = False) -> C:
    """Add the common options; `variables` lets SMSWRAP_<NAME> stand for them, which only the group does."""
    made.add_help_option = False
    help_option = telling(["-h", "--help"], click.Context.get_help, "Show this message and exit.")
    made.params += [*_common(variables=variables), help_option]
    return made


def option_for(parameter: Parameter) -> Option:
    """Make the option of a provider's parameter; its value is checked later, with all others, by `parameters.check`."""
    spellings = [word for word in parameter.short if word.startswith("-")]
    more = completing(parameter.key)
    return Option([*spellings, parameter.option, parameter.key], help=parameter.help, metavar="VALUE", **more)


def completing(name: str) -> dict[str, Any]:
    """What makes an option of this name complete from what was listed last; nothing for another."""
    thing = {"sign_name": "signs", "template_code": "templates"}.get(name)

    def complete(ctx: click.Context, _one: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from smswrap.cli.completion import listed

        return listed(ctx, str(thing), incomplete)

    return {"shell_complete": complete} if thing else {}


def complete_plans(ctx: click.Context, one: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The plans that the journal holds."""
    from smswrap.cli.completion import plans

    return plans(ctx, one, incomplete)


def _keep(ctx: click.Context, one: click.Parameter, value: Any) -> None:  # noqa: ANN401  click's own signature
    runtime = ctx.ensure_object(Runtime)
    if isinstance(value, str) and not value.strip():
        raise click.BadParameter("it must not be empty.", ctx, one)
    if isinstance(value, str) and one.name in SHAPES and not SHAPES[one.name].pattern.fullmatch(value):
        raise click.BadParameter(f"{shorten(value)!r} {SHAPES[one.name].rule}.", ctx, one)
    if value is not None and one.name is not None:
        runtime.common = replace(runtime.common, **{one.name: value})
        runtime.talk.quiet, runtime.talk.verbose = runtime.common.quiet, runtime.common.verbose


def _common(*, variables: bool) -> list[Option]:
    def common(*spellings: str, **attributes: Any) -> Option:  # noqa: ANN401  click's own attributes
        name = spellings[-1].removeprefix("--").replace("-", "_")
        variable = f"SMSWRAP_{name.upper()}" if variables else None
        return Option(spellings, envvar=variable, expose_value=False, callback=_keep, default=None, **attributes)

    timeout = "How long the provider may take to answer; 3 (a send through volcengine: 30)."
    return [
        common("--provider", type=click.Choice(PROVIDER_NAMES), help="aliyun (the default) or volcengine."),
        common("--profile", metavar="NAME", help="A saved profile of the aliyun CLI."),
        common("-r", "--region", metavar="ID", help="Region, for example cn-hangzhou."),
        common("--output", type=click.Choice(OUTPUTS), help="json (default off a terminal), raw, or table."),
        common("--with-reply", is_flag=True, help="Put the provider's own JSON into the answer, too."),
        common("--sandbox", is_flag=True, help="Use the stand-ins: no network, no account."),
        common("--allow-root", is_flag=True, help="Run as root in another user's home."),
        common("--read-timeout", type=click.IntRange(1, LONGEST_TIMEOUT), metavar="SECONDS", help=timeout),
        common("-q", "--quiet", is_flag=True, help="No talk but errors."),
        common("-v", "--verbose", is_flag=True, help="Tell of every call."),
    ]
