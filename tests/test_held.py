"""What found/security lists as "Held" and no other test tries: it held, and it stays so."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import SEND, SIGN, TEMPLATE

from smswrap.providers.volcengine.gateway import KEY, standing_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Ran, StandIn

ROOT = Path(__file__).parents[1]
STRANGE = ("' OR 1=1 --", "%", "_", "*", "../../etc/passwd", "a" * 100_000, "--plan")
PLANNED = SEND[:-1]


@pytest.mark.parametrize("value", STRANGE)
@pytest.mark.parametrize("verb", ["confirm", "resume", "cancel"])
def test_a_plan_is_neither_sql_nor_a_pattern_nor_a_path(
    standin: StandIn, words: Callable[..., Ran], verb: str, value: str
) -> None:
    assert words(*PLANNED).code == 9
    ran = words(verb, "--", value)
    assert (ran.code, standin.sends) == (2, [])
    assert len(ran.stdout + ran.stderr) < 3_000


@pytest.mark.parametrize("value", ["%", "_", "' OR 1=1 --"])
def test_a_filter_of_history_is_neither_sql_nor_a_pattern(
    standin: StandIn, words: Callable[..., Ran], value: str
) -> None:
    assert words(*SEND).code == 0
    assert len(standin.sends) == 1
    ran = words("history", "--plan", value)
    assert ran.code == 2 or ran.envelope["data"]["sends"] == []


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/self/environ", "/proc/self/maps"])
def test_a_file_that_holds_no_parameters_is_never_quoted(words: Callable[..., Ran], path: str) -> None:
    ran = words("send", "-p", "19900000000", "-s", SIGN, "-t", TEMPLATE, "-tp", f"@{path}", "--yes")
    assert ran.code == 2
    content = Path(path).read_bytes().replace(b"\0", b"\n").decode("utf-8", "replace")
    lines = [line for line in content.splitlines() if len(line) > 12]
    assert lines
    assert not [line for line in lines if line in ran.stdout + ran.stderr]


def test_a_list_that_was_changed_after_the_plan_changes_nothing(
    standin: StandIn, words: Callable[..., Ran], tmp_path: Path
) -> None:
    table = tmp_path / "list.csv"
    table.write_text("phone,code\n19900000001,111111\n", "utf-8")
    planned = words("send-batch", "--file", str(table), "-s", SIGN, "-t", TEMPLATE)
    assert planned.code == 9
    table.write_text("phone,code\n19900000002,222222\n", "utf-8")
    assert words("confirm", planned.envelope["data"]["plan_id"]).code == 0
    sent = " ".join(standin.sends[0]["argv"])
    assert "19900000001" in sent
    assert "111111" in sent
    assert len(standin.sends) == 1


def test_the_gateways_key_is_another_one_at_each_start(tmp_path: Path) -> None:
    keys = set()
    for name in ("first", "second"):
        (tmp_path / name).mkdir(mode=0o700)
        with standing_in({**os.environ, "SMSWRAP_SANDBOX_DIR": str(tmp_path / name)}) as variables:
            keys.add(variables[KEY])
            assert variables[KEY] not in Path(f"/proc/{os.getpid()}/cmdline").read_text("utf-8")
    assert len(keys) == 2
    assert all(len(key) > 30 for key in keys)


def test_a_command_that_is_printed_can_be_pasted_whatever_the_folder_is_called(
    words: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "a'b;touch pwn #$(id)"
    state.mkdir(mode=0o777)
    state.chmod(0o777)
    monkeypatch.setenv("SMSWRAP_STATE_DIR", str(state))
    step = words(*SEND).error["next_step"]
    command = shlex.split(step.split("`")[1])
    assert command[0] == "chmod"
    assert command[-1] == str(state)


@pytest.mark.parametrize("script", ["scripts/demo.sh", "scripts/test.sh", ".ci/run"])
def test_cdpath_leads_no_script_elsewhere(tmp_path: Path, script: str) -> None:
    root, evil = tmp_path / "clone", tmp_path / "evil"
    for name in ("scripts", ".ci"):
        (evil / name).mkdir(parents=True)
        (root / name).mkdir(parents=True)
    (root / script).write_bytes((ROOT / script).read_bytes())
    (root / "scripts" / "setup.sh").write_text('echo "set up in $(dirname "$here")"; exit 3\n')
    (evil / "scripts" / "setup.sh").write_text("touch was-run\n")
    if script == ".ci/run":
        (root / "scripts" / "test.sh").write_bytes((ROOT / "scripts" / "test.sh").read_bytes())
    environment = {**os.environ, "CDPATH": f".:{evil}"}
    ended = subprocess.run(
        ["/bin/bash", script], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (3, f"set up in {root.resolve()}\n")
    assert not list(tmp_path.rglob("was-run"))


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A gateway that refuses by saying what it got; gives what must never be seen again."""
    secrets = ["echoed-secret-key-77", "echoed-session-token-77", "echoed-ark-key-77"]

    class Echo(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = f"{self.headers} {' '.join(secrets)}"
            error = {"Code": "RE:0009", "Message": text}
            body = json.dumps({"ResponseMetadata": {"RequestId": "r", "Error": error}}).encode()
            self.send_response(400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("VOLCENGINE_ACCESS_KEY", "AKLTechoed77")
        for name, value in zip(("SECRET_KEY", "SESSION_TOKEN"), secrets, strict=False):
            monkeypatch.setenv(f"VOLCENGINE_{name}", value)
        monkeypatch.setenv("VOLCENGINE_SMS_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        yield secrets[:2]
        server.shutdown()


def test_a_gateway_that_echoes_the_request_brings_no_secret_anywhere(
    words: Callable[..., Ran], tmp_path: Path, echo: list[str]
) -> None:
    message = ("-p", "19900000000", "-s", "火山引擎", "-t", "ST_code", "--message-group", "77da1acf")
    send = ("send", "--provider", "volcengine", *message, "--var", "code=123456", "--yes", "-v", "--with-reply")
    said = [
        words(*line) for line in (send, ("list-signs", "--provider", "volcengine", "-v"), ("history",), ("doctor",))
    ]
    assert "***" in said[0].stdout
    kept = b"".join(file.read_bytes() for file in (tmp_path / "state").rglob("*") if file.is_file())
    for secret in echo:
        assert not [ran for ran in said if secret in ran.stdout + ran.stderr]
        assert secret.encode() not in kept
