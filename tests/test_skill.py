"""SKILL.md: true to the Agent Skills specification, and its commands do what the seeds' four scenarios ask for."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import SIGN

from smswrap.cli import skill
from smswrap.clock import today

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran, StandIn

ROOT = Path(__file__).parent.parent
SKILL = (ROOT / "SKILL.md").read_text("utf-8")
ALLOWED = {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
NAMES = {"我的签名": SIGN, "SMS_123456": "SMS_123456", "13912345678": "13987654321"}


def frontmatter() -> dict[str, str]:
    """The top-level keys with their texts; folded lines joined."""
    text = SKILL.split("---\n")[1]
    found: dict[str, str] = {}
    key = ""
    for line in text.splitlines():
        if re.match(r"\S", line):
            key, _, value = line.partition(":")
            found[key] = value.strip().removeprefix(">-")
        else:
            found[key] = f"{found[key]} {line.strip()}".strip()
    return found


def commands(*pages: Path) -> list[list[str]]:
    """Every command line of smswrap in the pages, without the folder, as an agent would run it."""
    text = "\n".join(page.read_text("utf-8") for page in pages or (ROOT / "SKILL.md",))
    return [shlex.split(line) for line in re.findall(r"^    scripts/(smswrap .*)$", text, re.MULTILINE)]


def test_the_frontmatter_keeps_to_the_specification() -> None:
    found = frontmatter()
    assert set(found) <= ALLOWED
    assert found["name"] == skill.NAME == "smswrap"
    assert re.fullmatch(r"(?!.{65})[a-z0-9]+(-[a-z0-9]+)*", found["name"])
    assert 0 < len(found["description"]) <= 1024
    assert 0 < len(found["compatibility"]) <= 500


def test_the_description_triggers_in_both_languages() -> None:
    description = frontmatter()["description"]
    for words in ("send an SMS", "verification code", "发短信", "短信群发", "验证码", "回执", "火山引擎", "阿里云"):
        assert words in description


def test_it_is_short() -> None:
    # Four characters of English, or one of Chinese, are about a token.
    chinese = sum(ord(character) > 0x2E80 for character in SKILL)
    assert SKILL.count("\n") < 500
    assert (len(SKILL) - chinese) / 4 + chinese < 5_000


def test_every_reference_is_one_level_deep_and_named_by_the_skill_or_its_pages() -> None:
    linked = set(re.findall(r"\]\(([^)#]+)", SKILL))
    assert {str(path.relative_to(ROOT)) for path in (ROOT / "references").glob("*.md")} == linked
    assert not any(path.is_dir() for path in (ROOT / "references").iterdir() if path.name != "pictures")


def test_no_command_is_written_in_two_ways() -> None:
    bare = [line for line in SKILL.splitlines() if re.match(r" {4}(?!scripts/smswrap )", line)]
    assert bare == []


def test_every_command_line_is_one_that_the_program_knows(words: Callable[..., Ran]) -> None:
    lines = commands(ROOT / "SKILL.md", *(ROOT / "references").glob("*.md"))
    assert len(lines) >= 20
    for line in lines:
        words_of = [word for word in line[1:] if word not in {"--provider", "volcengine"}]
        text = words(words_of[0], "--help").stdout
        assert [word for word in words_of if word.startswith("--") and word not in text] == [], line


@pytest.mark.parametrize(
    "rule",
    [
        "never guess",
        "explicit yes",
        "never send again after exit 8",
        "accepted is not delivered",
        "smswrap refuses them",
        "ai mode",
        "wait for the answer",
        "one by one",
        "resume --unknown",
        "only numbers that the user gave",
        "texts are data",
        "sends only templates of type",
        "no template fits",
        "did it arrive",
        "send it again",
        "cancel that",
        "is not billed",
        "group by",
    ],
)
def test_every_rule_of_the_seeds_that_a_program_cannot_enforce_is_said(rule: str) -> None:
    assert rule in " ".join(re.sub("[*`]", "", SKILL).lower().split())


def as_written(words: list[str], **replaced: str) -> list[str]:
    """A command line of the page with the user's own values in place of its examples."""
    known = {**NAMES, **replaced}
    return [known.get(word, word) for word in words[1:]]


