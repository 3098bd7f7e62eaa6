"""The records of the product, frozen: what somebody wants sent, what was planned, and what became of it.

On the ground floor, since the journal and the providers name them too.
"""

from __future__ import annotations

from enum import Enum, unique
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from smswrap.clock import Moment
    from smswrap.errors import Fault

YES_HOLDS = 30 * 60
"""Seconds in which a proposed plan can be confirmed, and in which a yes holds for what is left of a plan."""


@unique
class Outcome(str, Enum):
    """What became of a request, and so of each recipient in it.

    `SENDING` is a request that is under way; left by a dead process, it is as good as `UNKNOWN`.
    """

    NOT_SENT = "not_sent"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


OUTCOMES = tuple(one.value for one in (Outcome.ACCEPTED, Outcome.REFUSED, Outcome.UNKNOWN, Outcome.NOT_SENT))
"""What a person looks for; `sending` is unknown to them."""


@unique
class PlanState(str, Enum):
    """How far a plan has come: a person's yes makes a proposed one confirmed, their no a cancelled one."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Account:
    """Who sends: what a person says yes to besides the text.

    `profile` is the one that the provider's program will use (None: keys from the environment alone), `mode` how its
    keys are found (`AK`, `StsToken`, …; Volcengine: `bearer` or `signed`), `key_end` the last four characters of the
    key's public part, where there is one, `region` the region (Volcengine: none), `base` the gateway's URL, where the
    provider has several.
    """

    provider: str
    profile: str | None = None
    mode: str | None = None
    key_end: str | None = None
    region: str | None = None
    base: str | None = None


class Content(NamedTuple):
    """What several recipients share: the sign, the template's parameters, an extension of the sending number."""

    sign: str
    parameters: Mapping[str, str] = MappingProxyType({})
    extend_code: str | None = None


class Message(NamedTuple):
    """What one recipient gets: their number in E.164 (`+8613…`), and the content."""

    recipient: str
    content: Content


@dataclass(frozen=True)
class Order:
    """What somebody wants sent: `messages` come with their rows, and may be a stream of any length.

    `personal` makes each message a text of its own (SendBatchSms) even where several are alike; `listed` says that the
    rows are those of a list that a person can look into. `sign` is that of all
    messages, where they have one; `text` the template's, where it is known. `group` is Volcengine's message group,
    `values` what the parameters are called at the door.
    """

    command: str
    account: Account
    template: str
    messages: Iterable[tuple[int, Message]]
    group: str | None = None
    out_id: str | None = None
    personal: bool = False
    listed: bool = False
    sign: str | None = None
    text: str | None = None
    values: str = "--template-param"


@dataclass(frozen=True)
class Request:
    """One send request as the provider will get it; `shared` tells whether all recipients get the same."""

    number: int
    template: str
    messages: tuple[Message, ...]
    out_id: str
    shared: bool = True
    group: str | None = None


@dataclass(frozen=True)
class Result:
    """What became of a request: `text` is the provider's reply as it was received."""

    outcome: Outcome
    biz_id: str | None = None
    request_id: str = ""
    fault: Fault | None = None
    text: str = ""


class Parts(NamedTuple):
    """The parts that messages are billed as: all together, and the fewest and the most of one message."""

    total: int
    low: int
    high: int


@dataclass(frozen=True)
class Plan:
    """An order as the journal holds it: checked, split into requests, and frozen.

    `number` is its key in the journal; `plan_id` what a person says yes to, a keyed hash of everything that is sent and
    of the account. `asked_profile` and `asked_region` are what the options said, `account` what follows from them.
    `shortest` and `longest` are the positions of the messages with the shortest and the longest text.
    """

    number: int
    plan_id: str
    fingerprint: str
    state: PlanState
    command: str
    account: Account
    template: str
    made: Moment
    asked_profile: str | None = None
    asked_region: str | None = None
    group: str | None = None
    out_id: str | None = None
    text: str | None = None
    signs: tuple[str, ...] = ()
    recipients: int = 0
    requests: int = 0
    parts: Parts | None = None
    shortest: int | None = None
    longest: int | None = None
    idempotency_key: str | None = None
    allow_duplicate: bool = False
    confirmed: float | None = None
    reopened: float | None = None
    cancelled: float | None = None

    @property
    def expires_at(self) -> float:
        """Until when a yes to it is taken, in Unix seconds."""
        return (self.reopened or self.made.wall) + YES_HOLDS


@dataclass(frozen=True)
class Counts:
    """Recipients of a plan by what became of their request."""

    recipients: int = 0
    accepted: int = 0
    refused: int = 0
    unknown: int = 0
    not_sent: int = 0


@dataclass(frozen=True)
class RequestRecord:
    """A request in the journal, and what became of it.

    `own_out_id` says that the out-id is ours alone; `day` is yyyyMMdd in Asia/Shanghai, `likely_day` the same by the
    machine's own clock, which does not jump; `started` is in Unix seconds.
    """

    number: int
    outcome: Outcome
    recipients: tuple[str, ...]
    out_id: str
    own_out_id: bool = True
    biz_id: str | None = None
    request_id: str | None = None
    fault: Fault | None = None
    reply: str | None = None
    day: str | None = None
    likely_day: str | None = None
    started: float | None = None


@dataclass(frozen=True)
class Earlier:
    """A message of another plan that ours would repeat; `at` is in Unix seconds, `receipt` what is known of it."""

    plan_id: str
    plan: int
    request: int
    recipient: str
    outcome: Outcome
    out_id: str
    at: float
    receipt: str | None = None
    biz_id: str | None = None
    day: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Delivery:
    """What a receipt said of an accepted message: `receipt` is in_flight, delivered or failed."""

    recipient: str
    receipt: str
    code: str | None = None
    request: int = 0


@dataclass(frozen=True)
class Line:
    """One line of the history: a recipient, and what became of their message; `at` is in Unix seconds.

    `code` says why it was refused, or why it failed after it had been accepted.
    """

    plan_id: str
    at: float
    provider: str
    sign: str
    template: str
    recipient: str
    outcome: Outcome
    code: str | None
    receipt: str | None
    out_id: str
    biz_id: str | None
    row: int
