"""The program in Chinese: every sentence has its row, and what is no sentence stays as it is."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pexpect
import pytest
from conftest import DEADLINE

from smswrap.cli.app import main
from smswrap.cli.console import Console
from smswrap.errors import Fault, Kind
from smswrap.messages import is_telling, said, spoken

if TYPE_CHECKING:
    from types import ModuleType

FIELD = re.compile(r"\{(\w+)(?:!r)?(?::[^{}]*)?\}")


def script(name: str) -> ModuleType:
    found = importlib.util.spec_from_file_location(name, Path(__file__).parent.parent / "scripts" / f"{name}.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


SENTENCES = script("sentences")


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")


def test_every_sentence_that_the_program_says_has_a_row() -> None:
    rows = SENTENCES.rows()
    missing = [f"{text}\t" for text in SENTENCES.spoken() if text not in rows]
    assert not missing, "add to smswrap/messages/zh.tsv:\n" + "\n".join(missing)


def test_a_row_and_its_chinese_have_the_same_fields_and_commands() -> None:
    for english, chinese in SENTENCES.rows().items():
        assert sorted(FIELD.findall(english)) == sorted(FIELD.findall(chinese)), english
        options = re.findall(r"--[a-z-]{3,}", english)
        assert set(options) <= set(re.findall(r"--[a-z-]{3,}", chinese)), english


@pytest.mark.usefixtures("chinese")
def test_a_filled_row_is_told_in_its_own_chinese() -> None:
    for english, chinese in SENTENCES.rows().items():
        filled = english if not is_telling(english) else FIELD.sub(r"X\1", english)  # else a format
        assert said(filled) == (chinese if filled is english else FIELD.sub(r"X\1", chinese)), english


@pytest.mark.parametrize(
    ("language", "is_chinese"),
    [
        ({"LANG": "C.UTF-8"}, False),
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW"}, True),
        ({"LANG": "zh_CN.UTF-8", "SMSWRAP_LANG": "en"}, False),
        ({"LC_ALL": "C", "SMSWRAP_LANG": "zh"}, True),
    ],
)
def test_the_environment_says_which_language(
    monkeypatch: pytest.MonkeyPatch, language: dict[str, str], *, is_chinese: bool
) -> None:
    for name, value in language.items():
        monkeypatch.setenv(name, value)
    assert said("Nothing was sent.") == ("没有发送任何短信。" if is_chinese else "Nothing was sent.")


def test_json_is_the_same_in_both_languages_but_for_the_sentences(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(language: str) -> dict[str, Any]:
        monkeypatch.setenv("SMSWRAP_LANG", language)
        assert main(["--sandbox", "send", "-p", "1390", "-s", "S", "-t", "SMS_1", "--output", "json"]) == 2
        told: dict[str, Any] = json.loads(capsys.readouterr().out)
        return told

    english, chinese = answer("en"), answer("zh")
    assert chinese["error"]["message"] == "--phone-numbers（第 1 行）：'1390' 不是大陆手机号（4 位），也没有国家代码。"
    assert chinese["error"]["meaning"] == "没有发送任何短信。"
    for told in (english, chinese):
        for part in (told["error"], *told["data"]["problems"]):
            assert {"meaning", "rule"} & set(part)
            for sentence in ("message", "meaning", "next_step", "rule"):
                part.pop(sentence, None)
    assert english == chinese


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    ("english", "told"),
    [
        (
            "a.example was not reached, so it was asked nothing (x). The service gave no answer.",
            "连不上 a.example，所以没有向它请求（x）。服务没有答复。",
        ),
        ("Odd (x). The service gave no answer.", "Odd (x). 服务没有答复。"),
        (
            "账户余额不足。 The outcome is unknown: the SMS may have been sent.",
            "账户余额不足。结果未知：短信可能已经发出。",
        ),
        ("'1 2' holds 2 numbers with a blank between.", "'1 2' 含有 2 个号码，中间有空格。"),
        (
            "holds 3 numbers. Separate numbers by commas. In a file, give each its row.",
            "含有 3 个号码。号码之间用逗号分隔。在文件里，每个号码一行。",
        ),
        ("verb: 'sned' is not one of smswrap's.", "verb: 'sned' 不是 smswrap 的命令。"),
        (
            "Do not send to those again. `smswrap resume 1-2` sends the rest.",
            "请勿再发给那些人。`smswrap resume 1-2` 发送剩下的。",
        ),
        ("is empty: the row has no ${code}", "为空：这一行没有 ${code}"),
        (
            "Add --map code=验证码, or --var code=… for all rows.",
            "加上 --map code=验证码，或用 --var code=… 给所有行。",
        ),
        (
            "Check its digits. Fill the cell: a template's variable needs a value. Name each recipient once.",
            "Check its digits. 填上这个单元格：模板的变量需要值。每个收件人只写一次。",
        ),
        ("--file: 'a. b! c' is not a phone number.", "--file: 'a. b! c' 不是电话号码。"),
        ("x.csv cannot be written: No such file or directory.", "x.csv 无法写入：没有那个文件或目录。"),
    ],
)
def test_sentences_of_others_beside_ours_leave_each_its_language(english: str, told: str) -> None:
    assert said(english) == told


@pytest.mark.usefixtures("chinese")
def test_the_word_before_a_message_is_no_part_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    Console().error(Fault(Kind.REFUSED, "1 of 3 messages failed: X.", "", "See `smswrap --help`."))
    Console().warn("1 of 3 messages failed: X.")
    assert capsys.readouterr().err.splitlines() == [
        "错误：3 条短信中有 1 条失败：X。",
        "提示：见 `smswrap --help`。",
        "警告：3 条短信中有 1 条失败：X。",
    ]


@pytest.mark.usefixtures("chinese")
def test_what_a_person_wrote_is_left_alone() -> None:
    data = {"parameters": {"meaning": "Nothing was sent."}, "text": "Nothing was sent.", "meaning": "Nothing was sent."}
    assert spoken(data) == {**data, "meaning": "没有发送任何短信。"}


@pytest.mark.usefixtures("chinese")
def test_a_code_is_explained_in_chinese(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "isv.AMOUNT_NOT_ENOUGH", "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["data"]["meaning"] == "账号的余额或套餐不够这次发送。"


@pytest.mark.usefixtures("chinese")
def test_the_text_that_will_be_sent_is_shown_as_it_is(tmp_path: Path) -> None:
    account = {"templates": [{"code": "SMS_100000001", "content": "Your mailbox is empty"}], "signs": [{"name": "S"}]}
    (tmp_path / "stand-in").mkdir()
    (tmp_path / "stand-in" / "account.json").write_text(json.dumps(account), "utf-8")
    words = ["--sandbox", "send", "-p", "13900000000", "-s", "S", "-t", "SMS_100000001"]
    child = pexpect.spawn(sys.executable, ["-m", "smswrap", *words], encoding="utf-8", timeout=DEADLINE)
    child.expect("y/N")
    assert "【S】Your mailbox is empty" in (child.before or "")
    assert "是" in (child.before or "") or "发送" in (child.before or "")
    child.sendline("否")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 9
    assert "没有发送" in (child.before or "")
