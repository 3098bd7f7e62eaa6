"""Is every package that is installed here pinned with hashes, and under a licence that Apache-2.0 goes with?"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ALLOWED = re.compile(r"MIT|BSD|Apache|MPL|Mozilla|ISC|Python Software|PSF|Public Domain|Unlicense", re.IGNORECASE)
OURS = {"smswrap", "pip", "setuptools"}
"""Not installed from requirements: ourselves, and what the interpreter brings along."""


def pinned(name: str) -> dict[str, int]:
    """The packages of a requirements file, and how many hashes each has."""
    found: dict[str, int] = {}
    current = ""
    for line in (ROOT / "requirements" / name).read_text("utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)==", line):
            current = normal(match[1])
            found[current] = 0
        found[current] = found.get(current, 0) + line.count("--hash=sha256:")
    return found


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence(package: metadata.Distribution) -> str:
    """Everything that a package says of its licence."""
    about = package.metadata
    classifiers = [text for text in about.get_all("Classifier") or [] if text.startswith("License")]
    return " ".join([about.get("License-Expression") or "", (about.get("License") or "")[:200], *classifiers])


def main() -> int:
    """Print what is wrong; 1 if something is."""
    wrong = [f"{name}: {one} has no hash" for name in ("run.txt", "test.txt", "lowest.txt") for one, n in pinned(name).items() if not n]
    pins = pinned("test.txt")
    for package in metadata.distributions():
        name = normal(package.metadata["Name"])
        if name in OURS:
            continue
        if name not in pins:
            wrong.append(f"{name} is installed but not pinned: run scripts/pin.sh")
        if not ALLOWED.search(licence(package)):
            wrong.append(f"{name} has a licence that nobody looked at: {licence(package)[:80]!r}")
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
