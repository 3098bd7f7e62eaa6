"""Command lines of the old send_sms.sh (v0.0.2), what it did with them (measured), and what we do.

`references/drop-in.md` shows the table, and that of volc_sms.py; `python tests/old_lines.py` writes them there, and
tests keep them true.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from old_volc_lines import TO, VOLC_LINES, VolcLine

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = Path(__file__).resolve().parent.parent / "references" / "drop-in.md"

_PHONE = re.compile(r"(?<!\d)(?!13800138000)\+?\d{11,15}(?!\d)")
"""Numbers that are no example numbers: pages do not show them whole, since agents copy what they see."""


class Line(NamedTuple):
    """A command line: the exit codes of the old script and of ours, and the call that ours makes ("": none).

    Where `why` is empty, it means what it meant; else it says why it does not.
    """

    words: str
    old: int
    ours: int
    call: str = ""
    why: str = ""


SEND = "send -p 13987654321 -s AliyunDemo -t SMS_123456"
SENT = "send-sms --phone-numbers 13987654321 --sign-name AliyunDemo --template-code SMS_123456"
CODE = """-tp '{"code":"1"}'"""
STATISTICS = "query-statistics --start-date 20260301 --end-date 20260326"
COUNTED = "query-send-statistics --is-globe 1 --start-date 20260301 --end-date 20260326 --page-index 1 --page-size 10"
STATUS = "query-status -p 13987654321"
SHOWN = "query-send-details --phone-number 13987654321 --send-date TODAY"
TEN = "--page-size 10 --current-page 1"
SAMPLE = "an example number of the documentation is a stranger's phone"
REAL = "only numbers that can receive SMS are sent to"
TEXTS = "every value is a string that is not empty; numbers are turned into strings"
NOT_A_CALL = "the API refuses it anyway; nothing is called"

LINES = (
    # What means what it meant
    Line(f"{SEND} {CODE}", 0, 0, f'{SENT} --template-param {{"code":"1"}}'),
    Line(f"{SEND} {CODE} -o order-1", 0, 0, f'{SENT} --template-param {{"code":"1"}} --out-id order-1'),
    Line(f"{SEND} -tp ''", 0, 0, SENT),
    Line(f"{SEND} -o ''", 0, 0, SENT),
    Line(f"{SEND} -r ''", 0, 0, SENT),
    Line(f"{SEND} --profile ''", 0, 0, SENT),
    Line(f"{SEND} -o -x", 0, 0, f"{SENT} --out-id=-x"),
    Line(f"{SEND} -o -h", 0, 0, f"{SENT} --out-id=-h"),
    Line("send -p 13987654321, -s AliyunDemo -t SMS_123456", 0, 0, SENT),
    Line(
        "send -p 13987654321,,13987654322 -s AliyunDemo -t SMS_123456",
        0,
        0,
        SENT.replace("13987654321", "13987654321,13987654322"),
    ),
    Line(f"{SEND} -p 13987654322", 0, 0, SENT.replace("13987654321", "13987654322")),
    Line(
        f"""{SEND} -tp '{{"code":"1","x":"2"}}' --verify""",
        0,
        0,
        f'{SENT} --template-param {{"code":"1","x":"2"}}',
    ),
    Line("list-signs", 0, 0, "query-sms-sign-list --page-index 1 --page-size 50"),
    Line("list-templates", 0, 0, "query-sms-template-list --page-index 1 --page-size 50"),
    Line("query-sign -s AliyunDemo", 0, 0, "get-sms-sign --sign-name AliyunDemo"),
    Line("query-template -t SMS_123456", 0, 0, "get-sms-template --template-code SMS_123456"),
    Line(STATUS, 0, 0, f"{SHOWN} {TEN}"),
    Line(f"{STATUS} --biz-id ''", 0, 0, f"{SHOWN} {TEN}"),
    Line(f"{STATUS} --send-date ''", 0, 0, f"{SHOWN} {TEN}"),
    Line(f"{STATUS} --biz-id 'xxx^0'", 0, 0, f"{SHOWN} --biz-id xxx^0 {TEN}"),
    Line(STATISTICS, 0, 0, COUNTED),
    Line(f"{STATISTICS} --is-globe 2", 0, 0, COUNTED.replace("globe 1", "globe 2")),
    Line(f"{STATISTICS} --page-index 2", 0, 0, COUNTED.replace("index 1", "index 2")),
    Line(f"{STATISTICS} -s AliyunDemo --template-type 0", 0, 0, f"{COUNTED} --sign-name AliyunDemo --template-type 0"),
    Line(f"{STATISTICS} --template-type '' --sign-name ''", 0, 0, COUNTED),
    # What is different by design
    Line("send -p 13800138000 -s AliyunDemo -t SMS_123456 " + CODE, 0, 2, why=SAMPLE),
    Line("send -p 10086 -s AliyunDemo -t SMS_123456", 0, 2, why=REAL),
    Line("send -p 16012345678 -s AliyunDemo -t SMS_123456", 0, 2, why=REAL),
    Line("send -p 10655551234 -s AliyunDemo -t SMS_123456", 0, 2, why=REAL),
    Line("send -p 1064912345678 -s AliyunDemo -t SMS_123456", 0, 2, why=REAL),
    Line(
        "send -p +16502530000 -s AliyunDemo -t SMS_123456",
        0,
        2,
        why="it can be read as a mainland and as a North American number",
    ),
    Line(
        "send -p 13987654321,13987654321 -s AliyunDemo -t SMS_123456",
        0,
        0,
        SENT,
        "a recipient that stands twice is sent to once, and that is told",
    ),
    Line(f"{SEND} -tp '{{}}'", 0, 0, SENT, "an empty object is not passed on"),
    Line(f"""{SEND} -tp '{{"a":{{"b":"c"}}}}'""", 0, 2, why=TEXTS),
    Line(f"""{SEND} -tp '{{"code":""}}'""", 0, 2, why=TEXTS),
    Line(f"""{SEND} -tp '{{"ok":true,"n":1.50}}'""", 0, 2, why=TEXTS),
    Line(f"{SEND} -o {'x' * 300}", 0, 2, why="an out-id has at most 255 characters"),
    Line(
        "send -p 13987654321 -s -Brand -t SMS_1",
        0,
        2,
        why="no sign begins with a hyphen",
    ),
    Line("query-template -t SMS-12", 1, 0, "get-sms-template --template-code SMS-12", "the API judges the code"),
    Line(f"{STATUS} --send-date 20260326 --biz-id 'xxx^0'", 0, 2, why="too old; " + NOT_A_CALL),
    Line(f"{STATUS} --send-date 20991231", 0, 2, why="a day to come has no receipts; " + NOT_A_CALL),
    Line(f"{SEND} --verfy", 0, 2, why="an option that is not known is refused; the old script sent"),
    Line(f"{SEND} --dry-run", 0, 2, why="an option that is not known is refused; the old script sent"),
    Line(f"{SEND} -o --verfy", 0, 2, why="a value that begins with two hyphens is written as -o=VALUE"),
    Line(f"{SEND} stray", 0, 2, why="a word that belongs to no option is refused; the old script dropped it"),
)


def table(name: str) -> str:
    """The lines of a script as drop-in.md shows them, between two marks."""
    rows = [f"<!-- {name} -->", "| command line | exit, old | exit, ours | why it is different |", "|---|---|---|---|"]
    for line in SCRIPTS[name]:
        words = line.words.replace(TO, "send_sms … --mobiles")
        words = _PHONE.sub(lambda found: f"{found[0][:4]}…{found[0][-1]}", words)
        shown = words if len(words) < 120 else f"{words[:80]}…"
        rows.append(f"| `{shown}` | {line.old} | {line.ours} | {line.why or 'the same'} |")
    return "\n".join([*rows, f"<!-- /{name} -->"])


SCRIPTS: dict[str, Sequence[Line | VolcLine]] = {"send_sms.sh": LINES, "volc_sms.py": VOLC_LINES}

if __name__ == "__main__":
    page = PAGE.read_text("utf-8")
    for script in SCRIPTS:
        written = table(script)
        page = re.sub(rf"<!-- {script} -->.*<!-- /{script} -->", lambda _: written, page, flags=re.DOTALL)  # noqa: B023
    PAGE.write_text(page, "utf-8")
