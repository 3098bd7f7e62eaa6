"""What is packed, and that it works: the wheel in an environment of its own, and the skill that it installs.

The dependencies come from wheels made of what is installed here; nothing is fetched.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import DEADLINE, Ran
from test_setup import wheel_of

from smswrap import __version__
from smswrap.cli import skill

if TYPE_CHECKING:
    from collections.abc import Callable

build = pytest.importorskip("hatchling.build", reason="a run with the lowest versions is without hatchling")

ROOT = Path(__file__).parent.parent
NEEDED = (
    *("click", "packaging", "phonenumberslite", "platformdirs", "pexpect", "ptyprocess"),
    *("rich", "markdown_it_py", "mdurl", "pygments"),
)
STRAYS = (
    "stray.py",
    "notes.md.swp",
    "smswrap/.env",
    "smswrap/notes.txt",
    "smswrap/cli/keys.json",
    "smswrap/x.py.orig",
    ".env",
    "smswrap/results.csv",
    "scripts/mine.sh",
    "references/.draft.md.swp",
)
SENT = ("-s", "阿里云短信测试", "-t", "SMS_100000001", "--var", "code=123456", "--yes", "--output", "json")


def shared(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that the first of all workers makes; the others wait for it, and use it."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            (folder / "made").touch()
    return folder


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with wheel and sdist, made of a checkout in which things lie about."""
    return shared(tmp_path_factory, "packed", pack)


def pack(folder: Path) -> None:
    copy = folder / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "build", "dist"))
    for stray in STRAYS:
        (copy / stray).write_text("secret")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(copy)
        build.build_wheel(str(folder))
        build.build_sdist(str(folder))


def wheel(packed: Path) -> Path:
    return next(packed.glob("*.whl"))


def tracked(*patterns: str) -> set[str]:
    """The checkout's own files of these patterns."""
    return {path.relative_to(ROOT).as_posix() for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}


def test_the_wheel_holds_package_and_skill_and_nothing_that_lies_about(packed: Path) -> None:
    with zipfile.ZipFile(wheel(packed)) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        runs = {name for name in names if archive.getinfo(name).external_attr >> 16 & 0o100}
    share = f"smswrap-{__version__}.data/data/share/smswrap/"
    data = {f"smswrap/{name}" for name in ("py.typed", "cli/help.txt", "cli/verbs.txt")}
    data |= {"smswrap/providers/volcengine/volc_sms.py"}
    brought = {*skill.FILES, *tracked("references/*.*")}
    assert names == tracked("smswrap/**/*.py", "smswrap/**/*.tsv", "smswrap/sandbox/**/*.json") | data | {
        share + name for name in brought
    }
    assert {f"{share}scripts/smswrap", f"{share}scripts/send_sms.sh"} <= runs


