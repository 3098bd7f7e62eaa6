"""The header row: where it is, and which column is what, by `--map` or by the columns' own names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from smswrap.errors import InputError, Problem
from smswrap.providers.parameters import shorten
from smswrap.record import dataclass
from smswrap.sending.message import check_parameters
from smswrap.sending.recipients import Recipient, read_recipient
from smswrap.sending.table.cells import OPTION, clean, file_error, letter, shell_word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

MAP, VAR = "--map", "--var"

TITLE_ROWS = 20
"""Rows above the header that may hold a title."""
MOST_NAMED = 12
"""Headers that a message names."""

TARGETS: Mapping[str, frozenset[str]] = {
    "phone": frozenset(
        {
            *("phone", "phonenumber", "phonenumbers", "phones", "mobile", "mobiles", "mobilephone", "mobilenumber"),
            *("tel", "telephone", "cellphone", "recipient", "手机号", "手机号码", "手机", "移动电话"),
            *("电话", "电话号码", "联系电话", "收件人号码"),
        }
    ),
    "sign": frozenset({"sign", "signname", "签名"}),
    "extend_code": frozenset({"extendcode"}),
}
"""What a column can be, other than a variable of the template, and the headers, folded, that say so by themselves."""

_SOUNDS = {"phone": "手机|电话|号码|phone|mobile|tel|cell", "code": "[证验态]码|code", "name": "名|name"}
_COMMA, _EQUALS, _ESCAPE = re.compile(r"(?<!\\),"), re.compile(r"(?<!\\)="), re.compile(r"\\([,=])")
_FOLDED = re.compile(r"[\s_\-:：*＊]+")  # noqa: RUF001  Chinese colons and stars stand in headers


@dataclass(frozen=True)
class ColumnMap:
    """Which column is what; `variables` pairs each variable of the template with its column.

    `notices` are what the person should know of how columns were found.
    """

    phone: int
    sign: int | None = None
    extend_code: int | None = None
    variables: tuple[tuple[str, int], ...] = ()
    notices: tuple[Problem, ...] = ()


def fold(header: str) -> str:
    """Give a header without blanks, hyphens, underscores, colons and case."""
    return _FOLDED.sub("", header).casefold()


def phone_header_of(column_map: str | None) -> str | None:
    """The header that a map names for the phone numbers."""
    pairs = map(_pair, _COMMA.split(column_map or ""))
    return next((header for target, header in pairs if target == "phone" and header), None)


def find_header(
    records: Iterable[tuple[int, Sequence[str]]], phone_header: str | None = None
) -> tuple[int, Sequence[str], bool] | None:
    """Give the number and cells of the header row, and whether it names a phone column; None if all rows are empty.

    It is the first row that does, and the first one at all where none does. What stands above it is a title: it fills
    fewer cells, or else a row in which somebody wrote "phone" would be one.
    """
    first: tuple[int, Sequence[str], bool] | None = None
    widest = seen = 0
    for number, cells in records:
        names = [name for name in map(clean, cells) if name]
        if not names:
            continue
        named = _names_phone(names, phone_header)
        if named and (len(names) > widest or len(names) == widest == 1):
            return number, cells, True
        first = first or (number, cells, named)
        widest, seen = max(widest, len(names)), seen + 1
        if number == 0 or seen == TITLE_ROWS:  # 0 are the names of JSON lines
            break
    return first


def _names_phone(names: Sequence[str], phone_header: str | None) -> bool:
    if phone_header:
        found = phone_header.casefold() in map(str.casefold, names)
    else:
        found = any(fold(name) in TARGETS["phone"] for name in names)
    return found and not any(isinstance(read_recipient(name), Recipient) for name in names)


def read_headers(source: str, cells: Sequence[str]) -> tuple[str, ...]:
    """Give the headers of a header row. Raises InputError if it is none, or two columns have one name."""
    headers = [clean(cell) for cell in cells]
    while headers and not headers[-1]:
        headers.pop()
    if not headers:
        raise file_error(source, "is empty", "Give a file with a header row and a row for each recipient.")
    number = next((header for header in headers if header and isinstance(read_recipient(header), Recipient)), None)
    if number is not None:
        rule = "has no header row: its first row holds a phone number"
        raise file_error(source, rule, "Put names above the columns, such as phone.")
    _refuse_twins(headers)
    return tuple(headers)


def parse_map(
    text: str | None,
    headers: Sequence[str],
    variables: Collection[str] | None = None,
    constants: Mapping[str, str] | None = None,
) -> ColumnMap:
    r"""Give the columns by `--map target=header,…` (`\,` and `\=` stand for themselves), the rest by their headers.

    A target is phone, sign, extend_code or a variable of the template (`${phone}` for one of such a name); `variables`
    are the template's, where they are known: then each needs a column or one of the `constants`, which are the same for
    all rows. Raises InputError with everything that is wrong.
    """
    problems: list[Problem] = []
    notices: list[Problem] = []
    targets = {} if text is None else _read_pairs(text, headers, problems)
    _recognise_targets(targets, headers, problems)
    wanted = variables if variables is not None else (headers if text is None else ())
    _recognise_variables(targets, headers, [name for name in wanted if name not in (constants or {})], notices)
    filled = {key[2:-1]: column for key, column in targets.items() if key not in TARGETS}
    problems += check_parameters(dict.fromkeys(filled, "-"), field=MAP)
    problems += _twice_filled(filled, headers, constants or {})
    unused = _unused(targets, headers)
    if variables is not None:
        problems += _missing(variables, {**filled, **(constants or {})}, headers, unused)
    if problems:
        raise InputError(problems)
    if unused:
        notices.append(Problem(OPTION, "", f"has columns that nothing uses: {name_some(unused)}"))
    columns = targets["phone"], targets.get("sign"), targets.get("extend_code")
    return ColumnMap(*columns, tuple(filled.items()), tuple(notices))


def name_some(names: Sequence[str]) -> str:
    """Name the first few of them."""
    named = ", ".join(shorten(name) for name in names[:MOST_NAMED])
    return f"{named} and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else named


def _refuse_twins(headers: list[str]) -> None:
    columns: dict[str, list[int]] = {}
    for column, header in enumerate(headers):
        columns.setdefault(header.casefold(), []).append(column)
    twins = [places for name, places in columns.items() if name and len(places) > 1]
    step = "Give each column a name of its own."
    wrong = [
        Problem(
            OPTION,
            shorten(headers[places[0]]),
            f"is the header of columns {name_some(list(map(letter, places)))}",
            step,
        )
        for places in twins[:MOST_NAMED]
    ]
    if wrong:
        raise InputError(wrong, total=len(twins) if len(twins) > MOST_NAMED else None)


def _pair(text: str) -> tuple[str, str]:
    target, header = (clean(_ESCAPE.sub(r"\1", part)) for part in (*_EQUALS.split(text, maxsplit=1), "")[:2])
    return target, header


def _read_pairs(text: str, headers: Sequence[str], problems: list[Problem]) -> dict[str, int]:
    """Give the column of each target; a variable's key is `${name}`."""
    columns = {header.casefold(): column for column, header in enumerate(headers) if header}
    targets: dict[str, int] = {}
    for pair in _COMMA.split(text):
        target, header = _pair(pair)
        key = target if target in TARGETS or re.fullmatch(r"\$\{.+\}", target) else _variable(target)
        if not target or not header:
            step = "Write --map phone=手机号,code=验证码."
            problems.append(Problem(MAP, shorten(pair), "is not target=header", step))
        elif key in targets:
            problems.append(Problem(MAP, shorten(target), "is given twice", "Give each target once."))
        elif header.casefold() not in columns:
            problems.append(Problem(MAP, shorten(header), "is not a header of the file", _columns(headers)))
        else:
            targets[key] = columns[header.casefold()]
    return targets


