"""Provider codes in plain words: kind, meaning, next step, and whether to run the command again.

The rows are data in the modules beside this one, each of which says where its rows come from. They are imported only
when a code has to be explained, so that a command that succeeds pays nothing for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from smswrap.catalogue.entry import SUPPORT, Entry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Entry", "explain", "search"]

# Whose codes can turn up behind a provider: carriers' receipts behind both, the CLI's own errors behind aliyun only.
_FAMILIES: Final[Mapping[str, Sequence[str]]] = {
    "aliyun": ("aliyun", "cli", "carrier"),
    "volcengine": ("volcengine", "carrier"),
}
_PAGES: Final[Mapping[str, str]] = {
    "aliyun": "https://help.aliyun.com/document_detail/101346.html (receipts: 101347.html)",
    "volcengine": "https://www.volcengine.com/docs/6361/173288 (receipts: 173291)",
}


_MEETING_ALL: Final = frozenset(
    {
        "isv.AMOUNT_NOT_ENOUGH",
        "isv.OUT_OF_SERVICE",
        "isv.PRODUCT_UN_SUBSCRIPT",
        "isv.PRODUCT_UNSUBSCRIBE",
        "isv.ACCOUNT_NOT_EXISTS",
        "isv.ACCOUNT_ABNORMAL",
        "isv.DAY_LIMIT_CONTROL",
        "isv.MONTH_LIMIT_CONTROL",
        "isv.SMS_SIGN_NAME_ILLEGAL",
        "isv.SMS_SIGNATURE_ILLEGAL",
        "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
        "isv.SMS_TEMPLATE_ILLEGAL",
        "SignatureNotFound",
        "TemplateNotFound",
        "RE:0001",
        "RE:0002",
        "RE:0003",
        "RE:0004",
        "RE:0005",
        "RE:0007",
        "RE:0010",
        "RE:0011",
        "RE:0012",
    }
)


def explain(code: str, provider: str | None = None) -> Entry:
    """The row of `code`, else of the longest prefix row that it begins with, else a true row about an unlisted code.

    With a provider only codes that can turn up behind it count. Never raises.
    """
    text = code.strip().removeprefix("ERROR: ")
    rows = _rows_behind(provider)
    return _exact(text, rows) or _longest_prefix(text, rows) or _unlisted(text, provider)


def meets_every_request(code: str | None) -> bool:
    """Whether a refusal with this code would meet the account's next request just the same."""
    return code in _MEETING_ALL


def is_about_one_number(code: str | None) -> bool:
    """Whether a throttling code means one recipient's own limit: waiting does not help, and others are not met."""
    return code in {"isv.BUSINESS_LIMIT_CONTROL", "1017"}


def search(text: str) -> list[Entry]:
    """The rows whose code or meaning contains `text` in any case; all rows for an empty text."""
    wanted = text.strip().casefold()
    return [row for row in _all_rows() if wanted in row.code.casefold() or wanted in row.meaning.casefold()]


def _all_rows() -> tuple[Entry, ...]:
    from smswrap.catalogue import aliyun, applications, carriers, cli, gateway, volcengine

    return aliyun.ROWS + gateway.ROWS + carriers.ROWS + applications.ROWS + volcengine.ROWS + cli.ROWS


def _rows_behind(provider: str | None) -> Sequence[Entry]:
    if provider is None:
        return _all_rows()
    family = _FAMILIES.get(provider, (provider,))
    return [row for row in _all_rows() if row.provider in family]


def _exact(text: str, rows: Sequence[Entry]) -> Entry | None:
    folded = text.casefold()
    alike = [row for row in rows if row.code.casefold() == folded]
    return next((row for row in alike if row.code == text), alike[0] if alike else None)


def _longest_prefix(text: str, rows: Sequence[Entry]) -> Entry | None:
    # Case counts here: the CLI's “invalid flag …” is no `Invalid*` of the gateway.
    fitting = [row for row in rows if row.code.endswith("*") and text.startswith(row.code[:-1])]
    return max(fitting, key=lambda row: len(row.code), default=None)


def _unlisted(text: str, provider: str | None) -> Entry:
    """What can be said of any other code: it was an error, and who may know more."""
    page = _PAGES.get(provider or "", "the provider's page of error codes")
    if text:
        meaning = "The provider answered with a code that this catalogue does not list."
        look = f"Look it up at {page}."
    else:
        meaning = "The provider gave no code."
        look = "Read the provider's own message with `--output raw`."
    return Entry(text, provider or "", "refused", meaning, f"{look} {SUPPORT}", "never")
