"""Whose number is it: phone numbers as people write them."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from smswrap.errors import Problem
from smswrap.sandbox.aliyun.magic import BY_NUMBER
from smswrap.sandbox.common import twin
from smswrap.sending.recipients import (
    DOCUMENTATION,
    EXAMPLE_NUMBERS,
    NO_SMS,
    OURS,
    USUAL_MOBILE,
    Recipient,
    read_recipient,
    read_recipients,
)
from smswrap.sending.spellings import split_numbers

ROOT = Path(__file__).parent.parent
MOBILE = "13812345678"
E164 = f"+86{MOBILE}"
FULL_WIDTH = str.maketrans("0123456789+", "０１２３４５６７８９＋")
SEPARATORS = ("", " ", "-", "  ", " - ", "\u00a0", "\u3000", "\u2011", "\u2212", "－", "\u200b", "\u2060", "\u2068")
ANY_TEXT = st.text(st.characters(exclude_categories=()))
AMERICAN = "1-664-491-3789"
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS - {"CN", "TA"})
PLUS_ONE = sorted(region for region in REGIONS if phonenumbers.country_code_for_region(region) == 1)


def number_of(text: str, *, bare_foreign: bool = False) -> str:
    found = read_recipient(text, bare_foreign=bare_foreign)
    assert isinstance(found, Recipient), found
    return found.number


def rule_of(text: str, *, bare_foreign: bool = False) -> str:
    found = read_recipient(text, row=3, bare_foreign=bare_foreign)
    assert isinstance(found, Problem), found
    assert (found.row, found.field) == (3, "--phone-numbers")
    assert found.next_step
    assert len(found.value) <= 40
    return found.rule


def notices_of(text: str, *, bare_foreign: bool = False) -> str:
    found = read_recipient(text, bare_foreign=bare_foreign)
    assert isinstance(found, Recipient), found
    return " ".join(map(str, found.notices))


def _is_mobile(digits: str) -> bool:
    return phonenumbers.number_type(phonenumbers.parse(f"+86{digits}")) == PhoneNumberType.MOBILE


mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True).filter(_is_mobile)
"""Mainland mobiles that libphonenumber, asked directly, takes for such."""


@st.composite
def spelt(draw: st.DrawFn, digits: str) -> str:
    pieces = draw(st.sampled_from([[digits], [digits[:3], digits[3:7], digits[7:]]]))
    pieces = [piece for piece in (draw(st.sampled_from(["", "86", "+86", "0086"])), *pieces) if piece]
    pieces = [draw(st.sampled_from([piece, piece.translate(FULL_WIDTH)])) for piece in pieces]
    inner = draw(st.sampled_from(SEPARATORS)).join(pieces)
    around = draw(st.sampled_from(["{}", " {} ", "\ufeff{}", "\u202a{}\u202c", "({})", "\t{}\n", "'{}", "tel:{}"]))
    return str(around).format(inner)


@given(st.data())
def test_all_spellings_of_a_mainland_mobile_are_one_recipient(data: st.DataObject) -> None:
    digits = data.draw(mobiles)
    assert number_of(data.draw(spelt(digits))) == f"+86{digits}"


@pytest.mark.parametrize(
    "text",
    [
        MOBILE,
        f"86{MOBILE}",
        f"+86{MOBILE}",
        f"0086{MOBILE}",
        f"+0086{MOBILE}",
        f"86 {MOBILE}",
        "+86 138 1234 5678",
        "0086-138-1234-5678",
        "(+86)13812345678",
        "+86-(138)1234-5678",
        "86 138-12345678",
        "138.1234.5678",
        "138—1234—5678",
        "１３８１２３４５６７８",
        "＋８６　１３８－１２３４－５６７８",
        "\u202a+86\u200b13812345678\u202c",
        "\u2068138\u00ad1234\u180e5678\u2069",
        "\ufeff13812345678\r\n",
        "tel:+86-138-1234-5678",
        "TEL:13812345678",
        "<13812345678>",
        '"13812345678"',
        "“13812345678”",
        "[+86 138 1234 5678]",
        "sms:13812345678",
    ],
)
def test_this_spelling_of_a_mainland_mobile_is_understood(text: str) -> None:
    assert read_recipient(text) == Recipient(E164)


@pytest.mark.parametrize("text", ["13812345678.0", "13812345678.00", "+8613812345678.0", "13812345678,0"])
def test_a_mainland_mobile_that_a_program_made_a_decimal_is_read_and_told(text: str) -> None:
    assert number_of(text) == E164
    assert "ends in .0" in notices_of(text)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("628123456789.0", "+628123456789"),
        ("4915123456789.0", "+4915123456789"),
        ("+628123456789.0", "+628123456789"),
        ("85251234567.0", "+85251234567"),
        ("+62 812-3456-789.0", "+628123456789"),
        ("62 812 3456 789.00", "+628123456789"),
        ("136 1234 5671.0", "+8613612345671"),
    ],
)
def test_the_zero_of_a_decimal_never_joins_the_digits(text: str, number: str) -> None:
    assert number_of(text) == number
    assert f"read as {number}" in notices_of(text)


@pytest.mark.parametrize(
    "text",
    ["13812345678(张三)", "13812345678（张三）", "张三 <13812345678>", "Li Si(13812345678)", "13812345678[home]"],
)
def test_a_name_in_brackets_is_left_out_and_told(text: str) -> None:
    assert number_of(text) == E164
    assert "was left out" in notices_of(text)


@pytest.mark.parametrize("region", REGIONS)
def test_the_example_mobile_of_each_region_is_read_with_its_country_code_only(region: str) -> None:
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    assert example is not None
    e164 = phonenumbers.format_number(example, PhoneNumberFormat.E164)
    international = phonenumbers.format_number(example, PhoneNumberFormat.INTERNATIONAL)
    for text in (f"00{e164[1:]}", f"+00{e164[1:]}", international, international.replace("+", "00")):
        assert number_of(text) == e164
    if region not in PLUS_ONE:
        assert number_of(e164) == number_of(e164.translate(FULL_WIDTH)) == e164
        assert "no country code" in rule_of(e164[1:]) or "not grouped" in rule_of(e164[1:])
        assert number_of(e164[1:], bare_foreign=True) == e164
        assert "no + in front" in notices_of(e164[1:], bare_foreign=True)
    for text in (phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL), str(example.national_number)):
        found = read_recipient(text)
        # All that is left is a German mobile without its 0: its digits are a mainland mobile's.
        assert isinstance(found, Problem) or (region, text) == ("DE", "15123456789"), text


@pytest.mark.parametrize("region", PLUS_ONE)
def test_a_north_american_number_is_never_read_as_a_mainland_one_unless_it_is_spelt_so(region: str) -> None:
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    assert example is not None
    digits = str(example.national_number)
    area, exchange, line = digits[:3], digits[3:6], digits[6:]
    for text in (
        f"1-{area}-{exchange}-{line}",
        f"1 ({area}) {exchange}-{line}",
        f"(1) {area} {exchange} {line}",
        f"1.{area}.{exchange}.{line}",
        f"1 {area}-{exchange}-{line}",
        f"1{area} {exchange} {line}",
        f"1 {digits}",
    ):
        for bare_foreign in (False, True):
            assert "mainland and as a North American" in rule_of(text, bare_foreign=bare_foreign)
    for text in (f"({area}) {exchange}-{line}", f"({area}){exchange}{line}"):
        for bare_foreign in (False, True):
            assert "area code in brackets" in rule_of(text, bare_foreign=bare_foreign)
    ambiguous = re.fullmatch(USUAL_MOBILE, f"1{digits}") is not None
    plus = read_recipient(f"+1{digits}")
    assert isinstance(plus, Problem) == ambiguous
    bare = read_recipient(f"1{digits}")
    assert bare == Recipient(f"+861{digits}") if ambiguous else isinstance(bare, Problem)


@pytest.mark.parametrize("text", ["1512 3456789", "151 23456789", "15 12 34 56 789", "1512345-6789"])
def test_eleven_digits_that_are_not_grouped_as_mainland_mobiles_are_refused(text: str) -> None:
    assert "not grouped as mainland mobiles" in rule_of(text)


@given(mobiles, st.integers(0, 10), st.integers(0, 9))
def test_a_mainland_mobile_with_a_digit_lost_or_too_many_goes_nowhere(digits: str, place: int, more: int) -> None:
    assert isinstance(read_recipient(digits[:place] + digits[place + 1 :]), Problem)
    inserted = digits[:place] + str(more) + digits[place:]
    assert isinstance(read_recipient(inserted), Problem)


@pytest.mark.parametrize("kind", sorted(NO_SMS))
def test_kinds_of_numbers_that_get_no_sms_are_refused_in_every_region_that_has_them(kind: int) -> None:
    tried = 0
    for region in REGIONS:
        example = phonenumbers.example_number_for_type(region, kind)
        if example is None or phonenumbers.number_type(example) != kind:
            continue
        e164 = phonenumbers.format_number(example, PhoneNumberFormat.E164)
        tried += 1
        if not e164.startswith("+1") or len(e164) != 12:
            assert rule_of(f"00{e164[1:]}").startswith(("is a ", "is a company"))
    assert tried > 10


@pytest.mark.parametrize("region", ["GB", "DE", "FR", "JP", "HK", "TW"])
def test_a_fixed_line_abroad_is_a_recipient_with_a_notice(region: str) -> None:
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.FIXED_LINE)
    assert example is not None
    assert "is a fixed line" in notices_of(phonenumbers.format_number(example, PhoneNumberFormat.E164))


@pytest.mark.parametrize(
    ("text", "recipient"),
    [
        ("+1 650 555 0123", "+16505550123"),
        ("+1 (650) 555-0123", "+16505550123"),
        ("0016505550123", "+16505550123"),
        ("16505550123", "+8616505550123"),
        ("86 165 0555 0123", "+8616505550123"),
        ("+1 201 555 0123", "+12015550123"),
        # The API takes mainland numbers with a bare plus, and no American number has an exchange that begins with 0.
        ("+13800138001", "+8613800138001"),
        ("+33.6.12.34.56.00", "+33612345600"),
    ],
)
def test_a_number_that_two_countries_could_have_is_read_by_its_prefix(text: str, recipient: str) -> None:
    assert number_of(text) == recipient


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "is empty"),
        (" \t\u200b", "is empty"),
        ("+", "is not a phone number"),
        ("abc", "is not a phone number"),
        ("138a12345678", "is not a phone number"),
        ("138/1234/5678", "is not a phone number"),
        ("13812345678;ext=1", "extension"),
        ("tel:+86-138-1234-5678;ext=12", "extension"),
        ("+1 650 253 0000 x5", "extension"),
        ("++8613812345678", "is not a phone number"),
        ("+86+8613812345678", "is not a phone number"),
        ("13812345678\x00", "is not a phone number"),
        ("٠١٢٣٤٥٦٧٨٩٠", "is not a phone number"),
        ("1" * 100_000, "is not a phone number"),
        ("+18002345678", "mainland and as a North American"),
        ("+19002345678", "mainland and as a North American"),
        ("+62 812-3456-789.5", "decimals"),
        ("+62.812.3456.789.0", "decimals"),
        ("62 812 3456 789.25", "decimals"),
        ("张三 13612345671", "letters stand beside"),
        ("手机：13612345671", "letters stand beside"),
        ("1361234567l", "letters stand beside"),
        ("136****5671", "masked"),
        ("136xxxx5671", "masked"),
        ("1.38E+10", "exponent"),
        ("1,38e10", "exponent"),
        ("6.28123E+11", "exponent"),
        ("13812345678.5", "decimals"),
        ("13,812,345,678", "thousands separators"),
        ("13812345678 13912345678", "holds 2 numbers with a blank between"),
        ("13812345678 ::: 13912345678", "holds 2 numbers"),
        ("13812345678;13912345678", "holds 2 numbers"),
        ("13812345678、13912345678/13712345678", "holds 3 numbers"),
        ("1381234567", "not a mainland mobile (10 digits)"),
        ("138123456789", "not a mainland mobile (12 digits)"),
        ("15412345678", "is not a phone number that can receive SMS"),
        ("12015550123", "is not a phone number that can receive SMS"),
        ("10086", "not a mainland mobile (5 digits)"),
        ("4008123456", "not a mainland mobile (10 digits)"),
        ("010-1234-5678", "not a mainland mobile"),
        ("(86)13812345678", "country code in brackets"),
        ("+86 10 1234 5678", "is not a mobile"),
        ("07400123456", "not a mainland mobile"),
        ("+1 555 0123", "is not a phone number that can receive SMS"),
        ("3612345678", "no country code"),
        ("43012345", "no country code"),
        ("321 1234567", "no country code"),
    ],
)
def test_what_cannot_get_an_sms_is_a_problem_with_its_reason(text: str, rule: str) -> None:
    assert rule in rule_of(text)


@given(ANY_TEXT)
def test_any_text_is_a_recipient_or_a_problem(text: str) -> None:
    assert isinstance(read_recipient(text), (Recipient, Problem))


@given(st.from_regex(r"(\+|00|\+00)?[0-9]{3,16}", fullmatch=True), st.booleans())
def test_reading_a_recipient_again_changes_nothing(text: str, bare: bool) -> None:  # noqa: FBT001  hypothesis gives it by its place
    found = read_recipient(text, bare_foreign=bare)
    if isinstance(found, Recipient):
        assert re.fullmatch(r"\+[0-9]+", found.number)
        assert number_of(f"00{found.number[1:]}") == found.number  # +1… may be a mainland number with a plus too many


# The lowest version that is asked for, 8.13.0, lacks 1610 (measured); there our own table knows more than the library.
@pytest.mark.skipif(Version(phonenumbers.__version__) < Version("9.0.42"), reason="an older table has fewer prefixes")
def test_the_table_of_usual_mobiles_is_libphonenumbers_own() -> None:
    dice = random.Random(5)  # noqa: S311  no secret
    for prefix in range(10_000, 20_000):
        digits = f"{prefix}{dice.randrange(1_000_000):06}"
        assert (re.fullmatch(USUAL_MOBILE, digits) is not None) == _is_mobile(digits), digits


@given(st.data())
def test_a_list_names_each_recipient_once_whatever_the_spellings_are(data: st.DataObject) -> None:
    numbers = data.draw(st.lists(mobiles, min_size=1, max_size=5))
    found, problems, _ = read_recipients([data.draw(spelt(number)) for number in numbers], samples_allowed=True)
    numbers = [number for number in numbers if EXAMPLE_NUMBERS.get(f"+86{number}") != DOCUMENTATION]
    assert found == [f"+86{number}" for number in dict.fromkeys(numbers)]
    assert not numbers or len(problems) >= len(numbers) - len(found)


def test_a_repeated_recipient_names_the_row_of_the_first() -> None:
    texts = ["13812341234", "+85251234567", "+86 13812341234"]
    found, (problem,), notices = read_recipients(texts, samples_allowed=False)
    assert found == ["+8613812341234", "+85251234567"]
    assert (problem.row, problem.rule, notices) == (3, "is the same recipient as row 1", [])


def test_everything_wrong_with_a_list_is_told_with_its_row() -> None:
    texts = ["x", "13812341234", "", "+86 138 0013 8000"]
    found, problems, _ = read_recipients(texts, samples_allowed=False)
    assert found == ["+8613812341234"]
    assert [problem.row for problem in problems] == [1, 3, 4]
    assert "example number" in problems[-1].rule


@pytest.mark.parametrize("number", sorted(EXAMPLE_NUMBERS))
def test_our_own_example_numbers_pass_in_the_sandbox_and_the_documentations_nowhere(number: str) -> None:
    allowed = [number] if EXAMPLE_NUMBERS[number] == OURS else []
    assert read_recipients([number], samples_allowed=True)[0] == allowed
    assert read_recipients([number], samples_allowed=False)[0] == []


TEXTS = [*ROOT.glob("*.md"), *ROOT.glob("references/*.md"), *ROOT.glob("smswrap/**/*.py"), *ROOT.glob("scripts/*.*")]
SHOWN = re.compile(r"(?<![\w.+])(\+\d{8,15}|1[3-9]\d{9})(?![\w.{])")


@pytest.mark.parametrize("path", [path for path in TEXTS if "catalogue" not in path.parts], ids=str)
def test_every_number_that_our_texts_show_is_an_example_number(path: Path) -> None:
    shown = {found.removeprefix("+") for found in SHOWN.findall(path.read_text("utf-8"))}
    known = {number.removeprefix("+") for number in EXAMPLE_NUMBERS}
    if path.parent.name == "scripts":  # some play the real mode against the stand-in, where ours are refused
        known |= {f"86{twin(number)}" for number in BY_NUMBER}
    assert {number if len(number) != 11 or number[0] != "1" else f"86{number}" for number in shown} <= known


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        (MOBILE, [MOBILE]),
        ("a,b，c;d；e、f|g", list("abcdefg")),
        ("a ::: b", ["a", "b"]),
        ("a\nb", ["a", "b"]),
        ('["a","b"]', ["a", "b"]),
        ("[13812345678, 13912345678]", ["13812345678", "13912345678"]),
        ("['a']", ["a"]),
        ("[1.50]", ["1.50"]),
        ("[" * 5_000 + "]" * 5_000, None),
    ],
)
def test_a_pasted_list_is_taken_apart_at_its_marks(text: str, numbers: list[str] | None) -> None:
    found = [number.strip() for number in split_numbers(text)]
    assert found == numbers if numbers else all(isinstance(read_recipient(one), Problem) for one in found)


@pytest.mark.parametrize(
    ("number", "regions"), [(MOBILE, []), (f"+86 {MOBILE}", []), ("86 138-12345678", []), ("+85251234567", ["HK"])]
)
def test_a_number_costs_the_metadata_of_its_own_country_only(number: str, regions: list[str]) -> None:
    program = (
        "import json, sys\n"
        "from smswrap.sending.recipients import Recipient, read_recipient\n"
        "assert isinstance(read_recipient(sys.argv[1]), Recipient)\n"
        "known = [name.rpartition('region_')[2] for name in sys.modules if 'phonenumbers.data.region_' in name]\n"
        "print(json.dumps(sorted(set(known) - {'001'})))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, number], check=True, capture_output=True, text=True)
    assert json.loads(ended.stdout) == regions
