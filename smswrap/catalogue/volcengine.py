"""Volcengine's codes: sending, the ForAgent actions, receipts, and the gateway before them.

Rows come from the facts sheet (Part 3), the skill's table of errors, Volcengine's pages of send errors
(volcengine.com/docs/6361/173288), receipt codes (docs/6361/173291) and common gateway errors (docs/6369/68677,
docs/6448/76370), and the newer skill's list of ForAgent codes, which gives some of them no meaning. The sentences are
ours.
"""

from __future__ import annotations

from typing import Final

from smswrap.catalogue.entry import SUPPORT, VOLCENGINE_CONSOLE, rows

_LIST_GROUPS: Final = "Run `smswrap --provider volcengine list-groups` and send with a message group of that list."
_LIST_SIGNS: Final = (
    "Run `smswrap --provider volcengine list-signs` and send with an approved sign that belongs to the message group."
)
_LIST_TEMPLATES: Final = (
    "Run `smswrap --provider volcengine list-templates` and send with an approved template that belongs to the sign."
)
_GROUP_TYPES: Final = f"Let the message group send this type of SMS: edit the group at {VOLCENGINE_CONSOLE}."
_KEYS: Final = (
    "Check the API key, or the access key and its secret, in the environment; take care of blanks around them."
)
_POLICY: Final = (
    f"Let an administrator give this user an IAM policy for the SMS service (volcSMS) at {VOLCENGINE_CONSOLE}."
)
_CLOCK: Final = "Set the machine's clock, then run the command again."
_TOP_UP: Final = f"Top up the balance; {VOLCENGINE_CONSOLE} leads to the billing centre."
_REGIONS: Final = f"Send only to regions that the account may send to, or apply for the region at {VOLCENGINE_CONSOLE}."
_REWORD: Final = "Change the wording of the template or the values, have it approved, and send again."
_REGISTRATION: Final = (
    "Wait until the carriers have registered the sign, mostly 7-10 working days after its approval, "
    f"and complete its papers at {VOLCENGINE_CONSOLE}."
)
_CHECK_NUMBER: Final = "Make sure that the number is right and in service, or reach the recipient another way."
_PHONE: Final = "Let the recipient check the phone (switched on, memory, SIM card, network), then send again."
_COMPARE: Final = "Compare the command with `smswrap COMMAND --help`; the reply's Message names what is wrong."
_UPDATE: Final = "Update smswrap; this release calls an action that the service no longer has."
_SLOW_DOWN: Final = (
    "Wait a minute and send fewer requests: the service takes 50 a second for each action and 5 a second per customer."
)
_RECEIPT_FIRST: Final = (
    "If this was a send, look for it with `smswrap --provider volcengine query-status` before anything else; "
    "a query may be run again."
)
_UNPUBLISHED: Final = "Volcengine names this code for its ForAgent actions but publishes no meaning."
_ASK: Final = "Read the reply's Message; give Volcengine's support the RequestId and the code."

_REFUSED: Final = rows(
    "volcengine",
    "refused",
    "never",
    (
        (
            "RE:0001",
            "The SMS service is not activated for this account.",
            f"Activate the SMS service at {VOLCENGINE_CONSOLE} with the account that owns the key.",
        ),
        (
            "RE:0002",
            "The SMS service of this account has been closed.",
            f"Look at the service's state at {VOLCENGINE_CONSOLE} and ask support why it was closed.",
        ),
        ("RE:0003", "The message group does not exist.", _LIST_GROUPS),
        ("RE:0004", "The sign is not in this message group or is not approved.", _LIST_SIGNS),
        ("RE:0005", "The template is not in this message group or is not approved.", _LIST_TEMPLATES),
        (
            "RE:0006",
            "A phone number has the wrong form.",
            "Write a mainland number as 11 digits or with +86, and any other as country code and number.",
        ),
        ("RE:0009", "A parameter of the request is wrong.", _COMPARE),
        ("RE:0010", "The account is in arrears.", _TOP_UP),
        ("RE:0011", "Messages may not be sent to this region.", _REGIONS),
        ("RE:0012", "The message group may not send this type of SMS.", _GROUP_TYPES),
        (
            "RE:*",
            "Volcengine refused the send.",
            "Look the code up at https://www.volcengine.com/docs/6361/173288. " + SUPPORT,
        ),
        (
            "VE:0001",
            "The account may not send video messages.",
            f"Activate video messages at {VOLCENGINE_CONSOLE}; smswrap sends text messages only.",
        ),
        ("VE:0002", "The template of the video message cannot be used.", _LIST_TEMPLATES),
        ("VE:0003", "The sign is not the one that the template was approved with.", _LIST_SIGNS),
        ("VE:0004", "The template has expired.", _LIST_TEMPLATES),
        ("VE:*", "Volcengine refused the video message.", _ASK),
        ("ZJ10200", "A parameter of the request is wrong.", _COMPARE),
        ("ZJ*", "Volcengine's SMS service refused the request.", _ASK),
        ("1001", _UNPUBLISHED, _ASK),
        ("1023", _UNPUBLISHED, _ASK),
        ("1024", _UNPUBLISHED, _ASK),
    ),
)

