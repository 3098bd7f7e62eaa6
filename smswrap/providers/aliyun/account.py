"""Who calls: the profile, the mode and the credentials as the CLI will find them (facts §2.9).

Everything that asks about the account asks here: doctor, a plan, the guards before a send, the region's default.
"""

from __future__ import annotations

import shlex
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smswrap.errors import CredentialsError, SetupError
from smswrap.masking import secrets_of
from smswrap.model import Account
from smswrap.patterns import pattern
from smswrap.providers.aliyun import configuration
from smswrap.providers.tables import rows
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_REGION = "cn-hangzhou"
REGION = pattern(r"[A-Za-z0-9-]+")
"""What the CLI takes for a region."""

SHORTEST_KEY_ID = 8
"""Characters of a key id of which four may be shown."""

PROFILE_VARIABLES = ("ALIBABACLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE", "ALICLOUD_PROFILE")
IGNORE_VARIABLES = ("ALIBABA_CLOUD_IGNORE_PROFILE", "ALIBABACLOUD_IGNORE_PROFILE")
PREFIXES = ("ALIBABA_CLOUD_", "ALIBABACLOUD_", "ALICLOUD_", "")
CLOUD = ("ALIBABACLOUD_", "ALIBABA_CLOUD_")

FILLERS: Mapping[str, tuple[str, ...]] = {
    "access_key_id": tuple(f"{prefix}ACCESS_KEY_ID" for prefix in PREFIXES),
    "access_key_secret": tuple(f"{prefix}ACCESS_KEY_SECRET" for prefix in PREFIXES),
    "sts_token": tuple(f"{prefix}SECURITY_TOKEN" for prefix in PREFIXES),
    "region_id": (*(f"{prefix}REGION_ID" for prefix in PREFIXES), "REGION"),
    "credentials_uri": ("ALIBABA_CLOUD_CREDENTIALS_URI",),
    "bearer_token": ("ALIBABA_CLOUD_BEARER_TOKEN",),
    "oidc_provider_arn": tuple(f"{prefix}OIDC_PROVIDER_ARN" for prefix in CLOUD),
    "oidc_token_file": tuple(f"{prefix}OIDC_TOKEN_FILE" for prefix in CLOUD),
    "ram_role_arn": tuple(f"{prefix}ROLE_ARN" for prefix in CLOUD),
}
"""The variables that fill a field that the profile leaves blank, the first one that is not empty."""

MODES = {row["mode"]: row for row in rows(Path(__file__).with_name("modes.tsv"))}
NEEDS: Mapping[str, list[str]] = {mode: row["needs"].split() for mode, row in MODES.items()}
"""The modes by the spelling of config.json, with the fields that the CLI demands before it starts the plugin."""

GUESSES = sorted((int(row["guess"]), mode, row["guessed_by"].split()) for mode, row in MODES.items() if row["guess"])
"""The mode of a profile that names none: the first whose fields are all there."""


@dataclass(frozen=True)
class Profile:
    """The profile that a call will use, its blanks filled from the environment.

    `saved` is what config.json holds of it (nothing where it is ignored or not there), `known` are the names of the
    saved ones, `secrets` the values of all their keys.
    """

    name: str
    mode: str
    fields: Mapping[str, str] = field(repr=False)
    saved: Mapping[str, Any] = field(repr=False)
    known: tuple[str, ...]
    secrets: frozenset[str] = field(repr=False)

    @property
    def region(self) -> str:
        """The region of the calls."""
        return self.fields.get("region_id") or DEFAULT_REGION

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields that the mode needs and that are nowhere."""
        return tuple(name for name in NEEDS.get(self.mode, []) if not self.fields.get(name))

    @property
    def from_environment(self) -> bool:
        """Whether credentials come from the environment, so that no saved profile is whole by itself."""
        return any(self.fields.get(name) and not self.saved.get(name) for name in NEEDS.get(self.mode, []))

    @property
    def retry_count(self) -> object:
        """How often the CLI repeats a call; what is not a number counts as well."""
        return self.saved.get("retry_count") or 0

    @property
    def connect_timeout(self) -> float:
        """Seconds that the profile gives the CLI to reach the server; 0 for the CLI's own measure."""
        seconds = self.saved.get("connect_timeout")
        return float(seconds) if isinstance(seconds, int) and seconds > 0 else 0.0

    def account(self) -> Account:
        """The profile as a plan shows it."""
        key_id = self.fields.get("access_key_id", "")
        key_end = key_id[-4:] if len(key_id) >= SHORTEST_KEY_ID else None
        return Account("aliyun", self.name if self.saved else None, self.mode or None, key_end, self.region)


