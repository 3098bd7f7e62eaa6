"""`aliyun plugin …`, and the plugin's files under the plugins folder."""

from __future__ import annotations

import os
import time

from ..common import Row, files, jsontext
from .call import CONFIGURATION, Call, CliError, config_folder, words_of_go
from .flags import own_flags

NAME, SHORT_NAME = "aliyun-cli-dysmsapi", "dysmsapi"
TIP = "Use `aliyun plugin --help` for more information."
NO_INDEX = (
    'failed to fetch plugin index: Get "https://plugin-index.example/index.json": '
    "dial tcp: lookup plugin-index.example: no such host"
)


def run(call: Call) -> None:
    """Carry out `plugin list|search|install|update`."""
    verb = call.words[1] if len(call.words) > 1 else ""
    if verb.startswith("-"):
        own_flags(call.words[1:], ())
    if verb not in SUBCOMMANDS:
        raise CliError("command missing", CONFIGURATION, TIP)
    SUBCOMMANDS[verb](call, call.words[2:])


def folder() -> str:
    """Where plugins live."""
    return os.environ.get("ALIBABA_CLOUD_CLI_PLUGINS_DIR") or f"{config_folder()}/plugins"


def binary() -> str:
    """The plugin's program."""
    return f"{folder()}/{NAME}/{NAME}"


def installed() -> dict[str, Row]:
    """The registered plugins by name; the registry may name one whose files are gone. Raises CliError."""
    text = files.read(f"{folder()}/manifest.json")
    try:
        found = {} if text is None else jsontext.parse(text)
    except ValueError as error:
        why = words_of_go(text or "", error)
        raise CliError(f"failed to check plugin status: failed to read local plugin manifest: {why}") from error
    return found.get("plugins", {}) if isinstance(found, dict) else {}


def install(call: Call, version: str, seconds: float = 0) -> None:
    """Fetch and write the plugin, saying so on stdout, as the real CLI does even before a call's JSON.

    It is written IN PLACE: for `seconds` it is registered while its files are gone.
    """
    call.out(f"Downloading {NAME} {version}...\n")
    for path in (f"{folder()}/{NAME}/manifest.json", binary()):
        if os.path.exists(path):
            os.unlink(path)
    time.sleep(seconds)
    manifest = {"name": NAME, "version": version, "command": SHORT_NAME, "description": "Plugin for Dysmsapi"}
    files.rewrite(f"{folder()}/{NAME}/manifest.json", jsontext.write(manifest, "  ") + "\n")
    files.rewrite(binary(), "the stand-in plays the plugin itself; this file only has to be here\n")
    plugins = {**installed(), NAME: {**manifest, "path": f"{folder()}/{NAME}"}}
    files.rewrite(f"{folder()}/manifest.json", jsontext.write({"plugins": plugins}, "  ") + "\n")
    call.out(f"Plugin {NAME} {version} installed successfully!\n")


def _list(call: Call, words: list[str]) -> None:
    own_flags(words, ())
    rows = [("Name", "Version", "Description"), ("----", "-------", "-----------")]
    rows += [(name, plugin.get("version", ""), plugin.get("description", "")) for name, plugin in installed().items()]
    call.out("".join(f"{name:<22}{version:<20}{about}\n" for name, version, about in rows))


def _search(call: Call, _words: list[str]) -> None:
    _require_index(call, "")
    call.out(f"Plugin\n------\n{NAME}\n")


def _install(call: Call, words: list[str]) -> None:
    given, _ = own_flags(words, ("names", "name"))
    if not given:
        raise CliError("either --names or --source is required")
    _require_index(call)
    for name in given.values():
        if name not in (NAME, SHORT_NAME):
            raise CliError(f"plugin {name} not found in repository")
    install(call, call.conditions.plugin_version)


def _update(call: Call, words: list[str]) -> None:
    given, _ = own_flags(words, ("name",))
    if not installed():
        if given:
            raise CliError(f"plugin {given['name']} not found")
        call.out("No plugins installed.\n")
        return
    if given and call.conditions.offline:  # the network is hidden behind this text: cli/plugin/manager.go:1113-1116
        raise CliError(f"plugin {given['name']} not found in repository")
    _require_index(call)
    old, new = str(installed()[NAME]["version"]), _newest(call)
    call.out(f"Checking for updates for {len(installed())} installed plugin(s)...\n")
    if old == new:
        call.out(f"Skipping {NAME} (already up to date: {old})\nAll plugins are up to date.\n")
        return
    call.out(f"Updating {NAME} from {old} to {new}...\n")
    install(call, new, call.conditions.replace_seconds)
    call.out("Updated: 1\n")


SUBCOMMANDS = {"list": _list, "search": _search, "install": _install, "update": _update}


def _newest(call: Call) -> str:
    """The version in the index: with an update available, one patch above the version that `install` writes."""
    head, _, patch = call.conditions.plugin_version.rpartition(".")
    return f"{head}.{int(patch) + call.conditions.plugin_update_available}"


def _require_index(call: Call, what: str = "failed to get plugin index: ") -> None:
    if call.conditions.offline:
        raise CliError(f"{what}{NO_INDEX}")
