"""What `send` was not told, asked for at a terminal: sign, template, its variables, the numbers. ^D is a no."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from smswrap.cli.screen import HEADING, Screen, wrapped
from smswrap.errors import InputError, SmswrapError
from smswrap.masking import visible
from smswrap.messages import said, width
from smswrap.providers.base import listing, operations_of
from smswrap.sending.report import DECLINED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from smswrap.cli.input import Wanted
    from smswrap.cli.runtime import Runtime
    from smswrap.errors import Problem
    from smswrap.providers.records import Sign, Template
    from smswrap.sending.house import House

SHOWN = 20
"""Items that are shown at once."""

INDENT = 5
"""Columns before an item, in which its number stands."""

WHICH_SIGN = "Which sign? Its number, or a part of it: "
WHICH_TEMPLATE = "Which template? Its number, or a part of it: "
WHICH_GROUP = "Which message group? Its number, or a part of it: "
WHICH_NUMBERS = "To which numbers? (several: commas between) "
WHICH_VALUE = "${{{name}}}: "
MORE = "… and {count:,} more: type a part of it"
NOTHING_HOLDS = "None holds {word!r}."
SAID = "{problem}. {step}"
NONE_APPROVED = "must be given, and the account has none that is approved and fits"
SEE_STATES = "`smswrap {verb}` shows the states of all."
OPTIONS = {"sign": "--sign-name", "template": "--template-code", "group": "--message-group"}


class Item(NamedTuple):
    """Something to choose: what is given back, what stands beside it, what stands below."""

    key: str
    about: str = ""
    text: str = ""


Reading = tuple["Sequence[str]", "Sequence[Problem]"]


class Picker:
    """Asks the person at the terminal."""

    def __init__(self, runtime: Runtime, house: House) -> None:
        self._runtime, self._house = runtime, house
        self._desk = runtime.desk()

    def complete(
        self,
        wanted: Wanted,
        wrong: Callable[[Mapping[str, str]], Sequence[Problem]],
        read: Callable[[str], Reading],
    ) -> Wanted:
        """Ask for what is missing; `wrong` judges values of variables, `read` reads numbers.

        Raises SmswrapError (kind confirmation) at the end of input, Ended at a signal.
        """
        sign, code = wanted.sign, wanted.template
        signs: list[Sign] = [] if sign else self._approved("sign")
        templates: list[Template] = [] if code else self._approved("template")
        sign = sign or self._choose(WHICH_SIGN, [_sign(one) for one in signs])
        group = wanted.group or (self._group(sign, signs) if self._house.provider.has_groups else None)
        fitting = [one for one in templates if sign in (one.signs or [sign]) and group in (one.groups or [group])]
        fitting = templates and self._some("template", fitting)
        code = code or self._choose(WHICH_TEMPLATE, [_template(one) for one in fitting])
        chosen = next((one for one in fitting if one.template == code), None)
        template = chosen or self._house.template_if_told(code, sign, rehearsal=False)
        parameters = {**wanted.parameters, **self._values(template, wanted.parameters, wrong)}
        recipients = wanted.recipients or self._numbers(read)
        return replace(wanted, sign=sign, template=code, parameters=parameters, recipients=recipients, group=group)

    def _group(self, sign: str, signs: Sequence[Sign]) -> str | None:
        """The message group, where the account has several; the sign may belong to only some of them."""
        known = next((one for one in signs if one.sign == sign), None)
        fitting = [
            one for one in self._approved("group") if known is None or one.group in (known.groups or [one.group])
        ]
        if len(fitting) <= 1:
            return fitting[0].group if fitting else None
        return self._choose(WHICH_GROUP, [Item(one.group or "", one.name or "") for one in fitting])

    def _approved(self, thing: str) -> list[Any]:
        from smswrap.cli.read import checked, every_page

        name = self._runtime.provider_name
        operation = operations_of(name)[listing(name, thing)]
        replies = every_page(operation, self._house.line.session(), checked(operation, {}), self._runtime.talk)
        items = (item for reply in replies for item in getattr(reply.record, operation.listed))
        return self._some(thing, [item for item in items if getattr(item, "state", "approved") == "approved"])

    def _some(self, thing: str, items: list[Any]) -> list[Any]:
        """The things to choose from. Raises InputError if there are none."""
        if not items:
            step = SEE_STATES.format(verb=listing(self._runtime.provider_name, thing))
            raise InputError.of(OPTIONS[thing], "", NONE_APPROVED, step)
        return items

    def _values(
        self,
        template: Template | None,
        given: Mapping[str, str],
        wrong: Callable[[Mapping[str, str]], Sequence[Problem]],
    ) -> dict[str, str]:
        missing = [name for name in template.variables if name not in given] if template else []
        if template and template.content and missing:
            self._runtime.talk.show(visible(template.content))
        found = {}
        for name in missing:
            found[name] = self._line(WHICH_VALUE.format(name=visible(name)))
            while problems := wrong({name: found[name]}):
                self._say(problems)
                found[name] = self._line(WHICH_VALUE.format(name=visible(name)))
        return found

    def _numbers(self, read: Callable[[str], Reading]) -> Sequence[str]:
        while True:
            recipients, problems = read("\n".join([self._line(WHICH_NUMBERS), *self._desk.pasted()]))
            if not problems:
                return recipients
            self._say(problems)

    def _choose(self, question: str, items: Sequence[Item]) -> str:
        """One of them, by its number, by its name, or by a part of its line that no other has."""
        left = items
        while True:
            self._show(left)
            word = self._answer(question)
            if word.isdecimal() and 0 < int(word) <= min(len(left), SHOWN):
                return left[int(word) - 1].key
            found = [item for item in items if word.casefold() in " ".join(item).casefold()]
            exact = [item for item in found if item.key == word]
            if len(exact or found) == 1:
                return (exact or found)[0].key
            if not found:
                self._runtime.talk.say(NOTHING_HOLDS.format(word=visible(word)))
            left = found or items

    def _show(self, items: Sequence[Item]) -> None:
        screen, lines = Screen.of(2), [""]
        for number, item in enumerate(items[:SHOWN], 1):
            key, about = visible(item.key), visible(item.about)
            fits = screen.width is None or INDENT + width(f"{key}  {about}") <= screen.width
            beside, below = (f"  {about}", ()) if fits else ("", (about,))
            lines.append(f"{number:>3}  {screen.styled(key, HEADING)}{beside}".rstrip())
            texts = (line for text in (*below, visible(item.text)) for line in wrapped(text, screen.width, INDENT))
            lines += [" " * INDENT + line for line in texts if line]
        lines += [said(MORE).format(count=len(items) - SHOWN)] if len(items) > SHOWN else []
        self._runtime.talk.show("\n".join(lines))

    def _say(self, problems: Sequence[Problem]) -> None:
        for problem in problems:
            self._runtime.talk.say(SAID.format(problem=problem, step=problem.next_step).strip())

    def _line(self, question: str) -> str:
        """An answer that is not empty."""
        while not (line := self._answer(question)):
            pass
        return line

    def _answer(self, question: str) -> str:
        self._house.line.hang_up()  # while a person thinks, AI mode is off
        answer = self._desk.answer(question)
        if answer is None:
            raise SmswrapError(DECLINED)
        return answer


def _sign(sign: Sign) -> Item:
    return Item(sign.sign or "", sign.usage or "")


def _template(template: Template) -> Item:
    about = "  ".join(word for word in (template.name, said(template.type or "")) if word)
    return Item(template.template or "", about, template.content or "")
