"""Phone numbers as the API takes them, and the magic ones: each of these has one fixed outcome.

Every other number is accepted and delivered.
"""

from __future__ import annotations

from ..common import twin


class Magic:
    """One number: what it does (`effect`), with which code (`detail`), and a sentence that says so."""

    def __init__(self, number: str, effect: str, detail: str, sentence: str) -> None:
        self.number = number
        self.effect = effect
        self.detail = detail
        self.sentence = sentence


MAINLAND_DIGITS = NORTH_AMERICA_DIGITS = 11
INTERNATIONAL_DIGITS = range(8, 16)
PREFIXES = ("+86", "0086", "86", "+", "")
CARRIER_CODE = "MOBILE_NOT_ON_SERVICE"
MAGIC = (
    Magic("13900000000", "delivered", "DELIVERED", "Accepted, and delivered."),
    Magic("13900000001", "failed", CARRIER_CODE, f"Accepted, but the receipt says failed: {CARRIER_CODE}."),
    Magic("13900000002", "refuse", "isv.BUSINESS_LIMIT_CONTROL", "Refused: too many messages to this number."),
    Magic("13900000003", "timeout before", "", "Timeout; the gateway has not accepted the message."),
    Magic("13900000004", "timeout", "", "Timeout; the gateway has accepted the message."),
    Magic("13900000005", "late", "", "Accepted; the receipt comes some seconds late."),
    Magic("13900000006", "never", "", "Accepted; the receipt never comes."),
    Magic("13900000007", "refuse", "isv.AMOUNT_NOT_ENOUGH", "Refused: the account has no balance left."),
    Magic("13900000008", "crash", "", "Accepted, then the CLI is killed (SIGKILL)."),
    Magic("13900000009", "hang", "", "Accepted, then the CLI hangs for 60 s and ignores --read-timeout and SIGTERM."),
    Magic("13900000010", "silent", "", "Accepted, but the CLI exits 0 without any output."),
    Magic("13900000011", "gateway", "Throttling.User", "Gateway error: too many requests of this user."),
    Magic("13900000012", "gateway", "NoPermission", "Gateway error: the keys may not send."),
    Magic("13900000013", "unreachable", "", "Connection refused; the message never reached the gateway."),
    Magic("13900000014", "truncated", "", "Accepted, but the reply is JSON that breaks off."),
    Magic("13900000015", "no code", "", "Accepted, but the reply has no Code."),
    Magic("13900000016", "html", "", "A proxy answers with an HTML page and exit 0; nothing was accepted."),
    Magic(
        "13900000017",
        "refuse",
        "isp.SYSTEM_ERROR",
        "A fault of the provider: whether the message was taken stays unknown.",
    ),
    Magic("13900000018", "refuse", "isv.MOBILE_NUMBER_ILLEGAL", "Refused: the number is not valid."),
)
BY_NUMBER = {row.number: row for row in MAGIC} | {twin(row.number): row for row in MAGIC}


def first_of(numbers: list[str]) -> Magic:
    """The row that decides for a request with these recipients: the first magic one, or the plain one."""
    return next((BY_NUMBER[number] for number in numbers if number in BY_NUMBER), MAGIC[0])


def normalise(number: str) -> str:
    """The 11 digits of a mainland number in any documented spelling, other numbers as they are; "" if illegal."""
    for prefix in PREFIXES:
        rest = number.removeprefix(prefix)
        if number.startswith(prefix) and is_mainland(rest):
            return rest
    # `00` stays: without it, a North American number may be a mainland one.
    return number if is_international(number.removeprefix("00")) else ""


def is_mainland(number: str) -> bool:
    """Whether these are the 11 digits of a mainland mobile number."""
    return _is_digits(number) and len(number) == MAINLAND_DIGITS and number[0] == "1" and number[1] in "3456789"


def is_international(number: str) -> bool:
    """Whether this is a country code (not 86) and a number, without a plus."""
    if not _is_digits(number) or len(number) not in INTERNATIONAL_DIGITS or number.startswith(("0", "86")):
        return False
    return not number.startswith("1") or len(number) == NORTH_AMERICA_DIGITS


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdecimal()
