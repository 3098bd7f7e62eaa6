"""`smswrap doctor`: what stands between this machine and a send, each point by itself. Nothing is changed."""

from __future__ import annotations

import json
import os
from functools import partial
from typing import TYPE_CHECKING

from smswrap.errors import SmswrapError
from smswrap.providers.aliyun import configuration, preflight
from smswrap.providers.aliyun.aimode import SWITCH_OFF_COMMAND
from smswrap.providers.aliyun.program import complaint, find
from smswrap.providers.base import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smswrap.providers.aliyun.configuration import Configuration
    from smswrap.providers.aliyun.program import Program
    from smswrap.providers.base import Settings

KEYLESS_MODES = frozenset({"EcsRamRole", "OIDC", "CredentialsURI", "External", "CloudSSO", "RamRoleArnWithEcs"})
"""Profile modes that get their keys elsewhere."""


ELSEWHERE = ("ECS_METADATA", "OIDC_TOKEN_FILE", "CREDENTIALS_URI")
"""Variables that say where keys come from, instead of holding them."""


def diagnose(settings: Settings) -> Iterator[Finding]:
    """Look at CLI, version, configuration, credentials, region, retries, plugin and AI mode, in this order."""
    try:
        program = find(settings)
    except SmswrapError as error:
        yield _failed("aliyun CLI", error)
        return
    yield Finding("aliyun CLI", "ok", program.path)
    try:
        saved = configuration.read(program, settings.profile)
        configuration.require_profile(saved)
    except SmswrapError as error:
        yield _failed("configuration", error)
        return
    yield Finding("configuration", "ok", f"profile {saved.named or saved.current}")
    yield _checked("version", partial(preflight.ask_version, program))
    yield _writable(program)
    yield _credentials(program, saved)
    yield Finding("region", "ok", _region(settings, program, saved))
    yield _checked("retries", partial(_retries, saved))
    yield _plugin(program)
    yield _ai_mode(program)


def _checked(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, "ok", check())
    except SmswrapError as error:
        return _failed(name, error)


def _failed(name: str, error: SmswrapError) -> Finding:
    return Finding(name, "failed", error.fault.message, error.fault.next_step)


def _writable(program: Program) -> Finding:
    place = program.home if program.home.exists() else program.home.parent
    if os.access(place, os.W_OK):
        return Finding("directory", "ok", f"{program.home} is writable")
    return Finding("directory", "failed", f"{place} is not writable for you", f"Make {place} writable for you.")


def _credentials(program: Program, saved: Configuration) -> Finding:
    profile = saved.profile
    if profile.get("access_key_id") or profile.get("mode") in KEYLESS_MODES:
        return Finding("credentials", "ok", f"of the profile, mode {profile.get('mode') or 'AK'}")
    names = (("ACCESS_KEY_ID", "ACCESS_KEY_SECRET"), *((name,) for name in ELSEWHERE))
    for prefix in configuration.PREFIXES:
        for together in names:
            if all(program.environment.get(f"{prefix}{name}") for name in together):
                return Finding("credentials", "ok", f"of the environment ({prefix}{together[0]})")
    step = "Run `aliyun configure`, or set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET."
    return Finding("credentials", "failed", "neither profile nor environment has an AccessKey", step)


def _region(settings: Settings, program: Program, saved: Configuration) -> str:
    given = settings.region or configuration.missing_region(program, saved)
    return f"{given} (passed by smswrap)" if given else "of the profile or the environment"


def _retries(saved: Configuration) -> str:
    configuration.refuse_retries(saved)
    return "off, as a send needs it"


def _plugin(program: Program) -> Finding:
    listed = program.run("plugin", "list").stdout
    if preflight.PLUGIN in listed:
        return Finding("plugin", "ok", "dysmsapi is installed")
    command = " ".join(("aliyun", *preflight.INSTALL_PLUGIN))
    return Finding("plugin", "warning", "dysmsapi is not installed; the first call installs it", f"Or run `{command}`.")


def _ai_mode(program: Program) -> Finding:
    shown = program.run("configure", "ai-mode", "show")
    why = complaint(shown)
    try:
        enabled = bool(json.loads(shown.stdout)["enabled"])
    except (ValueError, KeyError, TypeError):
        return Finding("AI mode", "warning", f"unknown: {why or 'no readable answer'}", f"Run `{SWITCH_OFF_COMMAND}`.")
    if enabled:
        step = f"If no smswrap is running now, run `{SWITCH_OFF_COMMAND}`."
        return Finding("AI mode", "warning", "on", step)
    return Finding("AI mode", "ok", "off")
