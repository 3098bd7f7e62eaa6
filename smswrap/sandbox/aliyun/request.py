"""One request to the API."""

from __future__ import annotations

import os

from . import jsontext
from .errors import RefusalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .account import Account
    from .call import Call
    from .configuration import Profile

    Row = dict[str, Any]

DEFAULT_READ_TIMEOUT = 10
MOST_ROWS = 50


class Request:
    """The API's name, the flags, and who asks."""

    def __init__(self, call: Call, api: str, flags: dict[str, str], profile: Profile) -> None:
        self.call = call
        self.api = api
        self.flags = flags
        self.profile = profile

    def text(self, flag: str) -> str:
        """The value of a flag, or nothing."""
        return self.flags.get(flag, "")

    def integer(self, flag: str, default: int) -> int:
        """The value of a flag that is an integer."""
        return int(self.flags.get(flag) or default)

    def json(self, flag: str) -> object:
        """The value of a flag that holds JSON; raises RefusalError if it does not."""
        try:
            return jsontext.parse(self.text(flag))
        except jsontext.JsonError:
            raise RefusalError("isv.INVALID_JSON_PARAM") from None

    def read_timeout(self) -> int:
        """Seconds to wait for a reply."""
        return self.integer("read-timeout", DEFAULT_READ_TIMEOUT)

    def page(self, number_flag: str) -> tuple[int, int]:
        """Page number and rows per page (1-50); raises RefusalError for others."""
        number, size = self.integer(number_flag, 1), self.integer("page-size", 10)
        if number < 1 or not 1 <= size <= MOST_ROWS:
            raise RefusalError("isv.INVALID_PARAMETERS")
        return number, size

    def account(self) -> Account:
        """The account that the requests of this sandbox see."""
        from .account import Account  # a request that is refused at the door needs no account

        return Account(self.call.folder)


def cut(rows: list[Row], number: int, size: int) -> list[Row]:
    """One page of `rows`."""
    return rows[(number - 1) * size : number * size]


def random_id() -> str:
    """A request id in the usual form, upper-case hexadecimal 8-4-4-4-12."""
    text = os.urandom(16).hex().upper()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
