"""The stand-in: it prints its port as JSON, and serves until stdin ends or SIGTERM comes.

Each request is logged, an incident may happen, then it is authenticated and answered.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from ..common import NO_SANDBOX, Row, files, rules
from .actions import ACTIONS, State, load_account, read_fields, split_mobiles
from .auth import authenticate
from .magic import Incident, find_incident, read_rule
from .replies import Refusal, Reply, Request, accept, refuse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

VERSION = "2026-01-01"
LISTENS = 0.02  # seconds between looks at the wish to stop
LOGGED = ("host", "content-type", "servicename", "user-agent", "x-content-sha256", "x-date")
SECRET = ("authorization", "x-security-token")
LEAST_SHOWN = 4
LONGEST_SCHEME = len("HMAC-SHA256")


def main(argv: Sequence[str]) -> int:
    """Serve; 0 when asked to stop."""
    options = read_options(argv)
    key = os.environ.get("SMSWRAP_SANDBOX_KEY")
    if not key:
        print("the stand-in needs SMSWRAP_SANDBOX_KEY", file=sys.stderr)
        return NO_SANDBOX
    signal.signal(signal.SIGTERM, lambda _signum, _frame: sys.exit(0))
    files.keep_private()
    files.make_folder(str(options.directory))
    with Gateway(options, key) as gateway:
        threading.Thread(target=gateway.serve_forever, args=(LISTENS,), daemon=True).start()
        print(json.dumps({"port": gateway.server_port}), flush=True)
        try:
            wait_for_end_of_stdin()
        finally:
            gateway.stopping.set()
            gateway.shutdown()
    return 0


def read_options(argv: Sequence[str]) -> argparse.Namespace:
    """directory: Path, port: int (0: any free one), groups: int | None."""
    parser = argparse.ArgumentParser(prog="gateway", description=__doc__, allow_abbrev=False)
    parser.add_argument("--directory", type=Path, required=True, help="where the state is kept")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--groups", type=int, help="keep only the account's first so many message groups")
    return parser.parse_args(argv)


def wait_for_end_of_stdin() -> None:
    """Our starter holds the other end: it ends when the starter does, however that dies."""
    while os.read(0, 4096):
        pass


class Gateway(ThreadingHTTPServer):
    """The stand-in on 127.0.0.1; its state is in a directory, and outlives it."""

    daemon_threads = True

    def __init__(self, options: argparse.Namespace, key: str) -> None:
        super().__init__(("127.0.0.1", options.port), Handler)
        self.directory = str(options.directory)
        self.groups: int | None = options.groups
        self.key = key
        self.stopping = threading.Event()

    def state(self) -> State:
        """Account and ledger as they are now."""
        return State(load_account(self.directory, self.groups), f"{self.directory}/gateway-ledger.jsonl")

    def take_rule(self, request: Request) -> Incident | None:
        """Log the request, and take what a rule orders for it; a rule without an action is for every one."""
        path = f"{self.directory}/gateway-rules.json"
        rule = rules.claim(path, lambda rule: rule.get("action", request.action) == request.action)
        called = {**describe_call(request), "rule": rule["name"] if rule else None}
        files.append(f"{self.directory}/gateway-calls.jsonl", [called])
        return read_rule(rule) if rule else None


def describe_call(request: Request) -> Row:
    """A request as the log shows it; `time` in milliseconds, secrets shortened."""
    try:
        body: object = json.loads(request.body)
    except ValueError:
        body = request.body.decode(errors="replace")
    headers = {name: request.headers[name] for name in LOGGED if name in request.headers}
    secrets = {name: shorten(request.headers[name]) for name in SECRET if name in request.headers}
    return {
        "time": time.time_ns() // 10**6,
        "method": request.method,
        "path": request.path,
        "action": request.action,
        "version": request.version,
        "headers": {**headers, **secrets},
        "body": body,
    }


def shorten(secret: str) -> str:
    """A secret's scheme and first letters."""
    scheme, space, rest = secret.partition(" ")
    return f"{scheme[:LONGEST_SCHEME]} {rest[:LEAST_SHOWN]}***" if space else f"{secret[:LEAST_SHOWN]}***"


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Gateway

    def do_POST(self) -> None:
        """Answer any request: what is wrong with it is the API's to say."""
        request = self.read_request()
        ordered = self.server.take_rule(request)
        answer = self.answer_plainly
        reply = self.happen(ordered, request, answer) if ordered else answer(request)
        with suppress(ConnectionError):
            self.write(reply)

    do_GET = do_PUT = do_DELETE = do_POST  # noqa: N815  the names that http.server looks for

    def read_request(self) -> Request:
        """The request with its whole body."""
        parts = urlsplit(self.path)
        query = parse_qs(parts.query, keep_blank_values=True)
        length = self.headers.get("Content-Length", "")
        return Request(
            method=self.command,
            path=parts.path or "/",
            query=parts.query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length) if length.isdigit() else 0),
            action=query.get("Action", [""])[-1],
            version=query.get("Version", [""])[-1],
        )

    def answer_plainly(self, request: Request) -> Reply | None:
        """What the API answers, a magic recipient's incident included."""
        try:
            return self.carry_out(request)
        except Refusal as refusal:
            return refuse(request, refusal)

    def carry_out(self, request: Request) -> Reply | None:
        """Authenticate and run the action; what is wrong is a Refusal."""
        authenticate(request, self.server.key)
        if not request.action or not request.version:
            raise Refusal("MissingParameter")
        action = ACTIONS.get(request.action)
        if not action or request.version != VERSION or request.method != action.method:
            raise Refusal("InvalidActionOrVersion")
        if action.method == "POST" and request.headers.get("content-type") != "application/json":
            raise Refusal("MissingRequestInfo", "It is Content-Type: application/json.")
        fields = read_fields(action, request)
        incident = find_incident(split_mobiles(fields.get("Mobiles", "")))
        return self.happen(incident, request, lambda asked: accept(asked, action.run(self.server.state(), fields)))

    def happen(
        self, incident: Incident, request: Request, carry_out: Callable[[Request], Reply | None]
    ) -> Reply | None:
        """Let an incident happen: the reply, or None for none."""
        time.sleep(incident.delay_ms / 1000)
        reply = carry_out(request) if incident.accept else None
        if incident.hang:
            self.wait_for_client()
        if incident.hang or incident.drop:
            return None
        return incident.answer(request, reply or Reply(200, b"")) if incident.answer else reply

    def wait_for_client(self) -> None:
        """Say nothing until the client gives up or the server stops."""
        self.connection.settimeout(0.05)
        while not self.server.stopping.is_set():
            try:
                if not self.connection.recv(1, socket.MSG_PEEK):
                    return
            except TimeoutError:
                continue
            except OSError:
                return

    def write(self, reply: Reply | None) -> None:
        """Send the reply; without one the connection just closes."""
        self.close_connection = True
        if reply is None:
            return
        self.send_response(reply.status)
        headers = {**reply.headers, "Content-Length": str(len(reply.body)), "Connection": "close"}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  http.server's name
        """Say nothing: gateway-calls.jsonl has it."""
