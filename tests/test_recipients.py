"""Phone numbers as people write them."""

from __future__ import annotations

import json
import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from smswrap.errors import Problem
from smswrap.sending.recipients import SAMPLE_NUMBERS, is_mainland, read_recipient, read_recipients

MOBILE = "13812345678"
E164 = f"+86{MOBILE}"
FULL_WIDTH = str.maketrans("0123456789+", "０１２３４５６７８９＋")
SEPARATORS = ("", "", "", " ", "-", "  ", " - ", "\u00a0", "\u3000", "\u2011", "\u2212", "－", "\u200b", "\u2060")
ANY_TEXT = st.text(st.characters(exclude_categories=()))


def _is_mobile(digits: str) -> bool:
    return phonenumbers.number_type(phonenumbers.parse(f"+86{digits}")) == PhoneNumberType.MOBILE


mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True).filter(_is_mobile)
"""Mainland mobiles that libphonenumber, asked directly, takes for such."""


@st.composite
def spelt(draw: st.DrawFn, digits: str) -> str:
    written = draw(st.sampled_from(["", "86", "+86", "0086"])) + digits
    characters = [draw(st.sampled_from([char, char.translate(FULL_WIDTH)])) for char in written]
    gaps = [draw(st.sampled_from(SEPARATORS if char.isdigit() else ("", " ", "\u200e"))) for char in written[:-1]]
    inner = "".join(map(str.__add__, characters, [*gaps, ""]))
    around = draw(st.sampled_from(["{}", " {} ", "\ufeff{}", "\u202a{}\u202c", "({})", "\t{}\n"]))
    return str(around).format(inner)


@given(st.data())
def test_all_spellings_of_a_mainland_mobile_are_one_recipient(data: st.DataObject) -> None:
    digits = data.draw(mobiles)
    assert read_recipient(data.draw(spelt(digits))) == f"+86{digits}"


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
        "138.1234.5678",
        "138—1234—5678",
        "１３８１２３４５６７８",
        "＋８６　１３８－１２３４－５６７８",
        "\u202a+86\u200b13812345678\u202c",
        "\ufeff13812345678\r\n",
    ],
)
def test_this_spelling_of_a_mainland_mobile_is_understood(text: str) -> None:
    assert read_recipient(text) == E164


@pytest.mark.parametrize("region", ["HK", "MO", "TW", "US", "GB", "SG", "JP", "IT"])
@pytest.mark.parametrize("form", [PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL])
@pytest.mark.parametrize("prefix", ["+", "00", ""])
def test_a_foreign_number_is_read_with_its_country_code(region: str, form: int, prefix: str) -> None:
    example = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    assert example is not None
    written = prefix + phonenumbers.format_number(example, form).removeprefix("+")
    if region == "US" and not prefix:
        assert isinstance(read_recipient(written), Problem), (
            "eleven digits from 1 on are a mainland mobile or a mistake"
        )
        return
    found = read_recipient(written)
    assert found == phonenumbers.format_number(example, PhoneNumberFormat.E164)
    assert not is_mainland(str(found))


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
        ("+13800138000", "+8613800138000"),
    ],
)
def test_a_number_that_two_countries_could_have_is_read_by_its_prefix(text: str, recipient: str) -> None:
    assert read_recipient(text) == recipient


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "is empty"),
        (" \t\u200b", "is empty"),
        ("+", "is not a phone number"),
        ("abc", "is not a phone number"),
        ("138a12345678", "is not a phone number"),
        ("138/1234/5678", "is not a phone number"),
        ("13812345678;ext=1", "is not a phone number"),
        ("++8613812345678", "is not a phone number"),
        ("+86+8613812345678", "is not a phone number"),
        ("13812345678\x00", "is not a phone number"),
        ("٠١٢٣٤٥٦٧٨٩٠", "is not a phone number"),
        ("1" * 100_000, "is not a phone number"),
        ("1.38E+10", "exponent"),
        ("1,38e10", "exponent"),
        ("1381234567", "no phone number that can receive SMS"),
        ("138123456789", "no phone number that can receive SMS"),
        ("15412345678", "no phone number that can receive SMS"),
        ("12015550123", "no phone number that can receive SMS"),
        ("11012345678", "no phone number that can receive SMS"),
        ("10086", "no phone number that can receive SMS"),
        ("110", "no phone number that can receive SMS"),
        ("95588", "no phone number that can receive SMS"),
        ("4008123456", "no phone number that can receive SMS"),
        ("010-1234-5678", "no phone number that can receive SMS"),
        ("+86 10 1234 5678", "no phone number that can receive SMS"),
        ("07400123456", "no phone number that can receive SMS"),
        ("+1 555 0123", "no phone number that can receive SMS"),
    ],
)
def test_what_cannot_get_an_sms_is_a_problem_with_its_reason(text: str, rule: str) -> None:
    found = read_recipient(text, row=3)
    assert isinstance(found, Problem)
    assert rule in found.rule
    assert found.row == 3
    assert found.next_step
    assert len(found.value) <= 40


