"""`smswrap doctor`: what stands between this machine and a send, each point by itself. Nothing is changed."""

from __future__ import annotations

import json
import os
import shlex
import stat
from functools import partial
from typing import TYPE_CHECKING

from smswrap.errors import SmswrapError
from smswrap.providers.aliyun import account, mark, preflight
from smswrap.providers.aliyun.aimode import GATE, HOLDERS, SWITCH_OFF, SWITCH_OFF_COMMAND, check_files, is_held
from smswrap.providers.aliyun.configuration import rule_against
from smswrap.providers.aliyun.operations import OPERATIONS
from smswrap.providers.aliyun.program import find
from smswrap.providers.base import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smswrap.providers.aliyun.account import Profile
    from smswrap.providers.aliyun.program import Program
    from smswrap.providers.base import Settings

SHOW = ("configure", "ai-mode", "show")
SHOW_COMMAND = " ".join(("aliyun", *SHOW))
STANDIN = "the stand-in of the sandbox"
LEASE = f"{GATE}, {HOLDERS}, {mark.NAME}"
OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH


def diagnose(settings: Settings) -> Iterator[Finding]:
    """Look at CLI, profile, credentials, what refuses a send, version, plugin and AI mode: as a send meets them."""
    try:
        program = find(settings)
    except SmswrapError as error:
        yield _failed("aliyun CLI", error)
        return
    yield Finding("aliyun CLI", "ok", STANDIN if settings.standin else program.path)
    try:
        profile = account.effective(program.home, program.environment, settings.profile, settings.region)
    except SmswrapError as error:
        # Then the CLI answers every command with that, or with another account.
        yield _failed("configuration", error)
        return
    yield Finding("configuration", "ok", f"profile {profile.name}")
    yield _checked("credentials", partial(_credentials, profile))
    yield Finding("region", "ok", profile.region)
    yield _checked("retries", partial(account.refuse_retries, profile), "off, as a send needs it")
    yield _checked("mock mode", partial(preflight.refuse_mocks, program), "off")
    yield _checked("safety policy", partial(_policy, program))
    version = _checked("version", partial(preflight.ask_version, program))
    yield version
    yield from _directory(program)
    # An older CLI has neither plugins nor AI mode, and no command that could be advised.
    if version.state == "ok":
        yield _plugin(program)
        yield _ai_mode(program)


def _checked(name: str, check: Callable[[], object], fine: str = "") -> Finding:
    try:
        told = check()
        return Finding(name, "ok", fine or str(told))
    except SmswrapError as error:
        return _failed(name, error)


def _failed(name: str, error: SmswrapError) -> Finding:
    return Finding(name, "failed", error.fault.message, error.fault.next_step, error.fault.kind)


def repair(settings: Settings) -> Iterator[str]:
    """Turn AI mode off if nobody is calling, install the plugin, take others' right to write away."""
    program = find(settings)
    for path in _writable_by_others(program):
        path.chmod(_mode(path) & ~OTHERS_MAY_WRITE)
        yield f"Others may no longer write to {path}."
    preflight.ask_version(program)
    if _ai_mode(program).state == "failed" and program.complaint(program.run(*SWITCH_OFF)) is None:
        yield "AI mode is off."
    if not preflight.has_plugin(program):
        preflight.install(program)
        yield "The dysmsapi plugin is installed."


def _directory(program: Program) -> Iterator[Finding]:
    place = program.home if program.home.exists() else program.home.parent
    if os.access(place, os.W_OK):
        fine = f"{program.home} is writable; the lease of AI mode lies there ({LEASE})"
        yield _checked("directory", partial(check_files, program), fine)
    else:
        yield Finding("directory", "failed", f"{place} is not writable for you", f"Make {place} writable for you.")
    for path in _writable_by_others(program):
        step = f"Run `chmod go-w {shlex.quote(str(path))}`."
        yield Finding("permissions", "warning", f"others may write to {path}", step)


def _writable_by_others(program: Program) -> list[Path]:
    return [path for path in (program.home, program.home / "config.json") if _mode(path) & OTHERS_MAY_WRITE]


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _credentials(profile: Profile) -> str:
    account.require(profile)
    if profile.from_environment:
        return f"mode {profile.mode}, from the environment"
    return f"mode {profile.mode}, of the profile"


def _policy(program: Program) -> str:
    sends = [row.name for row in OPERATIONS.values() if row.kind == "send"]
    preflight.obey_policy(program, sends[:1])
    stopped = [name for name in sends if rule_against(program.home, program.environment, [name])]
    return f"lets sends pass, but not {stopped[0]}" if stopped else "lets sends pass"


def _plugin(program: Program) -> Finding:
    if preflight.has_plugin(program):
        return Finding("plugin", "ok", "dysmsapi is installed")
    missing, step = "dysmsapi is not installed", f"Run `{preflight.INSTALL_COMMAND}`."
    if preflight.can_install(program):
        return Finding("plugin", "warning", f"{missing}; the first call installs it", step)
    return Finding("plugin", "failed", f"{missing}, and the list of plugins cannot be reached", preflight.ONLINE)


def _ai_mode(program: Program) -> Finding:
    shown = program.run(*SHOW)
    step = f"Run `{SWITCH_OFF_COMMAND}`."
    try:
        enabled = bool(json.loads(shown.stdout)["enabled"])
    except (ValueError, KeyError, TypeError):
        if why := program.complaint(shown):
            return Finding("AI mode", "failed", f"unknown: {why}", f"Run `{SHOW_COMMAND}`.")
        return Finding("AI mode", "warning", "unknown: no readable answer", step)
    if not enabled:
        return Finding("AI mode", "ok", "off")
    if is_held(program):
        return Finding("AI mode", "ok", "on for a smswrap that is calling right now")
    return Finding("AI mode", "failed", "on, though nobody is calling", step)
