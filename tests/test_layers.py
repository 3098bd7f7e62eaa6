"""Imports point downward only, and what a command does not need is not loaded."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import SEND

import smswrap as package
from smswrap.providers.base import PROVIDER_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import StandIn

ROOT = Path(package.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
STAND_INS = ROOT / "sandbox"

GROUND = {"errors", "clock", "masking", "model", "signals", "state"}
"""Modules that anybody may use, and that use nothing but each other."""

PROVIDING = {"providers.base", "providers.parameters", "providers.records"}
"""What all providers share."""

MAY_IMPORT: dict[str, set[str]] = {
    "cli": {"cli", "sending", *PROVIDING, "process", "catalogue", "sandbox", *GROUND},
    "sending": {"sending", *PROVIDING, "process", "catalogue", *GROUND},
    "providers": {"providers", "process", "guard", "catalogue", *GROUND},
    "providers.base": {"providers.parameters", "providers.records", "model", "errors"},
    "providers.parameters": {"errors"},
    "providers.records": set(),
    "process": {"signals"},
    "guard": {"signals"},
    "signals": set(),
    "model": {"errors"},
    "catalogue": {"catalogue", "errors"},
    "sandbox": {"state", "disk", "errors"},
    "errors": set(),
    "clock": set(),
    "masking": set(),
    "state": set(),
    "__init__": set(),
    "__main__": {"cli"},
    "compat": {"cli", "providers.parameters", "errors"},
}
"""What each room may use; a room is named by the longest beginning of a module's name that stands here."""

HTTP = ("http.client", "urllib.request", "urllib3", "requests", "httpx", "aiohttp", "ssl", "socket")
STARTING = {"subprocess", "multiprocessing", "pty", "asyncio", "pexpect"}
STARTERS = ("system", "popen", "exec", "spawn", "posix_spawn", "fork")


def module_of(path: Path) -> str:
    """`cli.send` for smswrap/cli/send.py."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def room_of(module: str) -> str:
    """The row of MAY_IMPORT that the module belongs to; itself where there is none."""
    beginnings = [row for row in MAY_IMPORT if f"{module}.".startswith(f"{row}.")]
    return max(beginnings, key=len, default=module)


def imported(path: Path) -> Iterator[str]:
    """Every absolute name that the file imports, inside functions and for type checkers too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_imports(path: Path) -> Iterator[str]:
    """The modules of the package that the file imports: `providers.base` for `from smswrap.providers.base import X`."""
    for name in imported(path):
        parts = name.split(".")
        if parts[0] == "smswrap":
            yield from ([module] if (module := _module_in(parts[1:])) else [])


def _module_in(parts: list[str]) -> str:
    """The longest beginning that is a module or a package of ours."""
    while parts and not ((ROOT / "/".join(parts)).is_dir() or (ROOT / f"{'/'.join(parts)}.py").exists()):
        parts = parts[:-1]
    return ".".join(parts)


def strings(path: Path) -> Iterator[str]:
    """The strings that the file's program uses: no docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            yield node.value


def named(path: Path) -> str:
    """A file's name for people."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=named)
def test_imports_point_downward_only(path: Path) -> None:
    room = room_of(module_of(path))
    if path.is_relative_to(STAND_INS) and path.parent != STAND_INS:
        return
    assert room in MAY_IMPORT, f"{room} has no row in MAY_IMPORT"
    for module in own_imports(path):
        assert any(f"{module}.".startswith(f"{allowed}.") for allowed in MAY_IMPORT[room]), f"{room} imports {module}"


def test_the_walk_sees_the_imports_that_there_are() -> None:
    assert {"providers.base", "process", "sending.plan"} <= set(own_imports(ROOT / "sending" / "dispatch.py"))
    assert {"providers.aliyun.operations", "providers.base"} <= set(
        own_imports(ROOT / "providers" / "aliyun" / "client.py")
    )
    assert "cli.app" in set(own_imports(ROOT / "__main__.py"))
    assert {room_of(module_of(path)) for path in FILES} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", [path for path in FILES if module_of(path).startswith("providers.")], ids=named)
def test_a_provider_imports_neither_sending_nor_cli_nor_another_provider(path: Path) -> None:
    own = module_of(path).split(".")[1]
    for module in own_imports(path):
        rooms = module.split(".")
        assert rooms[0] not in {"sending", "cli", "sandbox"}
        assert rooms[0] != "providers" or rooms[1] == own or rooms[1] not in PROVIDER_NAMES


@pytest.mark.parametrize("path", sorted((ROOT / "sending").rglob("*.py")), ids=named)
def test_sending_names_no_provider(path: Path) -> None:
    for text in strings(path):
        assert not [name for name in (*PROVIDER_NAMES, "aliyun", "volcengine") if name in text.lower()], text


@pytest.mark.parametrize("path", FILES, ids=named)
def test_only_the_seam_starts_programs(path: Path) -> None:
    found = {name for name in imported(path) if name.split(".")[0] in STARTING}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            found |= {f"os.{node.attr}"} if node.attr.startswith(STARTERS) else set()
    assert found == {"process.py": {"subprocess"}, "guard.py": {"os.fork"}}.get(named(path), set())


@pytest.mark.parametrize("path", [path for path in FILES if STAND_INS in path.parent.parents], ids=named)
def test_the_stand_ins_import_nothing_from_us(path: Path) -> None:
    assert list(own_imports(path)) == []
    tree = ast.parse(path.read_text("utf-8"))
    outside = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level > 1}
    assert all(str(module).partition(".")[0] == "common" for module in outside), "only what both of them share"


def loaded(*arguments: str) -> set[str]:
    """The modules that a run of the program loads, by -X importtime."""
    argv = [sys.executable, "-X", "importtime", "-m", "smswrap", *arguments]
    ended = subprocess.run(argv, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert ended.returncode == 0, ended.stdout + ended.stderr[-2000:]
    lines = [line for line in ended.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}


def test_help_loads_click_and_next_to_nothing_else() -> None:
    modules = loaded("--help")
    assert {"smswrap.cli.app", "click"} <= modules
    heavy = ("rich", "phonenumbers", "sqlite3", "packaging", "platformdirs", *HTTP)
    assert not [name for name in modules if name.startswith(tuple(f"{one}." for one in heavy)) or name in heavy]
    assert not [name for name in modules if name.endswith((".client", ".aimode", ".preflight"))]


def test_a_send_in_json_to_a_mainland_mobile_loads_no_tables_no_http_and_no_phonenumbers(standin: StandIn) -> None:
    modules = loaded(*SEND)
    assert len(standin.ledger) == 1
    assert "smswrap.sending.dispatch" in modules
    assert not [name for name in modules if name.split(".")[0] == "phonenumbers"]
    assert not [name for name in modules if name.split(".")[0] in {"rich", "pygments"} or name in HTTP]
    # A success has no code to explain.
    assert not {"smswrap.catalogue.aliyun", "smswrap.catalogue.carriers", "smswrap.catalogue.cli"} & modules
