"""What is shown of foreign text: no key, no number, nothing that a terminal would obey."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smswrap.masking import escape_json, redact, visible

ANY = st.text(st.characters(exclude_categories=()), max_size=40)


@pytest.mark.parametrize(
    "text",
    [
        "x-acs-security-token: {}",
        "Authorization: Bearer {}",
        "authorization={}",
        "sts_token={}",
        '"StsToken": "{}"',
        "SecurityToken={}&x=1",
        "bearer_token = {}",
        "Credential={}/20260101",
        "accesskey-id: {}",
        "AccessKeySecret%3D{}%26x",
        "--access-key-secret {}",
        "--sts-token={}",
        "api_key: {}",
        "private_key: {}",
        "a Bearer {} was sent",
        "https://host.example/?Signature={}",
    ],
)
def test_a_key_is_masked_in_every_spelling_of_its_name(text: str) -> None:
    assert "SEKRET77" not in redact(text.format("SEKRET77"))


@pytest.mark.parametrize("text", ["access_key_id is not configured", "the token is missing", "invalid signature"])
def test_words_about_keys_stay(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("text", ["{}.", "tel_{}", "{}_x", "号{}码", "({})", "tel.{}", "+86{},", "'{}'", "{}\n"])
def test_a_number_is_masked_wherever_it_stands(text: str) -> None:
    shown = redact(text.format("13888887777"))
    assert "8888777" not in shown
    assert "7777" in shown


@pytest.mark.parametrize("text", ["0.1234567", "v1.12345678", "0E4DE985-5532-9F9F", "811500729806877893^0", "123456"])
def test_what_is_no_number_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("mark", ["\x1b]0;pwn\x07", "\x9b31m", "\u202e", "\u200b", "\u2066", "\ufeff", "\x00", "\x7f"])
def test_no_mark_that_a_terminal_obeys_or_nobody_sees_is_left(mark: str) -> None:
    for shown in (redact(f"a{mark}b"), visible(f"a{mark}b"), json.loads(f'"{visible(mark)}"')):
        assert not any(unicodedata.category(char) in {"Cc", "Cf", "Cs"} for char in shown)
    assert mark not in escape_json(json.dumps(f"a{mark}b", ensure_ascii=False))


@given(ANY)
def test_visible_text_is_as_long_as_it_was_and_keeps_what_can_be_seen(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    assert all(new in {old, "·"} for new, old in zip(shown, text, strict=True))
    assert all(new == old for new, old in zip(shown, text, strict=True) if old.isprintable())
    assert visible(shown) == shown


@given(st.dictionaries(ANY, ANY, max_size=3))
def test_escaped_json_is_the_same_document(value: dict[str, str]) -> None:
    text = escape_json(json.dumps(value, ensure_ascii=False))
    assert json.loads(text) == json.loads(json.dumps(value))
    assert not any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in text)
    text.encode("utf-8")