def test_the_source_holds_what_the_wheel_is_made_of(packed: Path) -> None:
    with tarfile.open(next(packed.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= tracked(
        "smswrap/**/*.py",
        "smswrap/**/*.tsv",
        "smswrap/sandbox/**/*.json",
        "scripts/*",
        "references/*.md",
        "tests/*.py",
        "*.md",
    )
    assert names >= {
        "smswrap/cli/help.txt",
        "smswrap/cli/verbs.txt",
        "requirements/run.txt",
        "pyproject.toml",
        "LICENSE",
    }
    assert not names & {"stray.py", ".env", "smswrap/.env"}


def test_the_version_stands_in_one_place() -> None:
    assert f'version: "{__version__}"' in (ROOT / "SKILL.md").read_text("utf-8")
    assert re.search(rf"^## {re.escape(__version__)}\b", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert not re.search("^version", (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def installed(packed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty environment, with the wheel in it."""
    pytest.importorskip("pip", reason="an environment that uv made is without pip")
    return shared(tmp_path_factory, "installed", partial(install, wheel(packed))) / "environment"


def install(built: Path, folder: Path) -> None:
    place, wheels = folder / "environment", folder / "wheels"
    wheels.mkdir()
    for name in NEEDED:
        wheel_of(name, wheels)
    run(sys.executable, "-m", "venv", "--without-pip", str(place))
    python = str(place / "bin" / "python")
    options = ("--no-index", "--no-compile", "--quiet", "--disable-pip-version-check", "--find-links", str(wheels))
    run(sys.executable, "-m", "pip", "--python", python, "install", *options, str(built))


def run(*command: str, **environment: str) -> Ran:
    """Run a program to its good end, without what finds modules for the one that runs here."""
    plain = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    ended = subprocess.run(
        command, env={**plain, **environment}, check=False, capture_output=True, text=True, timeout=4 * DEADLINE
    )
    assert ended.returncode == 0, f"{command}: {ended.stderr}{ended.stdout}"
    return Ran(ended.returncode, ended.stdout, ended.stderr)


def sent(program: str, *provider: str) -> dict[str, Any]:
    group = ("--message-group", "77da1acf") if provider else ()
    sign = ("-s", "火山引擎", "-t", "ST_code", *SENT[4:]) if provider else SENT
    return run(program, "--sandbox", *provider, "send", "-p", "13900000000", *sign, *group).envelope


def test_both_providers_send_from_the_installed_wheel(installed: Path) -> None:
    program = str(installed / "bin" / "smswrap")
    for provider in ((), ("--provider", "volcengine")):
        answer = sent(program, *provider)
        assert (answer["status"], answer["sandbox"]) == ("accepted", True)


def test_both_old_scripts_work_from_the_installed_wheel(installed: Path) -> None:
    share = installed / "share" / "smswrap" / "scripts"
    line = ("send", "-p", "13900000000", "-s", "AliyunDemo", "-t", "SMS_123456", "-tp", '{"code":"1234"}')
    for program in (str(installed / "bin" / "send_sms"), str(share / "send_sms.sh")):
        answer = run(program, *line, SMSWRAP_SANDBOX="1", SMSWRAP_STATE_DIR=f"{installed}/{Path(program).name}")
        assert json.loads(answer.stdout)["Code"] == "OK"
        assert "Usage: send_sms.sh COMMAND" in run(program, "--help").stdout
    listed = run(str(installed / "bin" / "python"), str(share / "volc_sms.py"), "list_sub_account", SMSWRAP_SANDBOX="1")
    assert "77da1acf" in listed.stdout


def test_the_skill_that_the_wheel_installs_works_there(
    installed: Path, tmp_path: Path, environment_for: Callable[[Path], None]
) -> None:
    program = str(installed / "bin" / "smswrap")
    folder = Path(run(program, "skill", "path").envelope["data"]["path"])
    assert (folder.name, (folder / "SKILL.md").is_file()) == ("smswrap", True)
    assert run(str(folder / "scripts" / "smswrap"), "--version").stdout.startswith(f"smswrap, version {__version__}\n")
    place = Path(run(program, "skill", "install", str(tmp_path / "skills")).envelope["data"]["path"])
    assert place == tmp_path / "skills" / "smswrap"
    environment_for(place)
    assert sent(str(place / "scripts" / "smswrap"))["status"] == "accepted"
    assert "Usage: send_sms.sh COMMAND" in run(str(place / "scripts" / "send_sms.sh"), "--help").stdout


@pytest.fixture
def environment_for() -> Callable[[Path], None]:
    """Make the environment of a folder as setup.py leaves it (test_setup sees to that), with the modules from here."""

    def make(place: Path) -> None:
        venv = place / ".venv"
        run(sys.executable, "-m", "venv", "--without-pip", str(venv))
        packages = next((venv / "lib").glob("python*/site-packages"))
        (packages / "here.pth").write_text(sysconfig.get_path("purelib"))
        (packages / "smswrap").symlink_to(place / "smswrap")
        (venv / ".smswrap").write_text(f"run\n{place}\n")
        shutil.copyfile(place / "requirements" / "run.txt", venv / ".smswrap-requirements")

    return make


# In process


def test_the_skill_is_never_overwritten_unless_that_is_asked_for(words: Callable[..., Ran], tmp_path: Path) -> None:
    target = str(tmp_path / "skills")
    assert words("skill", "install", target).code == 0
    mine = tmp_path / "skills" / "smswrap" / "mine.txt"
    mine.write_text("kept")
    (mine.parent / ".venv").mkdir()
    ran = words("skill", "install", target)
    assert (ran.code, mine.exists(), "--force" in ran.error["next_step"]) == (2, True, True)
    assert words("skill", "install", "--force", target).code == 0
    assert (mine.exists(), (mine.parent / ".venv").is_dir()) == (False, True)
    assert [path.name for path in (tmp_path / "skills").iterdir()] == ["smswrap"]


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_no_copy_of_the_skill_is_never_replaced(words: Callable[..., Ran], tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "skills"
    folder.mkdir()
    place = folder / "smswrap"
    if kind == "folder":
        place.mkdir()
    elif kind == "file":
        place.write_text("mine")
    else:
        place.symlink_to(ROOT)
    assert words("skill", "install", "--force", str(folder)).code == 2
    assert (list(folder.iterdir()), (ROOT / "SKILL.md").is_file()) == ([place], True)
    assert words("skill", "install", "--force", str(ROOT)).code == 2
