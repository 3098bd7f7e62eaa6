"""`aliyun plugin …`, and the plugin's files under the plugins folder."""

from __future__ import annotations

import os
import time

from . import files, jsontext
from .call import config_folder
from .conditions import PLUGIN_SYSTEM, version_of
from .errors import CONFIGURATION, USAGE, CliError, not_a_command
from .flags import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .call import Call

NAME = "aliyun-cli-dysmsapi"
SHORT_NAME = "dysmsapi"
DESCRIPTION = "Alibaba Cloud CLI plugin for Dysmsapi"
TIP = "Use `aliyun plugin --help` for more information."
NO_INDEX = (
    'failed to fetch plugin index: Get "https://plugin-index.example/index.json": '
    "dial tcp: lookup plugin-index.example: no such host"
)


def run(call: Call) -> None:
    """Carry out one `plugin` subcommand."""
    if not call.conditions.since(PLUGIN_SYSTEM):
        raise CliError("'plugin' is not a valid product. See `aliyun help`.", USAGE)
    verb = call.words[1] if len(call.words) > 1 else ""
    if verb.startswith("-"):
        parse(call, call.words[1:], ())
    if verb not in SUBCOMMANDS:
        raise CliError("command missing", CONFIGURATION, TIP)
    SUBCOMMANDS[verb](call)


def folder() -> str:
    """Where plugins live."""
    return os.environ.get("ALIBABA_CLOUD_CLI_PLUGINS_DIR") or f"{config_folder()}/plugins"


def binary() -> str:
    """The plugin's program."""
    return f"{folder()}/{NAME}/{NAME}"


def installed() -> dict[str, dict[str, Any]]:
    """The registered plugins by name; the registry may name one whose files are gone."""
    try:
        found = files.read_object(f"{folder()}/manifest.json").get("plugins", {})
    except jsontext.JsonError as error:
        raise CliError(f"failed to get local manifest: {error}") from error
    return found if isinstance(found, dict) else {}


def install(call: Call, version: str) -> None:
    """Fetch and write the plugin, saying so on stdout, as the real CLI does even before a call's JSON."""
    call.console.out(f"Downloading {NAME} {version}...\n")
    _replace(version, 0)
    call.console.out(f"Plugin {NAME} {version} installed successfully!\n")


def list_installed(call: Call) -> None:
    """Show the registered plugins; the head stands there even if there are none."""
    from .table import columns  # no other command of this module needs it

    _flags(call, ())
    known = installed()
    rows = [("Name", "Version", "Description"), ("----", "-------", "-----------")]
    rows += [(name, known[name].get("version", ""), known[name].get("description", "")) for name in sorted(known)]
    call.console.out(columns(rows, least=20, padding=3))


def install_named(call: Call) -> None:
    """Carry out `plugin install --names dysmsapi`; the version installed never goes back."""
    given, words = parse(call, call.words[2:], ("names", "name"))
    names = [name for name in (given.get("names"), given.get("name")) if name] + words
    if not given:
        raise CliError("either --names or --source is required")
    if call.conditions.offline:
        raise CliError(f"failed to get plugin index: {NO_INDEX}")
    for name in names:
        _require(name, (NAME, SHORT_NAME), "not found in repository")
    version = max(call.conditions.plugin_version, _version(), key=version_of)
    if NAME in installed():
        call.console.out(
            f'Note: plugin "{NAME}" is already installed (version {_version()}); '
            f"continuing will replace it with version {version}.\n"
        )
    install(call, version)


def uninstall(call: Call) -> None:
    """Carry out `plugin uninstall --name dysmsapi`."""
    given = _flags(call, ("name",))
    if not given:
        raise CliError("plugin name is required")
    _require(given["name"], _installed_names(), "not found")
    files.remove_flat_folder(f"{folder()}/{NAME}")
    _register({name: plugin for name, plugin in installed().items() if name != NAME})
    call.console.out(f"Plugin {NAME} uninstalled.\n")


def update(call: Call) -> None:
    """Carry out `plugin update [--name X]`."""
    given = _flags(call, ("name",))
    if given:
        _update_named(call, given["name"])
    elif not installed():
        call.console.out("No plugins installed.\n")
    else:
        _update_all(call)


def search(call: Call) -> None:
    """Carry out `plugin search dysmsapi`: is it in the index?"""
    if call.conditions.offline:
        raise CliError(NO_INDEX)
    call.console.out(f"Plugin\n------\n{NAME}\n")


SUBCOMMANDS = {
    "list": list_installed,
    "search": search,
    "install": install_named,
    "uninstall": uninstall,
    "update": update,
}


def _flags(call: Call, known: tuple[str, ...]) -> dict[str, str]:
    given, words = parse(call, call.words[2:], known)
    if words:
        raise not_a_command(words[0])
    return given


def _update_named(call: Call, name: str) -> None:
    _require(name, _installed_names(), "not found")
    if call.conditions.offline:  # the real CLI hides the network behind this text: cli/plugin/manager.go:1113-1116
        raise CliError(f"plugin {name} not found in repository")
    old, new = _version(), _newest(call)
    if version_of(old) >= version_of(new):
        call.console.out(f"Plugin {NAME} is already up to date (version {old}).\n")
        return
    call.console.out(f"Upgrading plugin {NAME} from {old} to {new}...\n")
    _replace_and_say(call, new)


def _update_all(call: Call) -> None:
    if call.conditions.offline:
        raise CliError(f"failed to get plugin index: {NO_INDEX}")
    old, new = _version(), _newest(call)
    call.console.out(f"Checking for updates for {len(installed())} installed plugin(s)...\n")
    if version_of(old) >= version_of(new):
        call.console.out(f"Skipping {NAME} (already up to date: {old})\nAll plugins are up to date.\n")
        return
    call.console.out(f"Updating {NAME} from {old} to {new}...\n")
    _replace_and_say(call, new)
    call.console.out("Updated: 1\n")


def _replace_and_say(call: Call, version: str) -> None:
    call.console.out(f"Downloading {NAME} {version}...\n")
    _replace(version, call.conditions.replace_seconds)
    call.console.out(f"Plugin {NAME} {version} installed successfully!\n")


def _replace(version: str, seconds: float) -> None:
    """Write the plugin IN PLACE: for `seconds` it is registered while its files are gone."""
    files.remove_flat_folder(f"{folder()}/{NAME}")
    time.sleep(seconds)
    manifest = {"name": NAME, "version": version, "command": SHORT_NAME, "description": DESCRIPTION}
    files.rewrite(f"{folder()}/{NAME}/manifest.json", jsontext.write(manifest, "  ") + "\n")
    files.rewrite(binary(), "the stand-in plays the plugin itself; this file only has to be here\n")
    _register({**installed(), NAME: {**manifest, "path": f"{folder()}/{NAME}"}})


def _register(plugins: dict[str, dict[str, Any]]) -> None:
    files.rewrite(f"{folder()}/manifest.json", jsontext.write({"plugins": plugins}, "  ") + "\n")


def _version() -> str:
    return str(installed().get(NAME, {}).get("version", "0"))


def _newest(call: Call) -> str:
    """The version in the index: with an update available, one patch above the version that `install` writes."""
    offered = call.conditions.plugin_version
    if not call.conditions.plugin_update_available:
        return offered
    head, _, patch = offered.rpartition(".")
    return f"{head}.{int(patch) + 1}"


def _installed_names() -> tuple[str, ...]:
    return (NAME, SHORT_NAME) if NAME in installed() else ()


def _require(name: str, known: tuple[str, ...], why: str) -> None:
    if name not in known:
        raise CliError(f"plugin {name} {why}")