@given(ANY_TEXT)
def test_any_text_is_a_recipient_or_a_problem(text: str) -> None:
    assert isinstance(read_recipient(text), (str, Problem))


@given(st.from_regex(r"(\+|00|\+00)?[0-9]{3,16}", fullmatch=True))
def test_reading_a_recipient_again_changes_nothing(text: str) -> None:
    found = read_recipient(text)
    if isinstance(found, str):
        assert found.startswith("+")
        assert found[1:].isascii()
        assert found[1:].isdecimal()
        assert read_recipient(found) == found


@given(st.data())
def test_a_list_names_each_recipient_once_whatever_the_spellings_are(data: st.DataObject) -> None:
    numbers = data.draw(st.lists(mobiles, min_size=1, max_size=5))
    found, problems = read_recipients(
        [data.draw(spelt(number)) for number in numbers], samples_allowed=True, field="-p"
    )
    assert found == [f"+86{number}" for number in dict.fromkeys(numbers)]
    assert len(problems) == len(numbers) - len(found)


def test_a_repeated_recipient_names_the_row_of_the_first() -> None:
    found, (problem,) = read_recipients([MOBILE, "+85251234567", f"+86 {MOBILE}"], samples_allowed=False, field="-p")
    assert found == [E164, "+85251234567"]
    assert (problem.row, problem.rule) == (3, "is the same recipient as row 1")


def test_everything_wrong_with_a_list_is_told_with_its_row() -> None:
    found, problems = read_recipients(["x", MOBILE, "", "+86 138 0013 8000"], samples_allowed=False, field="-p")
    assert found == [E164]
    assert [problem.row for problem in problems] == [1, 3, 4]
    assert "sample number" in problems[-1].rule


@pytest.mark.parametrize("number", sorted(SAMPLE_NUMBERS))
def test_sample_numbers_are_recipients_only_where_they_are_allowed(number: str) -> None:
    assert read_recipients([number], samples_allowed=True, field="-p") == ([number], [])
    assert read_recipients([number], samples_allowed=False, field="-p")[0] == []


@pytest.mark.parametrize(("number", "regions"), [(MOBILE, ["CN"]), (f"+86{MOBILE}", ["CN"]), ("+85251234567", ["HK"])])
def test_a_number_costs_the_metadata_of_its_own_country_only(number: str, regions: list[str]) -> None:
    program = (
        "import json, sys\n"
        "from smswrap.sending.recipients import read_recipient\n"
        "assert isinstance(read_recipient(sys.argv[1]), str)\n"
        "known = [name.rpartition('region_')[2] for name in sys.modules if 'phonenumbers.data.region_' in name]\n"
        "print(json.dumps(sorted(set(known) - {'001'})))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program, number], check=True, capture_output=True, text=True)
    assert json.loads(ended.stdout) == regions