_CREDENTIALS: Final = rows(
    "volcengine",
    "credentials",
    "never",
    (
        ("RE:0000", "Volcengine does not accept these credentials.", _KEYS),
        (
            "RE:0007",
            "The account takes requests only from listed addresses, and this machine's is not among them.",
            f"Ask an administrator to add this machine's public address to the list at {VOLCENGINE_CONSOLE}.",
        ),
        ("InvalidAccessKey", "The access key is not valid.", _KEYS),
        ("SignatureDoesNotMatch", "The request's signature is wrong, which is nearly always a wrong secret.", _KEYS),
        ("MissingAuthenticationToken", "The request carried no credentials.", _KEYS),
        ("MissingSignature", "The request carried no signature.", _KEYS),
        ("InvalidAuthorization", "The request's Authorization header has the wrong form.", _KEYS),
        ("InvalidCredential", "The credential in the request's Authorization header has the wrong form.", _KEYS),
        ("InvalidSecretToken", "The temporary credentials are wrong or have expired.", _KEYS),
        ("AccessDenied", "The user of this key may not do this.", _POLICY),
        ("LackPolicy", "The user of this key has no policy that allows this.", _POLICY),
        ("LackProjectPolicy", "The user of this key has no right in this project.", _POLICY),
    ),
)

_THROTTLED: Final = rows(
    "volcengine",
    "throttled",
    "later",
    (
        (
            "RE:0013",
            "The account has sent as many messages as its limit allows.",
            f"Raise the sending limit at {VOLCENGINE_CONSOLE}, or wait until the limit's period has passed.",
        ),
        ("FlowLimitExceeded", "There were too many requests a second.", _SLOW_DOWN),
        ("1017", "Too many verification codes were asked for.", "Wait some minutes before you ask for another code."),
        (
            "CR:0202",
            "The number has had as many messages as the limit for one number allows.",
            f"Wait, or change the limit for one number at {VOLCENGINE_CONSOLE}.",
        ),
        (
            "CR:0203",
            "This type of message may not be sent at this time of day.",
            "Send it in the hours for its type; Volcengine's page names 8:00 and 21:30 as their borders.",
        ),
        ("CR:0206", "The message was held back because there were too many a second.", _SLOW_DOWN),
        (
            "CR:0208",
            "The message was held back because a limit on traffic was reached.",
            "Send again later, more slowly.",
        ),
    ),
)

# No page says whether a message was taken before these faults, so none of them may invite a resend.
_UNKNOWN: Final = rows(
    "volcengine",
    "unknown",
    "after-receipt",
    (
        ("RE:0500", "Volcengine's service failed inside; a send may or may not have been taken.", _RECEIPT_FIRST),
        ("1015", "A passing fault of the service; a send may or may not have been taken.", _RECEIPT_FIRST),
        ("1999", "A passing fault of the service; a send may or may not have been taken.", _RECEIPT_FIRST),
        (
            "SY:0500",
            "A system fault: in a receipt the message was not delivered, as a send's answer it may have been taken.",
            f"{_RECEIPT_FIRST} With a new sign, wait until the carriers have registered it.",
        ),
        ("InternalError", "The gateway failed inside; a send may or may not have been taken.", _RECEIPT_FIRST),
        ("InternalServiceError", "The service failed inside; a send may or may not have been taken.", _RECEIPT_FIRST),
        ("InternalServiceTimeout", "The service did not answer its gateway in time.", _RECEIPT_FIRST),
        ("FailToConnect", "The gateway lost or did not get its connection to the service.", _RECEIPT_FIRST),
        ("ServiceUnavailableTemp", "The service was briefly not there.", _RECEIPT_FIRST),
        ("UndefinedError", "The gateway failed for an unknown reason.", _RECEIPT_FIRST),
    ),
)

_SETUP: Final = rows(
    "volcengine",
    "setup",
    "never",
    (
        ("MissingParameter", "The request lacks its action or its version.", _UPDATE),
        ("MissingRequestInfo", "The request lacks a header that the gateway needs, such as X-Date.", _UPDATE),
        ("InvalidTimestamp", "The time of the request is too old or in the future.", _CLOCK),
        ("ServiceNotFound", "The gateway knows no service of that name.", _UPDATE),
        ("InvalidActionOrVersion", "The service has no such action in that version.", _UPDATE),
        ("MethodNotAllowed", "The action does not take this HTTP method.", _UPDATE),
    ),
)

