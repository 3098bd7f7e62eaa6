"""The front door: log, rules, mock mode, configuration, command, exit code."""

from __future__ import annotations

import os
import sys
import time

from ..common import NO_SANDBOX, Row, files, rules
from . import aimode, log
from .call import CONFIGURATION, USAGE, Call, CliError, PluginError, config_folder, die_by
from .flags import own_flags
from .profile import Configuration, is_ignored

PRODUCT = "dysmsapi"


def main(argv: list[str]) -> int:
    """Carry out one invocation and return its exit code; `argv` is what follows the program's name."""
    folder = os.environ.get("SMSWRAP_SANDBOX_DIR")
    if not folder:
        sys.stderr.write("the stand-in needs SMSWRAP_SANDBOX_DIR\n")
        return NO_SANDBOX
    files.keep_private()
    words = [os.fsencode(word).decode(errors="replace") for word in argv]
    log.record_start(folder, words)
    try:
        code = _serve(Call(words, folder))
    except KeyboardInterrupt:
        die_by("INT")
        raise
    log.record_end(folder, code)
    return code


def _serve(call: Call) -> int:
    code = _play(call, _rule(call))
    if code is None:
        code = _attempt(call)
        time.sleep(call.seconds_before_output)
        call.flush()
    return code


def _rule(call: Call) -> Row | None:
    """What is to happen instead, or before: a rule of the sandbox, or of the CLI's own mock mode."""
    line = " ".join(call.words)
    paths = [f"{call.folder}/rules.json"]
    if os.environ.get("ALIBABA_CLOUD_CLI_MOCK") == "true":
        paths.append(os.environ.get("ALIBABA_CLOUD_CLI_MOCK_PATH") or f"{config_folder()}/mocks.json")
    found = (rules.claim(path, lambda rule: rules.matches(rule["cmd"], line)) for path in paths)
    return next(filter(None, found), None)


def _play(call: Call, rule: Row | None) -> int | None:
    """Do what the rule says; its exit code, or None if the call goes on."""
    if rule is None:
        return None
    time.sleep(rule.get("delay_ms", 0) / 1000)
    call.out(rule.get("stdout", ""))
    call.err(rule.get("stderr", ""))
    call.flush()
    if rule.get("signal"):
        die_by(rule["signal"])
    if rule.get("then") == "continue":
        call.seconds_before_output = rule.get("delay_after_ms", 0) / 1000
        return None
    return int(rule.get("exit_code", 0))


def _attempt(call: Call) -> int:
    try:
        configuration = Configuration(f"{config_folder()}/config.json")
        configuration.find(configuration.current)
    except CliError as error:
        if call.words[:1] == ["configure"] or not is_ignored():
            # The real main returns here without an exit code: main/main.go:84-88.
            call.fail(f"load current configuration failed {error}")
            return 0
        configuration = Configuration("")
    try:
        _command(call, configuration)
    except CliError as error:
        call.fail(str(error))
        if error.tip:
            call.err(f"\n{error.tip}\n")
        return error.code
    except PluginError as error:
        call.err(f"{error}\n")
        return 1
    return 0


def _command(call: Call, configuration: Configuration) -> None:
    """Carry out the command; its module is imported only now."""
    words = call.words
    name = words[0] if words else ""
    if name == PRODUCT or (name.startswith("-") and PRODUCT in words):
        from . import dysmsapi

        dysmsapi.run(call, configuration)
    elif name == "version":
        own_flags(words[1:], ())
        call.out(f"{call.conditions.version}\n")
    elif words[:2] == ["configure", "ai-mode"]:
        aimode.run(call)
    elif name == "configure":
        from . import configure

        if words[1:2] and not words[1].startswith("-"):
            configure.run(words[1:], configuration)
        else:
            configure.ask(call, configuration)
    elif name == "plugin":
        from . import plugins

        plugins.run(call)
    elif not name:
        raise CliError("command missing", CONFIGURATION, "Use `aliyun --help` for more information.")
    elif name.startswith("-"):
        raise CliError(f"invalid flag {name}", USAGE)
    else:
        raise CliError(f"'{name}' is not a valid product. See `aliyun help`.", USAGE)
