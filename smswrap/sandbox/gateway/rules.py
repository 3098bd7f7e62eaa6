"""gateway-rules.json: incidents that a test orders by action, so many times, instead of by recipient."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .magic import Incident
from .replies import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from .replies import Request

FILE = "gateway-rules.json"
KEYS = {"name", "action", "times", "status", "headers", "body", "delay_ms", "then"}
# `then`: what Incident it makes. An accepting one is carried out as usual, authentication included.
THENS: Mapping[str, Mapping[str, bool]] = {
    "reply": {},
    "drop": {"drop": True},
    "hang": {"hang": True},
    "accept": {"accept": True},
    "accept-drop": {"accept": True, "drop": True},
    "accept-hang": {"accept": True, "hang": True},
}


def load_rules(directory: Path) -> list[dict[str, Any]]:
    """The directory's rules, read at each request; a rule that says something unknown is an error."""
    path = directory / FILE
    rules: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    for rule in rules:
        if rule.keys() - KEYS or rule.get("then", "reply") not in THENS:
            raise ValueError(f"{FILE}: a rule has {sorted(KEYS)} and `then` is one of {sorted(THENS)}: {rule}")
    return rules


def find_rule(rules: list[dict[str, Any]], action: str, used: Iterable[str | None]) -> dict[str, Any] | None:
    """The first rule for this action that is not used up; `times` 0 or absent never is. No action: every action."""
    names = list(used)
    for rule in rules:
        left = not rule.get("times") or names.count(rule["name"]) < rule["times"]
        if left and rule.get("action", action) == action:
            return rule
    return None


def make_incident(rule: Mapping[str, Any]) -> Incident:
    """What the rule makes happen."""
    then = THENS[rule.get("then", "reply")]
    return Incident(delay_ms=rule.get("delay_ms", 0), answer=make_answer(rule), **then)


def make_answer(rule: Mapping[str, Any]) -> Callable[[Request, Reply], Reply] | None:
    """The rule's own reply; none if it gives neither status nor body."""
    if "status" not in rule and "body" not in rule:
        return None
    body = rule.get("body", "")
    text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    headers = {"Content-Type": "application/json", **rule.get("headers", {})}
    reply = Reply(rule.get("status", 200), text.encode(), headers)
    return lambda _request, _reply: reply
