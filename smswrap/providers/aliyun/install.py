"""Installs the aliyun CLI after a person said yes: by Homebrew, or the official download, looked at before it runs."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from smswrap import signals
from smswrap.conversation import converse

if TYPE_CHECKING:
    from smswrap.providers.base import Person, Settings

BASE = "https://aliyuncli.alicdn.com/aliyun-cli-"
ARCHIVES = {
    ("Linux", "x86_64"): "linux-latest-amd64.tgz",
    ("Linux", "aarch64"): "linux-latest-arm64.tgz",
    ("Darwin", "x86_64"): "macosx-latest-universal.tgz",
    ("Darwin", "arm64"): "macosx-latest-universal.tgz",
}
BREW = ("install", "aliyun-cli")
FOLDER = ".local/bin"
"""Below the home: the person's own programs."""

MOST = 500 * 2**20
"""Bytes of an archive; it has some 30 MB."""

PATIENCE, CHUNK = 30.0, 2**20
"""Seconds without an answer; bytes that are read at once."""


def offered(settings: Settings, person: Person) -> Path | None:
    """Install it; None if the person does not want that, or it does not work."""
    brew = shutil.which("brew", path=settings.environment.get("PATH"))
    if brew and person.ask("Run `brew install aliyun-cli`? [y/N] "):
        converse([brew, *BREW], settings.environment, {})
        found = shutil.which("aliyun", path=settings.environment.get("PATH"))
        return Path(found) if found else None
    archive = ARCHIVES.get((platform.system(), platform.machine()))
    if archive is None or not person.ask(f"Download {BASE}{archive}? [y/N] "):
        return None
    try:
        return _downloaded(settings, person, BASE + archive)
    except (OSError, tarfile.TarError, KeyError) as error:
        settings.talk.warn(f"The aliyun CLI could not be installed: {error}")
        return None


def _downloaded(settings: Settings, person: Person, url: str) -> Path | None:
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / url.rpartition("/")[2]
        settings.talk.note(f"Downloading {url} …")
        _fetch(url, archive)
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        settings.talk.note(f"{archive.name}: {archive.stat().st_size:,} bytes, SHA-256 {digest}")
        program = Path(settings.environment["HOME"]) / FOLDER / "aliyun"
        if not person.ask(f"Unpack it to {program}, where it will be run? [y/N] "):
            return None
        _unpack(archive, program)
    if str(program.parent) not in settings.environment.get("PATH", "").split(os.pathsep):
        settings.talk.warn(
            f"{program.parent} is not on PATH: add `export PATH={program.parent}:$PATH` to your profile."
        )
    return program


def _fetch(url: str, path: Path) -> None:
    from urllib.request import urlopen

    with urlopen(url, timeout=PATIENCE) as reply, path.open("wb") as file:  # noqa: S310  one of ARCHIVES
        while chunk := reply.read(CHUNK):
            if file.tell() + len(chunk) > MOST:
                raise OSError(f"{url} does not end")
            signals.checkpoint()
            file.write(chunk)


def _unpack(archive: Path, program: Path) -> None:
    """Write the one program that the archive holds, whole or not at all."""
    program.parent.mkdir(parents=True, exist_ok=True)
    draft = program.with_name(f".{program.name}.{os.getpid()}")
    with tarfile.open(archive) as packed:
        held = packed.extractfile("aliyun")
        if held is None:
            raise tarfile.TarError(f"{archive.name} holds no aliyun")
        with held, draft.open("wb") as file:
            shutil.copyfileobj(held, file)
    draft.chmod(0o755)
    draft.replace(program)
