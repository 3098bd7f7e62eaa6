"""config.json: profiles, which of them is current, and the credentials that a call ends up with."""

from __future__ import annotations

import os

from . import files, jsontext
from .conditions import PROFILE_FATAL
from .errors import CONFIGURATION, CliError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .call import Call

    Profile = dict[str, Any]

PREFIXES = ("ALIBABA_CLOUD_", "ALIBABACLOUD_", "ALICLOUD_")
FROM_ENVIRONMENT = {
    "access_key_id": "ACCESS_KEY_ID",
    "access_key_secret": "ACCESS_KEY_SECRET",
    "sts_token": "SECURITY_TOKEN",
    "region_id": "REGION_ID",
}
REQUIRED = {
    "AK": ("access_key_id", "access_key_secret"),
    "StsToken": ("access_key_id", "access_key_secret", "sts_token"),
    "EcsRamRole": (),
}
TIP = "Configuration failed, use `aliyun configure` to configure it"


class Configuration:
    """What config.json says, nothing if it is to be ignored; CliError if it is corrupt or lacks its current profile."""

    def __init__(self, folder: str, *, ignored: bool) -> None:
        self.path = f"{folder}/config.json"
        text = None if ignored else files.read(self.path)
        self.saved = text is not None
        try:
            document = jsontext.parse(text) if text is not None else {}
        except jsontext.JsonError as error:
            raise CliError(f"init config failed {error}") from error
        content: dict[str, Any] = document if isinstance(document, dict) else {}
        self.current: str = content.get("current", "default")
        self.profiles: list[Profile] = content.get("profiles", [])
        if self.saved and self.find(self.current) is None:
            raise unknown_profile(self.current)

    def find(self, name: str) -> Profile | None:
        """The saved profile of that name."""
        return next((profile for profile in self.profiles if profile.get("name") == name), None)

    def current_profile(self) -> Profile:
        """The saved current profile, or an empty one."""
        return self.find(self.current) or {"name": self.current, "mode": "AK"}

    def put(self, profile: Profile) -> None:
        """Add or replace a profile and make it the current one."""
        self.profiles = [old for old in self.profiles if old.get("name") != profile["name"]] + [profile]
        self.current = profile["name"]

    def save(self) -> None:
        """Rewrite config.json in place: a reader at this moment may see half of it, as with the real CLI."""
        content = {"current": self.current, "profiles": self.profiles, "meta_path": ""}
        files.rewrite(self.path, jsontext.write(content, "\t") + "\n")


def unknown_profile(name: str) -> CliError:
    """The failure for a profile that is not saved."""
    return CliError(f"unknown profile {name}, run configure to check", CONFIGURATION, TIP)


def problem_of(profile: Profile) -> str:
    """Why a profile cannot be used, or nothing; the region is looked at first, as in config/profile.go."""
    name, mode = profile.get("name", "default"), profile.get("mode") or "AK"
    if not profile.get("region_id"):
        return "region can't be empty"
    if mode not in REQUIRED:
        return f"unexcepted certificate mode: {mode}"  # the real text is misspelt so
    for field in REQUIRED[mode]:
        if not profile.get(field):
            command = f"aliyun configure --profile {name} --mode {mode}"
            return f"{field} is not configured for profile '{name}'. Run `{command}` to set it"
    return ""


def resolve(call: Call, flags: dict[str, str]) -> Profile:
    """The profile that a dysmsapi call runs with: the saved one, blanks filled from the environment, then the flags.

    Raises CliError (exit 3) for an unknown profile, a missing region, missing keys; before 3.3.17 none of these is
    fatal, and an unknown profile silently means the current one.
    """
    fatal = call.conditions.since(PROFILE_FATAL)
    profile = _fill(_choose(call.configuration, flags.get("profile", ""), fatal=fatal))
    if flags.get("region"):
        profile["region_id"] = flags["region"]
    problem = problem_of(profile)
    if problem and fatal:
        raise CliError(problem, CONFIGURATION, TIP)
    return profile


def _choose(configuration: Configuration, flag: str, *, fatal: bool) -> Profile:
    if os.environ.get("ALIBABA_CLOUD_IGNORE_PROFILE") == "TRUE":
        return {"name": "default", "mode": "AK", "region_id": "cn-hangzhou"}
    asked = flag or os.environ.get("ALIBABACLOUD_PROFILE") or os.environ.get("ALIBABA_CLOUD_PROFILE")
    found = configuration.find(asked) if asked else configuration.current_profile()
    if found is None and fatal:
        raise unknown_profile(asked or "")
    return found or configuration.current_profile()


def _fill(profile: Profile) -> Profile:
    """The profile with its blanks filled from the environment; what is saved wins over the environment."""
    filled = dict(profile)
    for field, name in FROM_ENVIRONMENT.items():
        values = (os.environ.get(prefix + name) for prefix in PREFIXES)
        filled[field] = filled.get(field) or next(filter(None, values), "")
    return filled
