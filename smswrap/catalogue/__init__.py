"""What providers' codes mean: a line of `codes.tsv` each, read only when a code has to be explained.

Sources: the facts sheet; Alibaba's skill and its `references/sms-error-codes.md`; help.aliyun.com document_detail
101346 (errors) and 101347 (receipts); volcengine.com docs 6361/173288 and 173291; the states of CMPP and SMPP. The
sentences are ours. A code that ends in `*` stands for every code with that beginning.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from smswrap.errors import Kind, Retry

PREFIXES: Final = ("isv.", "isp.")
"""What people leave out of a code."""

ANY_ACTION: Final = "the action of the call (dysms:SendSms for a send)"

# Whose codes can turn up behind a provider: carriers' receipts behind both, the CLI's own errors behind aliyun only.
_FAMILIES: Final[Mapping[str, Sequence[str]]] = {
    "aliyun": ("aliyun", "cli", "carrier"),
    "volcengine": ("volcengine", "carrier"),
}
_PAGES: Final[Mapping[str, str]] = {
    "aliyun": "https://help.aliyun.com/document_detail/101346.html (receipts: 101347.html)",
    "volcengine": "https://www.volcengine.com/docs/6361/173288 (receipts: 173291)",
}


class Entry(NamedTuple):
    """A code: what happened and what to do.

    `provider` is whose code it is: aliyun, volcengine, carrier (receipts that a carrier's gateway words itself) or cli
    (the aliyun CLI's own errors). `scope` is `number` (one recipient's own matter), `request`, or `every` (the next
    request would meet it just the same). `kind` is `none` where nothing failed.
    """

    code: str
    provider: str
    kind: Kind
    scope: str
    retry: Retry
    meaning: str
    next_step: str

    @property
    def known(self) -> bool:
        """Whether the catalogue lists it."""
        return self.scope != ""

    def step(self, action: str = ANY_ACTION) -> str:
        """The next step, with the permission that the call needs where it is about that."""
        return self.next_step.replace("{action}", action)


def explain(code: str, provider: str | None = None) -> Entry:
    """The row of `code`, else of the longest family that it belongs to, else a true row about an unlisted code.

    In any case, with or without `isv.`; with a provider only codes that can turn up behind it count. Never raises.
    """
    text = code.strip()
    rows = [row for row in _rows() if provider is None or row.provider in _FAMILIES.get(provider, (provider,))]
    return _exact(text, rows) or _family(text, rows) or _unlisted(text, provider)


def near(code: str) -> list[str]:
    """Codes that are spelt almost like this one."""
    from difflib import get_close_matches

    spelt = {spelling.casefold(): row.code for row in _rows() for spelling in _spellings(row.code)}
    found = get_close_matches(code.strip().casefold(), list(spelt), n=3, cutoff=0.7)
    return list(dict.fromkeys(spelt[spelling] for spelling in found))


def search(text: str) -> list[Entry]:
    """The rows whose code or meaning holds `text` in any case; all rows for an empty text."""
    wanted = text.strip().casefold()
    return [row for row in _rows() if wanted in row.code.casefold() or wanted in row.meaning.casefold()]


@cache
def _rows() -> tuple[Entry, ...]:
    lines = (Path(__file__).parent / "codes.tsv").read_text("utf-8").splitlines()[1:]
    return tuple(Entry(*_columns(line)) for line in lines)


def _columns(line: str) -> tuple[str, str, Kind, str, Retry, str, str]:
    return cast("tuple[str, str, Kind, str, Retry, str, str]", tuple(line.split("\t")))


def _exact(text: str, rows: Sequence[Entry]) -> Entry | None:
    folded = text.casefold()
    alike = [row for row in rows if folded in {spelling.casefold() for spelling in _spellings(row.code)}]
    return next((row for row in alike if row.code == text), alike[0] if alike else None)


def _spellings(code: str) -> Iterable[str]:
    yield code
    yield from (code.removeprefix(prefix) for prefix in PREFIXES if code.startswith(prefix) and not code.endswith("*"))


def _family(text: str, rows: Sequence[Entry]) -> Entry | None:
    fitting = [row for row in rows if row.code.endswith("*") and text.startswith(row.code[:-1])]
    return max(fitting, key=lambda row: len(row.code), default=None)


def _unlisted(text: str, provider: str | None) -> Entry:
    """What can be said of any other code: it was an error, and who may know more."""
    page = _PAGES.get(provider or "", "the provider's page of error codes")
    meaning, step = "The provider gave no code.", "Read the provider's own message with `--output raw`."
    if text:
        meaning, step = "This code is not in smswrap's list.", f"Look it up at {page}."
    support = "If it goes on, give the provider's support the RequestId of the reply."
    return Entry(text, provider or "", "refused", "", "never", meaning, f"{step} {support}")
