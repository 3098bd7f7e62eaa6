"""Write what references/ shows of the program from the program itself; with --check, only say whether it is true.

A page holds what is generated between `<!-- NAME -->` and `<!-- /NAME -->`. Ids and times of the answers change with
each run: of `data`, --check compares the shapes, not the values. And smswrap/cli/help.txt, what click makes of
`smswrap --help` at 80 columns.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smswrap import catalogue
from smswrap.__main__ import HELP
from smswrap.cli.schema import schema_of
from smswrap.clock import today
from smswrap.errors import EXIT_OF
from smswrap.providers.aliyun.operations import OPERATIONS
from smswrap.sandbox.aliyun.magic import MAGIC
from smswrap.sandbox.gateway.magic import MAGIC as GATEWAY_MAGIC

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REFERENCES = Path(__file__).resolve().parent.parent / "references"
SEND = ("send", "-p", "13900000000", "-s", "阿里云短信测试", "-t", "SMS_100000001", "--var", "code=123456")
DATA = "data"
EXAMPLES: tuple[tuple[str, ...], ...] = (
    (*SEND, "--verify"),
    (*SEND, "--yes", "--wait"),
    ("send", "-p", "123", "-s", "阿里云短信测试", "-t", "SMS_100000001"),
    ("history",),
    ("list-signs", "--approved"),
    ("query-sign", "-s", "阿里云短信测试"),
    ("list-templates", "--approved"),
    ("query-template", "-t", "SMS_100000001"),
    ("query-status", "-p", "13900000000"),
    ("query-statistics", "--start-date", today(), "--end-date", today()),
    ("list-qualifications",),
    ("query-qualification", "--qualification-group-id", "10000123"),
    ("--provider", "volcengine", "list-groups"),
    ("explain", "isv.AMOUNT_NOT_ENOUGH"),
)
"""Of the first, the whole envelope is shown; of the others `data`."""

POLICIES: Mapping[str, tuple[str, ...]] = {
    "send": ("send", "send-batch", "query-sign", "query-template", "query-status"),
    "look": tuple(verb for verb, row in OPERATIONS.items() if row.kind == "read"),
    "whole": tuple(OPERATIONS),
}


def answers() -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    """Run every example in one fresh sandbox and give what is shown of its answer."""
    with tempfile.TemporaryDirectory() as state:
        environment = {**os.environ, "SMSWRAP_STATE_DIR": state, "SMSWRAP_SANDBOX_DIR": f"{state}/sandbox"}
        found = [(words, _answer(words, environment)) for words in EXAMPLES]
    return [found[0], *((words, answer["data"]) for words, answer in found[1:])]


def _answer(words: tuple[str, ...], environment: dict[str, str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "smswrap", "--sandbox", "--quiet", *words, "--output", "json"]
    ended = subprocess.run(command, env=environment, capture_output=True, check=False)
    answer = _first_of_lists(json.loads(ended.stdout))
    assert isinstance(answer, dict)
    return answer


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


def _block(value: object) -> str:
    return f"```json\n{json.dumps(value, ensure_ascii=False, indent=2)}\n```"


def blocks(text: str) -> list[Any]:
    """The answers that a text shows."""
    return [json.loads(found) for found in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def data() -> str:
    """The answers as the page shows them."""
    return "\n".join(f"`smswrap {' '.join(words)}`\n\n{_block(answer)}\n" for words, answer in answers())


def schema() -> str:
    """What stands in an envelope, from its schema."""
    rows = []
    for name, one in schema_of()["properties"].items():
        kinds = [kind.get("type", "object") for kind in one.get("anyOf", [one])] if one else ["anything"]
        words = [word for kind in kinds for word in ([kind] if isinstance(kind, str) else kind)]
        rows.append(f"| `{name}` | {one['enum'][0] if 'enum' in one else ' or '.join(words)} |")
    return "\n".join(["| key | holds |", "|---|---|", *rows])


def codes() -> str:
    """The catalogue, a table for each whose codes they are."""
    tables: dict[str, list[str]] = defaultdict(list)
    for row in catalogue.search(""):
        tables[row.provider].append(
            f"| `{row.code}` | {int(EXIT_OF[row.kind])} | {row.retry} | {row.meaning} | {row.step()} |"
        )
    head = "| code | exit | again | meaning | what to do |\n|---|---|---|---|---|\n"
    return "\n\n".join(f"## {provider}\n\n{head}" + "\n".join(rows) for provider, rows in tables.items())


def actions() -> str:
    """Which permission each verb needs."""
    rows = [f"| `{verb}` | `{row.action}` | {row.name} |" for verb, row in OPERATIONS.items()]
    return "\n".join(["| verb | action | operation |", "|---|---|---|", *rows])


def policy(name: str) -> str:
    """A RAM policy for some verbs."""
    allowed = sorted({OPERATIONS[verb].action for verb in POLICIES[name]})
    return _block({"Version": "1", "Statement": [{"Effect": "Allow", "Action": allowed, "Resource": "*"}]})


def magic(rows: Any, head: str) -> str:
    """The magic recipients of a stand-in as a table."""
    lines = "\n".join(f"| {row.number} | {row.sentence} |" for row in rows)
    return f"| recipient | {head} |\n|---|---|\n{lines}"


def help_text() -> str:
    """What click makes of `smswrap --help`, at 80 columns."""
    command = [sys.executable, "-c", "import sys; from smswrap.cli.app import main; sys.exit(main(['--help']))"]
    environment = {**os.environ, "COLUMNS": "80"}
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout.decode()


PAGES: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "output.md": {"schema": schema, DATA: data},
    "errors.md": {"codes": codes},
    "ram-policies.md": {"actions": actions, **{name: partial(policy, name) for name in POLICIES}},
    "sandbox.md": {
        "magic": lambda: magic(MAGIC, "outcome"),
        "gateway": lambda: magic(GATEWAY_MAGIC, "outcome with `--provider volcengine`"),
    },
}


def _is_true(name: str, shown: str, text: str) -> bool:
    if name == DATA:
        return [*map(shape, blocks(shown))] == [*map(shape, blocks(text))]
    return shown == f"{text}\n"


def renewed(page: str, parts: Mapping[str, Callable[[], str]]) -> tuple[str, list[str]]:
    """The page with what is no longer true made anew, and the names of those parts; ids and times alone change none."""
    false = []
    for part, make in parts.items():
        text = make()
        before, start, rest = page.partition(f"<!-- {part} -->\n")
        shown, end, after = rest.partition(f"<!-- /{part} -->")
        if not _is_true(part, shown, text):
            false.append(part)
            page = f"{before}{start}{text}\n{end}{after}"
    return page, false


def main(arguments: list[str]) -> int:
    """Write the pages, or check them: 1 if they are no longer true."""
    helped, told = Path(HELP), help_text()
    false = [] if helped.read_text("utf-8") == told else [helped.name]
    if "--check" not in arguments:
        helped.write_text(told, "utf-8")
    for name, parts in PAGES.items():
        path = REFERENCES / name
        page, untrue = renewed(path.read_text("utf-8"), parts)
        false += [f"{name}: {part}" for part in untrue]
        if "--check" not in arguments:
            path.write_text(page, "utf-8")
    if "--check" in arguments and false:
        print(f"No longer true: {', '.join(false)}; run: python scripts/docs.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
