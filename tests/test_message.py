"""Template parameters, the text that is sent, and its parts."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smswrap.errors import InputError
from smswrap.sending.message import (
    GSM_BASIC,
    GSM_EXTENSION,
    check_parameters,
    compare_variables,
    count_parts,
    forcing_ucs2,
    length_of,
    mainland_parts,
    parse_array,
    parse_object,
    read_parameters,
    render,
    tidy_sign,
    tidy_template,
)

if TYPE_CHECKING:
    from pathlib import Path

ANY_TEXT = st.text(st.characters(exclude_categories=()))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=20,
)
clean_texts = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=1, max_size=30)
sent_texts = st.text(st.sampled_from("ab €{签名😀é\n"), max_size=400)
variables = st.text(st.sampled_from("abcxyz_01变量"), min_size=1, max_size=6)


def wrong(given_text: str | None, *given_variables: str) -> list[str]:
    """The rules that the parameters break."""
    with pytest.raises(InputError) as caught:
        read_parameters(given_text, given_variables)
    assert caught.value.fault.message.endswith(".")
    assert all(problem.next_step for problem in caught.value.problems)
    return [problem.rule for problem in caught.value.problems]


def parameters_or_error(given_text: str, given_variables: list[str]) -> dict[str, str] | InputError:
    """What becomes of the parameters."""
    try:
        return read_parameters(given_text, given_variables)
    except InputError as error:
        return error


@pytest.mark.parametrize("spelling", ["0", "1.50", "1e5", "-0", "123456789012345678901234567890", "0.10"])
def test_a_number_keeps_its_spelling(spelling: str) -> None:
    assert read_parameters(f'{{"n": {spelling}}}', ()) == {"n": spelling}


@given(values=st.dictionaries(clean_texts, clean_texts, max_size=5), escaped=st.booleans())
def test_string_parameters_arrive_as_they_are_from_json_and_from_var(values: dict[str, str], *, escaped: bool) -> None:
    assert read_parameters(json.dumps(values, ensure_ascii=escaped), ()) == values
    plain = {name: value for name, value in values.items() if "=" not in name}
    assert read_parameters(None, [f"{name}={value}" for name, value in plain.items()]) == plain


def test_json_and_var_add_up() -> None:
    assert read_parameters('{"a":"1"}', ["b=2", "c=x=y"]) == {"a": "1", "b": "2", "c": "x=y"}


@pytest.mark.parametrize("more", [["a=2"], [" a =2"], ["b=1", "b=1"]])
def test_a_variable_given_twice_is_a_problem(more: list[str]) -> None:
    assert "is given twice" in wrong('{"a":"1"}', *more)


@pytest.mark.parametrize("text", ['{"a":"1","a":"2"}', '{"a":{"b":"1","b":"1"}}'])
def test_a_name_that_stands_twice_in_the_json_is_a_problem(text: str) -> None:
    assert wrong(text) == ["is not valid JSON: a name stands twice in it"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("[]", "is not a JSON object"),
        ('"code"', "is not a JSON object"),
        ("null", "is not a JSON object"),
        ("", "is not valid JSON"),
        ("{", "is not valid JSON"),
        ("{code:1}", "is not valid JSON"),
        ("'{\"code\":1}'", "is not valid JSON"),
        ('{"a":"1"} {"b":"2"}', "is not valid JSON"),
        ('{"a":"1\n"}', "is not valid JSON"),
        ('{"a":true}', "has a value for 'a' that is not a string"),
        ('{"a":null}', "has a value for 'a' that is not a string"),
        ('{"a":["1"]}', "has a value for 'a' that is not a string"),
        ('{"a":{"b":"1"}}', "has a value for 'a' that is not a string"),
        ('{"a":""}', "must not be empty (variable 'a')"),
        ('{"":"a"}', "must not be empty (variable '')"),
        ('{"a":"\\ud800"}', "is not valid UTF-8 (variable 'a')"),
        ('{"\\udfff":"a"}', "is not valid UTF-8"),
        ('{"a":"x\\u0000y"}', "holds a control character (variable 'a')"),
        ('{"a":"x\\u001b[31my"}', "holds a control character (variable 'a')"),
        ('{"a":"x\\ry"}', "holds a control character (variable 'a')"),
        ('{"a":"\\n"}', "must not be empty (variable 'a')"),
        ('{"a\\nb":"1"}', "holds a control character"),
        ('{"a":"x\\u007fy"}', "holds a control character (variable 'a')"),
        ("[" * 20_000, "is nested too deeply"),
        ('{"a":"' + "x" * 20_000 + '"}', "is 20008 characters long; at most 20000 are allowed"),
        (" " * 1_000_000, "is 1000000 characters long; at most 20000 are allowed"),
    ],
)
def test_parameters_that_no_provider_can_take_are_told_with_the_rule(text: str, rule: str) -> None:
    (told,) = wrong(text)
    assert rule in told


@pytest.mark.parametrize("text", ['{"a":' * 3_000, '{"a":' + "[" * 5_000 + "]" * 5_000 + "}"])
def test_parameters_that_are_nested_thousands_deep_are_a_problem_however_deep_python_can_read(text: str) -> None:
    """Python 3.13 reads up to some ten thousand levels; the older ones stop at a thousand."""
    (told,) = wrong(text)
    assert re.search("is nested too deeply|is not valid JSON|that is not a string", told)


@pytest.mark.parametrize("variable", ["code", "=1", " =1", ""])
def test_a_var_that_is_not_name_equals_value_is_a_problem(variable: str) -> None:
    assert wrong(None, variable) == ["is not name=value"]


def test_all_that_is_wrong_with_the_parameters_is_told_at_once() -> None:
    assert len(wrong('{"a":1,"b":null,"c":"\\u0000"}', "d", "e=", "a=2")) == 5


@given(ANY_TEXT | JSON.map(json.dumps), st.lists(ANY_TEXT, max_size=3))
def test_any_text_is_parameters_or_an_input_error(text: str, given_variables: list[str]) -> None:
    text = text.lstrip("@") if text != "-" else ""
    found = parameters_or_error(text, given_variables)
    if isinstance(found, InputError):
        assert found.problems
        found.fault.message.encode()
    else:
        assert check_parameters(found) == []
        json.dumps(found).encode()


@given(ANY_TEXT | JSON.map(json.dumps))
def test_any_text_is_an_object_an_array_or_an_input_error(text: str) -> None:
    kinds: list[type] = []
    for parse in (parse_object, parse_array):
        try:
            kinds.append(type(parse(text, field="--json")))
        except InputError:
            kinds.append(type(None))
    assert kinds in ([dict, type(None)], [type(None), list], [type(None)] * 2)


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf"])
def test_parameters_come_from_a_file_with_or_without_a_byte_order_mark(tmp_path: Path, head: bytes) -> None:
    file = tmp_path / "参数 1.json"
    file.write_bytes(head + '{"name": "张三 & @李四"}'.encode())
    assert read_parameters(f"@{file}", ()) == {"name": "张三 & @李四"}


def test_a_tilde_in_a_file_name_is_the_home_directory(tmp_path: Path) -> None:
    (tmp_path / "home" / "values.json").write_text('{"a":"1"}', "utf-8")
    assert read_parameters("@~/values.json", ()) == {"a": "1"}


@pytest.mark.parametrize("octets", [b"\xff\xfe{\x00}\x00", '{"a":"验证码"}'.encode("gbk")])
def test_a_file_that_is_not_utf8_is_a_problem(tmp_path: Path, octets: bytes) -> None:
    (tmp_path / "file").write_bytes(octets)
    assert wrong(f"@{tmp_path / 'file'}") == ["is not UTF-8"]


@pytest.mark.parametrize("name", ["", "missing", "missing/file"])
def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path, name: str) -> None:
    (rule,) = wrong(f"@{tmp_path / name}")
    assert rule.startswith("cannot be read: ")


def test_a_file_without_an_end_is_not_read_to_its_end() -> None:
    assert "at most 20000 are allowed" in wrong("@/dev/zero")[0]


@pytest.mark.parametrize("text", ["@literally", "-", "@/etc/hostname"])
def test_a_value_is_never_taken_for_a_file(text: str) -> None:
    assert read_parameters(json.dumps({"a": text}), [f"b={text}"]) == {"a": text, "b": text}


@pytest.mark.parametrize(("octets", "ended"), [(b'\xef\xbb\xbf{"a": 1.0}', "{'a': '1.0'}"), (b"\xff", "is not UTF-8")])
def test_parameters_come_from_stdin(octets: bytes, ended: str) -> None:
    program = (
        "from smswrap.errors import InputError\n"
        "from smswrap.sending.message import read_parameters\n"
        "try:\n    print(read_parameters('-', ()))\n"
        "except InputError as error:\n    print(error.problems[0].rule)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, input=octets)
    assert ran.stdout.decode().strip() == ended


@pytest.mark.parametrize(
    ("characters", "parts"),
    [(0, 1), (1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4), (500, 8)],
)
@pytest.mark.parametrize("character", ["签", "a", "€", "😀"])
def test_on_the_mainland_every_character_counts_one(character: str, characters: int, parts: int) -> None:
    assert count_parts(character * characters, mainland=True) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 159 + "{", 2),
        ("a" * 158 + "{", 1),
        ("[sign]" + "a" * 152, 1),
        ("[sign]" + "a" * 153, 2),
        ("ç" * 70, 1),
        ("ç" * 71, 2),
        ("签" * 134, 2),
        ("签" * 135, 3),
        ("签" + "€" * 69, 1),
        ("签" + "€" * 70, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),
        ("😀" * 67, 3),
        # Nothing that counts two is split: a part of 67 holds 33 emoji, a part of 153 holds 76 brackets.
        ("[" * 152, 2),
        ("[" * 153, 3),
        ("a" * 152 + "[" + "a" * 152, 3),
        ("a" * 152 + "[" + "a" * 151, 2),
        ("签" * 66 + "😀" + "签" * 66, 3),
        ("签" * 66 + "😀" + "签" * 65, 2),
    ],
)
def test_abroad_the_alphabet_decides_how_much_a_part_holds(text: str, parts: int) -> None:
    assert count_parts(text, mainland=False) == parts


def test_the_gsm_alphabet_is_whole() -> None:
    # 128 positions of GSM 03.38 without the escape, and the ten of its extension table (form feed included).
    assert (len(GSM_BASIC), len(GSM_EXTENSION)) == (127, 10)
    assert not GSM_BASIC & GSM_EXTENSION


@given(head=sent_texts, tail=sent_texts, mainland=st.booleans())
def test_a_longer_text_never_has_fewer_parts(head: str, tail: str, *, mainland: bool) -> None:
    assert count_parts(head + tail, mainland=mainland) >= count_parts(head, mainland=mainland) >= 1


@given(text=sent_texts, mainland=st.booleans())
def test_the_parts_hold_the_whole_text_and_none_is_superfluous(text: str, *, mainland: bool) -> None:
    gsm7 = not mainland and not forcing_ucs2(text)
    units = len(text) if mainland else len(text.encode("utf-16-le")) // 2
    units = sum(2 if char in GSM_EXTENSION else 1 for char in text) if gsm7 else units
    single, each = (160, 153) if gsm7 else (70, 67)
    parts = count_parts(text, mainland=mainland)
    # What counts two is not split, so that a part may have one place free.
    assert parts == 1 if units <= single else (parts - 1) * (each - 1) < units <= parts * each


@given(sent_texts)
def test_characters_that_force_ucs2_are_named_once_each(text: str) -> None:
    named = forcing_ucs2(text)
    assert len(named) == len(set(named))
    assert set(named) == set(text) - GSM_BASIC - GSM_EXTENSION


def test_a_rendered_text_has_the_sign_in_the_brackets_of_its_country() -> None:
    assert render("您的验证码为：${code}。", "阿里云", {"code": "1"}) == "【阿里云】您的验证码为：1。"
    assert render("Your code is ${ code }", "Shop", {"code": "1"}, mainland=False) == "[Shop]Your code is 1"


@pytest.mark.parametrize("value", ["${b}", "\\1", "\\g<0>", "$", "}", "${"])
def test_a_value_is_put_in_as_it_is_and_never_filled_itself(value: str) -> None:
    assert render("<${a}|${b}>", "签", {"a": value, "b": "2"}) == f"【签】<{value}|2>"


@given(st.lists(st.sampled_from(["${a}", "${ b }", "${c}", "$", "{", "文", "x}"])), st.text(), st.text())
def test_the_length_of_a_text_is_known_without_filling_it(pieces: list[str], sign: str, value: str) -> None:
    content, filled = "".join(pieces), {"a": value, "b": "${a}"}
    for mainland in (True, False):
        text = render(content, sign, filled, mainland=mainland)
        assert length_of(content, sign, filled) == len(text)
        assert not mainland or count_parts(text, mainland=True) == mainland_parts(len(text))


def test_a_variable_without_a_value_stays_to_be_seen() -> None:
    assert render("${a}${b}", "签", {"a": "1"}) == "【签】1${b}"


@given(st.lists(variables, unique=True, max_size=4), st.text(st.sampled_from("字x ，"), max_size=5), clean_texts)
def test_rendering_fills_every_variable(names: list[str], between: str, value: str) -> None:
    content = between + between.join(f"${{{name}}}" for name in names)
    values = {name: f"{value}{number}" for number, name in enumerate(names)}
    assert render(content, "签", values) == f"【签】{between}{between.join(values.values())}"


@given(st.sets(variables), st.sets(variables))
def test_variables_match_exactly_when_the_names_are_the_same(expected: set[str], given_names: set[str]) -> None:
    missing, unknown = compare_variables(sorted(expected), dict.fromkeys(sorted(given_names), "1"), row=7)
    problems = [*missing, *unknown]
    assert len(problems) == bool(expected - given_names) + bool(given_names - expected)
    told = " ".join(problem.rule for problem in problems)
    assert all(f"${{{name}}}" in told for name in expected ^ given_names)
    assert all(problem.row == 7 for problem in problems)


def test_missing_and_superfluous_variables_are_told_apart() -> None:
    (missing,), (unknown,) = compare_variables(["code", "name"], {"code": "1", "kode": "2"})
    assert missing.rule == "lacks the template's ${name}"
    assert unknown.rule == "has ${kode}, which the template does not have"
    assert unknown.next_step == "The template's variables are: ${code}, ${name}."


@pytest.mark.parametrize("value", ["a\nb", "a\r\nb\r\n\r\nc", "第一行\n第二行"])
def test_line_breaks_of_a_value_are_kept(value: str) -> None:
    assert read_parameters(json.dumps({"a": value}), [f"b={value}"]) == {"a": value, "b": value}
    assert render("<${a}>", "签", {"a": value}) == f"【签】<{value}>"


@pytest.mark.parametrize(
    ("given_text", "sign"),
    [
        ("【示例商城】", "示例商城"),
        ("[Shop]", "Shop"),
        ("［示例］", "示例"),
        (" 示例 ", "示例"),
        ("\u200b【 示例 】\ufeff", "示例"),
        ("示例", "示例"),
        ("【甲】【乙】", "【甲】【乙】"),
        ("【】", "【】"),
        ("甲[乙]", "甲[乙]"),
        ("  ", "  "),
    ],
)
def test_what_was_pasted_around_a_sign_is_taken_off_and_told(given_text: str, sign: str) -> None:
    tidied = tidy_sign(given_text, row=4)
    assert tidied.value == sign
    assert [notice.row for notice in tidied.notices] == ([] if given_text == sign else [4])


@pytest.mark.parametrize(
    ("given_text", "template"), [(" SMS_1\t", "SMS_1"), ("\ufeffSMS_1", "SMS_1"), ("SMS_1;2", "SMS_1;2")]
)
def test_blanks_around_a_template_are_taken_off_and_told(given_text: str, template: str) -> None:
    tidied = tidy_template(given_text)
    assert tidied.value == template
    assert bool(tidied.notices) == (given_text != template)
