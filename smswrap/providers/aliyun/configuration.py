"""What the CLI's own files say: config.json and the person's safety policy. Read only, the CLI alone writes them."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from smswrap.disk import read_regular
from smswrap.errors import SetupError
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

WRITING = 0.05
"""Seconds to wait for another process that is writing config.json, which the CLI does in place."""

TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
"""How Go reads a boolean."""


@dataclass(frozen=True)
class Configuration:
    """The saved profiles by name, and the name in force."""

    profiles: Mapping[str, Mapping[str, Any]]
    current: str


class Rule(NamedTuple):
    """A rule of the safety policy: what it is about, and `allow`, `deny`, `confirm` or `forbid` (which is confirm)."""

    pattern: str
    action: str

    def is_about(self, operation: str) -> bool:
        """Whether the operation is meant; `*` stands for any text, case does not count."""
        pattern = re.escape(self.pattern.strip()).replace(r"\*", ".*")
        return bool(self.pattern) and re.fullmatch(pattern, f"dysmsapi:{operation}", re.IGNORECASE) is not None


def read(home: Path) -> Configuration:
    """Read config.json. Raises SetupError if it is not JSON."""
    saved = _load(home / "config.json")
    profiles = saved.get("profiles")
    # Without a list, the CLI begins with an empty profile of the name `default`.
    rows = profiles if isinstance(profiles, list) else [{"name": "default"}]
    by_name = {str(row.get("name")): row for row in reversed(rows) if isinstance(row, dict)}
    return Configuration(by_name, str(saved.get("current") or "default"))


def rule_against(home: Path, environment: Mapping[str, str], operations: Iterable[str]) -> Rule | None:
    """The rule of the person's safety policy that stops all of these operations, if there is one (facts §2.10)."""
    rules = _policy(home, environment)
    met = [next((rule for rule in rules if rule.is_about(operation)), None) for operation in operations]
    stopping = [rule for rule in met if rule is not None and rule.action not in {"", "allow"}]
    return stopping[0] if met and len(stopping) == len(met) else None


def _policy(home: Path, environment: Mapping[str, str]) -> list[Rule]:
    saved = _policy_file(home / "safety-policy.json")
    rows = saved.get("rules")
    rules = [
        Rule(str(row.get("pattern") or ""), str(row.get("action") or ""))
        for row in (rows if isinstance(rows, list) else [])
        if isinstance(row, dict)
    ]
    told = environment.get("ALIBABA_CLOUD_SAFETY_POLICY_RULES")
    if told is not None:
        rules = _told_rules(told) if told.strip() == "" or _told_rules(told) else rules
    enabled = environment.get("ALIBABA_CLOUD_SAFETY_POLICY_ENABLED", "").strip()
    on = enabled in TRUE if enabled in TRUE | FALSE else saved.get("enabled") is True
    return rules if on else []


def _told_rules(text: str) -> list[Rule]:
    pairs = (entry.partition("=") for entry in text.split(","))
    rules = (Rule(pattern.strip(), action.strip().lower()) for pattern, _, action in pairs)
    return [rule for rule in rules if rule.pattern and rule.action in {"allow", "deny", "confirm", "forbid"}]


def _policy_file(path: Path) -> dict[str, Any]:
    # To the CLI, a policy that cannot be read is none (facts §2.10).
    try:
        saved = json.loads(read_regular(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return saved if isinstance(saved, dict) else {}


def _load(path: Path) -> dict[str, Any]:
    for attempt in range(3):
        if attempt:
            time.sleep(WRITING)
        try:
            # As Go reads it: a byte-order mark or UTF-16 is no JSON to the CLI.
            saved = json.loads(read_regular(path).decode("utf-8", "replace"))
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise SetupError(f"{path} cannot be read: {error.strerror}.", f"Make {path} readable for you.") from error
        except (ValueError, RecursionError):
            continue
        if isinstance(saved, dict):
            return saved
    message = f"{path} is not valid JSON, so the aliyun CLI does nothing, yet exits 0."
    raise SetupError(message, f"Fix or move {path} away, then run `aliyun configure`.")
