"""SendSms and SendBatchSms: validate, accept, and then whatever the magic recipient makes of it."""

from __future__ import annotations

import time

from . import gateway, magic, recipient
from .errors import RefusalError
from .ledger import Ledger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .account import Account, Row
    from .ledger import Message
    from .request import Request

    Reply = dict[str, object] | str

MOST_NUMBERS = 1000
MOST_IN_BATCH = 100
LONGEST_OUT_ID = 255
HANG_SECONDS = 60
HTML = "<html>\n<head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1></body>\n</html>\n"


def send_sms(request: Request) -> Reply:
    """One sign and one set of parameters for up to 1000 numbers."""
    numbers = request.text("phone-numbers").split(",")
    _check_count(numbers, MOST_NUMBERS)
    account = request.account()
    params = request.json("template-param") if request.text("template-param") else {}
    rows = [(number, request.text("sign-name"), params) for number in numbers]
    return _send(request, account, rows)


def send_batch_sms(request: Request) -> Reply:
    """A sign and parameters for each of up to 100 numbers; the three lists have equal lengths."""
    numbers, signs = _strings(request, "phone-number-json"), _strings(request, "sign-name-json")
    _check_count(numbers, MOST_IN_BATCH)
    params = request.json("template-param-json") if request.text("template-param-json") else [{}] * len(numbers)
    if not isinstance(params, list):
        raise RefusalError("isv.INVALID_JSON_PARAM")
    if not len(numbers) == len(signs) == len(params):
        raise RefusalError("isv.INVALID_PARAMETERS", "手机号码、签名、模板变量的个数不一致")
    if len(request.text("out-id")) > LONGEST_OUT_ID:
        raise RefusalError("isv.PARAM_LENGTH_LIMIT")
    return _send(request, request.account(), list(zip(numbers, signs, params, strict=True)))


def render(template: Row, params: object) -> str:
    """The template's text with its variables; raises RefusalError for a missing or a non-string value."""
    if not isinstance(params, dict) or not all(isinstance(value, str) for value in params.values()):
        raise RefusalError("isv.INVALID_JSON_PARAM")
    head, *parts = template["content"].split("${")
    text: str = head
    for part in parts:
        name, _, rest = part.partition("}")
        if name not in params:
            raise RefusalError("isv.TEMPLATE_MISSING_PARAMETERS")
        text += params[name] + rest
    return text


def _send(request: Request, account: Account, rows: list[tuple[str, str, object]]) -> Reply:
    outcome = magic.first_of([recipient.normalise(number) for number, _, _ in rows])
    if outcome.effect in ON_THE_WAY:
        return ON_THE_WAY[outcome.effect](request, outcome)
    messages = [_message(request, account, *row) for row in rows]
    if outcome.effect == "refuse":
        raise RefusalError(outcome.detail)
    reply = gateway.accepted(BizId=Ledger(request.call.folder).accept(messages))
    return AFTERWARDS.get(outcome.effect, _plain)(request, reply)


def _message(request: Request, account: Account, number: str, name: str, params: object) -> Message:
    sign, template = account.sign(name), account.template(request.text("template-code"))
    if sign is None or sign["state"] != "approved":
        raise RefusalError("isv.SMS_SIGN_NAME_ILLEGAL")
    if template is None or template["state"] != "approved":
        raise RefusalError("isv.SMS_TEMPLATE_ILLEGAL")
    phone = recipient.normalise(number)
    if not phone:
        raise RefusalError("isv.MOBILE_NUMBER_ILLEGAL")
    return {
        "phone": phone,
        "sign": name,
        "template": template["code"],
        "params": params,
        "content": f"【{name}】{render(template, params)}",
        "out_id": request.text("out-id"),
    }


def _check_count(numbers: list[str], most: int) -> None:
    if len(numbers) > most:
        raise RefusalError("isv.MOBILE_COUNT_OVER_LIMIT")


def _strings(request: Request, flag: str) -> list[str]:
    values = request.json(flag)
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise RefusalError("isv.INVALID_JSON_PARAM")
    return values


def _fail_at_gateway(_request: Request, outcome: magic.Magic) -> Reply:
    raise gateway.error(outcome.detail)


def _fail_to_connect(request: Request, _outcome: magic.Magic) -> Reply:
    raise gateway.unreachable(request)


def _lose_request(request: Request, _outcome: magic.Magic) -> Reply:
    time.sleep(request.read_timeout())
    raise gateway.timed_out(request)


def _meet_proxy(_request: Request, _outcome: magic.Magic) -> Reply:
    return HTML


def _plain(_request: Request, reply: dict[str, object]) -> Reply:
    return reply


def _lose_reply(request: Request, _reply: dict[str, object]) -> Reply:
    time.sleep(request.read_timeout())
    raise gateway.timed_out(request)


def _crash(_request: Request, reply: dict[str, object]) -> Reply:
    from .death import die_by  # `signal` imports `enum`: 10 ms

    die_by("KILL")
    return reply


def _hang(_request: Request, reply: dict[str, object]) -> Reply:
    from .death import hang  # `signal` imports `enum`: 10 ms

    hang(HANG_SECONDS)
    return reply


def _say_nothing(_request: Request, _reply: dict[str, object]) -> Reply:
    return ""


def _break_off(_request: Request, reply: dict[str, object]) -> Reply:
    from .plugin_program import text_of  # that module loads this one

    text = text_of(reply)
    return text[: len(text) // 2]


def _omit_code(_request: Request, reply: dict[str, object]) -> Reply:
    return {key: value for key, value in reply.items() if key != "Code"}


ON_THE_WAY = {
    "gateway": _fail_at_gateway,
    "unreachable": _fail_to_connect,
    "timeout before": _lose_request,
    "html": _meet_proxy,
}
AFTERWARDS = {
    "timeout": _lose_reply,
    "crash": _crash,
    "hang": _hang,
    "silent": _say_nothing,
    "truncated": _break_off,
    "no code": _omit_code,
}
