"""Files that are not lists, or not in a form that is read: told by their first bytes, with the way out."""

from __future__ import annotations

import re
from typing import NamedTuple

from smswrap.sending.table.cells import file_error

_AS_XLSX = "Open it in a spreadsheet, and save it as .xlsx or as CSV in UTF-8."


class _Stranger(NamedTuple):
    pattern: re.Pattern[bytes]
    rule: str
    next_step: str


_BLANK = rb"^(?:\xef\xbb\xbf)?\s*"
_STRANGERS = [
    _Stranger(re.compile(pattern, re.IGNORECASE | re.DOTALL), rule, next_step)
    for pattern, rule, next_step in (
        (
            rb"^\xd0\xcf\x11\xe0",
            "is an old binary .xls file, or an encrypted one",
            "Save it as .xlsx without a password, or as CSV.",
        ),
        (_BLANK + rb"BEGIN:VCARD", "is a vCard file of contacts", "Export the contacts as CSV."),
        (_BLANK + rb"BEGIN:VCALENDAR", "is a calendar", "Give a list of recipients as CSV."),
        (
            _BLANK + rb"<\?(?:xml|mso).{0,1000}(?:schemas-microsoft-com:office:spreadsheet|excel\.sheet)",
            "is an XML spreadsheet of 2003, not a workbook",
            _AS_XLSX,
        ),
        (
            _BLANK + rb"(?:<!--.*?-->\s*)?(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html|head|body|meta|table|style|div)\b",
            "is an HTML page, whatever its name says",
            _AS_XLSX,
        ),
        (_BLANK + rb"(?:<\?xml\b|<[a-z][\w:-]*[\s>])", "is XML, not a table", _AS_XLSX),
        (_BLANK + rb"MIME-Version:", "is a web archive (MIME), whatever its name says", _AS_XLSX),
        (rb"^%PDF-", "is a PDF document", "Give the list as .xlsx or CSV."),
        (rb"^\{\\rtf", "is an RTF document", "Give the list as .xlsx or CSV."),
        (rb"^(?:\x1f\x8b|BZh|\xfd7zXZ|Rar!|7z\xbc\xaf|\x28\xb5\x2f\xfd)", "is a compressed file", "Unpack it first."),
        (rb"^SQLite format 3\0", "is a SQLite database", "Export the list as CSV."),
        (rb"^(?:\x89PNG|\xff\xd8\xff|GIF8)", "is a picture", "Give the list as .xlsx or CSV."),
        (rb"^ID;P", "is a SYLK file (.slk)", _AS_XLSX),
    )
]


def refuse_stranger(name: str, head: bytes) -> None:
    """Raise InputError if the first bytes are those of a file that is not read."""
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        head = head.decode("utf-16", "ignore").encode()
    found = next((stranger for stranger in _STRANGERS if stranger.pattern.search(head)), None)
    if found:
        raise file_error(name, found.rule, found.next_step)
