"""Are requirements/*.txt what pyproject.toml asks for, with hashes; is what is installed pinned, its licence known?"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
FILES = ("run.txt", "test.txt", "lowest.txt")
ALLOWED = re.compile(r"MIT|BSD|Apache|MPL|Mozilla|ISC|Python Software|PSF|Public Domain|Unlicense", re.IGNORECASE)
"""Licences that Apache-2.0 goes with; nothing of ours is linked into the others' files."""

BROUGHT_ALONG = {"smswrap", "pip", "setuptools"}
"""Not installed from requirements: ourselves, and what the interpreter has."""


class Pin(NamedTuple):
    """One version of a package in a requirements file; Pythons and systems may have different ones."""

    name: str
    version: str
    hashes: int


def pins_of(file: str) -> list[Pin]:
    """The pins of a requirements file."""
    text = (ROOT / "requirements" / file).read_text("utf-8")
    blocks = re.findall(r"^([\w.-]+)==([^\s;\\]+)(.*\n(?:[ \t].*\n)*)", text, re.MULTILINE)
    return [Pin(canonicalize_name(name), version, rest.count("--hash=sha256:")) for name, version, rest in blocks]


def complaints_of_pins() -> Iterator[str]:
    """What is wrong with the files."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = {"run.txt": [], "lowest.txt": extras["test"], "test.txt": [*extras["test"], *extras["build"]]}
    for file in FILES:
        pins = pins_of(file)
        yield from (f"{file}: {pin.name} {pin.version} has no hash" for pin in pins if not pin.hashes)
        for wanted in map(Requirement, [*project["dependencies"], *asked[file]]):
            versions = [pin.version for pin in pins if pin.name == canonicalize_name(wanted.name)]
            if not versions or not all(wanted.specifier.contains(version) for version in versions):
                yield f"{file}: {wanted} is asked for, but {versions or 'nothing'} is pinned: run scripts/pin.sh"
    for pin in set(pins_of("run.txt")) - set(pins_of("test.txt")):
        yield f"{pin.name} {pin.version} is what users run, but not what is tested: run scripts/pin.sh"


def complaints_of_packages() -> Iterator[str]:
    """What is wrong with what is installed here."""
    pinned = {pin.name for pin in pins_of("test.txt")}
    for package in metadata.distributions():
        name = canonicalize_name(package.name)
        if name not in BROUGHT_ALONG:
            if name not in pinned:
                yield f"{name} is installed but not pinned: run scripts/pin.sh"
            if not ALLOWED.search(licence(package)):
                yield f"{name} has a licence that nobody looked at: {licence(package)[:80]!r}"


def licence(package: metadata.Distribution) -> str:
    """Everything that a package says of its licence."""
    about = package.metadata
    classifiers = [text for text in about.get_all("Classifier") or [] if text.startswith("License")]
    texts = [*(about.get_all("License-Expression") or []), *(about.get_all("License") or [])]
    return " ".join([*(text[:200] for text in texts), *classifiers])


def main() -> int:
    """Print what is wrong; 1 if something is."""
    wrong = [*complaints_of_pins(), *complaints_of_packages()]
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
