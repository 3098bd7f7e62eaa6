"""config.json, and the profile with its credentials that a call ends up with: config/configuration.go, profile.go."""

from __future__ import annotations

from ..common import Row, files, jsontext
from .call import CONFIGURATION, Call, CliError, from_environment, words_of_go

PREFIXES = ("ALIBABA_CLOUD_", "ALIBABACLOUD_", "ALICLOUD_")
NAMED_BY = ("ALIBABACLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE", "ALICLOUD_PROFILE")
IGNORED_BY = ("ALIBABA_CLOUD_IGNORE_PROFILE", "ALIBABACLOUD_IGNORE_PROFILE")
FILLED_FROM = {
    "access_key_id": tuple(f"{prefix}ACCESS_KEY_ID" for prefix in (*PREFIXES, "")),
    "access_key_secret": tuple(f"{prefix}ACCESS_KEY_SECRET" for prefix in (*PREFIXES, "")),
    "sts_token": tuple(f"{prefix}SECURITY_TOKEN" for prefix in (*PREFIXES, "")),
    "region_id": (*(f"{prefix}REGION_ID" for prefix in (*PREFIXES, "")), "REGION"),
    "credentials_uri": ("ALIBABA_CLOUD_CREDENTIALS_URI",),
    "bearer_token": ("ALIBABA_CLOUD_BEARER_TOKEN",),
    "oidc_provider_arn": ("ALIBABACLOUD_OIDC_PROVIDER_ARN", "ALIBABA_CLOUD_OIDC_PROVIDER_ARN"),
    "oidc_token_file": ("ALIBABACLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_OIDC_TOKEN_FILE"),
    "ram_role_arn": ("ALIBABACLOUD_ROLE_ARN", "ALIBABA_CLOUD_ROLE_ARN"),
}
MODES = files.read_table(__file__, "modes.tsv")
NEEDED = {mode: needed.split() for mode, needed, *_ in MODES}
"""What Validate() asks for by mode, in its order; modes as config.json spells them."""

RECOGNISED = sorted((int(rank), mode, fields.split()) for mode, _, rank, fields, _ in MODES if rank)
"""Which mode a profile without one has: the first whose fields are all there."""

DIRECT = ("AK", "StsToken", "BearerToken", "Anonymous")
"""Modes that ask nobody for credentials."""

SAVED_AS = {"role_session_name": "ram_session_name", "region": "region_id"}
"""Names of config.json for what texts and flags call otherwise."""

TIP = "Configuration failed, use `aliyun configure` to configure it"


class Configuration:
    """What a config.json says. Raises CliError if it cannot be read."""

    def __init__(self, path: str) -> None:
        self.path = path
        text = files.read(path)
        self.is_saved = text is not None
        try:
            document = {} if text is None else jsontext.parse(text)
        except ValueError as error:
            raise CliError(f"init config failed {words_of_go(text or '', error)}") from error
        content: Row = document if isinstance(document, dict) else {}
        self.current: str = content.get("current", "default")
        self.profiles: list[Row] = content.get("profiles", []) if self.is_saved else [{"name": "default"}]

    def find(self, name: str) -> Row:
        """The saved profile of that name; raises CliError."""
        for profile in self.profiles:
            if profile.get("name") == name:
                return profile
        raise CliError(f"unknown profile {name}, run configure to check", CONFIGURATION, TIP)

    def put(self, profile: Row) -> None:
        """Add or replace a profile, make it the current one, and save: written beside, and renamed."""
        others = [old for old in self.profiles if old.get("name") != profile["name"] and self.is_saved]
        content = {"current": profile["name"], "profiles": [*others, profile], "meta_path": ""}
        files.replace(self.path, jsontext.write(content, "\t") + "\n")


def problem_of(profile: Row) -> str:
    """Why Validate() refuses a profile, or nothing."""
    region = profile.get("region_id", "")
    if not region:
        return "region can't be empty"
    if not (region.isascii() and region.replace("-", "").isalnum()):
        return f"invalid region {region}"
    return _mode_problem(profile)


def _mode_problem(profile: Row) -> str:
    name, mode = profile["name"], profile.get("mode", "")
    if not mode:
        return f"profile {name} is not configure yet, run `aliyun configure --profile {name}` first"
    if mode not in NEEDED:
        return f"invalid mode: {mode}"
    run = f"Run `aliyun configure --profile {name} --mode {mode}`"
    if mode == "OAuth" and profile.get("oauth_site_type") not in ("CN", "INTL"):
        site = profile.get("oauth_site_type", "")
        return f"invalid oauth_site_type '{site}' for profile '{name}', should be CN or INTL. {run} to set it"
    for field in NEEDED[mode]:
        if not profile.get(SAVED_AS.get(field, field)):
            env = field == "credentials_uri"
            end = "or set ALIBABA_CLOUD_CREDENTIALS_URI environment variable" if env else "to set it"
            return f"{field} is not configured for profile '{name}'. {run} {end}"
    return ""


def is_ignored() -> bool:
    """Whether config.json is not to be looked at."""
    return from_environment(*IGNORED_BY) == "TRUE"


def effective(call: Call, own: Configuration, flags: dict[str, str]) -> Row:
    """The profile that a dysmsapi call runs with: the saved one, then the flags, blanks filled from the environment.

    Raises CliError (exit 3) for an unknown profile and for one that Validate() refuses.
    """
    anonymous = (flags.get("cli-cred") or from_environment("ALIBABA_CLOUD_PROFILE_MODE")).lower() == "anonymous"
    if is_ignored():
        saved: Row = {"name": "default", "region_id": "cn-hangzhou"}
    elif anonymous:
        return {"name": "default", "mode": "Anonymous"}
    else:
        configuration = Configuration(flags["config-path"]) if "config-path" in flags else own
        saved = configuration.find(flags.get("profile") or from_environment(*NAMED_BY) or configuration.current)
    profile = _filled({**saved, **_overwriting(flags)})
    if problem := problem_of(profile):
        raise CliError(problem, CONFIGURATION, TIP)
    _resolve(call, own, profile)
    return profile


def _overwriting(flags: dict[str, str]) -> Row:
    named = {SAVED_AS.get(flag, flag): value for flag, value in ((f.replace("-", "_"), v) for f, v in flags.items())}
    wanted = {"mode", "language", "region_id", *(SAVED_AS.get(f, f) for fields in NEEDED.values() for f in fields)}
    found = {field: value for field, value in named.items() if field in wanted and value}
    if "mode" in found:  # in a flag, any case will do
        found["mode"] = next((mode for mode in NEEDED if mode.lower() == found["mode"].lower()), found["mode"])
    return found


def _filled(profile: Row) -> Row:
    filled = dict(profile)
    for field, names in FILLED_FROM.items():
        filled[field] = filled.get(field) or from_environment(*names)
    if not filled.get("mode"):
        filled["mode"] = next((mode for _, mode, fields in RECOGNISED if all(map(filled.get, fields))), "")
    return filled


def _resolve(call: Call, own: Configuration, profile: Row) -> None:
    """Ask whoever gives the credentials out; here nobody is asked, and conditions.json may say that it went wrong."""
    why = call.conditions.credentials_error if profile["mode"] not in DIRECT else ""
    source = profile.get("source_profile", "")
    if profile["mode"] == "ChainableRamRoleArn" and source not in [saved.get("name") for saved in own.profiles]:
        why = f"can not load the source profile: {source}"
    if why:
        raise CliError(why, CONFIGURATION, f'profile "{profile["name"]}": failed to resolve credentials')
