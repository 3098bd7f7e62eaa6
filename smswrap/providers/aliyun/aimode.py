"""The AI-mode switch, which all runs of one user share, under a lease (design §5).

Two locks beside the switch: the *gate*, held briefly by whoever enters or leaves, and *holders*, held shared for the
whole session. Who gets *holders* exclusively is alone: entering, it does the work; leaving, it turns the switch off.
`flock` goes with the last process that has it: we, our guard, which leaves in our place, and every call of ours.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from smswrap import signals
from smswrap.errors import Fault, Kind, SetupError
from smswrap.guard import Guard
from smswrap.process import OnSignal
from smswrap.providers.aliyun import mark
from smswrap.providers.aliyun.program import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from smswrap.providers.aliyun.program import Program
    from smswrap.providers.base import Settings

USER_AGENT = "AlibabaCloud-Agent-Skills/alibabacloud-sms-send-short-message"
SET_USER_AGENT = ("configure", "ai-mode", "set-user-agent", "--user-agent")
SWITCH_ON = ("configure", "ai-mode", "enable")
SWITCH_OFF = ("configure", "ai-mode", "disable")
SWITCH_ON_COMMAND, SWITCH_OFF_COMMAND = " ".join(("aliyun", *SWITCH_ON)), " ".join(("aliyun", *SWITCH_OFF))
SWITCH_OFF_TIMEOUT = 5.0
SWITCH_OFF_PAUSES = (0.0, 0.1, 0.5)
"""Seconds before each try to turn the switch off."""

GATE_TIMEOUT = 300.0
"""Seconds that we wait for others to enter or leave; longer than a plugin's download takes."""

ANNOUNCED = 1.0
POLL = 0.02

GATE, HOLDERS = "smswrap.gate", "smswrap.holders"


@contextlib.contextmanager
def ai_mode(lease: Lease, prepare: Callable[[Program], None]) -> Iterator[Program]:
    """Keep AI mode on for the block and off after it, whatever happens; `prepare` runs while nobody else calls.

    Gives the program whose calls keep the lease. Raises SetupError if it cannot be turned on; a switch that cannot be
    turned off is told as `Talk.trouble`.
    """
    try:
        guard = Guard(partial(lease.leave, partial(_turn_off, lease.program), for_the_dead=True), lease.files)
    except OSError as error:
        raise SetupError(f"No process could be started ({error.strerror}).", "End some programs.") from error
    calling = replace(lease.program, inherited=(guard.pipe, lease.holders))
    try:
        lease.enter(partial(_turn_on, calling, prepare), partial(_turn_off, calling))
        yield calling
    finally:
        try:
            lease.leave(partial(_turn_off, calling))
        except BaseException:
            # A handler of the program that imported us broke in; what is torn here, the guard does whole.
            guard.release()
            raise
        guard.dismiss()


def recover(settings: Settings) -> None:
    """Turn off what a session left on that is dead to its last process; nothing where one still lives."""
    with contextlib.suppress(SetupError), contextlib.closing(Lease(find(settings))) as lease:
        lease.if_abandoned(partial(_turn_off, lease.program, abandoned=True))


