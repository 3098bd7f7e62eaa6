"""The row type of the catalogue, and the next steps that many rows share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smswrap.errors import Kind, Retry


class Entry(NamedTuple):
    """One provider code: what happened and what to do.

    A `code` that ends in `*` stands for every code with that beginning. `provider` is `aliyun`, `volcengine`, `carrier`
    (receipts that a carrier's gateway words itself, seen through either provider) or `cli` (the aliyun CLI's own error
    text, keyed by how it begins). `meaning` is one sentence, `next_step` one or two.
    """

    code: str
    provider: str
    kind: Kind
    meaning: str
    next_step: str
    retry: Retry


def rows(provider: str, kind: Kind, retry: Retry, texts: Iterable[tuple[str, str, str]]) -> tuple[Entry, ...]:
    """Rows that share provider, kind and retry, from (code, meaning, next step)."""
    return tuple(Entry(code, provider, kind, meaning, next_step, retry) for code, meaning, next_step in texts)


ALIYUN_CONSOLE: Final = "https://dysms.console.aliyun.com/"
VOLCENGINE_CONSOLE: Final = "https://console.volcengine.com/sms"

NOTHING: Final = "There is nothing to do."
GRANT: Final = (
    "Let an administrator grant the RAM user the action dysms:<Operation>, for instance dysms:SendSms, on resource *, "
    "or attach AliyunDysmsFullAccess, at https://ram.console.aliyun.com/."
)
RECEIPT_FIRST: Final = (
    "If this was a send, look for it with `smswrap query-status -p NUMBER` before anything else; "
    "a query may be run again."
)
SUPPORT: Final = "If it goes on, give the provider's support the RequestId of the reply."
