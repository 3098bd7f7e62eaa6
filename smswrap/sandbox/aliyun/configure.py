"""`aliyun configure set`: the one part of `configure`, besides AI mode, that the stand-in plays."""

from __future__ import annotations

from ..common import NO_SANDBOX, Row
from .call import CliError
from .flags import not_a_command, own_flags
from .profile import Configuration, problem_of

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


def run(words: list[str], configuration: Configuration) -> None:
    """Change and save a profile: the current one, or the one of --profile, which becomes current."""
    verb = words[0] if words else ""
    if verb in NOT_PLAYED:
        raise CliError(f"the sandbox does not play `aliyun configure {verb}`", NO_SANDBOX)
    if verb != "set":
        raise not_a_command(verb or "configure")  # the bare command asks questions, which the stand-in does not
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
