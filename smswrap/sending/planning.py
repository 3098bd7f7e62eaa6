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
from smswrap.journal.rows import parameters_text
from smswrap.model import Parts
from smswrap.record import dataclass
from smswrap.sending.message import count_parts, length_of, mainland_parts, render
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
    judge: Callable[[Content, int, int], list[Problem]],
) -> Plan:
    """Write the order down as a draft.

    `judge` says what is wrong with a content whose text has this length, and which stands in this row.
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
        book.leave_out()
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
    shared, room = 0, limits.octets
    for group in _groups(walk, limits.shared):
        if not personal and (len(group) > 1 or limits.personal == 1):
            shared = group[0].content
            yield True, group
            continue
        for message in group:
            if lone and message.octets > room:
                yield len(lone) == 1 and not personal, _in_order(lone)
                lone, room = [], limits.octets
            room -= message.octets
            # What a personal request sends is erased with it: it shares no content with the shared ones.
            lone.append(message._replace(copied=message.content == shared))
            if len(lone) == limits.personal:
                yield False, _in_order(lone)
                lone, room = [], limits.octets
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
    """A content that a draft has in mind: number, hash, size, length of text, and parts."""

    number: int
    key: bytes
    content: Content
    octets: int
    length: int
    parts: int | None


class _Book:
    """What a draft keeps of the messages that have gone by."""

    def __init__(
        self, order: Order, limits: Limits, keys: Keys, judge: Callable[[Content, int, int], list[Problem]]
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
        self._content, self._room = 0, limits.octets
        self._done: list[NewRequest] = []
        self._signs: dict[str, None] = {}
        self._parts: dict[int, int] = {}
        self._abroad: dict[int, int] = {}
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

    def leave_out(self) -> None:
        """A message is left out, whose recipient the plan has already: the requests are numbered anew in the end."""
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
        total = sum(parts * messages for parts, messages in self._parts.items())
        return Summary(
            tuple(self._signs),
            self.kept,
            Parts(total, min(self._parts), max(self._parts)) if self._parts else None,
            shortest[1] if shortest else None,
            longest[1] if longest else None,
        )

    def out_id(self, number: int) -> tuple[str, bool]:
        """A request's out-id, and whether it is ours alone."""
        return (self._order.out_id, False) if self._order.out_id else (f"{self._base}-{number}", True)

    def _number(self, row: int, message: Message, contents: list[NewContent]) -> NewMessage:
        self._position += 1
        known = self._look_up(row, message.content, contents)
        if self._members and not self._alike and known.octets > self._room:
            self._close()
        request = len(self._done) + 1
        self._members.append((message.recipient, known.key))
        self._content, self._room = known.number, self._room - known.octets
        if len(self._members) == self._size:
            self._close()
        self._add_up(known, message.recipient)
        return NewMessage(self._position, row, message.recipient, known.number, request)

    @property
    def _size(self) -> int:
        return self.limits.shared if self._alike else self.limits.personal

    def _close(self) -> None:
        lone = len(self._members) == 1 and not self.personal
        shared = bool(self._alike) or lone
        digest = self.keys.request(self._members, shared=shared)
        number = len(self._done) + 1
        content = self._content if shared else None
        self._done.append(NewRequest(number, shared, len(self._members), content, *self.out_id(number), digest))
        self._members, self._room = [], self.limits.octets

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
        text = parameters_text(content)
        # As the journal writes it: no other way of writing JSON is longer.
        octets = len(f"{content.sign}{text or ''}".encode("utf-8", "surrogatepass"))
        if octets > self.limits.octets:
            rule = f"makes {octets} bytes with its sign; one call takes {self.limits.octets}"
            listed = row if self._order.listed else None
            self.judged.append(Problem(self._order.values, "", rule, "Shorten the values.", listed))
        length = self._length(content)
        self.judged += self._judge(content, length, row)
        self._contents += 1
        self._signs[content.sign] = None
        contents.append(NewContent(self._contents, key, content.sign, text, content.extend_code))
        parts = None if self._order.text is None else mainland_parts(length)
        self._last = self._known[key] = _Known(self._contents, key, content, octets, length, parts)
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return self._last

    def _length(self, content: Content) -> int:
        if self._order.text is None:
            return sum(map(len, content.parameters.values()))
        return length_of(self._order.text, content.sign, content.parameters)

    def _add_up(self, known: _Known, recipient: str) -> None:
        if self._shortest is None or known.length < self._shortest[0]:
            self._shortest = (known.length, self._position)
        if self._longest is None or known.length > self._longest[0]:
            self._longest = (known.length, self._position)
        parts = known.parts
        if parts is not None and not is_mainland(recipient):
            parts = self._count_abroad(known)
        if parts is not None:
            self._parts[parts] = self._parts.get(parts, 0) + 1

    def _count_abroad(self, known: _Known) -> int:
        """The parts of a text abroad, which are counted once for as long as the content is in mind."""
        if known.number not in self._abroad:
            filled = render(self._order.text or "", known.content.sign, known.content.parameters, mainland=False)
            self._abroad = {known.number: count_parts(filled, mainland=False)}
        return self._abroad[known.number]
