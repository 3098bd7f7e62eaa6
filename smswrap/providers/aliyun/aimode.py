"""The AI-mode switch, which all runs of one user share, under a lease (design §5).

Two locks beside the switch: the *gate*, held briefly by whoever enters or leaves, and *holders*, held shared for the
whole session. Who gets *holders* exclusively is alone: entering, it does the work; leaving, it turns the switch off.
`flock` goes with its process, however that ends; a guard that shares our locks then leaves in our place.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from functools import partial
from typing import TYPE_CHECKING

from smswrap import process
from smswrap.errors import Fault, SetupError
from smswrap.providers.aliyun.program import complaint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smswrap.providers.aliyun.program import Program

USER_AGENT = "AlibabaCloud-Agent-Skills/alibabacloud-sms-send-short-message"
SWITCH_OFF = ("configure", "ai-mode", "disable")
SWITCH_OFF_COMMAND = " ".join(("aliyun", *SWITCH_OFF))
SWITCH_OFF_TIMEOUT = 5.0
SWITCH_OFF_PAUSES = (0.0, 0.1, 0.5)
"""Seconds before each try to turn the switch off."""

GATE_TIMEOUT = 300.0
"""Seconds that we wait for others to enter or leave; longer than a plugin's download takes."""

ANNOUNCED = 1.0
POLL = 0.02

ORPHAN_START = 0.1
"""Seconds that the guard gives a call which was just being started; the CLI reads the switch in its first 20 ms."""


@contextlib.contextmanager
def ai_mode(program: Program, prepare: Callable[[], None]) -> Iterator[None]:
    """Keep AI mode on for the block and off after it, whatever happens; `prepare` runs while nobody else calls.

    Raises SetupError if it cannot be turned on; a switch that cannot be turned off is told as `Talk.trouble`.
    """
    lease = Lease(program)
    guard = process.Guard(partial(_leave_for_the_dead, lease, program))
    try:
        lease.enter(partial(_turn_on, program, prepare), partial(_turn_off, program))
        yield
    finally:
        lease.leave(partial(_turn_off, program))
        guard.dismiss()
        lease.close()


class Lease:
    """Our part in the switch."""

    def __init__(self, program: Program) -> None:
        self._talk = program.talk
        self._gate = _open(program, "smswrap.gate")
        self._holders = _open(program, "smswrap.holders")
        self._held = False

    def enter(self, begin: Callable[[], None], undo: Callable[[], None]) -> None:
        """Join the holders; `begin` runs if we are the first, and `undo` if it failed, before anybody else enters."""
        with self._through_the_gate(self._wait_politely):
            if not self._alone():
                fcntl.flock(self._holders, fcntl.LOCK_SH)
                self._held = True
                return
            try:
                begin()
            except BaseException:
                undo()
                fcntl.flock(self._holders, fcntl.LOCK_UN)
                raise
            fcntl.flock(self._holders, fcntl.LOCK_SH)
            self._held = True

    def leave(self, end: Callable[[], None], *, for_the_dead: bool = False) -> None:
        """Leave the holders; `end` runs if we were the last. Cannot be interrupted."""
        if not (self._held or for_the_dead):
            return
        with self._through_the_gate(lambda _waited: time.sleep(POLL)):
            if self._alone():
                end()
            fcntl.flock(self._holders, fcntl.LOCK_UN)
            self._held = False

    def close(self) -> None:
        """Give the files back."""
        os.close(self._holders)
        os.close(self._gate)

    def _alone(self) -> bool:
        return _locked(self._holders)

    @contextlib.contextmanager
    def _through_the_gate(self, wait: Callable[[float], None]) -> Iterator[None]:
        start = time.monotonic()
        while not _locked(self._gate):
            wait(time.monotonic() - start)
        try:
            yield
        finally:
            fcntl.flock(self._gate, fcntl.LOCK_UN)

    def _wait_politely(self, waited: float) -> None:
        if waited > GATE_TIMEOUT:
            message = f"Another smswrap has been preparing the aliyun CLI for {GATE_TIMEOUT:.0f} s."
            raise SetupError(message, "Wait for it or end it (`pgrep -af smswrap`), then run the command again.")
        if ANNOUNCED <= waited < ANNOUNCED + POLL:
            self._talk.note("Waiting for another smswrap that is preparing the aliyun CLI …")
        process.pause(POLL)


def _turn_on(program: Program, prepare: Callable[[], None]) -> None:
    prepare()
    for words in (("enable",), ("set-user-agent", "--user-agent", USER_AGENT)):
        why = complaint(program.run("configure", "ai-mode", *words))
        if why:
            raise SetupError(f"`aliyun configure ai-mode {words[0]}` failed: {why}.", "Mend that; nothing was sent.")


def _turn_off(program: Program) -> None:
    why: str | None = None
    for pause in SWITCH_OFF_PAUSES:
        time.sleep(pause)
        why = complaint(program.run(*SWITCH_OFF, timeout=SWITCH_OFF_TIMEOUT, to_the_end=True))
        if why is None:
            return
    message = f"AI mode of the aliyun CLI is still on: `{SWITCH_OFF_COMMAND}` failed ({why})."
    meaning = "Everything else was done as asked; do not send again."
    program.talk.trouble(Fault("ai_mode", message, meaning, f"Run `{SWITCH_OFF_COMMAND}` by hand."))


def _leave_for_the_dead(lease: Lease, program: Program) -> None:
    time.sleep(ORPHAN_START)
    lease.leave(partial(_turn_off, program), for_the_dead=True)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(program: Program, name: str) -> int:
    path = program.home / name
    try:
        program.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        message = f"{path} cannot be opened ({error.strerror}), so AI mode cannot be shared safely."
        raise SetupError(message, f"Make {program.home} writable for you.") from error
