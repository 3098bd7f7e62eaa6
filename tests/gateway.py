"""The stand-in for Volcengine's gateway, in a thread of the test; in a process of its own where that is the point.

Its state is in a directory either way, and each request reads it anew.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
from argparse import Namespace
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smswrap.sandbox.gateway.main import Gateway as Server

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STANDIN = Path(__file__).parents[1] / "smswrap" / "sandbox" / "standin.py"
START = [sys.executable, "-I", "-S", str(STANDIN), "gateway"]
KEY = "c2FuZGJveA=="
LISTENS = 0.005
"""Seconds between two looks at the wish to stop."""

KEYS = {"SMSWRAP_SANDBOX_KEY": KEY}
BEARER = {"Authorization": f"Bearer {KEY}", "ServiceName": "volcSMS", "Content-Type": "application/json"}


@dataclass
class Gateway:
    """A running stand-in."""

    port: int
    directory: Path

    @property
    def bearer(self) -> dict[str, str]:
        """The environment that leads to it with a Bearer key."""
        return {"ARK_SKILL_API_KEY": KEY, "ARK_SKILL_API_BASE": f"http://127.0.0.1:{self.port}"}

    @property
    def signed(self) -> dict[str, str]:
        """The environment that leads to it with a pair of keys."""
        names = {"VOLCENGINE_ACCESS_KEY": "AKLTsandbox", "VOLCENGINE_SECRET_KEY": KEY}
        return {**names, "VOLC_SMS_ENDPOINT": f"http://127.0.0.1:{self.port}"}

    def post(
        self, action: str, body: object, headers: Mapping[str, str] = BEARER, version: str = "2026-01-01"
    ) -> tuple[int, Any]:
        """HTTP status and JSON of one call."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)) as connection:
            connection.request("POST", f"/?Action={action}&Version={version}", raw, dict(headers))
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def ask(self, action: str, body: object) -> Any:
        """The Result of a call that must work."""
        status, reply = self.post(action, body)
        assert status == 200
        return reply["Result"]

    def code(self, action: str, body: object, headers: Mapping[str, str] = BEARER) -> tuple[int, str]:
        """HTTP status and error code of a call that must not work."""
        status, reply = self.post(action, body, headers)
        return status, reply["ResponseMetadata"]["Error"]["Code"]

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The lines of its log or its ledger."""
        path = self.directory / f"gateway-{name}.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def only_body(self) -> dict[str, Any]:
        """The body of the one call that was made."""
        (call,) = self.lines("calls")
        body: dict[str, Any] = call["body"]
        return body


@contextmanager
def serving(directory: Path, groups: int | None = None) -> Iterator[Gateway]:
    """A stand-in in a thread: a hundredth of what a process costs."""
    directory.mkdir(exist_ok=True)
    with Server(Namespace(directory=directory, port=0, groups=groups), KEY) as server:
        thread = threading.Thread(target=server.serve_forever, args=(LISTENS,))
        thread.start()
        try:
            yield Gateway(server.server_port, directory)
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()


@contextmanager
def started(directory: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], Gateway]]:
    """A stand-in under a bare interpreter, with no home; it says its port, and must end well when its stdin does."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [*START, "--directory", str(directory), *options],
        text=True,
        env={"LC_ALL": "C", **KEYS},
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
    ) as process:
        assert process.stdin
        assert process.stdout
        said = json.loads(process.stdout.readline())
        assert list(said) == ["port"]
        yield process, Gateway(said["port"], directory)
        process.stdin.close()
        assert process.wait(10) == 0
