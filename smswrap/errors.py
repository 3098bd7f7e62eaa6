"""What can go wrong, in the words of the envelope, and the exit code of each kind."""

from __future__ import annotations

from dataclasses import asdict, replace
from enum import Enum, IntEnum, unique
from typing import TYPE_CHECKING, Any, Literal

from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Retry = Literal["never", "later", "after-receipt"]


@unique
class Kind(str, Enum):
    """What sort of thing went wrong: the envelope's `kind`, from which the exit code follows."""

    NONE = "none"
    INTERNAL = "internal"
    INPUT = "input"
    SETUP = "setup"
    CREDENTIALS = "credentials"
    REFUSED = "refused"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    PARTIAL = "partial"
    UNKNOWN = "unknown"
    CONFIRMATION = "confirmation"
    DUPLICATE = "duplicate"
    AI_MODE = "ai_mode"
    INTERRUPTED = "interrupted"

    __str__ = str.__str__


@unique
class Exit(IntEnum):
    """Exit codes of the program; 128 + n means ended by signal n."""

    OK = 0
    UNEXPECTED = 1
    INPUT = 2
    SETUP = 3
    CREDENTIALS = 4
    REFUSED = 5
    LATER = 6
    PARTIAL = 7
    UNKNOWN = 8
    CONFIRMATION = 9
    DUPLICATE = 10
    AI_MODE = 11
    HUP = 129
    INT = 130
    TERM = 143


EXIT_OF: Mapping[Kind, Exit] = {
    Kind.NONE: Exit.OK,
    Kind.INTERNAL: Exit.UNEXPECTED,
    Kind.INPUT: Exit.INPUT,
    Kind.SETUP: Exit.SETUP,
    Kind.CREDENTIALS: Exit.CREDENTIALS,
    Kind.REFUSED: Exit.REFUSED,
    Kind.THROTTLED: Exit.LATER,
    Kind.UNAVAILABLE: Exit.LATER,
    Kind.PARTIAL: Exit.PARTIAL,
    Kind.UNKNOWN: Exit.UNKNOWN,
    Kind.CONFIRMATION: Exit.CONFIRMATION,
    Kind.DUPLICATE: Exit.DUPLICATE,
    Kind.AI_MODE: Exit.AI_MODE,
    Kind.INTERRUPTED: Exit.TERM,
}
STATUS_OF: Mapping[Kind, str] = {
    Kind.PARTIAL: "partial",
    Kind.UNKNOWN: "unknown",
    Kind.CONFIRMATION: "confirmation_needed",
    Kind.DUPLICATE: "duplicate",
    Kind.INTERRUPTED: "interrupted",
}
"""The envelope's `status`, where the kind of failure tells it."""


@dataclass(frozen=True)
class Fault:
    """One failure as the envelope's `error` tells it.

    `code` is the provider's own word where there is one; `message` says what happened, `meaning` what follows from
    it, `next_step` what to do, `retry` whether the same command may be run again.
    """

    kind: Kind
    message: str
    meaning: str = ""
    next_step: str = ""
    retry: Retry = "never"
    code: str | None = None

    @property
    def exit(self) -> Exit:
        """The exit code of this kind of failure."""
        return EXIT_OF[self.kind]

    def as_json(self) -> dict[str, Any]:
        """The envelope's `error` object: kind, code, message, meaning, next_step, retry."""
        fields = asdict(self)
        return {key: fields[key] for key in ("kind", "code", "message", "meaning", "next_step", "retry")}


NOTHING_SENT = "Nothing was sent."
NOT_MADE = "The request was not made; nothing was sent."
_OF_A_READ: Mapping[str, str] = {
    NOTHING_SENT: "",
    NOT_MADE: "The request was not made.",
    "Nothing was called and nothing was sent.": "Nothing was called.",
}
"""What a failure means, where nothing could have been sent."""


def without_sending(fault: Fault) -> Fault:
    """The failure as a command tells it that never sends."""
    return replace(fault, meaning=_OF_A_READ.get(fault.meaning, fault.meaning))


CUT_OFF = Fault(
    kind=Kind.UNKNOWN,
    message="The run that made this request ended before it had the answer.",
    meaning="The outcome is unknown: the SMS may have been sent.",
    next_step="Do not send again. `smswrap resume --unknown` looks for it in the receipts.",
    retry="after-receipt",
    code="cut-off",
)


class SmswrapError(Exception):
    """Any failure that we expected: it carries its `Fault`, and `data` that the envelope should still show."""

    def __init__(self, fault: Fault, *, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.data = data


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with the input: where, what was given, the rule, and how to mend it."""

    field: str
    value: str
    rule: str
    next_step: str = ""
    row: int | None = None

    def __str__(self) -> str:
        place = f"{self.field} (row {self.row})" if self.row is not None else self.field
        return f"{place}: {self.value!r} {self.rule}" if self.value else f"{place} {self.rule}"


MOST_TOLD = 20
"""Problems that the message spells out; `data.problems` holds more of them."""


class InputError(SmswrapError):
    """Everything that is wrong with what the user gave, at once. Exit 2; nothing was called.

    Of very many problems, `problems` are the first ones of each kind and `total` is how many there are.
    """

    def __init__(self, problems: Sequence[Problem], total: int | None = None, **more: Any) -> None:  # noqa: ANN401
        steps = dict.fromkeys(problem.next_step for problem in problems if problem.next_step)
        told = "; ".join(str(problem) for problem in problems[:MOST_TOLD])
        rest = (total or len(problems)) - MOST_TOLD
        fault = Fault(
            kind=Kind.INPUT,
            message=f"{told}; and {rest} more problem(s)." if rest > 0 else f"{told}.",
            meaning=NOTHING_SENT,
            next_step=" ".join(steps) or "Fix the value and run the command again.",
        )
        counted = {} if total is None else {"problems_total": total}
        super().__init__(fault, data={"problems": [asdict(problem) for problem in problems], **counted, **more})
        self.problems = tuple(problems)

    @classmethod
    def of(cls, field: str, value: str, rule: str, next_step: str = "") -> InputError:
        """The error of a single problem."""
        return cls([Problem(field, value, rule, next_step)])


class SetupError(SmswrapError):
    """This machine is not ready: CLI missing or too old, plugin, configuration. Exit 3."""

    def __init__(self, message: str, next_step: str, *, code: str | None = None) -> None:
        super().__init__(Fault(Kind.SETUP, message, NOT_MADE, next_step, code=code))


class CredentialsError(SmswrapError):
    """The provider cannot know or does not allow who asks. Exit 4."""

    def __init__(self, message: str, next_step: str, *, code: str | None = None) -> None:
        super().__init__(Fault(Kind.CREDENTIALS, message, NOT_MADE, next_step, code=code))
