"""How every door gets its house: the journal, the provider and the sandbox that somebody's choices lead to."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from smswrap import disk, process
from smswrap.providers.base import Settings, provider_named
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smswrap.journal.journal import Journal
    from smswrap.model import Plan
    from smswrap.providers.base import Talk
    from smswrap.sending.house import Desk, House

DEFAULT_PROVIDER = "aliyun"


@dataclass(frozen=True)
class Choices:
    """What somebody chose of provider and account; None: nothing."""

    provider: str | None = None
    profile: str | None = None
    region: str | None = None
    read_timeout: int | None = None
    sandbox: bool = False
    allow_root: bool = False


def open_journal(choices: Choices) -> Journal:
    """The journal of this user; the sandbox has one of its own. Raises SetupError."""
    from smswrap import state
    from smswrap.journal.journal import Journal
    from smswrap.journal.store import NAME

    refuse_foreign_home(choices)
    if not choices.sandbox:
        return Journal(state.directory() / NAME)
    from smswrap.sandbox import Sandbox

    return Journal(Sandbox().directory / NAME)


def settings_of(choices: Choices, talk: Talk) -> Settings:
    """The choices as providers take them; in the sandbox, with the stand-ins for everything real. Raises SetupError."""
    refuse_foreign_home(choices)
    environment = process.environment()
    standin: tuple[str, ...] = ()
    if choices.sandbox:
        from smswrap.sandbox import Sandbox

        sandbox = Sandbox()
        sandbox.prepare()
        environment, standin = sandbox.environment(environment), sandbox.command
    asked = (choices.profile, choices.region, choices.read_timeout)
    return Settings(talk, environment, *asked, sandbox=choices.sandbox, standin=standin)


def refuse_foreign_home(choices: Choices) -> None:
    """Raise SetupError if root works in somebody else's home and did not say that this is meant."""
    with suppress(RuntimeError):  # no HOME, and no entry in passwd: then it is nobody's
        disk.refuse_foreign_home(Path.home(), allowed=choices.allow_root)


@contextmanager
def open_house(choices: Choices, talk: Talk, desk: Desk, plan_id: str | None = None) -> Iterator[House]:
    """The house for a new order; or for a plan: its provider, and what was asked for, unless choices say otherwise.

    Raises InputError if there is no such plan.
    """
    from smswrap.sending.house import House
    from smswrap.sending.planning import Asked
    from smswrap.sending.service import find

    with open_journal(choices) as journal:
        if plan_id is not None:
            choices = _of_plan(choices, find(plan_id, journal))
        settings = settings_of(choices, talk)
        provider = provider_named(choices.provider or DEFAULT_PROVIDER, settings)
        asked = Asked(choices.profile, choices.region)
        with House(journal, provider, talk, desk, asked, choices.sandbox, settings.patience) as house:
            yield house


def _of_plan(choices: Choices, plan: Plan) -> Choices:
    return replace(
        choices,
        provider=choices.provider or plan.account.provider,
        profile=choices.profile or plan.asked_profile,
        region=choices.region or plan.asked_region,
    )
