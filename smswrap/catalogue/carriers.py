"""Receipt codes: what became of a message after the provider took it.

Alibaba's own words for receipts (`MOBILE_…`, `CONTENT_…`) come from `references/sms-error-codes.md` of its skill and
from its page of receipt codes (help.aliyun.com, document_detail/101347). The carriers' raw words (`DELIVRD`, `MK:…`)
are the states of the CMPP and SMPP protocols and the families of China Mobile's gateway codes as gathered in public
tables; single `MK:`/`MI:` numbers differ from table to table, so only the families and two agreed numbers are here.
The sentences are ours.
"""

from __future__ import annotations

from typing import Final

from smswrap.catalogue.entry import ALIYUN_CONSOLE, NOTHING, rows

_CHECK_NUMBER: Final = "Make sure that the number is right and in service, or reach the recipient another way."
_DROP: Final = "Take this number off the list of recipients; do not send to it again."
_PHONE: Final = "Let the recipient check the phone (switched on, memory, SIM card, blocking apps), then send again."
_REWORD: Final = "Change the wording of the template or the values, have it approved, and send again."
_ASK: Final = "If many recipients fail with it, give the provider's support the message's id and the code."
_WAIT: Final = "Run `smswrap query-status -p NUMBER --wait`; do not send again before there is a receipt."
_WAIT_A_DAY: Final = (
    "Do not send to this number for 24 h: codes 10 a day per sign and number and 40 a day per number, "
    "notices and promotions 50 a day; carriers have limits of their own."
)

_UNREACHABLE: Final = rows(
    "aliyun",
    "refused",
    "never",
    (
        (
            "MOBILE_NOT_ON_SERVICE",
            "The number is suspended, vacant, switched off or out of coverage.",
            _CHECK_NUMBER,
        ),
        (
            "INVALID_NUMBER",
            "The number is vacant, out of service or wrongly written.",
            _CHECK_NUMBER,
        ),
        (
            "MOBILE_ACCOUNT_ABNORMAL",
            "The recipient's account at the carrier is abnormal: arrears, number moved to another carrier, closed.",
            _CHECK_NUMBER,
        ),
        ("MOBILE_IN_BLACK", "The number is on a blacklist of the carrier or the platform.", _DROP),
        ("USER_REJECT", "The recipient has opted out or does not have the service.", _DROP),
        ("CONTENT_KEYWORD", "The carrier blocked the message because of a word in it.", _REWORD),
        (
            "CONTENT_ERROR",
            "The promotion does not say how to opt out.",
            "End the promotion's text with 拒收请回复R, have the template approved, and send again.",
        ),
        (
            "NO_ROUTE",
            "No channel carries this message to this recipient.",
            f"Ask support at {ALIYUN_CONSOLE} whether this kind of message can be sent at all.",
        ),
        (
            "SP_NOT_BY_INTER_SMS",
            "The recipient's line does not take international messages.",
            "Let the recipient have international messages switched on by the carrier, then send again.",
        ),
        (
            "PARAMS_ILLEGAL",
            "The sign, the text or the number was wrong.",
            "Check sign, template parameters and number, then send again.",
        ),
        (
            "PORT_NOT_REGISTERED",
            "The sign is not yet registered under its owner's real name with this carrier.",
            f"Complete the registration at {ALIYUN_CONSOLE}; `smswrap query-sign --sign-name SIGN` shows its state.",
        ),
    ),
)

_ANOTHER_TIME: Final = rows(
    "aliyun",
    "refused",
    "later",
    (
        ("MOBILE_TERMINAL_ERROR", "The recipient's phone could not take the message.", _PHONE),
        # The provider's receipts spell it so.
        (
            "MOBLLE_TERMINAL_ERROR",
            "The recipient's phone could not take the message: memory or SIM full, fault.",
            _PHONE,
        ),
        ("SP_UNKNOWN_ERROR", "The carrier reported a failure without a known reason.", f"Send once more. {_ASK}"),
        (
            "IS_CLOSE",
            "The channel was closed while the message was on its way.",
            "Send again later; the provider takes closed channels out by itself.",
        ),
    ),
)

