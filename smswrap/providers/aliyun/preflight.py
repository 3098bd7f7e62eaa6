"""What must be true before the first dysmsapi call (design §5)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from smswrap import state
from smswrap.errors import SetupError
from smswrap.providers.aliyun import configuration as saved
from smswrap.providers.aliyun.program import INSTALL, OLDEST, complaint, find

if TYPE_CHECKING:
    from smswrap.providers.aliyun.configuration import Configuration
    from smswrap.providers.aliyun.program import Program
    from smswrap.providers.base import Settings

PLUGIN = "dysmsapi"
INSTALL_PLUGIN = ("plugin", "install", "--names", PLUGIN)
DOWNLOAD_TIMEOUT = 120.0
"""Seconds for a command that may fetch a plugin; the CLI gives its index alone 10 s (facts §2.3)."""

VERSIONS = "aliyun-version.json"


def ready(settings: Settings, *, sends: bool) -> tuple[Program, Configuration]:
    """Find the CLI and check version and profile, without a call if that can be. Raises Setup-, CredentialsError."""
    program = find(settings)
    configuration = saved.read(program, settings.profile)
    require_version(program)
    saved.require_profile(configuration)
    if sends:
        saved.refuse_retries(configuration)
    return program, configuration


def require_version(program: Program) -> str:
    """Return the CLI's version, or raise SetupError; asks only once for each (path, mtime, size) of the binary."""
    mark = _mark(program.path)
    known = state.remembered(VERSIONS)
    if known.get("mark") == mark:
        return str(known["version"])
    version = ask_version(program)
    state.remember(VERSIONS, {"mark": mark, "version": version})
    return version


def ask_version(program: Program) -> str:
    """Run `aliyun version`. Raises SetupError if it is too old, or no version at all."""
    from packaging.version import InvalidVersion, Version

    finished = program.run("version")
    printed = finished.stdout.strip()
    try:
        version = Version(printed)
    except InvalidVersion:
        said = complaint(finished) or f"it printed {printed[:40]!r}"
        message = f"{program.path} does not tell its version ({said}); smswrap needs aliyun {OLDEST} or later."
        raise SetupError(message, INSTALL) from None
    if version < Version(OLDEST):
        message = f"{program.path} is aliyun {version}; smswrap needs {OLDEST} or later."
        raise SetupError(message, INSTALL)
    return printed


def prepare(program: Program, configuration: Configuration) -> None:
    """Allow plugin installs, update the plugins, make sure of dysmsapi; only while nobody else is calling."""
    if not configuration.profile.get("auto_plugin_install"):
        _save_auto_install(program)
    if not _update(program):
        _install(program)


def _save_auto_install(program: Program) -> None:
    # Never with --profile: that would make it the user's current one (measured, facts §2.4).
    why = complaint(program.run("configure", "set", "--auto-plugin-install", "true"))
    if why:
        program.talk.warn(f"auto-plugin-install could not be saved ({why}); it is set for this run all the same.")


def _update(program: Program) -> bool:
    finished = program.run("plugin", "update", timeout=DOWNLOAD_TIMEOUT)
    why = complaint(finished)
    if why is None:
        return PLUGIN in finished.stdout
    if PLUGIN not in program.run("plugin", "list").stdout:
        return False
    program.talk.warn(f"`aliyun plugin update` failed ({why}); going on with the plugin that is installed.")
    return True


def _install(program: Program) -> None:
    program.talk.note(f"Installing the {PLUGIN} plugin of the aliyun CLI …")
    why = complaint(program.run(*INSTALL_PLUGIN, timeout=DOWNLOAD_TIMEOUT))
    if why:
        command = " ".join(("aliyun", *INSTALL_PLUGIN))
        raise SetupError(f"The {PLUGIN} plugin is missing and could not be installed: {why}.", f"Run `{command}`.")


def _mark(path: str) -> list[str | int]:
    real = Path(path).resolve()
    about = real.stat()
    return [str(real), about.st_mtime_ns, about.st_size]
