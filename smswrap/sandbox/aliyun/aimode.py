"""`configure ai-mode`: one switch for each user, in ai-mode.json, changed without a lock."""

from __future__ import annotations

from . import files, jsontext
from .call import config_folder
from .errors import CliError, not_a_command

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .call import Call

DEFAULT_USER_AGENT = "AlibabaCloud-Agent-Skills"
SUBCOMMANDS = ("show", "enable", "disable", "set-user-agent")


def path() -> str:
    """The file of the switch."""
    return f"{config_folder()}/ai-mode.json"


def load() -> dict[str, Any]:
    """The switch: {enabled: bool, user_agent: str}; a corrupt file silently reads as off."""
    try:
        saved = files.read_object(path())
    except jsontext.JsonError:
        saved = {}
    return {"enabled": saved.get("enabled") is True, "user_agent": str(saved.get("user_agent", ""))}


def run(call: Call) -> None:
    """Carry out `configure ai-mode [show|enable|disable|set-user-agent]`."""
    from .flags import parse  # the log loads this module on every call, the parser is for this command

    given, words = parse(call, call.words[2:], ("user-agent",))
    verb = words[0] if words else "show"
    if len(words) > 1:
        raise not_a_command(words[1])
    if verb not in SUBCOMMANDS:
        raise CliError(f"unknown subcommand: {verb}. Use {', '.join(SUBCOMMANDS)}")
    mode = load()
    if verb == "show":
        call.console.out(jsontext.write(_describe(mode), "  ") + "\n")
    else:
        save(_change(mode, verb, given.get("user-agent", "")))


def save(mode: dict[str, Any]) -> None:
    """Write the switch in place; an empty user agent is left out."""
    kept = {key: value for key, value in mode.items() if value != ""}
    files.rewrite(path(), jsontext.write(kept, "  ") + "\n")


def _change(mode: dict[str, Any], verb: str, user_agent: str) -> dict[str, Any]:
    if verb != "set-user-agent":
        return {**mode, "enabled": verb == "enable"}
    if not user_agent:
        raise CliError("--user-agent is required for set-user-agent")
    return {**mode, "user_agent": user_agent}


def _describe(mode: dict[str, Any]) -> dict[str, Any]:
    effective = mode["user_agent"] or DEFAULT_USER_AGENT
    shown = {
        "enabled": mode["enabled"],
        "user_agent": mode["user_agent"],
        "effective_user_agent": effective,
        "request_user_agent_suffix": f"AlibabaCloud-AIMode/enabled {effective}" if mode["enabled"] else "",
        "config_file": path(),
    }
    return {key: value for key, value in shown.items() if value != ""}
