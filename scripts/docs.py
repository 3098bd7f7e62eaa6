"""Write what references/ shows of the program from the program itself; with --check, only say whether it is true.

Between `<!-- NAME -->` and `<!-- /NAME -->`: in answers.md `data`, one answer of each verb from the sandbox, and in
sandbox.md `magic` and `gateway`, the recipients with a fate. Ids and times change with each run: --check compares the
shapes of the answers, not their values. And smswrap/cli/help.txt, what click makes of `smswrap --help` at 80 columns.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from smswrap.__main__ import HELP
from smswrap.clock import today
from smswrap.sandbox.aliyun.magic import MAGIC
from smswrap.sandbox.gateway.magic import MAGIC as GATEWAY_MAGIC

REFERENCES = Path(__file__).resolve().parent.parent / "references"
ANSWERS, SANDBOX, HELPED = REFERENCES / "answers.md", REFERENCES / "sandbox.md", Path(HELP)
SEND = ("-s", "阿里云短信测试", "-t", "SMS_100000001", "--yes")
EXAMPLES: tuple[tuple[str, ...], ...] = (
    ("send", "-p", "13900000000", *SEND, "--var", "code=123456", "--wait"),
    ("send", "-p", "13900000000", *SEND, "--var", "code=123456", "--dry-run", "--verify"),
    ("list-signs",),
    ("query-sign", "-s", "阿里云短信测试"),
    ("list-templates",),
    ("query-template", "-t", "SMS_100000001"),
    ("query-status", "-p", "13900000000"),
    ("query-statistics", "--start-date", today(), "--end-date", today()),
    ("list-qualifications",),
    ("query-qualification", "--qualification-group-id", "10000123"),
    ("explain", "isv.AMOUNT_NOT_ENOUGH"),
)


def answers() -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    """Run every example in one fresh sandbox and give its `data`."""
    with tempfile.TemporaryDirectory() as state:
        environment = {**os.environ, "SMSWRAP_STATE_DIR": state, "SMSWRAP_SANDBOX_DIR": f"{state}/sandbox"}
        return [(words, _data(words, environment)) for words in EXAMPLES]


def _data(words: tuple[str, ...], environment: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "smswrap", "--sandbox", "--quiet", *words, "--output", "json"]
    ended = subprocess.run(command, env=environment, capture_output=True, check=True)
    data = _first_of_lists(json.loads(ended.stdout)["data"])
    assert isinstance(data, dict)
    return data


def _first_of_lists(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _first_of_lists(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_first_of_lists(element) for element in value[:1]]
    return value


def shape(value: Any) -> Any:
    """The keys of an answer, without its values."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    return [shape(element) for element in value] if isinstance(value, list) else None


def blocks(page: str) -> list[Any]:
    """The answers that the page shows."""
    return [json.loads(text) for text in re.findall(r"```json\n(.*?)```", page, re.DOTALL)]


def shown() -> str:
    """The answers as the page shows them."""
    return "\n".join(
        f"`smswrap {_line(words)}`\n\n```json\n{json.dumps(data, ensure_ascii=False, indent=2)}\n```\n"
        for words, data in answers()
    )


def magic() -> str:
    """The magic recipients as a table."""
    rows = "\n".join(f"| {row.number} | {row.sentence} |" for row in MAGIC)
    return f"| recipient | outcome |\n|---|---|\n{rows}"


def gateway() -> str:
    """The magic recipients of the stand-in gateway as a table."""
    rows = "\n".join(f"| {row.number} | {row.sentence} |" for row in GATEWAY_MAGIC)
    return f"| recipient | outcome with `--provider volcengine` |\n|---|---|\n{rows}"


def help_text() -> str:
    """What click makes of `smswrap --help`, at 80 columns."""
    command = [sys.executable, "-c", "import sys; from smswrap.cli.app import main; sys.exit(main(['--help']))"]
    environment = {**os.environ, "COLUMNS": "80"}
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode()


def _put(page: str, name: str, text: str) -> str:
    pattern = rf"(<!-- {name} -->\n).*(<!-- /{name} -->)"
    return re.sub(pattern, lambda found: f"{found[1]}{text}\n{found[2]}", page, flags=re.DOTALL)


def _line(words: tuple[str, ...]) -> str:
    return " ".join(words)


def main(arguments: list[str]) -> int:
    """Write the pages, or check them: 1 if they are no longer true."""
    page, fates = ANSWERS.read_text("utf-8"), SANDBOX.read_text("utf-8")
    if "--check" not in arguments:
        ANSWERS.write_text(_put(page, "data", shown()), "utf-8")
        SANDBOX.write_text(_put(_put(fates, "magic", magic()), "gateway", gateway()), "utf-8")
        HELPED.write_text(help_text(), "utf-8")
        return 0
    true = [shape(data) for _, data in answers()]
    helped = help_text() == HELPED.read_text("utf-8")
    if true == [shape(block) for block in blocks(page)] and magic() in fates and gateway() in fates and helped:
        return 0
    print(
        "references/ or help.txt no longer shows what the program answers; run: python scripts/docs.py", file=sys.stderr
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
