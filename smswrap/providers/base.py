"""What every provider offers to the rest of the program, and the registry that finds one by its name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

from smswrap.errors import Fault, Kind, SmswrapError
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from smswrap.model import Account, Request
    from smswrap.providers.parameters import Parameter
    from smswrap.providers.records import Receipt, Sign, Template

Body = dict[str, Any]
"""A provider's JSON object."""

DEFAULT_READ_TIMEOUT = 3
"""Seconds that a provider may take to answer; the skill document demands 3."""


class Patience(NamedTuple):
    """How long is waited for what, in seconds, beside the read timeout."""

    connect: float = 10.0
    """What the aliyun CLI gives itself to reach the server."""
    start: float = 5.0
    """For a program to start and to end."""
    grace: float = 1.0
    """What a program that must end gets after TERM, and again after KILL."""
    read_retries: tuple[float, ...] = (0.5, 2.0)
    """Before each repetition of a read that timed out; a send is never repeated."""
    receipts: tuple[float, ...] = (0.0, 2.0, 5.0)
    """Before each look for a message of unknown outcome: a receipt shows up some time after it."""

    @classmethod
    def scaled(cls, factor: str | None) -> Patience:
        """All of it times SMSWRAP_PATIENCE: more on a slow machine, less in a test."""
        try:
            times = min(100.0, max(0.01, float(factor or 1)))
        except ValueError:
            times = 1.0
        plain = cls()
        retries, receipts = (
            tuple(times * pause for pause in pauses) for pauses in (plain.read_retries, plain.receipts)
        )
        return cls(times * plain.connect, times * plain.start, times * plain.grace, retries, receipts)


class Talk(Protocol):
    """Where the lower floors say something to the person; they never write to a stream themselves."""

    def note(self, text: str) -> None:
        """Say what happens; silent under --quiet."""

    def warn(self, text: str) -> None:
        """Say what is not as it should be; kept for the envelope's `warnings` too."""

    def detail(self, text: str) -> None:
        """Say what only --verbose shows."""

    def trouble(self, fault: Fault) -> None:
        """Tell of a failure that must be known even though the request itself went well."""

    def progress(
        self, what: str, total: int | None = None, seconds: float | None = None
    ) -> AbstractContextManager[Callable[[int], None]]:
        """Show for the length of a block what is awaited; gives the function that is told of more that is done.

        `seconds` are how long it is waited for at most, where it may not come.
        """


@dataclass(frozen=True)
class Settings:
    """The common options that providers need. `environment` is what children get, complete.

    `standin` are the words that start the sandbox's stand-in for a provider's program; then PATH is not looked at.
    """

    talk: Talk
    environment: Mapping[str, str]
    profile: str | None = None
    region: str | None = None
    read_timeout: int | None = None
    sandbox: bool = False
    standin: tuple[str, ...] = ()

    @property
    def patience(self) -> Patience:
        """How long is waited for what."""
        return Patience.scaled(self.environment.get("SMSWRAP_PATIENCE"))


@dataclass(frozen=True)
class Operation:
    """One API call of a provider: a row of its table.

    `verb` is our word for it, `name` the provider's; `normalise` turns a reply body into our words; `rules` look at
    all values together and raise InputError; `totals` adds the items of several pages up; `action` is the permission
    that the call needs; `personal` are the keys of its reply under which people's identities stand. `example` is a
    command line, `columns` what is shown of each item; `listed` is the record's field that holds items among which
    people choose, so that they can be searched and are told in short; `stateful` items are approved or not, `awaited`
    ones are receipts that may yet come; `completed` brings in what another operation tells. `paged` is the record's
    field that holds a page's items, where `page` and `page_size` are asked for.
    """

    verb: str
    name: str
    kind: Literal["read", "send"]
    help: str
    action: str
    parameters: tuple[Parameter, ...]
    normalise: Callable[[Body], Any]
    paged: str = ""
    totals: Callable[[Iterable[Any]], object] | None = None
    rules: tuple[Callable[[Mapping[str, Any]], None], ...] = ()
    personal: tuple[str, ...] = ()
    example: str = ""
    columns: tuple[str, ...] = ()
    listed: str = ""
    stateful: bool = False
    awaited: bool = False
    completed: Callable[[Session, Any], Any] | None = None


@dataclass(frozen=True)
class Reply:
    """A provider's answer that means success: `text` as received, `body` parsed, `record` in our words."""

    operation: str
    text: str
    body: Body
    record: Any
    request_id: str = ""


@dataclass(frozen=True)
class Accepted:
    """A send request that the provider took; not delivered yet."""

    biz_id: str | None
    request_id: str = ""
    text: str = ""


class ProviderError(SmswrapError):
    """The provider, or the way to it, said no or said nothing; `body` and `text` are its reply, if there was one."""

    def __init__(self, fault: Fault, *, text: str = "", body: Body | None = None, request_id: str = "") -> None:
        super().__init__(fault)
        self.text = text
        self.body = body
        self.request_id = request_id