def effective(home: Path, environment: Mapping[str, str], named: str | None, region: str | None = None) -> Profile:
    """Find the profile of a call; `named` and `region` are what the command line says.

    Raises SetupError for a config.json that cannot be read, CredentialsError for a profile that is not saved: CLI
    3.3.3-3.3.16 would silently use the default profile's keys (measured), so it is never asked.
    """
    if _first(environment, IGNORE_VARIABLES) == "TRUE":
        return _filled("default", {}, {"region_id": region or DEFAULT_REGION}, environment)
    if environment.get("ALIBABA_CLOUD_PROFILE_MODE", "").lower() == "anonymous":
        return _filled("default", {}, {"region_id": region, "mode": "Anonymous"}, environment)
    found = configuration.read(home)
    name = named or _first(environment, PROFILE_VARIABLES) or found.current
    if name not in found.profiles:
        known = ", ".join(sorted(found.profiles)) or "none"
        step = f"Create it with `aliyun configure --profile {shlex.quote(name)}`, or name a saved one."
        raise CredentialsError(f"The aliyun CLI has no profile {name!r}; saved profiles: {known}.", step)
    saved = found.profiles[name]
    given = {**saved, "region_id": region or saved.get("region_id")}
    return _filled(name, saved, given, environment, found.profiles)


def require(profile: Profile) -> None:
    """Raise SetupError or CredentialsError for what the CLI refuses before it starts the plugin."""
    name, mode = profile.name, profile.mode
    if REGION.fullmatch(profile.region) is None:
        step = "Give the profile a region, mostly cn-hangzhou, with `aliyun configure`, or pass --region."
        raise SetupError(f"The region {profile.region!r} of the profile {name!r} is not a region.", step)
    if not mode:
        message = f"Neither the profile {name!r} nor the environment has credentials."
        step = "Run `aliyun configure`, or set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET."
        raise CredentialsError(message, step, code="cli.credentials-missing")
    if mode not in NEEDS:
        step = f"Run `aliyun configure --profile {shlex.quote(name)}`; the CLI knows {', '.join(NEEDS)}."
        raise SetupError(f"The profile {name!r} has the mode {mode!r}, which the aliyun CLI does not know.", step)
    if wrong := _wrong_field(profile):
        step = f"Run `aliyun configure --profile {shlex.quote(name)} --mode {mode}`."
        message = f"The profile {name!r} has the mode {mode}, but {wrong}."
        raise CredentialsError(message, step, code="cli.credentials-missing")


def pinning(profile: Profile) -> dict[str, str]:
    """What keeps calls at this profile, should another one become the current one while they are made."""
    return {PROFILE_VARIABLES[0]: profile.name} if profile.saved else {}


def refuse_retries(profile: Profile) -> None:
    """Raise SetupError if the profile makes the CLI repeat calls: a repeated send is a second SMS."""
    count, name = profile.retry_count, profile.name
    if count != 0 and not (isinstance(count, int) and count < 0):
        message = f"The profile {name!r} has retry_count {count}: the CLI would repeat a send whose answer is late."
        step = (
            f"Set retry_count of {name!r} to 0 in ~/.aliyun/config.json; `aliyun configure set --profile "
            f"{shlex.quote(name)} --retry-count 0` does that, too, but makes {name!r} your current profile."
        )
        raise SetupError(message, step)


def _wrong_field(profile: Profile) -> str | None:
    if profile.missing:
        return f"neither it nor the environment has {', '.join(profile.missing)}"
    fields = profile.fields
    if profile.mode == "OAuth" and fields["oauth_site_type"] not in {"CN", "INTL"}:
        return f"the oauth_site_type {fields['oauth_site_type']!r}, which is neither CN nor INTL"
    if profile.mode == "ChainableRamRoleArn" and fields["source_profile"] not in profile.known:
        return f"its source_profile {fields['source_profile']!r} is not saved"
    return None


def _filled(
    name: str,
    saved: Mapping[str, Any],
    given: Mapping[str, Any],
    environment: Mapping[str, str],
    profiles: Mapping[str, Mapping[str, Any]] | None = None,
) -> Profile:
    fields = {key: value for key, value in given.items() if isinstance(value, str) and value}
    fields = {key: _first(environment, names) for key, names in FILLERS.items()} | fields
    guessed = next((mode for _, mode, needed in GUESSES if all(fields.get(key) for key in needed)), "")
    others = profiles or {}
    secrets = secrets_of(fields).union(*(secrets_of(profile) for profile in others.values()))
    return Profile(name, fields.get("mode") or guessed, fields, saved, tuple(others), secrets)


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environment[name] for name in names if environment.get(name)), "")
