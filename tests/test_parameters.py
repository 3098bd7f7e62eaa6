"""What may be given to an operation, and what is said of everything else."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smswrap.errors import InputError
from smswrap.providers import tables
from smswrap.providers.aliyun.operations import OPERATIONS
from smswrap.providers.base import PROVIDER_NAMES, operations_of
from smswrap.providers.parameters import (
    LONGEST_SHOWN,
    LONGEST_TEXT,
    SHAPES,
    Parameter,
    Type,
    check,
    check_text,
    shorten,
)

SIZE = Parameter("page-size", "--page-size", "Items.", "integer", low=1, high=50)
PAGE = Parameter("page", "--page-index", "Page.", "integer", low=1)
KIND = Parameter("template-type", "--template-type", "Kind.", "integer", low=0, choices=("0", "1", "2", "3", "7"))
STATE = Parameter("state", "--state", "State.", choices=("INIT", "PASS"))
SIGN = Parameter("sign-name", "--sign-name", "Sign.")
OUT_ID = Parameter("out-id", "--out-id", "Id.", high=255)
DAY = Parameter("send-date", "--send-date", "Day.", "date")
OWN = Parameter("use-by-self", "--use-by-self", "Own.", "boolean")
SIGNS = Parameter("sign-name-json", "--sign-name-json", "Signs.", "array", high=3)
SECRET = Parameter("template-param-json", "--template-param-json", "Values.", "array", high=3, private=True)
ROWS = (SIZE, PAGE, KIND, STATE, SIGN, OUT_ID, DAY, OWN, SIGNS, SECRET)
REAL = tuple(parameter for row in OPERATIONS.values() for parameter in row.parameters)

MEGABYTE = "x" * 1_000_000
ANY_TEXT = st.text(st.characters(exclude_categories=()))
TELLING = st.sampled_from(["0", "51", "-1", "20260231", "true", "[", '["a"]', "{}", "\x00", "\ud800", " ", "１", "1e1"])
WHOLE = "is not a whole number from 1 to 50"
DATE = "is not an existing date, such as 2026-01-31 or 20260131"
ARRAY = 'is not a JSON array with elements, such as ["a","b"]'
LONG = "is 1000000 characters long; at most 20000 are allowed"


def value_or_error(parameter: Parameter, text: str) -> Any:
    """What becomes of a text."""
    try:
        return check(parameter, text)
    except InputError as error:
        return error


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        (SIZE, "1", 1),
        (SIZE, "50", 50),
        (PAGE, "123456789", 123456789),
        (KIND, "7", 7),
        (STATE, "PASS", "PASS"),
        (SIGN, "阿里云 R&D 😀", "阿里云 R&D 😀"),
        (SIGN, "签" * LONGEST_TEXT, "签" * LONGEST_TEXT),
        (OUT_ID, "o" * 255, "o" * 255),
        (DAY, "20240229", "20240229"),
        (OWN, "true", True),
        (OWN, "False", False),
        (SIGNS, '["a","b"]', ["a", "b"]),
        (SIGNS, ' [1, {"a": "b"}, null] ', [1, {"a": "b"}, None]),
    ],
)
def test_a_good_value_comes_back_as_its_type(parameter: Parameter, text: str, value: Any) -> None:
    found = check(parameter, text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("parameter", "text", "shown", "rule"),
    [
        (SIZE, "0", "0", WHOLE),
        (SIZE, "51", "51", WHOLE),
        (SIZE, "-5", "-5", WHOLE),
        (SIZE, "", "", WHOLE),
        (SIZE, "ten", "ten", WHOLE),
        (SIZE, "5.0", "5.0", WHOLE),
        (SIZE, "1e1", "1e1", WHOLE),
        (SIZE, "１０", "１０", WHOLE),
        (SIZE, "\ud800", "\\ud800", WHOLE),
        (SIZE, "9" * 5_000, "9" * 39 + "…", WHOLE),
        (SIZE, MEGABYTE, "x" * 39 + "…", WHOLE),
        (PAGE, "-1", "-1", "is not a whole number from 1 up"),
        (KIND, "4", "4", "is none of 0, 1, 2, 3, 7"),
        (KIND, "-1", "-1", "is not a whole number from 0 up"),
        (STATE, "pass", "pass", "is none of INIT, PASS"),
        (STATE, " PASS", " PASS", "is none of INIT, PASS"),
        (SIGN, "", "", "must not be empty"),
        (SIGN, " \u3000\t", "", "must not be empty"),
        (SIGN, "a\x00b", "a\x00b", "holds a control character"),
        (SIGN, "a\nb", "a\nb", "holds a control character"),
        (SIGN, "a\x7fb", "a\x7fb", "holds a control character"),
        (SIGN, "a\ud800b", "a\\ud800b", "is not valid UTF-8"),
        (SIGN, MEGABYTE, "x" * 39 + "…", LONG),
        (OUT_ID, "o" * 256, "o" * 39 + "…", "is 256 characters long; at most 255 are allowed"),
        (DAY, "20260231", "20260231", DATE),
        (DAY, "20250229", "20250229", DATE),
        (DAY, "00000101", "00000101", DATE),
        (DAY, "2026131", "2026131", DATE),
        (DAY, "2026-1-31", "2026-1-31", DATE),
        (DAY, "2026-02-31", "2026-02-31", DATE),
        (DAY, "20260131\n", "20260131\n", DATE),
        (DAY, "２０２６０１３１", "２０２６０１３１", DATE),
        (DAY, "", "", DATE),
        (DAY, MEGABYTE, "x" * 39 + "…", DATE),
        (OWN, "1", "1", "is neither true nor false"),
        (OWN, "yes", "yes", "is neither true nor false"),
        (OWN, "", "", "is neither true nor false"),
        (SIGNS, '{"a":1}', '{"a":1}', ARRAY),
        (SIGNS, '"a"', '"a"', ARRAY),
        (SIGNS, "[]", "[]", ARRAY),
        (SIGNS, "[", "[", ARRAY),
        (SIGNS, "", "", ARRAY),
        (SIGNS, "[" * 15_000, "[" * 39 + "…", ARRAY),
        (SIGNS, "[" + "9" * 5_000 + "]", "[" + "9" * 38 + "…", ARRAY),
        (SIGNS, '["a","b","c","d"]', '["a","b","c","d"]', "has 4 elements; at most 3 are allowed"),
        (SIGNS, MEGABYTE, "x" * 39 + "…", LONG),
        (SECRET, '{"code":"123456"}', "", ARRAY),
        (SECRET, '["1","2","3","123456"]', "", "has 4 elements; at most 3 are allowed"),
    ],
)
def test_a_bad_value_is_told_in_one_sentence_with_the_rule(
    parameter: Parameter, text: str, shown: str, rule: str
) -> None:
    with pytest.raises(InputError) as caught:
        check(parameter, text)
    (problem,) = caught.value.problems
    assert (problem.field, problem.value, problem.rule) == (parameter.option, shown, rule)
    expected = f"{parameter.option}: {shown!r} {rule}." if shown else f"{parameter.option} {rule}."
    assert caught.value.fault.message == expected
    assert caught.value.fault.exit == 2
    assert problem.next_step


@given(st.sampled_from(ROWS + REAL), ANY_TEXT | TELLING | st.integers().map(str))
def test_any_text_is_a_value_of_the_right_type_or_an_input_error(parameter: Parameter, text: str) -> None:
    found = value_or_error(parameter, text)
    if not isinstance(found, InputError):
        assert type(found) is {"integer": int, "boolean": bool, "array": list}.get(parameter.type, str)
        return
    message = found.fault.message
    assert len(found.problems) == 1
    assert message.startswith(parameter.option)
    assert message.endswith(".")
    assert len(message) < 400
    assert not any(ord(char) < 0x20 or ord(char) == 0x7F for char in message)
    message.encode()


@given(st.integers(-100, 100))
def test_an_integer_is_taken_exactly_within_its_bounds(number: int) -> None:
    if 1 <= number <= 50:
        assert check(SIZE, str(number)) == number
    else:
        with pytest.raises(InputError):
            check(SIZE, number)


@given(st.integers(0, 9999), st.integers(0, 13), st.integers(0, 32))
def test_a_date_is_taken_exactly_if_the_calendar_has_it(year: int, month: int, day: int) -> None:
    text = f"{year:04}{month:02}{day:02}"
    try:
        date(year, month, day)
    except ValueError:
        with pytest.raises(InputError):
            check(DAY, text)
    else:
        assert check(DAY, text) == text


@given(ANY_TEXT, st.integers(1, 60))
def test_a_checked_text_can_be_sent_as_it_is(text: str, longest: int) -> None:
    try:
        assert check_text("--sign-name", text, longest=longest) == text
    except InputError:
        return
    assert text.encode()
    assert text.strip()
    assert len(text) <= longest


@given(ANY_TEXT)
def test_a_shown_value_is_short_and_can_be_written(text: str) -> None:
    shown = shorten(text)
    assert len(shown) <= LONGEST_SHOWN
    shown.encode()
    assert shown == text or "\\" in shown or shown.endswith("…")


@pytest.mark.parametrize("parameter", REAL, ids=lambda parameter: parameter.wire)
def test_the_default_of_a_parameter_is_a_good_value(parameter: Parameter) -> None:
    assert parameter.wire.startswith("--")
    assert not (parameter.required and parameter.default is not None)
    assert parameter.default is None or check(parameter, parameter.default) == parameter.default


def test_the_tables_name_only_types_shapes_and_traits_that_the_program_knows() -> None:
    rows = [row for kind in PROVIDER_NAMES for row in operations_of(kind).values()]
    known = [parameter for row in rows for parameter in row.parameters]
    assert {row.kind for row in rows} == {"read", "send"}
    assert {parameter.type for parameter in known} == set(get_args(Type))
    assert {parameter.shape for parameter in known} <= {None, *SHAPES}
    for name, allowed in {"parameters": {"required", "private"}, "operations": {"stateful", "awaited"}}.items():
        for path in Path(tables.__file__).parent.glob(f"*/{name}.tsv"):
            assert {trait for row in tables.rows(path) for trait in row["traits"].split()} <= allowed
