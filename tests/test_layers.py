"""Imports point downward only, and what a command does not need is not loaded."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import SEND

import smswrap as package
from smswrap.__main__ import HELP, answer
from smswrap.cli.app import main
from smswrap.providers.base import PROVIDER_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import StandIn

ROOT = Path(package.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
STAND_INS = ROOT / "sandbox"

GROUND = {"errors", "clock", "masking", "messages", "model", "patterns", "record", "signals", "disk", "state"}
"""Modules that anybody may use, and that use nothing but each other."""

PROVIDING = {"providers.base", "providers.parameters", "providers.records"}
"""What all providers share."""

MAY_IMPORT: dict[str, set[str]] = {
    # The doors: they parse, call the hall once, and render what it gives.
    "__main__": {"cli"},
    "__init__": {"library", "sending.report", "providers.base", "errors"},
    "cli": {"cli", "household", "sending", "journal.journal", *PROVIDING, "process", "catalogue", "sandbox", *GROUND},
    "compat": {"__main__", "cli", "providers.parameters", "errors", "record"},
    "library": {
        "arguments",
        "household",
        "sending",
        "journal.journal",
        "providers.base",
        "providers.parameters",
        *GROUND,
    },
    "arguments": {"sending", "providers.base", "providers.parameters", *GROUND},
    "household": {"sending", "journal", "providers.base", "process", "sandbox", *GROUND},
    # The hall, and what it stands on.
    "sending": {"sending", "journal", *PROVIDING, "loans", "catalogue", *GROUND},
    "journal": {"journal", "model", "clock", "disk", "errors", "patterns", "record"},
    "providers": {"providers", "process", "conversation", "guard", "catalogue", *GROUND},
    "providers.base": {"providers.parameters", "providers.records", "model", "errors", "record"},
    "providers.parameters": {"errors", "patterns", "record"},
    "providers.records": {"record"},
    "process": {"signals", "record", "loans"},
    "loans": set(),
    "conversation": {"signals"},
    "guard": {"signals", "loans"},
    "catalogue": {"catalogue", "errors"},
    "sandbox": {"state", "disk", "errors"},
    # The ground.
    "model": {"clock", "errors", "record"},
    "state": {"disk", "errors"},
    "disk": {"errors", "patterns"},
    "signals": set(),
    "errors": {"record"},
    "record": set(),
    "clock": set(),
    "masking": {"patterns"},
    "patterns": set(),
    "messages": {"patterns"},
}
"""What each room may use; a room is named by the longest beginning of a module's name that stands here."""

SQL = re.compile(r"\b(SELECT|UPDATE|DELETE FROM|INSERT (OR \w+ )?INTO|PRAGMA|CREATE (TEMP )?TABLE)\s+[\w*(]")
MOST_BAGS, LONGEST_FILE, LONGEST_FUNCTION = 25, 350, 40
MOST_OF_A_SEND = 70
"""Modules of ours that a send loads, at about 0.5 ms each."""
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
    assert {"providers.base", "signals", "journal.journal"} <= set(own_imports(ROOT / "sending" / "dispatch.py"))
    assert {"providers.aliyun.operations", "providers.base"} <= set(
        own_imports(ROOT / "providers" / "aliyun" / "client.py")
    )
    assert "cli.app" in set(own_imports(ROOT / "__main__.py"))
    assert {room_of(module_of(path)) for path in FILES} == set(MAY_IMPORT)


