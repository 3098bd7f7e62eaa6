"""`smswrap skill`: where the folder is that an agent is handed, and a copy of it that works by itself."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

import smswrap
from smswrap.cli.answer import Answer
from smswrap.cli.options import command, flag, group
from smswrap.errors import InputError, SetupError
from smswrap.record import dataclass

if TYPE_CHECKING:
    from smswrap.cli.runtime import Runtime

NAME, MARK, VENV = "smswrap", "SKILL.md", ".venv"
FILES = (
    "SKILL.md",
    "LICENSE",
    "requirements/run.txt",
    *(f"scripts/{name}" for name in ("smswrap", "setup.sh", "setup.py", "send_sms.sh", "volc_sms.py")),
)
DIRECTORY = click.Argument(["directory"], metavar="DIR")


@dataclass(frozen=True)
class Forcing:
    """Whether an older copy is replaced."""

    force: bool = flag("--force", "Replace an older copy.")


def folder() -> Path:
    """The folder of the skill: the checkout that we run from, or what the wheel brought. Raises SetupError."""
    package = Path(smswrap.__file__).resolve().parent
    if (package.parent / MARK).is_file():
        return package.parent
    from importlib.metadata import files

    found = next((one for one in files(NAME) or () if one.name == MARK), None)
    if found is None:
        raise SetupError("SKILL.md did not come with this installation.", "Install smswrap again, from its wheel.")
    return Path(os.path.normpath(found.locate())).parent


def run_path(_runtime: Runtime) -> Answer:
    """Tell where it is."""
    return Answer("skill path", data={"path": str(folder())}, text=str(folder()))


def run_install(_runtime: Runtime, directory: str, forcing: Forcing) -> Answer:
    """Copy it."""
    place = Path(os.path.realpath(Path(directory).expanduser())) / NAME
    _refuse(place, force=forcing.force)
    new, old = (place.with_name(f".{NAME}.{word}-{os.getpid()}") for word in ("new", "old"))
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _copy(new)
        if place.exists():
            if (place / VENV).is_dir():  # used on, or made anew where what it needs has changed
                (place / VENV).rename(new / VENV)
            place.rename(old)
        new.rename(place)
    except OSError as error:
        raise InputError.of("DIR", directory, f"cannot be written: {error.strerror}", "Name another folder.") from error
    finally:
        for left in (new, old):
            shutil.rmtree(left, ignore_errors=True)
    return Answer("skill install", data={"path": str(place)}, text=str(place))


def _refuse(place: Path, *, force: bool) -> None:
    """Nothing is replaced but an older copy, and that only where it was asked for."""
    if not os.path.lexists(place):
        return
    if place.is_symlink() or not (place / MARK).is_file() or place.resolve() == folder().resolve():
        raise InputError.of("DIR", str(place), "is there already, and is no copy of the skill", "Name another folder.")
    if not force:
        raise InputError.of("DIR", str(place), "is there already", "Add --force to replace it.")


def _copy(new: Path) -> None:
    source, unwanted = folder(), shutil.ignore_patterns("__pycache__", ".*", "*.pyc")
    for name in FILES:
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source / name, new / name)
    for folded in (source / "references", Path(smswrap.__file__).parent):
        shutil.copytree(folded, new / folded.name, ignore=unwanted)


COMMANDS = {
    "skill": group(
        "skill", command("skill path", run_path), command("skill install", run_install, (Forcing,), DIRECTORY)
    )
}
