"""`python -m smswrap`, and the console script; what is asked most is answered before anything is loaded."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from types import ModuleType

HELP = os.path.join(os.path.dirname(__file__), "cli", "help.txt")  # noqa: PTH118, PTH120  pathlib takes 4 ms to load
FEW = 50_000
"""New objects before garbage is looked for among them."""

WIDTH = 80
"""HELP is what click makes of `--help` in so many columns; scripts/docs.py writes it."""


def run() -> None:
    """Run the program with the process's arguments and end with its exit code."""
    try:
        if answer(sys.argv[1:]):
            os._exit(0)
        from smswrap.cli.app import main

        code = main(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    leave(code)


def answer(words: list[str]) -> bool:
    """Answer `--version` and `--help` by itself; false where click must do it, or where stdout takes nothing."""
    try:
        text = _version() if words == ["--version"] else _help() if words in (["--help"], ["-h"]) else b""
        return bool(text) and os.write(1, text) == len(text)
    except OSError:
        return False


class Postponed(ModuleType):
    """A module of the standard library that is loaded when something of it is first used.

    For what others import at their start and rarely need; importlib's LazyLoader loads it at the `import` already.
    """

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        sys.modules.pop(self.__name__)
        self.__dict__.update(vars(import_module(self.__name__)))
        return getattr(self, name)


# What a start loads is here to stay: looking for garbage in it takes a tenth of the start. All doors come by here.
gc.set_threshold(FEW)
for name in ("inspect", "ipaddress"):
    sys.modules.setdefault(name, Postponed(name))


def leave(code: int) -> None:
    """End the process at once: taking a finished program to pieces takes Python as long as a start."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        sys.exit(code)
    os._exit(code)


def _version() -> bytes:
    from smswrap.cli import versions

    return f"{versions()}\n".encode("utf-8", "surrogateescape")


def _help() -> bytes:
    columns = os.environ.get("COLUMNS") or (os.get_terminal_size(1).columns if os.isatty(1) else WIDTH)
    from smswrap.cli import speaks_chinese

    if str(columns) != str(WIDTH) or speaks_chinese():
        return b""
    with open(HELP, "rb") as file:  # noqa: PTH123
        return file.read()


if __name__ == "__main__":
    run()