_FREQUENCY: Final = rows(
    "aliyun",
    "throttled",
    "later",
    (
        (
            "MOBILE_SEND_LIMIT",
            "The number has had as many messages as the carrier or the platform allows.",
            _WAIT_A_DAY,
        ),
    ),
)

_IN_FLIGHT: Final = rows(
    "aliyun",
    "unknown",
    "after-receipt",
    (
        (
            "REQUEST_SUCCESS",
            "The platform took the message and the carrier has sent no receipt.",
            _WAIT,
        ),
    ),
)

_RAW_UNREACHABLE: Final = rows(
    "carrier",
    "refused",
    "never",
    (
        (
            "UNDELIV",
            "The carrier could not deliver: the number is mostly suspended, vacant or out of reach.",
            _CHECK_NUMBER,
        ),
        ("REJECTD", "The carrier rejected the message: content, blacklist or opt-out.", f"{_REWORD} {_ASK}"),
        ("DELETED", "The carrier deleted the message before delivery.", _ASK),
        ("MK:0001", "The number does not exist.", _CHECK_NUMBER),
        (
            "MK:*",
            "The carrier's message centre could not deliver, mostly because of the number or the phone.",
            _CHECK_NUMBER,
        ),
        ("MI:*", "The carrier's network could not deliver, mostly because of the number or the phone.", _CHECK_NUMBER),
        ("MN:*", "The carrier could not deliver, mostly because of the number or the phone.", _CHECK_NUMBER),
        ("LT:*", "The carrier could not deliver, mostly because of the number or the phone.", _CHECK_NUMBER),
        ("CB:*", "The carrier's account check of the recipient failed.", _CHECK_NUMBER),
        ("DB:*", "The carrier's service platform refused the message to this recipient.", f"{_CHECK_NUMBER} {_ASK}"),
        ("ID:*", "The carrier's gateway refused the message.", f"{_REWORD} {_ASK}"),
    ),
)

_RAW_ANOTHER_TIME: Final = rows(
    "carrier",
    "refused",
    "later",
    (
        ("EXPIRED", "The message was not delivered in time: the phone was off or out of coverage for long.", _PHONE),
        (
            "MA:*",
            "The carrier's gateway and its message centre could not talk to each other.",
            f"Send again later. {_ASK}",
        ),
        ("MB:*", "The carrier's message centre answered the gateway with an error.", f"Send again later. {_ASK}"),
        (
            "CA:*",
            "The carrier's gateway and its charging system could not talk to each other.",
            f"Send again later. {_ASK}",
        ),
        (
            "DA:*",
            "The carrier's gateway and its service platform could not talk to each other.",
            f"Send again later. {_ASK}",
        ),
        ("IB:*", "The next gateway of the carrier answered with an error.", f"Send again later. {_ASK}"),
        ("IC:*", "The next gateway of the carrier did not answer.", f"Send again later. {_ASK}"),
    ),
)

_RAW_THROTTLED: Final = rows(
    "carrier",
    "throttled",
    "later",
    (
        (
            "IB:0008",
            "The carrier's gateway had too many messages a second.",
            "Send again a few minutes later, more slowly.",
        ),
    ),
)

_RAW_IN_FLIGHT: Final = rows(
    "carrier",
    "unknown",
    "after-receipt",
    (
        ("ACCEPTD", "The carrier took the message and has not delivered it yet.", _WAIT),
        ("UNKNOWN", "The carrier does not know what became of the message.", _WAIT),
    ),
)

# No failure has these codes; their kind is the one that never invites a resend.
_DELIVERED: Final = rows("aliyun", "unknown", "never", (("DELIVERED", "The message was delivered.", NOTHING),)) + rows(
    "carrier", "unknown", "never", (("DELIVRD", "The message was delivered.", NOTHING),)
)

ROWS: Final = (
    _UNREACHABLE
    + _ANOTHER_TIME
    + _FREQUENCY
    + _IN_FLIGHT
    + _RAW_UNREACHABLE
    + _RAW_ANOTHER_TIME
    + _RAW_THROTTLED
    + _RAW_IN_FLIGHT
    + _DELIVERED
)
