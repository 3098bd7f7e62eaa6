"""The front door: log, rules, configuration, command, exit code."""

from __future__ import annotations

import os
import sys
import time

from . import log, rules
from .call import Call, config_folder
from .configuration import Configuration
from .errors import CONFIGURATION, USAGE, CliError, PluginError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

NO_SANDBOX = 70
COMMANDS = {"version": "version", "configure": "configure", "plugin": "plugins", "dysmsapi": "dysmsapi"}
LEADING_FLAGS = ("--profile", "--region")


def main(argv: list[str]) -> int:
    """Carry out one invocation and return its exit code; `argv` is what follows the program's name."""
    folder = os.environ.get("SMSWRAP_SANDBOX_DIR")
    if not folder:
        sys.stderr.write("the stand-in needs SMSWRAP_SANDBOX_DIR\n")
        return NO_SANDBOX
    os.umask(0o077)  # what was sent is nobody else's
    words = [os.fsencode(word).decode(errors="replace") for word in argv]
    log.record_start(folder, words)
    try:
        code = _serve(Call(words, folder))
    except KeyboardInterrupt:
        from .death import die_by  # `signal` imports `enum`: 10 ms

        die_by("INT")
        raise
    log.record_end(folder, code)
    return code


def _serve(call: Call) -> int:
    code = rules.intercept(call)
    if code is None:
        code = _attempt(call)
        time.sleep(call.seconds_before_output)
        call.console.flush()
    return code


def _attempt(call: Call) -> int:
    try:
        call.configuration = Configuration(config_folder(), ignored=_ignores_profiles(call))
    except CliError as error:
        # The real main returns here without an exit code: main/main.go:84-88.
        call.console.fail(f"load current configuration failed {error}")
        return 0
    try:
        _command(call)(call)
    except CliError as error:
        return _report(call, error)
    except PluginError as error:
        call.console.err(f"{error}\n")
        return 1
    return 0


def _ignores_profiles(call: Call) -> bool:
    return os.environ.get("ALIBABA_CLOUD_IGNORE_PROFILE") == "TRUE" and call.words[:1] != ["configure"]


def _report(call: Call, error: CliError) -> int:
    call.console.fail(str(error))
    if error.suggestions:
        call.console.out("\nDid you mean:\n" + "".join(f"  {word}\n" for word in error.suggestions))
    if error.tip:
        call.console.err(f"\n{error.tip}\n")
    return error.code


def _command(call: Call) -> Callable[[Call], None]:
    """The command's function; its module is imported only now."""
    _take_leading_flags(call)
    name = call.words[0] if call.words else ""
    if not name:
        raise CliError("command missing", CONFIGURATION, "Use `aliyun --help` for more information.")
    if name not in COMMANDS:
        raise _unknown_product(name)
    if call.leading and name != "dysmsapi":
        raise CliError(f"invalid flag {next(iter(call.leading))}", USAGE)
    module = __import__(f"{__package__}.{COMMANDS[name]}", fromlist=["run"])
    run: Callable[[Call], None] = module.run
    return run


def _take_leading_flags(call: Call) -> None:
    while call.words and call.words[0].startswith("-"):
        name, equals, value = call.words.pop(0).partition("=")
        if name not in LEADING_FLAGS:
            raise CliError(f"invalid flag {name}", USAGE)
        if not equals and not call.words:
            raise CliError(f"{name} must be assigned with value")
        call.leading[name] = value if equals else call.words.pop(0)


def _unknown_product(name: str) -> CliError:
    from .suggestions import near  # only a mistake needs it

    return CliError(f"'{name}' is not a valid product. See `aliyun help`.", USAGE, suggestions=near(name, COMMANDS))