def _recognise_targets(targets: dict[str, int], headers: Sequence[str], problems: list[Problem]) -> None:
    for target in [target for target in TARGETS if target not in targets]:
        fitting = [column for column, header in enumerate(headers) if fold(header) in TARGETS[target]]
        if len(fitting) > 1:
            named = " or ".join(shorten(headers[column]) for column in fitting[:MOST_NAMED])
            step = f"Add --map {_shell(target, headers[fitting[0]])}."
            problems.append(Problem(MAP, "", f"must say which column is the {target}: {named}", step))
        if fitting:
            targets[target] = fitting[0]
    if "phone" not in targets:
        likely = _alike("phone", headers) or next((header for header in headers if header), "…")
        step = f"{_columns(headers)} Add --map {_shell('phone', likely)}."
        problems.append(Problem(MAP, "", "must say which column holds the phone numbers", step))


def _recognise_variables(
    targets: dict[str, int], headers: Sequence[str], wanted: Iterable[str], notices: list[Problem]
) -> None:
    """Give each variable the column of its name, or the only one whose name is the same but for case and marks."""
    taken = {targets.get(target) for target in TARGETS}
    free = {header: column for column, header in enumerate(headers) if header and column not in taken}
    for name in wanted:
        if _variable(name) in targets:
            continue
        alike = [header for header in free if fold(header) == fold(name)]
        if name in free:
            targets[_variable(name)] = free[name]
        elif len(alike) == 1 and fold(name):
            targets[_variable(name)] = free[alike[0]]
            notices.append(Problem(OPTION, shorten(alike[0]), f"is the column that fills {_variable(name)}"))


