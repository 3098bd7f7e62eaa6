"""What codes mean: a line of `codes.tsv` each, read only when a code has to be explained; everybody may ask.

Sources: the facts sheet; Alibaba's skill and its `references/sms-error-codes.md`; help.aliyun.com document_detail
101346 (errors) and 101347 (receipts); volcengine.com docs 6361/173288 and 173291; the states of CMPP and SMPP. The
sentences are ours. A code that ends in `*` stands for every code with that beginning; what a meaning quotes “so” is
what the aliyun CLI prints, so that `search` finds a pasted text.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from smswrap.errors import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from smswrap.errors import Retry

PREFIXES: Final = ("isv.", "isp.", "script.")
"""What people leave out of a code."""

ANY_ACTION: Final = "the action of the call (dysms:SendSms for a send)"

LONGEST: Final = 100
"""Characters of a text that are compared with codes; the longest code has 46."""

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

    `provider` is whose code it is: aliyun, volcengine, carrier (receipts that a carrier's gateway words itself), cli
    (the aliyun CLI's own errors) or smswrap. `scope` is `number` (one recipient's own matter), `request`, or `every`
    (the next request would meet it just the same). `kind` is `none` where nothing failed.
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
    spelt = [row for row in _spelt().get(text.casefold(), ()) if _is_behind(row, provider)]
    exact = next((row for row in spelt if row.code == text), spelt[0] if spelt else None)
    return exact or _family(text, provider) or _unlisted(text, provider)


def meant(text: str, provider: str | None = None) -> Entry | None:
    """The row that a person means who types a code, rather of this provider; None for words and for slips."""
    entry = explain(text, provider)
    entry = entry if entry.known else explain(text)
    is_slip = entry.code.endswith("*") and misspelt(text)
    return entry if entry.known and not is_slip else None


def near(text: str, alike: float = 0.8) -> list[str]:
    """Up to three codes that are spelt almost like this one, the closest first."""
    from difflib import get_close_matches

    codes = [spelling for spelling in _spelt() if not spelling.endswith("*")]
    found = get_close_matches(text.strip().casefold()[:LONGEST], codes, n=3, cutoff=alike)
    return list(dict.fromkeys(_spelt()[spelling][0].code for spelling in found))


def misspelt(text: str) -> bool:
    """Whether it looks like a slip in a listed code, and not like a word or like another code of the same family."""
    text = text.strip()
    return not (text.isalpha() and text.islower()) and text.casefold() not in _spelt() and near(text, alike=0.9) != []


def search(text: str, said: Callable[[str], str] = str) -> list[Entry]:
    """The rows that hold all words of `text` in any case, or that quote a part of it; all rows for an empty text.

    `said` gives the sentences in the reader's language, in which they are looked through as well.
    """
    wanted = text.casefold()
    return [row for row in _rows() if _holds(_told(row, said).casefold(), wanted)]


def _told(row: Entry, said: Callable[[str], str]) -> str:
    sentences = (row.meaning, row.step())
    return " ".join((row.code, *dict.fromkeys((*sentences, *map(said, sentences)))))


def _holds(told: str, wanted: str) -> bool:
    return all(word in told for word in wanted.split()) or any(part in wanted for part in re.findall("“(.*?)”", told))


@cache
def _rows() -> tuple[Entry, ...]:
    lines = (Path(__file__).parent / "codes.tsv").read_text("utf-8").splitlines()[1:]
    return tuple(map(_entry, lines))


def _entry(line: str) -> Entry:
    code, provider, kind, scope, retry, meaning, step = line.split("\t")
    return Entry(code, provider, Kind(kind), scope, cast("Retry", retry), meaning, step)


@cache
def _spelt() -> Mapping[str, Sequence[Entry]]:
    """Spelling -> its rows; a whole code comes before one that only ends like this."""
    found: dict[str, list[Entry]] = {}
    whole = [(row.code, row) for row in _rows()]
    short = [(row.code.partition(".")[2], row) for row in _rows() if row.code.startswith(PREFIXES)]
    for spelling, row in whole + short:
        found.setdefault(spelling.casefold(), []).append(row)
    return found


@cache
def _families() -> Mapping[str, Entry]:
    """Beginning -> its family, a longer one before one that holds it."""
    families = sorted((row for row in _rows() if row.code.endswith("*")), key=lambda row: -len(row.code))
    whole = {row.code[:-1].casefold(): row for row in families}
    return whole | {name.removeprefix("script."): row for name, row in whole.items() if name.startswith("script.")}


def _family(text: str, provider: str | None) -> Entry | None:
    folded = text.casefold()
    if len(folded.split()) != 1:
        return None  # a sentence, such as the CLI's “invalid flag …”, which no `Invalid*` of a gateway is
    fitting = (row for begin, row in _families().items() if folded.startswith(begin) and _is_code(folded, begin))
    return next((row for row in fitting if _is_behind(row, provider)), None)


def _is_code(folded: str, begin: str) -> bool:
    """Whether it is more than what a family begins with, such as `isv.`; `InvalidAccessKeyId` is a code by itself."""
    return folded != begin or begin[-1:].isalnum()


def _is_behind(row: Entry, provider: str | None) -> bool:
    return provider is None or row.provider in _FAMILIES.get(provider, (provider,))


def _unlisted(text: str, provider: str | None) -> Entry:
    """What can be said of any other code: it was an error, and who may know more."""
    page = _PAGES.get(provider or "", "the provider's page of error codes")
    meaning, step = "The provider gave no code.", "Read the provider's own message with `--output raw`."
    if text:
        meaning, step = "This code is not in smswrap's list.", f"Look it up at {page}."
    support = "If it happens again, give the provider's support the RequestId of the reply."
    return Entry(text, provider or "", Kind.REFUSED, "", "never", meaning, f"{step} {support}")
