"""rules.json: canned answers, as `aliyun mock` gives them, before any configuration is read."""

from __future__ import annotations

import time

from . import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .call import Call


def intercept(call: Call) -> int | None:
    """Play the first rule that matches and has uses left; its exit code, or None if the call goes on."""
    text = files.read(f"{call.folder}/rules.json")
    rule = _claim(call, text) if text else None
    return None if rule is None else _play(call, rule)


def matches(pattern: str, text: str) -> bool:
    """Whether the glob (`*` any text, `?` any character) fits the whole text; on a miss the last `*` takes one more."""
    at = place = 0
    star, resume = -1, 0
    while at < len(text):
        if place < len(pattern) and pattern[place] == "*":
            star, resume = place, at
            place += 1
        elif place < len(pattern) and pattern[place] in ("?", text[at]):
            at, place = at + 1, place + 1
        elif star >= 0:
            resume += 1
            at, place = resume, star + 1
        else:
            return False
    return not pattern[place:].strip("*")


def _claim(call: Call, text: str) -> dict[str, Any] | None:
    """Find the rule and count its use, under a lock: two calls at once must not both take the last use."""
    import fcntl  # only a sandbox with rules needs it

    from .jsontext import parse  # the same

    rules = parse(text)
    line = " ".join(call.words)
    with open(f"{call.folder}/rules.used.jsonl", "a+", encoding="utf-8") as used:  # noqa: PTH123  pathlib costs 8 ms
        fcntl.flock(used, fcntl.LOCK_EX)
        counted = [record["name"] for record in files.read_lines(f"{call.folder}/rules.used.jsonl")]
        for rule in rules if isinstance(rules, list) else []:
            left = int(rule.get("times", 0)) or len(counted) + 1
            if matches(rule["cmd"], line) and counted.count(rule["name"]) < left:
                files.append(f"{call.folder}/rules.used.jsonl", [{"name": rule["name"]}])
                return dict(rule)
    return None


def _play(call: Call, rule: dict[str, Any]) -> int | None:
    time.sleep(rule.get("delay_ms", 0) / 1000)
    call.console.out(rule.get("stdout", ""))
    call.console.err(rule.get("stderr", ""))
    call.console.flush()
    if rule.get("signal"):
        from .death import die_by  # only a rule that kills needs it

        die_by(rule["signal"])
    if rule.get("then") == "continue":
        call.seconds_before_output = rule.get("delay_after_ms", 0) / 1000
        return None
    return int(rule.get("exit_code", 0))
