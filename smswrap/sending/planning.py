"""From an order to a plan: its messages are written down in chunks, split into requests, and added up.

One pass in flat memory, whatever the number of messages. Those that share a content go out together, as many as a
request takes; others as personal ones. Which of the two it is shows in the first chunk, as a rule; a list that mixes
them is sorted once it is whole.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import field
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

from smswrap.errors import InputError, Problem
from smswrap.journal.drafts import NewContent, NewMessage, NewRequest, Summary
from smswrap.model import Parts
from smswrap.record import dataclass
from smswrap.sending.message import count_parts, render
from smswrap.sending.recipients import is_mainland

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from smswrap.journal.drafts import WalkedMessage
    from smswrap.journal.journal import Journal
    from smswrap.journal.keys import Keys
    from smswrap.model import Content, Message, Order, Plan
    from smswrap.providers.base import Limits

CHUNK = 5_000
"""Messages that are written in one transaction, so that others get their turn."""

REMEMBERED = 5_000
"""Contents that a draft has in mind, to know one that comes again."""


class Problems(Protocol):
    """Where the problems of single rows go."""

    def add(self, problems: Iterable[Problem]) -> None:
        """Take problems in."""

    def refuse(self, messages: int) -> None:
        """Raise InputError if there are any that forbid the send, or if no message is left."""


@dataclass
class Found:
    """Problems of a list that is short enough to be told whole."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, problems: Iterable[Problem]) -> None:
        """Take problems in."""
        self.problems += problems

    def refuse(self, messages: int) -> None:
        """Raise InputError if there are any, or if no message is left."""
        if self.problems or not messages:
            missing = Problem("--phone-numbers", "", "names no recipient", "Give at least one number.")
            raise InputError(self.problems or [missing])


class Asked(NamedTuple):
    """What the options said of the account, for the command that confirms."""

    profile: str | None = None
    region: str | None = None


def draft(  # noqa: PLR0913, PLR0917  each is a thing of its own
    order: Order,
    limits: Limits,
    journal: Journal,
    problems: Problems,
    asked: Asked,
    judge: Callable[[Content, int], list[Problem]],
) -> Plan:
    """Write the order down as a draft. `judge` says what is wrong with a content that stands in a row.

    Raises InputError with everything that is wrong; then nothing of it is kept.
    """
    book = _Book(order, limits, journal.keys, judge)
    stream = iter(order.messages)
    chunk = list(islice(stream, CHUNK))
    plan: Plan | None = None
    try:
        while chunk:
            following = list(islice(stream, CHUNK))
            with journal.transaction():
                plan = plan or journal.begin(order, *asked)
                _write(journal, plan, book, chunk, problems)
                if not following:
                    return _finish(journal, plan, book, problems)
            chunk = following
        problems.refuse(0)
    except BaseException:
        if plan is not None:
            journal.forget(plan)
        raise
    raise AssertionError("an order without messages was not refused")


def _write(journal: Journal, plan: Plan, book: _Book, chunk: list[tuple[int, Message]], problems: Problems) -> None:
    contents, messages = book.take(chunk)
    problems.add(book.judged)
    book.judged = []
    for twin in journal.write(plan, contents, messages):
        book.leave_out(twin)
        rule = f"is the same recipient as in row {journal.first_row(plan, twin.recipient)}"
        problems.add([Problem("recipient", twin.recipient, rule, "Name each recipient once.", twin.row)])


def _finish(journal: Journal, plan: Plan, book: _Book, problems: Problems) -> Plan:
    problems.refuse(book.kept)
    requests = list(book.requests()) if book.is_regular else list(_regrouped(journal, plan, book))
    return journal.finish(plan, book.summary(), requests)


def _regrouped(journal: Journal, plan: Plan, book: _Book) -> Iterator[NewRequest]:
    for number, (shared, messages) in enumerate(_mixed(journal.by_content(plan), book.limits, book.personal), 1):
        journal.assign(plan, number, messages)
        digest = book.keys.request(((message.recipient, message.key) for message in messages), shared=shared)
        content = _number_of(messages[0]) if shared else None
        yield NewRequest(number, shared, len(messages), content, *book.out_id(number), digest)


def _number_of(message: WalkedMessage) -> int:
    return -message.position if message.copied else message.content


def _mixed(
    walk: Iterable[WalkedMessage],
    limits: Limits,
    personal: bool,  # noqa: FBT001  private, and named at its call
) -> Iterator[tuple[bool, list[WalkedMessage]]]:
    """Give the messages of each request: those of one content together, those of a content of their own as personal."""
    lone: list[WalkedMessage] = []
    shared = 0
    for group in _groups(walk, limits.shared):
        if not personal and (len(group) > 1 or limits.personal == 1):
            shared = group[0].content
            yield True, group
            continue
        for message in group:
            # What a personal request sends is erased with it: it shares no content with the shared ones.
            lone.append(message._replace(copied=message.content == shared))
            if len(lone) == limits.personal:
                yield False, _in_order(lone)
                lone = []
    if lone:
        yield len(lone) == 1 and not personal, _in_order(lone)


def _in_order(messages: list[WalkedMessage]) -> list[WalkedMessage]:
    """As they are taken to be sent: a digest names their order, too."""
    return sorted(messages, key=lambda message: message.position)


