"""`aliyun configure`, which asks, and `aliyun configure set`: what the stand-in plays of it besides AI mode."""

from __future__ import annotations

import sys

from ..common import NO_SANDBOX, Row
from .call import Call, CliError
from .flags import not_a_command, own_flags
from .profile import MODES, Configuration, problem_of

AUTO_INSTALL = "auto-plugin-install"
TEXTS = {
    "mode": "mode",
    "access-key-id": "access_key_id",
    "access-key-secret": "access_key_secret",
    "region": "region_id",
    "language": "language",
}
NUMBERS = {"read-timeout": "read_timeout", "retry-count": "retry_count"}
NOT_PLAYED = ("get", "list", "delete", "switch", "safety-policy", "plugin-settings")

QUESTIONS = {mode: [part.partition("=")[::2] for part in asked.split("; ")] for mode, *_, asked in MODES if asked}
"""What is asked for, by mode: config/configure.go. CloudSSO and OAuth need a browser, which nobody has here."""

HIDDEN = frozenset(("access_key_id", "access_key_secret"))


def ask(call: Call, configuration: Configuration) -> None:
    """Ask for a profile's fields and save it, as `aliyun configure` does; an empty answer keeps what is there."""
    given, _ = own_flags(call.words[1:], ("profile", "mode"))
    name = given.get("profile") or configuration.current
    saved = next((profile for profile in configuration.profiles if profile.get("name") == name), {"name": name})
    mode = given.get("mode") or saved.get("mode") or "AK"
    if mode not in QUESTIONS:
        raise CliError(f"the sandbox does not play the mode {mode}", NO_SANDBOX)
    profile = {**saved, "mode": mode, "output_format": "json"}
    call.out(f"Configuring profile '{name}' in '{mode}' authenticate mode...\n")
    for label, field in (*QUESTIONS[mode], ("Default Region Id", "region_id")):
        profile[field] = _answered(call, f"{label} [{_shown(profile, field)}]: ") or profile.get(field, "")
    call.out("Default Output Format [json]: json (Only support json)\n")
    profile["language"] = _answered(call, f"Default Language [zh|en] {profile.get('language', '')}: ") or "en"
    call.out(f"Saving profile[{name}] ...")
    configuration.put(profile)
    call.out("Done.\n\nConfigure Done!!!\n")


def _answered(call: Call, prompt: str) -> str:
    call.out(prompt)
    call.flush()
    return sys.stdin.readline().strip()


def _shown(profile: Row, field: str) -> str:
    value = str(profile.get(field) or "")
    return "*" * (len(value) - 3) + value[-3:] if field in HIDDEN else value


def run(words: list[str], configuration: Configuration) -> None:
    """Change and save a profile: the current one, or the one of --profile, which becomes current."""
    verb = words[0] if words else ""
    if verb in NOT_PLAYED:
        raise CliError(f"the sandbox does not play `aliyun configure {verb}`", NO_SANDBOX)
    if verb != "set":
        raise not_a_command(verb)
    given, _ = own_flags(words[1:], (AUTO_INSTALL, "profile", *TEXTS, *NUMBERS))
    name = given.get("profile", configuration.current)
    saved = next((profile for profile in configuration.profiles if profile.get("name") == name), {"name": name})
    profile = _changed({"mode": "AK", **saved}, given)
    if problem := problem_of(profile):
        raise CliError(f"fail to set configuration: {problem}")
    configuration.put(profile)


def _changed(profile: Row, given: dict[str, str]) -> Row:
    changed = {**profile, "output_format": "json"}
    for flag, value in given.items():
        if flag in NUMBERS:
            if not value.isdecimal():
                raise CliError(f"--{flag} is not a number: {value}")
            changed[NUMBERS[flag]] = int(value)
        elif flag in TEXTS:
            changed[TEXTS[flag]] = value
        elif flag == AUTO_INSTALL:
            changed["auto_plugin_install"] = value.lower() == "true"
    return changed