def _twice_filled(filled: Mapping[str, int], headers: Sequence[str], constants: Mapping[str, str]) -> list[Problem]:
    columns = {fold(header): header for header in headers}
    twins = [(name, headers[filled[name]] if name in filled else columns.get(fold(name), "")) for name in constants]
    step = "Leave --var out, or rename the column."
    return [
        Problem(
            VAR, shorten(name), f"is the same for all rows, and the column {shorten(header)!r} says it for each", step
        )
        for name, header in twins
        if header
    ]


def _missing(
    variables: Collection[str], filled: Mapping[str, object], headers: Sequence[str], unused: Sequence[str]
) -> list[Problem]:
    missing = [name for name in dict.fromkeys(variables) if name not in filled]
    columns = name_some([header for header in headers if header])
    problems = []
    for at, name in enumerate(missing[:MOST_NAMED]):
        likely = _alike(name, unused) or (unused[at] if len(unused) == len(missing) else "…")
        guess = f"Add --map {_shell(name, likely)}" if unused else "Add the column"
        step = f"{guess}, or --var {name}=… for all rows."
        problems.append(Problem(OPTION, "", f"has no column for {_variable(name)}; columns: {columns}", step))
    return problems


def _unused(targets: Mapping[str, int], headers: Sequence[str]) -> list[str]:
    used = set(targets.values())
    return [header for column, header in enumerate(headers) if header and column not in used]


def _columns(headers: Sequence[str]) -> str:
    return f"The columns are: {name_some([header for header in headers if header])}."


def _shell(target: str, header: str) -> str:
    """A pair of a map as it can be pasted into a shell."""
    return shell_word(f"{target}=" + re.sub("([,=])", r"\\\1", shorten(header)))


def _alike(target: str, headers: Sequence[str]) -> str:
    """The header that sounds like what it is asked for, for a hint; nothing is taken by its sound."""
    sound = next((_SOUNDS[word] for word in _SOUNDS if word in fold(target)), re.escape(fold(target)) or "$^")
    return next((header for header in headers if re.search(sound, fold(header))), "")


def _variable(name: str) -> str:
    return f"${{{name}}}"
