"""`configure ai-mode`: one switch for each user, in ai-mode.json, changed in place and without a lock."""

from __future__ import annotations

from ..common import Row, files, jsontext
from .call import Call, CliError, config_folder
from .flags import not_a_command, own_flags

DEFAULT_USER_AGENT = "AlibabaCloud-Agent-Skills"


def path() -> str:
    """The file of the switch."""
    return f"{config_folder()}/ai-mode.json"


def load() -> Row:
    """The switch: {enabled: bool, user_agent: str}; a corrupt file silently reads as off."""
    try:
        saved = files.read_object(path())
    except ValueError:
        saved = {}
    return {"enabled": saved.get("enabled") is True, "user_agent": str(saved.get("user_agent", ""))}


def save(**changes: object) -> None:
    """Write the switch in place; an empty user agent is left out."""
    mode = {**load(), **changes}
    kept = {key: value for key, value in mode.items() if value != ""}
    files.rewrite(path(), jsontext.write(kept, "  ") + "\n")


def run(call: Call) -> None:
    """Carry out `configure ai-mode [show|enable|disable|set-user-agent|reset-user-agent]`."""
    given, words = own_flags(call.words[2:], ("user-agent",), most_words=1)
    verb = words[0] if words else "show"
    if verb == "show":
        call.out(jsontext.write(_shown(load()), "  ") + "\n")
    elif verb in ("enable", "disable"):
        save(enabled=verb == "enable")
    elif verb == "set-user-agent":
        if not given.get("user-agent"):
            raise CliError("--user-agent is required for set-user-agent")
        save(user_agent=given["user-agent"])
    elif verb == "reset-user-agent":
        save(user_agent="")
    else:
        raise not_a_command(verb)


def _shown(mode: Row) -> Row:
    effective = mode["user_agent"] or DEFAULT_USER_AGENT
    suffix = f"AlibabaCloud-AIMode/enabled {effective}" if mode["enabled"] else ""
    shown = {**mode, "effective_user_agent": effective, "request_user_agent_suffix": suffix, "config_file": path()}
    return {key: value for key, value in shown.items() if value != ""}
