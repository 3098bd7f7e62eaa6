# ruff: noqa: RUF001  the texts are Chinese, with Chinese punctuation
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
TEXTS = {
    "en": {
        "deny": "operation blocked by safety policy: dysmsapi {operation} (rule: {rule})",
        "confirm": (
            "Safety policy requires confirmation for: dysmsapi {operation}\nThis operation cannot run in"
            " non-interactive mode without explicit approval. If you are an agent, ask the user whether this operation"
            " is allowed; after they confirm (e.g. reply yes or 确认), re-run the same command with --yes."
        ),
        "ask": (
            "Safety policy requires confirmation for: dysmsapi {operation}\n"
            "Type 'yes' to proceed, anything else to cancel: "
        ),
        "no": "operation cancelled by user",
    },
    "zh": {
        "deny": "操作被安全策略拒绝: dysmsapi {operation} (规则: {rule})",
        "confirm": (
            "安全策略要求确认以下操作：dysmsapi {operation}\n当前为非交互环境，无法自动确认。若调用方为智能体，"
            "请先向用户说明并征得同意；用户同意后（可在对话中回复 yes 或「确认」），再使用 --yes 重新执行同一命令。"
        ),
        "ask": "安全策略要求确认以下操作: dysmsapi {operation}\n输入 'yes' 继续，其他任意输入取消: ",
        "no": "操作已由用户取消",
    },
}


def check(call: Call, operation: str, flags: dict[str, str], folder: str, language: str) -> None:
    """Refuse what the policy denies, ask where it wants a yes; texts follow the default profile's language.

    `folder` is where config.json lies. Raises CliError.
    """
    rule = _first_rule(folder, f"dysmsapi:{operation}".lower())
    action = rule.get("action", "allow")
    words = {
        key: text.format(operation=operation, rule=rule.get("pattern"))
        for key, text in TEXTS["zh" if language == "zh" else "en"].items()
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
