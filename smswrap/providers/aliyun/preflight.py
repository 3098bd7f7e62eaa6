"""What must be true before the first dysmsapi call (design §5)."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from smswrap import state
from smswrap.errors import CredentialsError, SetupError
from smswrap.masking import redact
from smswrap.providers.aliyun import account
from smswrap.providers.aliyun.configuration import rule_against
from smswrap.providers.aliyun.operations import OPERATIONS
from smswrap.providers.aliyun.program import INSTALL, OLDEST, find

if TYPE_CHECKING:
    from collections.abc import Iterable

    from smswrap.providers.aliyun.account import Profile
    from smswrap.providers.aliyun.program import Program
    from smswrap.providers.base import Settings

PLUGIN = "dysmsapi"
INSTALL_PLUGIN = ("plugin", "install", "--names", PLUGIN)
INSTALL_COMMAND = " ".join(("aliyun", *INSTALL_PLUGIN))
ONLINE = f"Connect to the network, then run `{INSTALL_COMMAND}`."
INSTALLING, UPDATING = "Installing the plugin", "Updating the plugins"
NO_PLUGINS = "No plugins installed"
DOWNLOAD_TIMEOUT = 120.0
"""Seconds for a command that may fetch a plugin; the CLI gives its index alone 10 s (facts §2.3)."""

OFFLINE_FOR = 300.0
"""Seconds for which a plugin update that failed is not tried again."""

FRESH_FOR = 3_600.0
"""Seconds for which plugins count as up to date: so long the CLI itself asks no server for newer ones (facts §2.3)."""

VERSIONS, UPDATES = "aliyun-version.json", "aliyun-plugins.json"
MOCK = "ALIBABA_CLOUD_CLI_MOCK"


def check(settings: Settings, *, sends: bool) -> tuple[Program, Profile]:
    """Find the CLI and the account, and what certainly refuses a call, without one. Raises Setup-, CredentialsError."""
    program = find(settings)
    profile = account.effective(program.home, program.environment, settings.profile, settings.region)
    account.require(profile)
    if sends:
        account.refuse_retries(profile)
        refuse_mocks(program)
        obey_policy(program, (row.name for row in OPERATIONS.values() if row.kind == "send"))
    return replace(program, secrets=program.secrets | profile.secrets), profile


def effective(settings: Settings) -> Profile:
    """The profile as the CLI will find it, whether or not it can be used. Raises Setup-, CredentialsError."""
    program = find(settings)
    return account.effective(program.home, program.environment, settings.profile, settings.region)


def refuse_mocks(program: Program) -> None:
    """Raise SetupError if the CLI answers from a file instead of calling: a send would look as if it had been made."""
    if program.environment.get(MOCK) == "true":
        raise SetupError(f"{MOCK} is true: the aliyun CLI would answer from its mock file.", f"Run `unset {MOCK}`.")


def obey_policy(program: Program, operations: Iterable[str]) -> None:
    """Raise CredentialsError if the person's own safety policy stops these operations."""
    rule = rule_against(program.home, program.environment, operations)
    if rule is not None:
        message = f"The safety policy of the aliyun CLI stops it (rule: {rule.pattern} = {rule.action})."
        step = "Ask whoever set it, in ~/.aliyun/safety-policy.json or in ALIBABA_CLOUD_SAFETY_POLICY_RULES."
        raise CredentialsError(message, step, code="cli.safety-policy")


def require_version(program: Program) -> str:
    """Return the CLI's version, or raise SetupError; asks only once for each (path, mtime, size) of the binary."""
    known = state.remembered(VERSIONS)
    if known.get("mark") == _mark(program.path):
        return str(known["version"])
    version = ask_version(program)
    remember_version(program, version)
    return version


def remember_version(program: Program, version: str) -> None:
    """Need not ask this binary again."""
    state.remember(VERSIONS, {"mark": _mark(program.path), "version": version})


