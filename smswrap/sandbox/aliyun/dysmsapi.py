"""`aliyun dysmsapi …`: what the CLI does before it starts the plugin, which alone can send something."""

from __future__ import annotations

import os

from . import plugin, plugins, policy
from .call import USAGE, YELLOW, Call, CliError, config_folder
from .flags import host_flags
from .log import stdin_kind
from .plugin import OPERATIONS
from .profile import Configuration, effective

USAGE_TEXT = "Usage:\n  aliyun dysmsapi <command> --parameter1 value1 --parameter2 value2 ...\n\nCommands:\n"
NO_CATALOG = (
    "Note: Could not load the remote plugin catalog (network or server). "
    "Install-related hints may be incomplete; installed plugins still work.\n"
)


def run(call: Call, configuration: Configuration) -> None:
    """Carry out one API call: flags, plugin, profile and credentials, safety policy, plugin. Raises CliError."""
    flags = host_flags(call.words)
    words = call.words[call.words.index("dysmsapi") + 1 :]
    if not words:
        call.out(USAGE_TEXT + "".join(f"  {name}\n" for name in OPERATIONS))
        return
    operation = words[0]
    if operation != operation.lower():
        # A word with capitals takes the built-in path, and its metadata knows no dysmsapi API.
        raise CliError(f"'{operation}' is not a valid api. See `aliyun help dysmsapi`.", USAGE)
    if plugins.NAME not in plugins.installed():
        _obtain_plugin(call, configuration, operation)
    profile = effective(call, configuration, flags)
    default = configuration.find(configuration.current)
    folder = os.path.dirname(flags["config-path"]) if "config-path" in flags else config_folder()
    policy.check(call, operation, flags, folder, default.get("language", ""))
    path = plugins.binary()
    if not os.access(path, os.R_OK):
        why = f"plugin binary not found at {path}: stat {path}: no such file or directory"
        raise CliError(f"failed to resolve plugin binary path: {why}")
    plugin.run(call, operation, words[1:], profile)


def _obtain_plugin(call: Call, configuration: Configuration, operation: str) -> None:
    if call.conditions.offline:
        call.err(NO_CATALOG, YELLOW)
        raise CliError("'dysmsapi' is not a valid product. See `aliyun help`.", USAGE)
    if operation not in OPERATIONS:
        raise CliError("'dysmsapi' is not a valid built-in product.")
    call.err(f"Plugin '{plugins.NAME}' is required for command 'dysmsapi {operation}' but not installed.\n")
    wanted = os.environ.get("ALIBABA_CLOUD_CLI_PLUGIN_AUTO_INSTALL") == "true"
    if wanted or configuration.find(configuration.current).get("auto_plugin_install") is True:
        call.err(f"Auto-installing plugin '{plugins.NAME}'...\n")
    elif not _person_agrees(call):
        raise CliError(
            f"'dysmsapi' is not a valid built-in product.\nA plugin '{plugins.NAME}' is available for it: "
            f"run `aliyun plugin install --names {plugins.NAME}`."
        )
    plugins.install(call, call.conditions.plugin_version)
    call.flush()


def _person_agrees(call: Call) -> bool:
    """Ask, if stdin is a character device: /dev/null is one too, and answers with its end."""
    if stdin_kind() not in ("tty", "null"):
        call.err("To install it, run: aliyun plugin install --names dysmsapi\n")
        return False
    answer = call.ask("Do you want to install it? [Y/n]: ")
    if not answer:
        raise CliError("failed to read user input: EOF")
    return answer.strip().lower() in ("", "y", "yes")