def _groups(walk: Iterable[WalkedMessage], most: int) -> Iterator[list[WalkedMessage]]:
    group: list[WalkedMessage] = []
    for message in walk:
        if group and (message.content != group[0].content or len(group) == most):
            yield group
            group = []
        group.append(message)
    if group:
        yield group


class _Known(NamedTuple):
    """A content that a draft has in mind: its number, hash, length of text, and parts on the mainland or abroad."""

    number: int
    key: bytes
    content: Content
    length: int
    parts: dict[bool, int]


class _Book:
    """What a draft keeps of the messages that have gone by."""

    def __init__(
        self, order: Order, limits: Limits, keys: Keys, judge: Callable[[Content, int], list[Problem]]
    ) -> None:
        self.limits, self.keys, self.personal = limits, keys, order.personal
        self.kept = 0
        self.judged: list[Problem] = []
        self._order, self._judge = order, judge
        self._base = f"smswrap-{os.urandom(8).hex()}"
        self._position = self._contents = 0
        self._known: OrderedDict[bytes, _Known] = OrderedDict()
        self._last: _Known | None = None
        self._again = self._twins = False
        self._alike: bool | None = None
        self._members: list[tuple[str, bytes]] = []
        self._done: list[NewRequest] = []
        self._signs: dict[str, None] = {}
        self._parts: Parts | None = None
        self._shortest: tuple[int, int] | None = None
        self._longest: tuple[int, int] | None = None

    def take(self, chunk: Sequence[tuple[int, Message]]) -> tuple[list[NewContent], list[NewMessage]]:
        """Number a chunk's messages and contents."""
        contents: list[NewContent] = []
        if self._alike is None:
            first = chunk[0][1].content
            self._alike = not self.personal and all(message.content == first for _, message in chunk)
        messages = [self._number(row, message, contents) for row, message in chunk]
        self.kept += len(messages)
        return contents, messages

    def leave_out(self, _twin: NewMessage) -> None:
        """A recipient that the plan has already: the requests are numbered anew in the end."""
        self._twins = True
        self.kept -= 1

    @property
    def is_regular(self) -> bool:
        """Whether the requests that were numbered on the way are right."""
        mixed = self._contents > 1 if self._alike else self._again
        return not self._twins and not mixed

    def requests(self) -> Iterator[NewRequest]:
        """The requests as they were numbered on the way."""
        if self._members:
            self._close()
        yield from self._done

    def summary(self) -> Summary:
        """What all messages add up to."""
        shortest, longest = self._shortest, self._longest
        return Summary(
            tuple(self._signs),
            self.kept,
            self._parts,
            shortest[1] if shortest else None,
            longest[1] if longest else None,
        )

    def out_id(self, number: int) -> tuple[str, bool]:
        """A request's out-id, and whether it is ours alone."""
        return (self._order.out_id, False) if self._order.out_id else (f"{self._base}-{number}", True)

    def _number(self, row: int, message: Message, contents: list[NewContent]) -> NewMessage:
        self._position += 1
        known = self._look_up(row, message.content, contents)
        request = len(self._done) + 1
        self._members.append((message.recipient, known.key))
        if len(self._members) == self._size:
            self._close(known.number)
        self._add_up(known, message.recipient)
        return NewMessage(self._position, row, message.recipient, known.number, request)

    @property
    def _size(self) -> int:
        return self.limits.shared if self._alike else self.limits.personal

    def _close(self, content: int | None = None) -> None:
        lone = len(self._members) == 1 and not self.personal
        shared = bool(self._alike) or lone
        digest = self.keys.request(self._members, shared=shared)
        number = len(self._done) + 1
        content = (content or self._contents) if shared else None
        self._done.append(NewRequest(number, shared, len(self._members), content, *self.out_id(number), digest))
        self._members = []

    def _look_up(self, row: int, content: Content, contents: list[NewContent]) -> _Known:
        if self._last is not None and content == self._last.content and not self.personal:
            self._again = True
            return self._last
        key = self.keys.content(content)
        # Each message of a personal order keeps a content of its own, which goes with its request.
        self._last = None if self.personal else self._known.get(key)
        if self._last is not None:
            self._again = True
            return self._last
        self.judged += self._judge(content, row)
        self._contents += 1
        self._signs[content.sign] = None
        contents.append(NewContent(self._contents, key, content))
        self._last = self._known[key] = self._measured(key, content)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return self._last

    def _measured(self, key: bytes, content: Content) -> _Known:
        if self._order.text is None:
            return _Known(self._contents, key, content, sum(map(len, content.parameters.values())), {})
        text = render(self._order.text, content.sign, content.parameters)
        return _Known(self._contents, key, content, len(text), {True: count_parts(text, mainland=True)})

    def _add_up(self, known: _Known, recipient: str) -> None:
        if self._shortest is None or known.length < self._shortest[0]:
            self._shortest = (known.length, self._position)
        if self._longest is None or known.length > self._longest[0]:
            self._longest = (known.length, self._position)
        if self._order.text is not None:
            parts = self._count(self._order.text, known, mainland=is_mainland(recipient))
            sums = self._parts or Parts(0, parts, parts)
            self._parts = Parts(sums.total + parts, min(sums.low, parts), max(sums.high, parts))

    def _count(self, text: str, known: _Known, *, mainland: bool) -> int:
        if mainland not in known.parts:
            filled = render(text, known.content.sign, known.content.parameters, mainland=mainland)
            known.parts[mainland] = count_parts(filled, mainland=mainland)
        return known.parts[mainland]
