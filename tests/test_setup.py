"""The scripts set themselves up: whole or not at all, from pinned files only, and nobody else's code is run.

A checkout of its own with the real scripts; its package is a line that tells its arguments, its one requirement is
`packaging`, as a wheel made from the one that is installed here. Nothing is fetched.
"""

from __future__ import annotations

import base64
import hashlib
import os
import runpy
import shlex
import shutil
import signal
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import DEADLINE, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
ODD = "it's a 短信 $HOME"
TELLING, TELLING_COMPAT = (
    f"import sys\ndef run():\n    print('{name}', *sys.argv[1:])\n" for name in ("smswrap", "compat")
)
LAUNCHERS = ("smswrap", "send_sms.sh")
SHADOWED = ("venv", "pip", "json", "fcntl", "subprocess", "ensurepip", "sitecustomize", "smswrap")


@dataclass(frozen=True)
class Checkout:
    """A fresh checkout and the packages that lie ready for it."""

    root: Path
    wheels: Path

    def run(self, script: str, *arguments: str, shell: str = "", **options: object) -> subprocess.CompletedProcess[str]:
        """Run a script to its end."""
        process = self.start(script, *arguments, shell=shell, **options)
        stdout, stderr = process.communicate(timeout=4 * DEADLINE)
        return subprocess.CompletedProcess([], process.returncode, stdout, stderr)

    def start(self, script: str, *arguments: str, shell: str = "", **options: object) -> subprocess.Popen[str]:
        """Start a script in a session of its own."""
        environment = {
            **os.environ,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": self.wheels.as_uri(),
            "PYTHON": sys.executable,
        }
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment, **options}
        command = [*shlex.split(shell), str(self.root / "scripts" / script), *arguments]
        return subprocess.Popen(command, text=True, encoding="utf-8", start_new_session=True, **streams)  # type: ignore[call-overload, no-any-return]  # streams are any options of Popen

    @property
    def building(self) -> list[str]:
        """The call that makes the environment."""
        return [str(self.root / "scripts" / "setup.py"), "run", str(self.root), str(self.root / ".venv")]

    @property
    def left(self) -> set[str]:
        """What set-up made in the checkout; the numbers of processes are left out."""
        return {path.name.rstrip("0123456789") for path in self.root.glob(".venv*")}

    def is_set_up(self, name: str = "run") -> bool:
        """As the scripts look at it."""
        script = 'here=$1/scripts; . "$here/setup.sh"; is_set_up "$2"'
        return not subprocess.run(["/bin/sh", "-c", script, "sh", self.root, name], check=False).returncode


