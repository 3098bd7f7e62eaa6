"""Options as records: a field is an option, a command is made from records and the function that takes them."""

from __future__ import annotations

from dataclasses import field, fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from smswrap.cli.runtime import OUTPUTS, Runtime
from smswrap.providers.base import PROVIDER_NAMES
from smswrap.providers.parameters import LONGEST_TIMEOUT, SHAPES, shorten
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from click.shell_completion import CompletionItem

    from smswrap.cli.answer import Answer
    from smswrap.providers.parameters import Parameter

SECONDS = click.IntRange(1, 3600)
"""How long may be waited for receipts."""

COMPLETED = frozenset({"sign_name", "template_code", "plan_id"})
"""Options whose values are completed from what is known."""

C = TypeVar("C", bound=click.Command)


class Option(click.Option):
    """An option whose help is clean as it stands: to clean it, click would load `inspect`, an eighth of a start."""

    def __init__(self, spellings: Sequence[str], *, help: str | None = None, **more: Any) -> None:  # noqa: A002, ANN401
        if spellings[-1] in COMPLETED:
            more["shell_complete"] = complete
        super().__init__(spellings, **more)
        self.help = help


def telling(spellings: Sequence[str], text: Callable[[click.Context], str], help: str) -> Option:  # noqa: A002
    """Make an option that shows a text and ends the program."""

    def tell(ctx: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001  click's signature
        if value and not ctx.resilient_parsing:
            click.echo(text(ctx), color=ctx.color)
            ctx.exit()

    return Option(spellings, help=help, is_flag=True, is_eager=True, expose_value=False, callback=tell)


def option(spellings: str, metavar: str | None, help: str, **attributes: Any) -> Any:  # noqa: A002, ANN401  click's
    """A field of an options record, and the option of the command line that fills it."""
    default = attributes.pop("default", None)
    attributes |= {"metavar": metavar, "help": help, "default": default}
    return field(default=default, metadata={"spellings": spellings.split(), "attributes": attributes})


def flag(spelling: str, help: str = "", **attributes: Any) -> Any:  # noqa: A002, ANN401  click's
    """A field of an options record that is false, and the option that makes it true."""
    return option(spelling, None, help, is_flag=True, default=False, **attributes)


def several(spellings: str, metavar: str, help: str) -> Any:  # noqa: A002, ANN401  click's
    """A field of an options record that holds all values of an option that may be given again."""
    return option(spellings, metavar, help, multiple=True, default=())


def options_of(record: type) -> list[Option]:
    """The options that fill a record; each has the field's name and default."""
    return [
        Option([*one.metadata["spellings"], one.name], **one.metadata["attributes"])
        for one in fields(record)
        if "spellings" in one.metadata
    ]


@dataclass(frozen=True)
class Page:
    """What help says of a verb: its group and its line in the list of verbs, and all the rest."""

    group: str
    line: str
    text: str


@cache
def pages() -> Mapping[str, Page]:
    """The pages of verbs.txt by what they are about."""
    found = {}
    for page in Path(__file__).with_name("verbs.txt").read_text("utf-8").split("\n== ")[1:]:
        head, _, text = page.partition("\n")
        name, group, line = [*head.split(" | "), "", ""][:3]
        found[name] = Page(group, line, text.rstrip())
    return found


def command(
    name: str, run: Callable[..., Answer], records: Sequence[type] = (), *arguments: click.Parameter
) -> click.Command:
    """Make a command: its options fill the records, with which `run(runtime, *arguments, *records)` is called."""

    @click.pass_obj
    def call(runtime: Runtime, /, **values: Any) -> Answer:  # noqa: ANN401  click's values, each of its own type
        given = [values.pop(str(argument.name)) for argument in arguments]
        filled = [record(**{one.name: values[one.name] for one in fields(record)}) for record in records]
        return run(runtime, *given, *filled)

    params = [*arguments, *(one for record in records for one in options_of(record))]
    verb, text = name.rpartition(" ")[2], pages()[name].text
    return with_common_options(click.Command(verb, callback=call, params=params, help=text))


def meaning(verb: str, known: Sequence[str], before: str = "smswrap") -> str:
    """Ask whether the verb that is spelt almost like it was meant, else one of which a word is; empty if none is."""
    from difflib import get_close_matches

    verb = verb.casefold()
    parts = {part: name for name in known for part in name.split("-")[1:]}
    near = get_close_matches(verb, known, n=2) or [parts[part] for part in get_close_matches(verb, parts, n=2)]
    return f"Did you mean {' or '.join(f'`{before} {name}`' for name in near)}?" if near else ""


class Group(click.Group):
    """A group of commands, which together with its own name are what the envelope calls `command`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and tell the envelope."""
        name, found, rest = super().resolve_command(ctx, args)
        ctx.ensure_object(Runtime).command = f"{self.name} {name}"
        return name, found, rest


def group(name: str, *commands: click.Command) -> click.Group:
    """Make a group of commands."""
    return Group(name, commands=commands, help=pages()[name].text)


def with_common_options(made: C, *, variables: bool = False) -> C:
    """Add the common options; `variables` lets SMSWRAP_<NAME> stand for them, which only the group does."""
    made.add_help_option = False
    help_option = telling(["-h", "--help"], click.Context.get_help, "Show this message and exit.")
    made.params += [*_common(variables=variables), help_option]
    return made


def option_for(parameter: Parameter) -> Option:
    """Make the option of a provider's parameter; its value is checked later, with all others, by `parameters.check`."""
    spellings = [word for word in parameter.short if word.startswith("-")]
    return Option([*spellings, parameter.option, parameter.key], help=parameter.help, metavar="VALUE")


def complete(ctx: click.Context, one: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """What the value of this option or argument can be, by its name."""
    from smswrap.cli.completion import known

    return known(ctx, str(one.name), incomplete)


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
