"""What `~/.aliyun/config.json` says; read only, the CLI alone writes it."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smswrap.errors import CredentialsError, SetupError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from smswrap.providers.aliyun.program import Program

DEFAULT_REGION = "cn-hangzhou"
PREFIXES = ("ALIBABA_CLOUD_", "ALIBABACLOUD_", "ALICLOUD_")
PROFILE_VARIABLES = ("ALIBABACLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE")

WRITING = 0.05
"""Seconds to wait for another process that is writing config.json, which the CLI does in place."""


@dataclass(frozen=True)
class Configuration:
    """The saved profiles by name, the name in force, and whether config.json is there at all."""

    profiles: Mapping[str, Mapping[str, Any]]
    current: str
    named: str | None

    @property
    def profile(self) -> Mapping[str, Any]:
        """The profile that calls will use; empty if it is not saved."""
        return self.profiles.get(self.named or self.current, {})


def read(program: Program, named: str | None) -> Configuration:
    """Read config.json; `named` is the profile asked for. Raises SetupError if it is not JSON."""
    environment = program.environment
    named = named or next((environment[name] for name in PROFILE_VARIABLES if environment.get(name)), None)
    if environment.get("ALIBABA_CLOUD_IGNORE_PROFILE", "").upper() == "TRUE":
        return Configuration({}, "default", named)
    saved = _load(program.home / "config.json")
    profiles = [profile for profile in saved.get("profiles") or [] if isinstance(profile, dict)]
    by_name = {str(profile.get("name")): profile for profile in profiles}
    return Configuration(by_name, str(saved.get("current") or "default"), named)


def require_profile(configuration: Configuration) -> None:
    """Raise CredentialsError if the profile asked for is not saved.

    CLI 3.3.3-3.3.16 would silently use the default profile's keys (measured), so it is never asked.
    """
    name = configuration.named
    if name is not None and name not in configuration.profiles:
        known = ", ".join(sorted(configuration.profiles)) or "none"
        message = f"The aliyun CLI has no profile {name!r}; saved profiles: {known}."
        raise CredentialsError(message, f"Create it with `aliyun configure --profile {name}`, or name a saved one.")


def refuse_retries(configuration: Configuration) -> None:
    """Raise SetupError if the profile makes the CLI repeat calls: a repeated send is a second SMS."""
    count = configuration.profile.get("retry_count") or 0
    if str(count) not in {"", "0"}:
        name = configuration.named or configuration.current
        message = f"The profile {name!r} has retry_count {count}: the CLI would repeat a send whose answer is late."
        step = (
            f"Set retry_count of {name!r} to 0 in ~/.aliyun/config.json; `aliyun configure set --profile {name} "
            f"--retry-count 0` does that, too, but makes {name!r} your current profile."
        )
        raise SetupError(message, step)


def missing_region(program: Program, configuration: Configuration) -> str | None:
    """The region to pass when neither the environment nor the profile has one: without any, the CLI exits 3."""
    variables = [f"{prefix}REGION_ID" for prefix in PREFIXES]
    if configuration.profile.get("region_id") or any(program.environment.get(name) for name in variables):
        return None
    return DEFAULT_REGION


def _load(path: Path) -> dict[str, Any]:
    for attempt in range(3):
        if attempt:
            time.sleep(WRITING)
        try:
            saved = json.loads(path.read_bytes())
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise SetupError(f"{path} cannot be read: {error.strerror}.", "Mend its permissions.") from error
        except ValueError:
            continue
        if isinstance(saved, dict):
            return saved
    message = f"{path} is not valid JSON, so the aliyun CLI does nothing, yet exits 0."
    raise SetupError(message, f"Mend or move {path} away, then run `aliyun configure`.")