@dataclass(frozen=True)
class Limits:
    """Recipients per request, of one text for all and of a text for each; and bytes of its signs and parameters."""

    shared: int
    personal: int
    octets: int = 2**63 - 1


class Finding(NamedTuple):
    """One point that `doctor` looked at."""

    check: str
    state: Literal["ok", "warning", "failed"]
    detail: str
    next_step: str = ""
    kind: Kind = Kind.SETUP
    """What a send that meets it fails with."""


class Person(Protocol):
    """Whom `setup` asks."""

    def ask(self, question: str) -> bool:
        """Whether they say yes. Raises Ended at a signal."""

    def answer(self, question: str) -> str | None:
        """A line from them, without its outer blanks; None at the end of input. Raises Ended at a signal."""


class Session(Protocol):
    """The stretch in which calls can be made (for aliyun: with AI mode on)."""

    def call(self, verb: str, values: Mapping[str, Any]) -> Reply:
        """Make the verb's operation. Raises ProviderError."""

    def send(self, request: Request) -> Accepted:
        """Send one request, once. Raises ProviderError; its kind `unknown` means that it may have been sent."""

    def sign(self, sign: str, group: str | None) -> Sign:
        """Look the sign up; of several of that name, the one of the message group. Raises ProviderError."""

    def template(self, template: str, sign: str | None) -> Template:
        """Look the template up, whose text may be another one for each sign. Raises ProviderError.

        Its `content` is None where the provider does not tell it, and `why_unknown` says why.
        """

    def only_group(self) -> str | None:
        """Fetch the account's only message group. Raises InputError naming them if there are several."""

    def receipts(self, recipient: str, day: str, biz_id: str | None, group: str | None) -> list[Receipt]:
        """Fetch the receipts of one recipient (E.164) on one day (yyyyMMdd, Asia/Shanghai), newest first."""


class Provider(Protocol):
    """What the rest of the program knows of a provider."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is called or looked at yet."""

    @property
    def name(self) -> str:
        """Its name on the command line."""

    @property
    def limits(self) -> Limits:
        """How many recipients one request takes."""

    @property
    def has_groups(self) -> bool:
        """Whether every send belongs to a message group of the account."""

    def account(self) -> Account:
        """Who would send, as far as can be known without a call; never raises for what is missing."""

    def check(self, *, sends: bool) -> None:
        """Find what certainly refuses a call (a send), without a call. Raises SetupError, CredentialsError."""

    def session(self, *, sends: bool) -> AbstractContextManager[Session]:
        """Open a session; `sends` says that it will send. Raises SetupError, CredentialsError."""


PROVIDER_NAMES = ("aliyun", "volcengine")


def _of(name: str, module: str, what: str) -> Any:  # noqa: ANN401  what the docstrings below say
    """A provider's own, imported only now; None if it has none of it."""
    return getattr(import_module(f"smswrap.providers.{name}{module}"), what, None)


def provider_named(name: str, settings: Settings) -> Provider:
    """Give the provider of that name, which must be one of PROVIDER_NAMES."""
    # Each client module ends with `PROVIDER: type[Provider] = Client`, which is what a type checker looks at.
    kind: type[Provider] = _of(name, ".client", "PROVIDER")
    return kind(settings)


def operations_of(name: str) -> Mapping[str, Operation]:
    """Give a provider's table of operations by verb."""
    found: Mapping[str, Operation] = _of(name, ".operations", "OPERATIONS")
    return found


def listing(name: str, thing: str) -> str:
    """The verb that lists the provider's things of this name: `sign`, `template`, `group`."""
    found = (row.verb for row in operations_of(name).values() if row.listed and row.columns[0] == thing)
    return next(found, "doctor")


def diagnosis_of(name: str, settings: Settings) -> Iterator[Finding]:
    """Look at what stands between this machine and a send through that provider."""
    diagnose: Callable[[Settings], Iterator[Finding]] = _of(name, ".diagnosis", "diagnose")
    return diagnose(settings)


def set_up(name: str, settings: Settings, person: Person) -> None:
    """Go with a person through what a provider needs on this machine."""
    _of(name, ".setup", "set_up")(settings, person)


def repair(name: str, settings: Settings) -> Iterator[str]:
    """Set right what needs no person's decision; tells what was done."""
    work: Callable[[Settings], Iterator[str]] | None = _of(name, ".diagnosis", "repair")
    return work(settings) if work else iter(())


def recover(settings: Settings) -> None:
    """Undo what a session left behind that is dead to its last process; costs one look at a file if there is none."""
    for name in PROVIDER_NAMES:
        undo: Callable[[Settings], None] | None = _of(name, "", "recover")
        if undo is not None:
            undo(settings)