def wheel_of(name: str, folder: Path) -> Path:
    """Pack an installed distribution as the wheel that it came from."""
    package = metadata.distribution(name)
    version, files = package.version, [file for file in package.files or () if ".." not in file.parts]
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    record = []
    with zipfile.ZipFile(wheel, "w") as archive:
        for file in files:
            if file.name not in {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"} and file.suffix != ".pyc":
                octets = file.locate().read_bytes()  # type: ignore[attr-defined]  # a Path, by its documentation
                digest = base64.urlsafe_b64encode(hashlib.sha256(octets).digest()).rstrip(b"=").decode()
                archive.writestr(str(file), octets)
                record.append(f"{file},sha256={digest},{len(octets)}")
        place = f"{name}-{version}.dist-info/RECORD"
        archive.writestr(place, "\n".join([*record, f"{place},,\n"]))
    return wheel


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    root, wheels = tmp_path / ODD, tmp_path / "wheels"
    shutil.copytree(ROOT / "scripts", root / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    package = root / "smswrap"
    package.mkdir()
    for name, text in (("__init__.py", ""), ("__main__.py", TELLING), ("compat.py", TELLING_COMPAT)):
        (package / name).write_text(text)
    wheels.mkdir()
    wheel = wheel_of("packaging", wheels)
    (root / "requirements").mkdir()
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    pin = f"packaging=={metadata.version('packaging')} ; python_version >= '3' \\\n    --hash=sha256:{digest}\n"
    (root / "requirements" / "run.txt").write_text(pin)
    (root / "requirements" / "test.txt").write_text(pin)
    return Checkout(root, wheels)


@pytest.fixture
def pretended(checkout: Checkout) -> Checkout:
    """A checkout with an environment that says of itself that it is whole."""
    python = checkout.root / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (checkout.root / ".venv" / ".smswrap").write_text(f"run\n{checkout.root}\n")
    shutil.copyfile(checkout.root / "requirements" / "run.txt", checkout.root / ".venv" / ".smswrap-requirements")
    return checkout


def hostile(folder: Path) -> Path:
    """A folder whose Python files leave a trace if they are run; gives the trace."""
    trace = folder / "was-run"
    for name in SHADOWED:
        (folder / f"{name}.py").write_text(f"open({str(trace)!r}, 'a').write({name!r})\n")
    (folder / "scripts").mkdir()
    (folder / "scripts" / "setup.sh").write_text(f"touch {shlex.quote(str(trace))}\n")
    return trace


# Set up by themselves


def test_five_starts_at_once_in_a_hostile_folder_make_one_environment(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    trace = hostile(folder)
    monkeypatch.setenv("PYTHONPATH", f":{folder}")
    monkeypatch.setenv("CDPATH", f".:{folder}")
    scripts = [LAUNCHERS[n % 2] for n in range(5)]
    running = [checkout.start(script, "list-signs", cwd=folder) for script in scripts]
    said = [process.communicate(timeout=4 * DEADLINE) for process in running]
    assert [process.returncode for process in running] == [0] * 5, said
    words = {"smswrap": "smswrap list-signs\n", "send_sms.sh": "compat list-signs\n"}
    assert [stdout for stdout, _ in said] == [words[script] for script in scripts]
    assert sum("Setting up" in stderr for _, stderr in said) == 1
    assert all(stderr.startswith(("Setting up", "Waiting for another set-up")) or not stderr for _, stderr in said)
    assert checkout.left == {".venv", ".venv.lock"}
    # What is there is used at once, at every door, and silently.
    for script in LAUNCHERS:
        for shell in ("", "sh", "bash --posix"):
            ended = checkout.run(script, "list-signs", shell=shell, cwd=folder)
            assert (ended.stdout, ended.stderr) == (words[script], "")
    program = [str(checkout.root / ".venv" / "bin" / "smswrap"), "a b", "$x"]
    for locale in ("C", "C.UTF-8"):
        environment = {**os.environ, "LC_ALL": locale}
        ended = subprocess.run(program, check=True, cwd=folder, env=environment, capture_output=True, text=True)
        assert ended.stdout == "smswrap a b $x\n"
    assert not trace.exists()


def test_a_kill_at_any_moment_leaves_nothing_half_made_and_the_next_start_goes_on(checkout: Checkout) -> None:
    somebodys = checkout.root / ".venv" / "thesis"
    somebodys.parent.mkdir()
    somebodys.touch()
    for made in (".venv.new-*", ".venv.new-*/lib/python*/site-packages/packaging"):
        process = checkout.start("smswrap")
        wait_until(lambda pattern=made: any(checkout.root.glob(pattern)), f"{made} was never made")  # type: ignore[misc]
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        assert list((checkout.root / ".venv").iterdir()) == [somebodys]
    # The next one is under set -e, and somebody's own environment is kept.
    script = checkout.root / "scripts" / "strict.sh"
    script.write_text('#!/bin/bash\nset -euo pipefail\nhere=$(dirname "$0")\n. "$here/setup.sh"\nset_up run\necho on\n')
    script.chmod(0o755)
    ended = checkout.run("strict.sh")
    assert (ended.returncode, ended.stdout) == (0, "on\n"), ended.stderr
    assert [path.name for path in checkout.root.glob(".venv.kept-*/*")] == ["thesis"]
    assert checkout.left == {".venv", ".venv.lock", ".venv.kept-"}
    assert checkout.is_set_up()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_and_takes_away_what_it_made(checkout: Checkout, number: signal.Signals, code: int) -> None:
    command = [sys.executable, "-I", *checkout.building]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: any(checkout.root.glob(".venv.new-*")), "nothing was made")
    process.send_signal(number)
    assert process.communicate(timeout=DEADLINE)[1].startswith("Setting up")
    assert process.returncode == code
    assert checkout.left == {".venv.lock", ".venv.log"}


@pytest.mark.parametrize("setting", ["PIP_TARGET", "PIP_DRY_RUN", "PIP_NO_DEPS", "PIP_USER", "PIP_PREFIX"])
def test_settings_that_would_install_elsewhere_are_not_pips(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv(setting, str(tmp_path / "elsewhere") if setting in {"PIP_TARGET", "PIP_PREFIX"} else "1")
    setup = runpy.run_path(str(checkout.root / "scripts" / "setup.py"))
    builder = setup["Builder"](checkout.root / "requirements" / "run.txt", checkout.root / ".venv")
    builder.run("", sys.executable, "-c", f"import os, sys; sys.exit({setting!r} in os.environ)")


# What is installed


def test_a_package_that_is_not_the_pinned_one_is_not_installed_and_named_in_a_sentence(checkout: Checkout) -> None:
    (wheel,) = checkout.wheels.iterdir()
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("packaging/added.py", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    ended = checkout.run("smswrap", "doctor")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "THESE PACKAGES DO NOT MATCH THE HASHES" in (checkout.root / ".venv.log").read_text()
    assert checkout.left == {".venv.lock", ".venv.log"}
    told = f"What was downloaded as packaging=={metadata.version('packaging')} is not what is pinned: its hash ends in "
    assert f"{told}{digest[-8:]}. Do not use it. (more in " in ended.stderr


def test_where_nothing_can_be_fetched_it_says_so_in_one_line(checkout: Checkout) -> None:
    next(checkout.wheels.iterdir()).unlink()
    ended = checkout.run("send_sms.sh", "list-signs")
    assert (ended.returncode, ended.stdout) == (3, "")
    lines = ended.stderr.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith(f"Setting up {checkout.root}/.venv (once, about 20 s)")
    assert lines[1].startswith("error: The packages could not be installed (is the package index reached")
    assert checkout.left == {".venv.lock", ".venv.log"}


def test_a_python_that_makes_no_environments_is_told(
    checkout: Checkout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setup = runpy.run_path(str(checkout.root / "scripts" / "setup.py"))
    builder = setup["Builder"](checkout.root / "requirements" / "run.txt", checkout.root / ".venv")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    # A program of the working directory is not taken, however PATH names it.
    monkeypatch.chdir(tmp_path)
    (tmp_path / "uv").write_text("#!/bin/sh\ntouch was-run\n")
    (tmp_path / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", ":.:relative")
    with pytest.raises(setup["SetupFailed"], match="This Python makes no environments"):
        builder.build()
    assert not (tmp_path / "was-run").exists()


# When it is made anew


def test_an_environment_that_is_whole_is_used(pretended: Checkout) -> None:
    assert pretended.is_set_up()
    assert not pretended.is_set_up("test")


def _moved(checkout: Checkout) -> Checkout:
    return Checkout(checkout.root.rename(checkout.root.with_name("moved")), checkout.wheels)


def _repinned(checkout: Checkout) -> Checkout:
    with (checkout.root / "requirements" / "run.txt").open("a") as file:
        file.write("# changed\n")
    return checkout


def _without_python(checkout: Checkout) -> Checkout:
    python = checkout.root / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nonexistent/python3")
    return checkout


def _unmarked(checkout: Checkout) -> Checkout:
    (checkout.root / ".venv" / ".smswrap").unlink()
    return checkout


@pytest.mark.parametrize("change", [_moved, _repinned, _without_python, _unmarked])
def test_one_that_is_not_what_is_wanted_here_is_not_used(
    pretended: Checkout, change: Callable[[Checkout], Checkout]
) -> None:
    assert not change(pretended).is_set_up()


def wanted_by_a_launcher(checkout: Checkout) -> str:
    """Which requirements a launcher would make an environment of; nothing if it uses the one that is here."""
    (checkout.root / "scripts" / "setup.py").write_text("import sys\nsys.stderr.write(sys.argv[1])\nsys.exit(3)\n")
    return checkout.run("smswrap").stderr


def test_an_environment_for_tests_serves_those_who_only_run(pretended: Checkout) -> None:
    (pretended.root / ".venv" / ".smswrap").write_text(f"test\n{pretended.root}\n")
    assert wanted_by_a_launcher(pretended).endswith("No module named 'smswrap'\n")  # it was run


@pytest.mark.parametrize("mark", ["test of another place", "0.1.0"])
def test_a_launcher_does_not_take_the_tools_from_an_environment_for_tests(pretended: Checkout, mark: str) -> None:
    (pretended.root / ".venv" / ".smswrap").unlink()
    (pretended.root / ".venv" / (".set-up-test" if mark == "0.1.0" else ".smswrap")).write_text("test\n/elsewhere\n")
    assert wanted_by_a_launcher(pretended) == "test"


def test_a_launcher_makes_no_more_than_it_needs(checkout: Checkout) -> None:
    assert wanted_by_a_launcher(checkout) == "run"


# Without it


@pytest.mark.parametrize("arguments", [["--help"], ["send", "--help"], ["help"], []])
def test_help_needs_no_set_up(checkout: Checkout, arguments: list[str]) -> None:
    ended = checkout.run("send_sms.sh", *arguments, env={"PATH": "/usr/bin:/bin", "PYTHON": "/nonexistent"})
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Usage: send_sms.sh COMMAND" in ended.stdout
    assert checkout.left == set()


@pytest.mark.parametrize("script", LAUNCHERS)
def test_copied_alone_it_says_what_it_needs_and_names_nothing_that_is_not_there(tmp_path: Path, script: str) -> None:
    alone = tmp_path / "a'b;id;'c"
    alone.mkdir()
    shutil.copy(ROOT / "scripts" / script, alone)
    ended = subprocess.run([alone / script, "list-signs"], check=False, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (3, "")
    named = ended.stderr.removeprefix("error: ").split(" needs the whole folder")[0]
    assert shlex.split(named) == [str(alone / script)]
    assert not any(word in ended.stderr for word in ("pip install", "demo.sh", "test.sh"))


@pytest.fixture
def no_python(tmp_path: Path) -> str:
    """A PATH with what the launchers need, and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "bash", "env", "dirname", "readlink", "cmp"):
        (folder / name).symlink_to(shutil.which(name) or f"/bin/{name}")
    return str(folder)


@pytest.mark.parametrize("script", LAUNCHERS)
@pytest.mark.parametrize("stderr", ["told", "closed", "full"])
def test_without_python_it_is_exit_3_whoever_listens(
    checkout: Checkout, no_python: str, script: str, stderr: str
) -> None:
    if stderr == "full" and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    end = {"told": "", "closed": "2>&-", "full": "2>/dev/full"}[stderr]
    command = f"{shlex.quote(str(checkout.root / 'scripts' / script))} list-signs {end}"
    environment = {"PATH": no_python, "PYTHON": "/nonexistent"}
    ended = subprocess.run(["/bin/sh", "-c", command], check=False, env=environment, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (3, "")
    told = "error: smswrap needs Python 3.10 or later: install it"
    assert ended.stderr.startswith(told) if stderr == "told" else not ended.stderr
    assert checkout.left == set()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_a_checkout_that_cannot_be_written_is_told(checkout: Checkout) -> None:
    system = shutil.which("python3", path="/usr/bin:/bin")
    if system is None:
        pytest.skip("another user has no Python here")
    for folder in (checkout.root, *checkout.root.parents):
        if not folder.stat().st_mode & 0o001:
            folder.chmod(folder.stat().st_mode | 0o011)
    command = [system, "-I", *checkout.building]
    ended = subprocess.run(command, check=False, capture_output=True, user=4002, group=4002)
    assert ended.returncode == 3
    assert f"error: {checkout.root} cannot be written" in ended.stderr.decode()
    assert checkout.left == set()


# What is pinned, and what is packed


def test_every_pin_has_a_hash_and_no_file_names_an_index() -> None:
    for file in (ROOT / "requirements").glob("*.txt"):
        text = file.read_text("utf-8")
        pins = [line for line in text.splitlines() if "==" in line and not line.startswith(" ")]
        assert pins
        assert all(line.endswith("\\") for line in pins), "a pin without a hash"
        assert not any(word in text for word in ("://", "index-url", "find-links", "trusted-host"))
