"""What a provider will refuse, and what carriers often do, is known before the send."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smswrap.model import Content, Message
from smswrap.providers.records import Registration, Sign, Template
from smswrap.sending.rules import Verdict, judge

CODES = Template("SMS_1", "x", "verification", "approved", "码${code}", ("code",), {"code": "numberCaptcha"})
ORDER = Template("SMS_2", "x", "notification", "approved", "单${order}", ("order",))
ABROAD = replace(ORDER, type="international")
SHOP = Sign("示例商城", "approved", scene="通用")
FOR_CODES = Sign("短信测试", "approved", scene="验证码")
HERE, THERE = "+8613812341234", "+85251234567"


def judged(template: Template, sign: Sign, *messages: tuple[str, dict[str, str]]) -> Verdict:
    return judge(
        template, sign, [(row, Message(to, Content("签", values))) for row, (to, values) in enumerate(messages, 2)]
    )


def problems(verdict: Verdict) -> str:
    return " ".join(problem.rule for problem in verdict.problems.shown)


def warnings(verdict: Verdict) -> str:
    return " ".join(verdict.warnings.lines)


def test_what_keeps_the_rules_is_not_spoken_of() -> None:
    for template, sign, value in ((CODES, FOR_CODES, {"code": "123456"}), (ORDER, SHOP, {"order": "A-1"})):
        verdict = judged(template, sign, (HERE, value))
        assert (problems(verdict), warnings(verdict)) == ("", "")


@pytest.mark.parametrize(
    ("template", "sign", "to", "values", "words"),
    [
        (ABROAD, SHOP, HERE, {"order": "1"}, "isv.DOMESTIC_NUMBER_NOT_SUPPORTED"),
        (ORDER, FOR_CODES, HERE, {"order": "1"}, "isv.SMS_SIGNATURE_SCENE_ILLEGAL"),
        (replace(ORDER, type="promotion"), FOR_CODES, HERE, {"order": "1"}, "type is promotion"),
        (ORDER, replace(SHOP, scene=None, usage="验证码"), HERE, {"order": "1"}, "is a sign for codes"),
        (CODES, SHOP, HERE, {"code": "12345678"}, "is not 4 to 6 digits"),
        (CODES, SHOP, HERE, {"code": "12a4"}, "is not 4 to 6 digits"),
        (CODES, SHOP, HERE, {"code": "１２３４"}, "is not 4 to 6 digits"),
        (replace(CODES, rules={"code": "characterWithNumber2"}), SHOP, HERE, {"code": "验证码"}, "letters and digits"),
        (replace(CODES, rules={"code": "characterWithNumber2"}), SHOP, HERE, {"code": "abc"}, "letters and digits"),
    ],
)
def test_what_the_provider_will_refuse_is_a_problem(
    template: Template, sign: Sign, to: str, values: dict[str, str], words: str
) -> None:
    assert words in problems(judged(template, sign, (to, values)))


@pytest.mark.parametrize(
    ("template", "to", "values", "words"),
    [
        (ORDER, THERE, {"order": "1"}, "is abroad"),
        (ORDER, HERE, {"order": "x" * 36}, "has 36 characters"),
        (ORDER, HERE, {"order": "see https://a.b/c"}, "holds a link"),
        (ORDER, HERE, {"order": "www.example.org"}, "holds a link"),
        (ORDER, HERE, {"order": "t.cn/AbC"}, "holds a link"),
        (ORDER, HERE, {"order": "from 10.0.0.1"}, "holds an IP address"),
        (replace(CODES, rules={}), HERE, {"code": "123"}, "not a code of 4 to 6"),
        (replace(CODES, rules={}), HERE, {"code": "12345678"}, "not a code of 4 to 6"),
        (replace(CODES, rules={}), HERE, {"code": "验证码字"}, "not a code of 4 to 6"),
    ],
)
def test_what_carriers_often_refuse_is_a_warning_and_no_problem(
    template: Template, to: str, values: dict[str, str], words: str
) -> None:
    verdict = judged(template, SHOP, (to, values))
    assert words in warnings(verdict)
    assert problems(verdict) == ""


def test_a_carrier_with_which_the_sign_is_not_registered_is_named() -> None:
    registration = (Registration("移动", "registered", None), Registration("电信", "in progress", None))
    warned = warnings(judged(ORDER, replace(SHOP, registration=registration), (HERE, {"order": "1"})))
    assert "not registered with 电信" in warned


def test_one_code_to_several_numbers_is_told_and_one_number_twice_is_not() -> None:
    code = {"code": "123456"}
    assert "code of several numbers" in warnings(judged(CODES, SHOP, (HERE, code), ("+8613812341235", code)))
    assert warnings(judged(CODES, SHOP, (HERE, code), (HERE, code))) == ""


def test_many_wrong_rows_are_counted_by_kind() -> None:
    verdict = judged(CODES, SHOP, *[(HERE, {"code": str(n)}) for n in range(500)])
    (kind,) = verdict.problems.as_json()["kinds"]
    assert kind["count"] == 500
    assert len(verdict.problems.shown) == 20
