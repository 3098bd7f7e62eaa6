"""One invocation: its words, its sandbox, what it has said so far, and the ways to fail."""

from __future__ import annotations

import os
import sys
import time

from ..common import files

RED, YELLOW, OFF = "\033[1;31m", "\033[1;33m", "\033[0m"
USAGE, CONFIGURATION = 2, 3


class CliError(Exception):
    """The CLI itself fails: `ERROR: <why>` in red, and a tip below."""

    def __init__(self, why: str, code: int = 1, tip: str = "") -> None:
        super().__init__(why)
        self.code = code
        self.tip = tip


class PluginError(Exception):
    """The plugin, a program of its own, fails: its text stands on stderr as it is, exit code 1."""


class RefusalError(Exception):
    """The API answers HTTP 200 with a `Code` other than OK: JSON on stdout, exit code 0."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message


class Conditions:
    """conditions.json: which version is played, and in what weather; seconds are floats."""

    def __init__(self, folder: str) -> None:
        given = files.read_object(f"{folder}/conditions.json")
        self.version = str(given.get("version", "3.4.11"))
        self.offline = bool(given.get("offline", False))
        self.plugin_update_available = bool(given.get("plugin_update_available", False))
        self.plugin_version = str(given.get("plugin_version", "0.3.2"))
        self.replace_seconds = float(given.get("replace_seconds", 0.1))
        self.receipt_seconds = float(given.get("receipt_seconds", 0))
        self.late_seconds = float(given.get("late_seconds", 3))
        self.credentials_error = str(given.get("credentials_error", ""))


class Call:
    """What a command may look at, and what it says: held until `flush`, so that a rule can hold it back."""

    def __init__(self, words: list[str], folder: str) -> None:
        self.words = words
        self.folder = folder
        self.conditions = Conditions(folder)
        self.seconds_before_output = 0.0
        self._held: list[tuple[int, str]] = []

    def out(self, text: str) -> None:
        """Say something on stdout."""
        self._held.append((1, text))

    def err(self, text: str, colour: str = "") -> None:
        """Say something on stderr, in colour even into a pipe, unless NO_COLOR is exactly 1 or true."""
        plain = not colour or os.environ.get("NO_COLOR") in ("1", "true")
        self._held.append((2, text if plain else f"{colour}{text}{OFF}"))

    def fail(self, why: str) -> None:
        """Say in red why the command failed; the line's end is inside the colour."""
        self.err(f"ERROR: {why}\n", RED)

    def flush(self) -> None:
        """Write what was held; UTF-8 whatever the locale, as Go does."""
        for stream, text in self._held:
            buffer = (sys.stdout if stream == 1 else sys.stderr).buffer
            buffer.write(text.encode(errors="replace"))
            buffer.flush()
        self._held.clear()

    def ask(self, question: str) -> str:
        """A person's line in answer to a question; nothing at the end of the input."""
        self.err(question)
        self.flush()
        return sys.stdin.readline()


def config_folder() -> str:
    """Where the CLI keeps config.json, ai-mode.json, safety-policy.json, mocks.json and the plugins."""
    return f"{os.environ.get('HOME', '')}/.aliyun"


def from_environment(*names: str) -> str:
    """The first of these variables that is not empty."""
    return next(filter(None, map(os.environ.get, names)), "") or ""


def words_of_go(text: str, error: ValueError) -> str:
    """What Go, in which the CLI is written, says of a text that is no JSON."""
    where = getattr(error, "pos", len(text))
    found = text[where:].lstrip()[:1]
    if not found or str(error).startswith("Unterminated string"):
        return "unexpected end of JSON input"
    return f"invalid character '{found}' looking for beginning of value"


def die_by(name: str) -> None:
    """End this process by the signal, e.g. "KILL", whatever was done about that signal before."""
    import signal  # imports `enum`: 10 ms

    number = signal.Signals[f"SIG{name.removeprefix('SIG')}"]
    if number not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def hang(seconds: float) -> None:
    """Stay for `seconds` and ignore SIGTERM meanwhile."""
    import signal  # imports `enum`: 10 ms

    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(seconds)
