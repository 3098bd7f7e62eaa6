"""`smswrap setup`: the aliyun CLI, a profile with keys, the plugin; each step can be refused."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from smswrap.conversation import converse
from smswrap.errors import SetupError, SmswrapError
from smswrap.providers.aliyun import account, install, preflight
from smswrap.providers.aliyun.program import find

if TYPE_CHECKING:
    from smswrap.providers.aliyun.program import Program
    from smswrap.providers.base import Person, Settings

MODES = [(mode, row["about"]) for mode, row in account.MODES.items() if row["about"]]
"""What `aliyun configure` offers, the usual one first."""

REGION_PROMPT, LANGUAGE_PROMPT = "Default Region Id [", "Default Language ["


def set_up(settings: Settings, person: Person) -> None:
    """Go through the steps. Raises Ended at a signal."""
    program = _program(settings, person)
    if program is None:
        return
    _account(replace(settings, environment=program.environment), program, person)
    if not preflight.has_plugin(program) and person.ask("Install the dysmsapi plugin of the aliyun CLI? [y/N] "):
        _try_plugin(settings, program)


def _program(settings: Settings, person: Person) -> Program | None:
    try:
        return _usable(settings)
    except SetupError as error:
        settings.talk.note(error.fault.message)
    path = install.offered(settings, person)
    if path is None:
        return None
    places = f"{path.parent}{os.pathsep}{settings.environment.get('PATH', os.defpath)}"
    try:
        return _usable(replace(settings, environment={**settings.environment, "PATH": places}))
    except SetupError as error:
        settings.talk.note(error.fault.message)
        return None


def _usable(settings: Settings) -> Program:
    program = find(settings)
    settings.talk.note(f"The aliyun CLI {preflight.ask_version(program)} is installed.")
    return program


def _account(settings: Settings, program: Program, person: Person) -> None:
    try:
        found = account.effective(program.home, program.environment, settings.profile, settings.region)
        account.require(found)
        settings.talk.note(f"The profile {found.name} is complete (mode {found.mode}).")
        question = "Configure another profile? [y/N] "
    except SmswrapError as error:
        settings.talk.note(error.fault.message)
        question = "Configure a profile now? [y/N] "
    if person.ask(question):
        _configure(settings, program, person)


def _configure(settings: Settings, program: Program, person: Person) -> None:
    settings.talk.note("How are the keys found?")
    for number, (mode, about) in enumerate(MODES, 1):
        settings.talk.note(f"  {number:>2}  {mode:<22}  {about}")
    word = _answer(person, "Its number or name [{usual}]: ", "1")
    chosen = _chosen(word)
    if word and chosen is None:
        settings.talk.note("That is none of them; nothing was configured.")
        return
    name = chosen and _answer(person, "Name of the profile [{usual}]: ", settings.profile or "default")
    region = name and _answer(person, "Region [{usual}]: ", account.DEFAULT_REGION)
    if not (chosen and name and region):
        settings.talk.note("Nothing was configured.")
        return
    settings.talk.note("The aliyun CLI asks for the keys itself: smswrap does not read what you type, nor keep it.")
    words = [*program.command, "configure", "--profile", name, "--mode", chosen]
    code = converse(words, program.environment, {REGION_PROMPT: region, LANGUAGE_PROMPT: ""})
    settings.talk.note(f"The profile {name} is saved, and is the current one." if code == 0 else "Nothing was saved.")


def _answer(person: Person, question: str, usual: str) -> str:
    """The answer, the usual one if it is empty; nothing at the end of input, which is a no."""
    line = person.answer(question.format(usual=usual))
    return "" if line is None else line or usual


def _chosen(text: str) -> str | None:
    names = [mode for mode, _ in MODES]
    if text.isdecimal():
        return names[int(text) - 1] if 0 < int(text) <= len(names) else None
    return next((mode for mode in names if mode.casefold() == text.casefold()), None)


def _try_plugin(settings: Settings, program: Program) -> None:
    try:
        preflight.install(program)
    except SetupError as error:
        settings.talk.warn(error.fault.message)