def written(verb: str, *holding: str) -> list[str]:
    """The first command line of the page with this verb and these words."""
    return next(words for words in commands() if words[1] == verb and all(word in words for word in holding))


def confirmed(words: Callable[..., Ran], planned: Ran) -> Ran:
    assert (planned.code, planned.envelope["status"]) == (9, "confirmation_needed"), planned.stdout
    plan_id = planned.envelope["data"]["plan_id"]
    return words(*as_written(written("confirm"), PLAN_ID=plan_id))


def test_scenario_1_a_verification_code(standin: StandIn, words: Callable[..., Ran]) -> None:
    assert words(*as_written(written("doctor"))).code == 0
    for verb in ("list-signs", "list-templates"):
        assert words(*as_written(written(verb, "--approved"))).code == 0
    planned = words(*as_written(written("send", "--verify")))
    assert standin.ledger == []
    ran = confirmed(words, planned)
    assert (ran.code, ran.envelope["data"]["receipts"][0]["receipt"]) == (0, "delivered")
    assert len(standin.ledger) == 1


def test_scenario_2_one_text_to_several(standin: StandIn, words: Callable[..., Ran]) -> None:
    numbers = {"13912345678": "13987654321,13887654321,13787654321"}
    ran = confirmed(words, words(*as_written(written("send", "--verify"), **numbers)))
    assert ran.code == 0
    assert [call["argv"][1] for call in standin.api_calls].count("send-sms") == 1
    assert len(standin.ledger) == 3


def test_scenario_3_a_text_for_each(standin: StandIn, words: Callable[..., Ran], tmp_path: Path) -> None:
    file = tmp_path / "recipients.csv"
    file.write_text("手机号,验证码\n13987654321,111111\n13887654321,222222\n13787654321,333333\n", "utf-8")
    ran = confirmed(words, words(*as_written(written("send-batch"), **{"recipients.csv": str(file)})))
    assert ran.code == 0
    assert {message["params"]["code"] for message in standin.ledger} == {"111111", "222222", "333333"}


def test_scenario_4_delivery_and_statistics(standin: StandIn, words: Callable[..., Ran]) -> None:
    confirmed(words, words(*as_written(written("send", "--verify"))))
    biz_id = standin.ledger[0]["biz_id"]
    dates = {"20260326": today(), "20260301": today(), "xxx^0": biz_id}
    status = words(*as_written(written("query-status", "--biz-id"), **dates))
    assert status.envelope["data"]["messages"][0]["receipt"] == "delivered"
    statistics = words(*as_written(written("query-statistics"), **dates))
    assert statistics.envelope["data"]["totals"]["sent"] == 1


def test_the_way_through_volcengine_is_as_its_page_says(words: Callable[..., Ran]) -> None:
    dates = {"2026-03-26T10:30": f"{today()}0000", "2026-03-26T12:00": f"{today()}2359"}
    dates |= {"20260301": today(), "20260326": today(), "13912345678": "13900000000"}
    lines = commands(ROOT / "references" / "volcengine.md")
    plan_id, ended = "", []
    for line in lines:
        ran = words("--sandbox", *as_written(line, PLAN_ID=plan_id, **dates))
        plan_id = (ran.envelope["data"] or {}).get("plan_id", plan_id)
        ended.append((ran.code, ran.envelope["status"]))
    proposed, sent = (9, "confirmation_needed"), (0, "accepted")
    assert ended == [(0, "ok")] * 3 + [proposed, sent] + [(0, "ok")] * (len(lines) - 5)


@pytest.mark.usefixtures("standin")
def test_the_table_of_exits_tells_the_status_of_a_sign_that_is_not_there(words: Callable[..., Ran]) -> None:
    ran = words("send", "-p", "19900000000", "-s", "我的签名", "-t", "SMS_123456", "--var", "code=1234", "--verify")
    (row,) = re.findall(rf"^\| {ran.code} \|(.*?)\|", SKILL, re.MULTILINE)
    assert (ran.code, f"`{ran.envelope['status']}`" in row) == (5, True)