def is_held(program: Program) -> bool:
    """Whether a session, or an orphaned call of one, holds the lease. Makes no file."""
    try:
        holders = os.open(program.home / HOLDERS, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _locked(holders, fcntl.LOCK_EX)
    finally:
        os.close(holders)


def check_files(program: Program) -> None:
    """Raise SetupError if the files of the lease are there, but not for us. Makes no file."""
    for name in (GATE, HOLDERS):
        try:
            os.close(os.open(program.home / name, os.O_RDWR | os.O_NOFOLLOW))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise _unwritable(program, error) from error


class Lease:
    """Our part in the switch. Raises SetupError where its files cannot be."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._gate = _open(program, GATE)
        self.holders = _open(program, HOLDERS)
        self._held = False

    @property
    def files(self) -> tuple[int, int]:
        """The descriptors of its locks, which whoever leaves in our place needs."""
        return self._gate, self.holders

    def enter(self, begin: Callable[[], None], undo: Callable[[], None]) -> None:
        """Join the holders; `begin` runs if we are the first, and `undo` if it failed, before anybody else enters."""
        with self._through_the_gate(self._wait_politely):
            start = time.monotonic()
            while not (alone := _locked(self.holders, fcntl.LOCK_EX)) and not _locked(self.holders, fcntl.LOCK_SH):
                # A call that nobody waits for any more is still preparing.
                self._wait_politely(time.monotonic() - start)
            if alone:
                try:
                    begin()
                except BaseException:
                    undo()
                    fcntl.flock(self.holders, fcntl.LOCK_UN)
                    raise
                fcntl.flock(self.holders, fcntl.LOCK_SH)
            self._held = True

    def leave(self, end: Callable[[], None], *, for_the_dead: bool = False) -> None:
        """Leave the holders; `end` runs if we were the last. Cannot be interrupted."""
        if not (self._held or for_the_dead):
            return
        with self._through_the_gate(lambda _waited: time.sleep(POLL)):
            self._end_if_alone(end)
            self._held = False

    def if_abandoned(self, end: Callable[[], None]) -> None:
        """Run `end` if nobody holds the lease or is about to, without waiting for anybody."""
        if _locked(self._gate, fcntl.LOCK_EX):
            try:
                self._end_if_alone(end)
            finally:
                fcntl.flock(self._gate, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the files back."""
        os.close(self.holders)
        os.close(self._gate)

    def _end_if_alone(self, end: Callable[[], None]) -> None:
        if _locked(self.holders, fcntl.LOCK_EX):
            end()
        fcntl.flock(self.holders, fcntl.LOCK_UN)

    @contextlib.contextmanager
    def _through_the_gate(self, wait: Callable[[float], None]) -> Iterator[None]:
        start = time.monotonic()
        while not _locked(self._gate, fcntl.LOCK_EX):
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
            self.program.talk.note("Waiting for another smswrap that is preparing the aliyun CLI …")
        signals.pause(POLL)


def _turn_on(program: Program, prepare: Callable[[Program], None]) -> None:
    try:
        mark.make(program.home, USER_AGENT)
    except OSError as error:
        raise _unwritable(program, error) from error
    prepare(program)
    # The CLI keeps the user agent when it turns the switch off: what stands there need not be set again.
    _, user_agent = mark.switch(program.home)
    for words in (SWITCH_ON,) if user_agent == USER_AGENT else (SWITCH_ON, (*SET_USER_AGENT, USER_AGENT)):
        why = program.complaint(program.run(*words))
        if why:
            step = "Fix that, then run the command again; `smswrap doctor` shows more."
            raise SetupError(f"`aliyun {' '.join(words[:3])}` failed: {why}.", step)


def _turn_off(program: Program, *, abandoned: bool = False) -> None:
    before, why = mark.read(program.home), None
    if abandoned and before is None:
        return
    for pause in SWITCH_OFF_PAUSES:
        time.sleep(pause)
        off = program.run(*SWITCH_OFF, timeout=SWITCH_OFF_TIMEOUT, on_signal=OnSignal.IGNORE)
        why = program.complaint(off)
        if why is None:
            break
    if why is not None:
        message = f"AI mode of the aliyun CLI is still on: `{SWITCH_OFF_COMMAND}` failed ({why})."
        meaning = "Everything else was done as asked; do not send again."
        program.talk.trouble(Fault(Kind.AI_MODE, message, meaning, f"Run `{SWITCH_OFF_COMMAND}` by hand."))
    elif before is not None:
        _put_back(program, before)
        if abandoned:
            program.talk.warn(
                f"AI mode had been on since {before.since}, left by a smswrap that was killed; it is off."
            )


def _put_back(program: Program, before: mark.Mark) -> None:
    if before.user_agent:
        back = program.run(*SET_USER_AGENT, before.user_agent, timeout=SWITCH_OFF_TIMEOUT, on_signal=OnSignal.IGNORE)
        why = program.complaint(back)
        if why:
            program.talk.warn(f"Your user agent {before.user_agent!r} could not be put back ({why}).")
    if before.was_on:
        program.talk.warn(
            f"AI mode of the aliyun CLI had been on before; it is off now. `{SWITCH_ON_COMMAND}` turns it on again."
        )
    mark.remove(program.home)


def _locked(file: int, how: int) -> bool:
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _open(program: Program, name: str) -> int:
    try:
        program.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(program.home / name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _unwritable(program, error) from error


def _unwritable(program: Program, error: OSError) -> SetupError:
    place = error.filename or program.home
    message = f"{place} cannot be written to ({error.strerror}); the aliyun CLI keeps its AI-mode switch there."
    return SetupError(message, f"Make {place} writable for you, or set HOME to a directory that is.")
