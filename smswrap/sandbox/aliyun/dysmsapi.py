"""`aliyun dysmsapi …`: what the CLI does before it hands over to the plugin."""

from __future__ import annotations

import os
import sys

from . import plugin_program, plugins
from .conditions import PLUGIN_SYSTEM
from .configuration import resolve
from .console import YELLOW, paint
from .errors import USAGE, CliError
from .log import stdin_kind
from .operations import OPERATIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .call import Call

NO_CATALOG = (
    "Note: Could not load the remote plugin catalog (network or server). "
    "Install-related hints may be incomplete; installed plugins still work.\n"
)


def run(call: Call) -> None:
    """Carry out one API call."""
    operation = call.words[1] if len(call.words) > 1 else ""
    if not operation or operation.startswith("-"):
        raise CliError("command missing", USAGE)
    if operation != operation.lower() or not call.conditions.since(PLUGIN_SYSTEM):
        # A word with capitals takes the built-in path, and its metadata knows no dysmsapi API.
        raise CliError(f"'{operation}' is not a valid api. See `aliyun help dysmsapi`.", USAGE)
    if plugins.NAME not in plugins.installed():
        _obtain_plugin(call, operation)
    profile = resolve(call, _host_flags(call))
    _require_binary()
    plugin_program.run(call, operation, profile)


def _host_flags(call: Call) -> dict[str, str]:
    """--profile and --region wherever they stand: the CLI looks at them before the plugin does."""
    found = {name.removeprefix("--"): value for name, value in call.leading.items()}
    for word, following in zip(call.words, [*call.words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name in ("--profile", "--region"):
            found[name.removeprefix("--")] = value if equals else following
    return found


def _require_binary() -> None:
    path = plugins.binary()
    if not os.access(path, os.R_OK):
        why = f"plugin binary not found at {path}: stat {path}: no such file or directory"
        raise CliError(f"failed to resolve plugin binary path: {why}")


def _obtain_plugin(call: Call, operation: str) -> None:
    if call.conditions.offline:
        call.console.err(paint(YELLOW, NO_CATALOG))
        raise CliError("'dysmsapi' is not a valid product. See `aliyun help`.", USAGE)
    if operation not in OPERATIONS:
        raise CliError("'dysmsapi' is not a valid built-in product.")
    call.console.err(f"Plugin '{plugins.NAME}' is required for command 'dysmsapi {operation}' but not installed.\n")
    if _installs_by_itself(call):
        call.console.err(f"Auto-installing plugin '{plugins.NAME}'...\n")
    elif not _person_agrees(call):
        raise CliError(
            f"'dysmsapi' is not a valid built-in product.\nA plugin '{plugins.NAME}' is available for it: "
            f"run `aliyun plugin install --names {plugins.NAME}`."
        )
    plugins.install(call, call.conditions.plugin_version)
    call.console.flush()


def _installs_by_itself(call: Call) -> bool:
    wanted = os.environ.get("ALIBABA_CLOUD_CLI_PLUGIN_AUTO_INSTALL", "")
    return wanted == "true" or call.configuration.current_profile().get("auto_plugin_install") is True


def _person_agrees(call: Call) -> bool:
    """Ask, if stdin is a character device: /dev/null is one too, and answers with its end."""
    if stdin_kind() not in ("tty", "null"):
        call.console.err("To install it, run: aliyun plugin install --names dysmsapi\n")
        return False
    call.console.err("Do you want to install it? [Y/n]: ")
    call.console.flush()
    answer = sys.stdin.readline()
    if not answer:
        raise CliError("failed to read user input: EOF")
    return answer.strip().lower() in ("", "y", "yes")