def ask_version(program: Program) -> str:
    """Run `aliyun version`. Raises SetupError if it is too old, or no version at all."""
    from packaging.version import InvalidVersion, Version

    finished = program.run("version")
    printed = finished.stdout.strip()
    try:
        version = Version(printed)
    except InvalidVersion:
        said = program.complaint(finished) or f"it printed {redact(printed, program.secrets)[:40]!r}"
        message = f"{program.path} does not tell its version ({said}); smswrap needs aliyun {OLDEST} or later."
        raise SetupError(message, INSTALL) from None
    if version < Version(OLDEST):
        message = f"{program.path} is aliyun {version}; smswrap needs {OLDEST} or later."
        raise SetupError(message, INSTALL)
    return printed


def prepare(profile: Profile, program: Program) -> None:
    """Allow plugin installs, update the plugins, make sure of dysmsapi; only while nobody else is calling."""
    # `configure set` fails for a profile that is not whole by itself (facts §2.4).
    if not (profile.saved.get("auto_plugin_install") or profile.from_environment):
        _save_auto_install(program)
    if not (_is_up_to_date(program) or _update(program)):
        install(program)


def has_plugin(program: Program) -> bool:
    """Whether dysmsapi is installed."""
    return PLUGIN in program.run("plugin", "list").stdout


def can_install(program: Program) -> bool:
    """Whether the list of plugins can be reached, and has dysmsapi; makes a call over the network, changes nothing."""
    found = program.run("plugin", "search", PLUGIN, timeout=DOWNLOAD_TIMEOUT)
    return program.complaint(found) is None and PLUGIN in found.stdout


def _save_auto_install(program: Program) -> None:
    # Never with --profile: that would make it the user's current one (measured, facts §2.4).
    why = program.complaint(program.run("configure", "set", "--auto-plugin-install", "true"))
    if why:
        program.talk.warn(f"auto-plugin-install could not be saved ({why}); it is set for this run all the same.")


def _is_up_to_date(program: Program) -> bool:
    """Whether we updated the plugins just now, dysmsapi was there, and neither they nor the CLI changed since."""
    return _is_recent("updated", FRESH_FOR) and state.remembered(UPDATES).get("mark") == _plugins_mark(program)


def _update(program: Program) -> bool:
    """Update the plugins; whether dysmsapi is there."""
    if _is_recent("failed", OFFLINE_FOR):
        return has_plugin(program)
    with program.talk.progress(UPDATING):
        finished = program.run("plugin", "update", timeout=DOWNLOAD_TIMEOUT)
    why = program.complaint(finished)
    if why is None:
        found = PLUGIN in finished.stdout or (NO_PLUGINS not in finished.stdout and has_plugin(program))
        if found:
            remember_update(program)
        return found
    state.remember(UPDATES, {"failed": time.time()})
    if not has_plugin(program):
        return False
    program.talk.warn(f"`aliyun plugin update` failed ({why}); going on with the plugin that is installed.")
    return True


def remember_update(program: Program) -> None:
    """Let the plugins count as up to date from now on."""
    state.remember(UPDATES, {"updated": time.time(), "mark": _plugins_mark(program)})


def _is_recent(what: str, seconds: float) -> bool:
    moment = state.remembered(UPDATES).get(what)
    return isinstance(moment, (int, float)) and 0 <= time.time() - moment < seconds


def install(program: Program) -> None:
    """Install dysmsapi. Raises SetupError."""
    program.talk.note(f"Installing the {PLUGIN} plugin of the aliyun CLI …")
    with program.talk.progress(INSTALLING):
        why = program.complaint(program.run(*INSTALL_PLUGIN, timeout=DOWNLOAD_TIMEOUT))
    if why:
        message = f"The {PLUGIN} plugin is missing and could not be installed: {why.rstrip('.')}."
        raise SetupError(message, ONLINE)


def _plugins_mark(program: Program) -> list[list[str | int]]:
    folder = program.environment.get("ALIBABA_CLOUD_CLI_PLUGINS_DIR") or str(program.home / "plugins")
    manifest = Path(folder) / "manifest.json"
    return [_mark(program.path), _mark(str(manifest)) if manifest.exists() else []]


def _mark(path: str) -> list[str | int]:
    real = Path(path).resolve()
    about = real.stat()
    return [str(real), about.st_mtime_ns, about.st_size]
