"""The `aliyun` program: where it is, which environment it gets, and how its failures are told."""

from __future__ import annotations

import os
from dataclasses import field
from typing import TYPE_CHECKING

from smswrap import process
from smswrap.errors import SetupError
from smswrap.masking import redact, secrets_of
from smswrap.process import OnSignal
from smswrap.providers.aliyun.mark import home_of
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from smswrap.process import Finished
    from smswrap.providers.base import Patience, Settings, Talk

INSTALL = (
    "Install the newest one as https://github.com/aliyun/aliyun-cli tells (on macOS `brew install aliyun-cli`), "
    "then run `aliyun version`."
)
"""A person decides what is installed: no command here pipes a download into a shell, for an agent might run it."""

OLDEST = "3.3.3"
"""The first version with `configure ai-mode` (tag of 2026-03-26)."""

META_TIMEOUT = 15.0
"""Seconds for a command that only touches local files (20 ms, measured)."""

QUIET_ENVIRONMENT = {
    "ALIBABA_CLOUD_CLI_PLUGIN_AUTO_INSTALL": "true",
    # Nothing below us retries: a send is not idempotent, and reads we repeat ourselves.
    "ALIBABA_CLOUD_RETRY_COUNT": "0",
    "ALIBABA_CLOUD_THROTTLING_RETRY_ENABLED": "false",
}

SKIPS_CONFIRMATION = "ALIBABA_CLOUD_SAFETY_SKIP_CONFIRM"
"""Would answer the person's own safety policy in their place (facts §2.10)."""

OTHERS_KEYS = ("ARK_", "VOLC")
"""What the names of the other provider's variables begin with."""


@dataclass(frozen=True)
class Program:
    """The CLI that was found, with the complete environment that its processes get.

    `path` is its file; `command` the words that start it: the path alone, or what starts the stand-in. `secrets` are
    values that nothing shown may hold; `inherited` the file descriptors that say that a call still runs.
    """

    path: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    talk: Talk
    patience: Patience
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
    inherited: tuple[int, ...] = ()

    @property
    def home(self) -> Path:
        """The directory of the CLI's own files, `~/.aliyun`."""
        return home_of(self.environment)

    def run(self, *arguments: str, timeout: float = META_TIMEOUT, on_signal: OnSignal = OnSignal.END) -> Finished:
        """Run the CLI with these arguments."""
        finished = process.run(
            [*self.command, *arguments],
            timeout=timeout,
            env=self.environment,
            on_signal=on_signal,
            grace=self.patience.grace,
            inherit=self.inherited,
        )
        words = " ".join(arguments[:3])
        self.talk.detail(f"aliyun {words} … exit {finished.code} after {finished.seconds:.2f} s")
        return finished

    def complaint(self, finished: Finished) -> str | None:
        """Why a meta command failed, or None if it did not.

        Exit 0 is not enough: with a config.json that it cannot read (or that another process is just writing), the CLI
        prints an error, does nothing and exits 0 (measured, 3.3.3 and 3.4.11).
        """
        text = redact(finished.stderr, self.secrets).strip()
        if finished.timed_out:
            return f"no answer after {finished.seconds:.0f} s"
        if finished.code == 0 and finished.complete and not text.startswith("ERROR"):
            return None
        return " ".join(text.removeprefix("ERROR:").split()) or f"exit code {finished.code}"


def find(settings: Settings) -> Program:
    """Find the CLI on PATH; in the sandbox, the stand-in, wherever PATH leads. Raises SetupError."""
    environment = {
        name: value
        for name, value in settings.environment.items()
        if name != SKIPS_CONFIRMATION and not name.startswith(OTHERS_KEYS)
    }
    environment |= QUIET_ENVIRONMENT
    command = settings.standin
    if not command:
        path = _on_path(environment.get("PATH", os.defpath))
        if path is None:
            raise SetupError(f"The aliyun CLI was not found on PATH; smswrap needs {OLDEST} or later.", INSTALL)
        command = (path,)
    return Program(command[0], command, environment, settings.talk, settings.patience, secrets_of(settings.environment))


def _on_path(path: str) -> str | None:
    """The first `aliyun` there; a relative entry would take one of whichever directory we are in."""
    # Not shutil.which: it would load three kinds of compression.
    found = (os.path.join(entry, "aliyun") for entry in path.split(os.pathsep) if entry.startswith("/"))  # noqa: PTH118
    return next((one for one in found if os.path.isfile(one) and os.access(one, os.X_OK)), None)  # noqa: PTH113
