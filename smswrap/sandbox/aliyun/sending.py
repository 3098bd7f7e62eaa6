"""SendSms and SendBatchSms: validate, accept, and then whatever the magic recipient makes of it.

ledger.jsonl has every message that was accepted, one line for each magic. This is the truth.
"""

from __future__ import annotations

import os
import time

from ..common import Row, files, message
from . import gateway, magic
from .account import CODES, Account
from .call import RefusalError, die_by, hang
from .plugin import Request, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .plugin import Reply

MOST_NUMBERS, MOST_IN_BATCH, LONGEST_OUT_ID = 1000, 100, 255
HANG_SECONDS = 60
SMALLEST_ID = 10**17
HTML = "<html>\n<head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1></body>\n</html>\n"


def send_sms(request: Request) -> Reply:
    """One sign and one set of parameters for up to 1000 numbers."""
    numbers = request.text("phone-numbers").split(",")
    params = request.json("template-param") if request.text("template-param") else {}
    return _send(request, MOST_NUMBERS, [(number, request.text("sign-name"), params) for number in numbers])


def send_batch_sms(request: Request) -> Reply:
    """A sign and parameters for each of up to 100 numbers; the three lists have equal lengths."""
    numbers, signs = _strings(request, "phone-number-json"), _strings(request, "sign-name-json")
    params = request.json("template-param-json") if request.text("template-param-json") else [{}] * len(numbers)
    if not isinstance(params, list):
        raise RefusalError("isv.INVALID_JSON_PARAM")
    if not len(numbers) == len(signs) == len(params):
        raise RefusalError("isv.INVALID_PARAMETERS", "手机号码、签名、模板变量的个数不一致")
    if len(request.text("out-id")) > LONGEST_OUT_ID:
        raise RefusalError("isv.PARAM_LENGTH_LIMIT")
    return _send(request, MOST_IN_BATCH, list(zip(numbers, signs, params, strict=True)))


def _send(request: Request, most: int, rows: list[tuple[str, str, object]]) -> Reply:
    if len(rows) > most:
        raise RefusalError("isv.MOBILE_COUNT_OVER_LIMIT")
    outcome = magic.first_of([magic.normalise(number) for number, _, _ in rows])
    _fail_on_the_way(request, outcome)
    if outcome.effect == "html":
        return HTML
    account = request.account()
    messages = [_message(request, account, *row) for row in rows]
    if outcome.effect == "refuse":
        raise RefusalError(outcome.detail)
    biz_id = f"{SMALLEST_ID + int.from_bytes(os.urandom(8), 'big') % (9 * SMALLEST_ID)}^0"
    stamp = {"time": time.time(), "biz_id": biz_id}
    files.append(f"{request.call.folder}/ledger.jsonl", [{**stamp, **one} for one in messages])
    return _answer(request, outcome.effect, gateway.accepted(BizId=biz_id))


def _message(request: Request, account: Account, number: str, name: str, params: object) -> Row:
    sign, template = account.sign(name), account.template(request.text("template-code"))
    if sign is None or sign["state"] != "approved":
        raise RefusalError("isv.SMS_SIGN_NAME_ILLEGAL")
    if template is None or template["state"] != "approved":
        raise RefusalError("isv.SMS_TEMPLATE_ILLEGAL")
    if sign["business"] == CODES and template["type"] not in ("verification", "international"):
        raise RefusalError("isv.SMS_SIGNATURE_SCENE_ILLEGAL")
    phone = magic.normalise(number)
    if not phone:
        raise RefusalError("isv.MOBILE_NUMBER_ILLEGAL")
    if template["type"] == "international" and magic.is_mainland(phone):
        raise RefusalError("isv.DOMESTIC_NUMBER_NOT_SUPPORTED")
    return {
        "phone": phone,
        "sign": name,
        "template": template["code"],
        "params": params,
        "content": f"【{name}】{_filled(template, params)}",
        "out_id": request.text("out-id"),
    }


def _filled(template: Row, params: object) -> str:
    if not isinstance(params, dict) or not all(isinstance(value, str) for value in params.values()):
        raise RefusalError("isv.INVALID_JSON_PARAM")
    try:
        return message.fill(template["content"], params)
    except KeyError:
        raise RefusalError("isv.TEMPLATE_MISSING_PARAMETERS") from None


def _strings(request: Request, flag: str) -> list[str]:
    values = request.json(flag)
    if not isinstance(values, list) or not values or not all(isinstance(value, str) for value in values):
        raise RefusalError("isv.INVALID_JSON_PARAM")
    return values


def _fail_on_the_way(request: Request, outcome: magic.Magic) -> None:
    """What keeps the request from being accepted, if the magic recipient does."""
    if outcome.effect == "gateway":
        raise gateway.error(outcome.detail)
    if outcome.effect == "unreachable":
        raise gateway.unreachable(request)
    if outcome.effect == "timeout before":
        time.sleep(request.read_timeout())
        raise gateway.timed_out(request)


def _answer(request: Request, effect: str, reply: dict[str, object]) -> Reply:
    """What becomes of the reply of an accepted request."""
    if effect == "timeout":
        time.sleep(request.read_timeout())
        raise gateway.timed_out(request)
    if effect == "crash":
        die_by("KILL")
    if effect == "hang":
        hang(HANG_SECONDS)
    if effect == "silent":
        return ""
    if effect == "truncated":
        text = text_of(reply)
        return text[: len(text) // 2]
    if effect == "no code":
        del reply["Code"]
    return reply