_RECEIPTS: Final = rows(
    "volcengine",
    "refused",
    "never",
    (
        ("NE:0100", "The phone number is not valid.", _CHECK_NUMBER),
        ("NE:0104", "The recipient's line has no SMS service.", _CHECK_NUMBER),
        ("NE:0105", "The number is vacant, switched off, suspended, in arrears or roaming.", _CHECK_NUMBER),
        ("NE:0106", "The number has moved to another carrier, or the sign is not registered there.", _REGISTRATION),
        ("NE:*", "The number or the phone could not take the message.", _CHECK_NUMBER),
        ("CR:0200", "The message was blocked because of a word in it or an unregistered sign.", f"{_REWORD} {SUPPORT}"),
        (
            "CR:0201",
            "The recipient has opted out or is on a blacklist.",
            "Take this number off the list of recipients.",
        ),
        ("CR:0204", "The message could not be charged.", _TOP_UP),
        ("CR:0205", "The review blocked the message.", _REWORD),
        (
            "CR:0207",
            "The account is in load-test mode, in which nothing is sent.",
            "Ask Volcengine's support to switch load-test mode off.",
        ),
        ("CR:0209", "The type of the message does not fit the recipient's region.", _REGIONS),
        ("CR:0210", "The country, region or province is not supported.", _REGIONS),
        ("CR:0212", "The sign was blocked.", _LIST_SIGNS),
        (
            "CR:0213",
            "The same text was sent to this number shortly before.",
            "Do not send the same text to one number twice within a short time.",
        ),
        ("CR:0215", "The sign is not yet registered under its owner's real name.", _REGISTRATION),
        (
            "CR:0216",
            "The promotion does not say how to opt out as it must.",
            "End the promotion's text with 拒收请回复R, have the template approved, and send again.",
        ),
        (
            "CR:0217",
            "The carrier blocked a web address or contact in the text.",
            "Have the web address or contact registered with the carriers, or take it out of the text.",
        ),
        ("CR:*", "A rule of the platform or the carrier blocked the message.", _ASK),
        ("CE:0300", "The template parameters have the wrong form.", _COMPARE),
        ("CE:0301", "The text is too long or empty.", _REWORD),
        ("CE:0302", "A part of a long message is missing.", _ASK),
        ("CE:0304", "The message group may not send this type of SMS.", _GROUP_TYPES),
        ("CE:0305", "Messages cannot be sent to this carrier.", _ASK),
        ("CE:*", "The content or the configuration of the message is wrong.", _ASK),
    ),
)

_RECEIPTS_LATER: Final = rows(
    "volcengine",
    "refused",
    "later",
    (
        ("NE:0103", "The recipient's phone could not take the message.", _PHONE),
        ("SY:0501", "A fault of the gateway: the message was not delivered.", f"Send once more. {SUPPORT}"),
        ("SY:*", "A fault of the system: the message was not delivered.", f"Send once more later. {SUPPORT}"),
        ("UN:0900", "The message was not delivered, for an unknown reason.", f"Send once more. {SUPPORT}"),
        ("UN:*", "The message was not delivered, for an unknown reason.", f"Send once more later. {SUPPORT}"),
    ),
)

# The gateway's CodeN for a named code: clients that keep only the number should find the same row.
_NUMBERS: Final = {
    "MissingParameter": "100002",
    "MissingAuthenticationToken": "100003",
    "MissingRequestInfo": "100004",
    "MissingSignature": "100005",
    "InvalidTimestamp": "100006",
    "ServiceNotFound": "100007",
    "InvalidActionOrVersion": "100008",
    "InvalidAccessKey": "100009",
    "SignatureDoesNotMatch": "100010",
    "LackPolicy": "100012",
    "AccessDenied": "100013",
    "InternalError": "100014",
    "FailToConnect": "100015",
    "InternalServiceTimeout": "100016",
}

_LOOK: Final = "If this was a send, `smswrap resume --unknown` looks for it in the send log; a query may be run again."

# Our own words for what scripts/volc_sms.py tells in text alone; `error.code` of the envelope shows them.
_WORDS: Final = (
    *rows(
        "volcengine",
        "unavailable",
        "later",
        (
            (
                "script.unreachable",
                "The connection to the provider was never made, so the request was not.",
                "Check network, proxy, DNS and the address in ARK_SKILL_API_BASE, then run the command again.",
            ),
        ),
    ),
    *rows(
        "volcengine",
        "unknown",
        "after-receipt",
        (
            ("script.timeout", "The provider did not answer in time; the request may have been carried out.", _LOOK),
            ("script.connection-lost", "The connection broke after the request had gone out.", _LOOK),
            ("script.killed", "The script was ended by a signal before it had told its result.", _LOOK),
            ("script.no-reply", "The script ended without a reply that could be read.", _LOOK),
        ),
    ),
    *rows(
        "volcengine",
        "refused",
        "never",
        (
            (
                "not-found",
                "The account has no approved sign, template or message group of that name.",
                "List them: `smswrap --provider volcengine list-signs`, `list-templates`, `list-groups`.",
            ),
            (
                "no-group",
                "The account has no enabled message group.",
                "Create one in the Volcengine console, then look with `smswrap --provider volcengine list-groups`.",
            ),
        ),
    ),
)

_NAMED: Final = _REFUSED + _CREDENTIALS + _THROTTLED + _UNKNOWN + _SETUP + _RECEIPTS + _RECEIPTS_LATER

_NUMBERED: Final = tuple(row._replace(code=_NUMBERS[row.code]) for row in _NAMED if row.code in _NUMBERS)

ROWS: Final = _NAMED + _NUMBERED + _WORDS