def test_within_the_command_line_no_imports_make_a_circle() -> None:
    doors = {module_of(path): path for path in FILES if module_of(path).startswith("cli.")}
    graph = {module: doors.keys() & set(own_imports(path)) for module, path in doors.items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(doors) > 15


@pytest.mark.parametrize("path", [path for path in FILES if module_of(path).startswith("providers.")], ids=named)
def test_a_provider_imports_neither_sending_nor_cli_nor_another_provider(path: Path) -> None:
    own = module_of(path).split(".")[1]
    for module in own_imports(path):
        rooms = module.split(".")
        assert rooms[0] not in {"sending", "cli", "sandbox"}
        assert rooms[0] != "providers" or rooms[1] == own or rooms[1] not in PROVIDER_NAMES


@pytest.mark.parametrize("path", [path for path in FILES if not path.is_relative_to(STAND_INS)], ids=named)
def test_only_the_journal_speaks_sql(path: Path) -> None:
    sql = {name for name in imported(path) if name.split(".")[0] == "sqlite3"}
    sql |= {text for text in strings(path) if SQL.search(text)}
    assert not sql or path.parent.name == "journal", sql


def test_the_look_for_sql_sees_the_sql_that_there_is() -> None:
    assert [text for text in strings(ROOT / "journal" / "plans.py") if SQL.search(text)]


@pytest.mark.parametrize(
    "path", sorted([*(ROOT / "sending").rglob("*.py"), *(ROOT / "journal").rglob("*.py")]), ids=named
)
def test_sending_and_journal_name_no_provider(path: Path) -> None:
    for text in strings(path):
        assert not [name for name in (*PROVIDER_NAMES, "aliyun", "volcengine") if name in text.lower()], text


@pytest.mark.parametrize("path", FILES, ids=named)
def test_only_the_seam_starts_programs(path: Path) -> None:
    found = {name for name in imported(path) if name.split(".")[0] in STARTING}
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            found |= {f"os.{node.attr}"} if node.attr.startswith(STARTERS) else set()
    assert found == {"process.py": {"subprocess"}, "conversation.py": {"pexpect"}, "guard.py": {"os.fork"}}.get(
        named(path), set()
    )


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


@pytest.mark.parametrize("words", ["--version", "--help", "-h"])
def test_what_is_asked_most_is_answered_before_anything_is_loaded(words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    modules = loaded(words)
    assert {name for name in modules if name.startswith("smswrap")} <= {"smswrap", "smswrap.cli"}
    assert not {"click", "re", "typing", "json", "pathlib"} & modules


@pytest.mark.parametrize("columns", ["80", "60"])
def test_help_is_what_click_makes_of_it(
    columns: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["--help"]) == 0
    made = capfd.readouterr().out
    assert (made == Path(HELP).read_text("utf-8")) is (columns == "80"), "run: python scripts/docs.py"
    assert answer(["--help"]) is (columns == "80")
    assert capfd.readouterr().out == (made if columns == "80" else "")


def test_the_help_of_a_verb_loads_click_and_next_to_nothing_else() -> None:
    modules = loaded("send", "--help")
    assert {"smswrap.cli.app", "click"} <= modules
    heavy = ("rich", "phonenumbers", "sqlite3", "packaging", "platformdirs", "smswrap.sending.table", *HTTP)
    assert not [name for name in modules if name.startswith(tuple(f"{one}." for one in heavy)) or name in heavy]
    assert not [name for name in modules if name.endswith((".client", ".aimode", ".preflight"))]


def test_a_send_in_json_to_a_mainland_mobile_loads_no_tables_no_http_and_no_phonenumbers(standin: StandIn) -> None:
    loaded(*SEND)
    modules = loaded(*SEND, "--allow-duplicate")
    assert len(standin.ledger) == 2
    assert "smswrap.sending.dispatch" in modules
    assert not [name for name in modules if name.split(".")[0] == "phonenumbers"]
    assert not [name for name in modules if name.split(".")[0] in {"rich", "pygments"} or name in HTTP]
    # From 3.12 on, Python's own dataclasses ask inspect, which loads ast.
    heavy = {"shutil", "csv", "packaging", *(() if sys.version_info >= (3, 12) else ("ast", "inspect"))}
    assert heavy & modules == set()
    assert len([name for name in modules if name.startswith("smswrap.")]) <= MOST_OF_A_SEND


OPENING = """
import sys
sys.addaudithook(lambda event, given: print(given[0], file=sys.stderr) if event == "open" else None)
from smswrap.__main__ import run
run()
"""


def test_a_success_has_no_code_to_explain_and_reads_no_catalogue(standin: StandIn) -> None:
    def opened(number: str) -> str:
        argv = [sys.executable, "-c", OPENING, *SEND[:2], number, *SEND[3:]]
        return subprocess.run(argv, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL).stderr

    assert "codes.tsv" not in opened("19900000000")
    assert "codes.tsv" in opened("19900000007")
    assert len(standin.sends) == 2


def test_importing_the_package_loads_nothing_else_of_it() -> None:
    program = "import sys; before = set(sys.modules); import smswrap; print(*sorted(set(sys.modules) - before))"
    ended = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert [name for name in ended.stdout.split() if name.startswith("smswrap")] == ["smswrap"]
    assert not {"click", "sqlite3", "rich", "phonenumbers", "json"} & set(ended.stdout.split())


def hints(path: Path) -> Iterator[str]:
    """Every annotation of the file, of arguments, results and names."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, (ast.arg, ast.AnnAssign)) and node.annotation is not None:
            yield ast.unparse(node.annotation)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns is not None:
            yield ast.unparse(node.returns)


def test_bags_of_anything_stand_only_where_a_providers_json_is_foreign() -> None:
    # The stand-ins play the providers: all JSON is foreign there.
    ours = [path for path in FILES if not path.is_relative_to(STAND_INS)]
    bags = [named(path) for path in ours for text in hints(path) if "dict[str, Any]" in text]
    assert len(bags) <= MOST_BAGS, bags


def test_functions_and_files_are_short() -> None:
    lines = {named(path): len(path.read_text("utf-8").splitlines()) for path in FILES}
    functions = {
        f"{named(path)}:{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    }
    print(f"{sum(lines.values()):,} lines in {len(lines)} files")  # noqa: T201  beside a failure, and under `pytest -rP`
    assert {name: count for name, count in lines.items() if count > LONGEST_FILE} == {}
    assert {name: count for name, count in functions.items() if count > LONGEST_FUNCTION} == {}
