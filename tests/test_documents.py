"""The documents: their links lead somewhere, what they show runs, and both READMEs say the same."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import DEADLINE

from smswrap.providers.aliyun.operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("references/*.md")])
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def headings(page: Path) -> set[str]:
    """The anchors of a page, as its host makes them of the headings."""
    titles = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_new_ids_and_times_alone_change_no_page() -> None:
    docs = runpy.run_path(str(ROOT / "scripts" / "docs.py"))
    page = '<!-- data -->\n```json\n{"plan_id": "a"}\n```\n<!-- /data -->\n'
    assert docs["renewed"](page, {"data": lambda: '```json\n{"plan_id": "b"}\n```'}) == (page, [])
    made, false = docs["renewed"](page, {"data": lambda: '```json\n{"plan_id": "b", "more": 1}\n```'})
    assert made == page.replace('"a"}', '"b", "more": 1}')
    assert false == ["data"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        name, _, anchor = target.partition("#")
        if name.startswith("https://"):
            continue
        found = page.parent / name if name else page
        assert found.is_file(), target
        assert not anchor or anchor in headings(found), target


def test_every_anchor_of_the_coverage_exists() -> None:
    table = (ROOT / "references" / "coverage.md").read_text("utf-8").partition("|---|")[2]
    anchors = re.findall(r"`([\w./-]+\.(?:py|md|tsv))(?:#([^`]+))?`", table)
    assert len(anchors) > 90
    for name, place in anchors:
        path = ROOT / name
        assert path.is_file(), name
        if path.suffix == ".md":
            assert place in headings(path), f"{name}#{place}"
        elif place:
            assert re.search(rf"(?<![\w-]){re.escape(place)}(?![\w-])", path.read_text("utf-8")), f"{name}#{place}"


def test_the_policies_are_json_and_name_every_action() -> None:
    page = (ROOT / "references" / "ram-policies.md").read_text("utf-8")
    policies = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]
    allowed = [set(policy["Statement"][0]["Action"]) for policy in policies]
    every = {row.action for row in OPERATIONS.values()}
    assert len(every) == len(OPERATIONS)
    assert allowed[-1] == every
    assert {row.action for row in OPERATIONS.values() if row.kind == "send"} <= allowed[0] < every
    assert not any(action.startswith("dysms:Send") for action in allowed[1])


def runnable(page: Path) -> list[str]:
    return re.findall(r"<!-- run -->\n```bash\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("block", runnable(READMES[0]))
def test_what_the_readme_shows_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "smswrap"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m smswrap "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}/usr/bin{os.pathsep}/bin")
    ended = subprocess.run(
        ["/bin/bash", "-e", "-c", block], check=False, capture_output=True, text=True, timeout=DEADLINE
    )
    assert ended.returncode == 0, ended.stderr
    answers = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [answer["error"] for answer in answers] == [None] * len(block.splitlines())


def told(page: Path) -> list[list[str]]:
    """What a README tells in no language: links, code, commands, headings, exit codes."""
    text = page.read_text("utf-8")
    code = [re.sub(r" +#.*", "", line) for line in re.findall(r"^ {4,}.*$", text, re.MULTILINE)]
    words = sorted(set(re.findall(r"`([^`]+)`", " ".join(re.sub(r"```.*?```", "", text, flags=re.DOTALL).split()))))
    links = [link for link in LINK.findall(text) if not link.startswith("README")]
    return [
        code,
        words,
        links,
        runnable(page),
        re.findall("^#+ ", text, re.MULTILINE),
        re.findall(r"\| (\d+)(?: \||[,、])", text),
    ]


def test_both_readmes_are_short_and_say_the_same() -> None:
    assert all(page.read_text("utf-8").count("\n") <= 150 for page in READMES)
    for one, other in zip(*map(told, READMES), strict=True):
        assert one == other


def test_the_readmes_name_every_verb(words: Callable[..., Ran]) -> None:
    listed = words("--help").stdout.partition("Send:")[2].partition("Topics:")[0]
    verbs = [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2:3].isalpha()]
    assert len(verbs) > 10
    for page in READMES:
        assert [verb for verb in verbs if f"`{verb}" not in page.read_text("utf-8")] == []
