"""What the hall is given: the journal, the provider, somebody to tell, somebody to ask."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import field
from typing import TYPE_CHECKING, Protocol, final

from smswrap.errors import Kind, SmswrapError
from smswrap.providers.base import Patience
from smswrap.record import dataclass

if TYPE_CHECKING:
    from smswrap.journal.journal import Journal
    from smswrap.providers.base import Provider, Session, Talk
    from smswrap.providers.records import Template
    from smswrap.sending.planning import Asked
    from smswrap.sending.shown import ShownPlan


LOOKING_UP = "Looking the template up"
CERTAIN = frozenset({Kind.SETUP, Kind.INPUT})
"""Kinds of failure that a send would meet, too."""


class Desk(Protocol):
    """The person at the other end, if there is one."""

    @property
    def asks(self) -> bool:
        """Whether there is somebody to ask."""

    def confirm(self, shown: ShownPlan) -> bool:
        """Show a plan and ask for a yes. A signal raises Ended."""

    def ask(self, question: str) -> bool:
        """Ask for a yes. A signal raises Ended."""


class SessionLine:
    """A session of the provider, opened when it is first needed, and closed before anybody is asked.

    While a person thinks, AI mode is off.
    """

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._held = ExitStack()
        self._session: Session | None = None

    def session(self) -> Session:
        """The session. Raises SetupError, CredentialsError."""
        if self._session is None:
            self._session = self._held.enter_context(self._provider.session(sends=False))
        return self._session

    def hang_up(self) -> None:
        """Close the session, if there is one."""
        self._session = None
        self._held.close()


@final
@dataclass
class House:
    """Everything that a send needs besides the order and its options."""

    journal: Journal
    provider: Provider
    talk: Talk
    desk: Desk
    asked: Asked
    sandbox: bool = False
    patience: Patience = field(default_factory=Patience)
    line: SessionLine = field(init=False)
    _templates: dict[str, Template] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.line = SessionLine(self.provider)

    def __enter__(self) -> House:
        return self

    def __exit__(self, *_: object) -> None:
        self.line.hang_up()

    def template(self, code: str, sign: str | None) -> Template:
        """The template, looked up once. Raises ProviderError, SetupError, CredentialsError."""
        if code not in self._templates:
            session = self.line.session()
            with self.talk.progress(LOOKING_UP):
                self._templates[code] = found = session.template(code, sign)
            if found.content is None and found.why_unknown:
                self.talk.warn(f"The text is not known: {found.why_unknown}")
        return self._templates[code]

    def known_template(self, code: str) -> Template | None:
        """The template, if it has been looked up."""
        return self._templates.get(code)

    def template_if_told(self, code: str, sign: str | None, *, rehearsal: bool) -> Template | None:
        """The template, or None with a warning where it cannot be looked up.

        One that is not there is refused, and so is a machine that cannot send, unless it is only a rehearsal.
        """
        try:
            return self.template(code, sign)
        except SmswrapError as error:
            if error.fault.kind == Kind.REFUSED or (error.fault.kind in CERTAIN and not rehearsal):
                raise
            self.talk.warn(f"The text is not known: {error.fault.message}")
            return None
