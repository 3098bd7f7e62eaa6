"""The safety policy that a person gives their CLI: sysconfig/safety. It is asked last, before the plugin starts."""

from __future__ import annotations

import os

from ..common import Row, files
from ..common.rules import matches
from .call import Call, CliError
from .log import stdin_kind

ENABLED, RULES = "ALIBABA_CLOUD_SAFETY_POLICY_ENABLED", "ALIBABA_CLOUD_SAFETY_POLICY_RULES"
SKIPPED_BY = "ALIBABA_CLOUD_SAFETY_SKIP_CONFIRM"
TRUE, FALSE = ("1", "t", "true"), ("0", "f", "false")
ACTIONS = ("allow", "deny", "confirm", "forbid")


def check(call: Call, operation: str, flags: dict[str, str], folder: str, language: str) -> None:
    """Refuse what the policy denies, ask where it wants a yes; texts follow the default profile's language.

    `folder` is where config.json lies. Raises CliError.
    """
    rule = _first_rule(folder, f"dysmsapi:{operation}".lower())
    action = rule.get("action", "allow")
    if action == "allow":
        return
    words = {
        what: (chinese if language == "zh" else english).format(operation=operation, rule=rule.get("pattern"))
        for what, english, chinese in files.read_table(__file__, "policy.tsv")
    }
    if action == "deny":
        raise CliError(words["deny"])
    if action not in ("confirm", "forbid") or "yes" in flags or os.environ.get(SKIPPED_BY, "").lower() in TRUE:
        return
    if stdin_kind() not in ("tty", "null"):  # /dev/null is a character device too
        raise CliError(words["confirm"])
    if call.ask(words["ask"]).strip().lower() not in ("y", "yes"):
        raise CliError(words["no"])


def _first_rule(folder: str, what: str) -> Row:
    try:
        policy = files.read_object(f"{folder}/safety-policy.json")
    except ValueError:
        policy = {}  # a file that cannot be read counts as none
    enabled = os.environ.get(ENABLED, "").strip().lower()
    if enabled in FALSE or not (enabled in TRUE or policy.get("enabled")):
        return {}
    rules = _rules_of(os.environ.get(RULES), policy.get("rules") or [])
    return next((rule for rule in rules if matches(rule.get("pattern", "").strip().lower(), what)), {})


def _rules_of(text: str | None, saved: list[Row]) -> list[Row]:
    """`pattern=action,…`; those of the file if there is no right one among them, and none if the text is empty."""
    if text is None or not text.strip():
        return saved if text is None else []
    pairs = [part.partition("=") for part in text.split(",")]
    rules = [{"pattern": pattern.strip(), "action": action.strip().lower()} for pattern, _, action in pairs]
    return [rule for rule in rules if rule["pattern"] and rule["action"] in ACTIONS] or saved
