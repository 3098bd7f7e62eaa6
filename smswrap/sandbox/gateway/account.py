"""The account that the stand-in plays: message groups, signatures and templates in each state; see account.json."""

from __future__ import annotations

from ..common import Row, files

CREATED = 1767225600  # seconds; 2026-01-01
APPROVED = (3, 5)  # approved, and exempt from review


def load_account(directory: str, groups: int | None) -> Row:
    """The account, overridden key by key by the directory's file; `groups` keeps only the first so many."""
    account = files.read_object(f"{__file__.rpartition('/')[0]}/account.json")
    account |= files.read_object(f"{directory}/gateway-account.json")
    return {**account, "groups": account["groups"][:groups]}


def find_item(items: list[Row], field: str, value: str) -> Row | None:
    """The item whose field has this value."""
    return next((item for item in items if item[field] == value), None)
