"""Measure smswrap against what its users would do without it, each pair by turns (A B A B), as medians of one run.

    .venv/bin/python scripts/bench.py [--rounds N] [--only REGEX] [--json FILE] [--write]

The baselines are plain shell. A call of the stand-in `aliyun` costs 20 ms of CPU, as one of the real CLI does; it keeps
ai-mode.json as that one does. Nothing real is called or sent. Needs the checkout's .venv, cc and curl.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SMSWRAP, PYTHON, PAGE = str(ROOT / ".venv/bin/smswrap"), sys.executable, ROOT / "references" / "speed.md"
AGENT = "AlibabaCloud-Agent-Skills/alibabacloud-sms-send-short-message"
UPDATED = (
    "Checking for updates for 1 installed plugin(s)...\\nSkipping aliyun-cli-dysmsapi\\nAll plugins are up to date."
)
REPLY = {
    "BizId": "900619746936498440^0",
    "Code": "OK",
    "Message": "OK",
    "RequestId": "F655A8D5-B967-440B-8683-DAD6FF8DE990",
    "SmsSignList": [{"SignName": f"sign{number}", "AuditStatus": "AUDIT_STATE_PASS"} for number in range(10)],
    "TotalCount": 10,
    "TemplateCode": "SMS_1234",
    "TemplateContent": "code ${code}",
    "TemplateStatus": 1,
    "TemplateType": 0,
}
STANDIN = f"""
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
int main(int n, char **words) {{
    struct timespec used;
    do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used); while (used.tv_sec * 1e3 + used.tv_nsec / 1e6 < 20);
    const char *word = n > 1 ? words[1] : "", *last = n > 3 ? words[3] : "", *on = strcmp(last, "disable") ? "true" : "false";
    if (!strcmp(word, "version")) puts("3.4.11");
    if (!strcmp(word, "plugin")) puts("{UPDATED}");
    if (!strcmp(word, "dysmsapi")) puts({json.dumps(json.dumps(REPLY))});
    if (strcmp(word, "configure") || !strcmp(words[2], "set")) return 0;
    char path[4096];
    snprintf(path, sizeof path, "%s/.aliyun/ai-mode.json", getenv("HOME"));
    FILE *file = fopen(path, "w");
    fprintf(file, "{{\\"enabled\\":%s,\\"user_agent\\":\\"{AGENT}\\"}}", on);
    return fclose(file);
}}
"""  # noqa: E501
KEY = {"access_key_id": "LTAI5tBenchBenchBench0001", "access_key_secret": "bench" * 6}
PROFILE = {"name": "default", "mode": "AK", **KEY, "region_id": "cn-hangzhou", "auto_plugin_install": True}
SCRIPT = f"""
set -eu
trap 'aliyun configure ai-mode disable' EXIT
aliyun version >/dev/null
aliyun configure set --auto-plugin-install true
aliyun plugin update >/dev/null
aliyun configure ai-mode enable
aliyun configure ai-mode set-user-agent --user-agent {AGENT}
aliyun dysmsapi CALL --api-version 2017-05-25 --user-agent {AGENT} --read-timeout 3
"""
PARAMETERS = """--template-code SMS_1234 --template-param '{"code":"1"}'"""
CALLS = {
    "send.sh": f'send-sms --phone-numbers "$1" --sign-name 签名 {PARAMETERS}',
    "list.sh": "query-sms-sign-list --page-index 1 --page-size 10",
}
READ_CSV = "import csv, sys\nfor _ in csv.reader(open(sys.argv[1], encoding='utf-8', newline='')): pass"
READ_JOURNAL = """import sqlite3, sys
journal = sqlite3.connect(sys.argv[1])
for table in ("plans", "requests", "messages"): journal.execute(f"SELECT * FROM {table}").fetchall()"""
UNITS = {"wall": (1000, "ms"), "cpu": (1000, "ms"), "memory": (1 / 1024, "MiB")}

Command = Callable[[], Sequence[str]]


class Cost(NamedTuple):
    """Of a program and all that it started: seconds, seconds of CPU, and the largest process in KiB."""

    wall: float
    cpu: float
    memory: int


class Row(NamedTuple):
    """A line of the table: two commands, the most that ours may be of the other, the share of rounds."""

    name: str
    against: str
    ours: Command
    baseline: Command
    must: dict[str, float]
    share: float = 1.0


class Place:
    """A folder with a HOME, a journal, the stand-in and the baselines' scripts."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.sent = folder, 0
        foreign = ("SMSWRAP", "ALI", "ARK", "VOLC", "COLUMNS")
        own = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        path = os.pathsep.join((str(folder), os.environ["PATH"]))
        self.environment = {**own, "HOME": str(folder), "PATH": path, "SMSWRAP_STATE_DIR": str(folder / "state")}
        (folder / ".aliyun" / "plugins").mkdir(parents=True)
        self._write(".aliyun/plugins/manifest.json", '{"plugins":{"aliyun-cli-dysmsapi":{}}}')
        self._write(".aliyun/config.json", json.dumps({"current": "default", "profiles": [PROFILE]}))
        for name, call in CALLS.items():
            self._write(name, SCRIPT.replace("CALL", call))
        self._write("aliyun.c", STANDIN)
        subprocess.run(["cc", "-O2", "-o", "aliyun", "aliyun.c"], check=True, cwd=folder)  # noqa: S607
        self.listed, self.finished, self.calls = cache(self.people), cache(self._finish), cache(self._calls)

    def _write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text, "utf-8")
        return str(self.folder / name)

    def script(self, name: str, *words: str) -> list[str]:
        """The words that run a baseline."""
        return ["sh", str(self.folder / name), *words]

    def numbers(self, many: int) -> Iterator[str]:
        """Mobile numbers that nothing was sent to before: a repeat would be another thing."""
        self.sent += many
        return (f"187{10_000_000 + number:08d}" for number in range(self.sent, self.sent - many, -1))

    def send(self, many: int = 1) -> list[str]:
        """The words that send one text to so many people."""
        people = ",".join(self.numbers(many))
        return [SMSWRAP, "send", "-s", "签名", "-t", "SMS_1234", "--var", "code=1", "--yes", "-p", people]

    def people(self, rows: int) -> str:
        """A file of so many personalised rows."""
        # Line by line: what we take counts as the memory of every program that we start (getrusage, ru_maxrss).
        path = self.folder / f"people-{self.sent}.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write("phone,code\n")
            file.writelines(f"{number},{index:06d}\n" for index, number in enumerate(self.numbers(rows)))
        return str(path)

    def batch(self, file: str, *words: str) -> list[str]:
        """The words that send a file of personalised rows."""
        columns = ("--map", "phone=phone,code=code", "--jobs", "4")
        return [SMSWRAP, "send-batch", "--file", file, "-s", "签名", "-t", "SMS_1234", *columns, *words]

    def _calls(self, requests: int) -> str:
        """A file with the arguments of so many SendBatchSms calls of a hundred, one a line, for xargs."""
        arrays = ([f"187{number:08d}" for number in range(100)], ["签名"] * 100, [{"code": "123456"}] * 100)
        names = ("--phone-number-json", "--sign-name-json", "--template-param-json")
        words = ["dysmsapi", "send-batch-sms", "--api-version", "2017-05-25", "--template-code", "SMS_1234"]
        words += [text for name, array in zip(names, arrays, strict=True) for text in (name, json.dumps(array))]
        return self._write("calls", (shlex.join(words) + "\n") * requests)

    def _finish(self, requests: int) -> str:
        """The id of a plan of so many requests that were all made, in a journal that holds nothing else."""
        self.environment["SMSWRAP_STATE_DIR"] = str(self.folder / "finished")
        words = self.batch(self.people(requests * 100), "--yes")
        answer = subprocess.run(words, env=self.environment, check=True, capture_output=True)
        return str(json.loads(answer.stdout)["data"]["plan_id"])


def rows(place: Place, gateway: str) -> list[Row]:
    """The table; what a row needs is made when its turn comes."""
    script = "a shell script of the same seven calls"
    ten = f'for part do {shlex.join(place.script("send.sh"))} "$part"; done'
    old = ("send", "-s", "签名", "-t", "SMS_1234", "-tp", '{"code":"1"}', "-p")
    curl = ("curl", "-sS", "-H", "Content-Type: application/json", "-d", "{}", gateway)
    once, thousand, million = {"wall": 1.0}, 1_000, 1_000_000

    def rehearse(many: int) -> Command:
        return lambda: place.batch(place.listed(many), "--dry-run")

    def told() -> list[str]:
        # `-q --version` is click's answer, as any verb's is; `--version` alone is given before that is loaded.
        full = f"{SMSWRAP} -q --version"
        return ["sh", "-c", f'{full}; {full}; exec "$0" -c "$1" "$SMSWRAP_STATE_DIR/journal.db"', PYTHON, READ_JOURNAL]

    def bare() -> list[str]:
        return [PYTHON, "-c", "pass"]

    def old_door() -> list[str]:
        return [str(ROOT / "scripts/send_sms.sh"), *old, *place.numbers(1)]

    def whole() -> list[str]:
        return place.batch(place.people(100 * thousand), "--yes")

    def xargs() -> list[str]:
        return ["sh", "-c", f"xargs -L 1 -P 4 aliyun <{place.calls(thousand)}"]

    def scripts() -> list[str]:
        return ["sh", "-c", ten, "", *(",".join(place.numbers(thousand)) for _ in range(10))]

    def reading() -> list[str]:
        return [PYTHON, "-c", READ_CSV, place.listed(million)]

    volcengine = [PYTHON, str(ROOT / "scripts/volc_sms.py"), "list_sub_account"]
    # fmt: off
    return [
        Row("one `send --yes`", script, place.send, lambda: place.script("send.sh", *place.numbers(1)),
            {"wall": 1.0, "cpu": 1.3}),
        Row("one `list-signs`", script, lambda: [SMSWRAP, "list-signs"], lambda: place.script("list.sh"), once),
        Row("`send_sms.sh send`", "our `smswrap send`", old_door, place.send, {"wall": 1.1}),
        Row("`smswrap --help`", "`python -c pass`", lambda: [SMSWRAP, "--help"], bare, {"wall": 4}),
        Row("`smswrap --version`", "`python -c pass`", lambda: [SMSWRAP, "--version"], bare, {"wall": 4}),
        Row("10,000 recipients, one text", "ten runs of that script", lambda: place.send(10 * thousand), scripts,
            {"wall": 0.25}, 0.3),
        Row("100,000 personalised rows, `--jobs 4`", "`xargs -P 4` making the same 1,000 calls, files prepared",
            whole, xargs, {"wall": 1.15}, 0.2),
        Row("1,000,000 rows, `--dry-run`", "one pass of `csv.reader`", rehearse(million), reading, {"wall": 15}, 0.2),
        Row("1,000,000 rows, `--dry-run`", "10,000 rows", rehearse(million), rehearse(10 * thousand),
            {"memory": 1.3}, 0.1),
        Row("`volc_sms.py list_sub_account`", "`curl` making the same request", lambda: volcengine, lambda: curl,
            {"wall": 5}),
        Row("`resume` of 1,000 finished requests", "`-q --version` twice, and reading",
            lambda: [SMSWRAP, "resume", place.finished(thousand)], told, once, 0.5),
    ]
    # fmt: on


def run(words: Sequence[str], environment: dict[str, str]) -> Cost:
    """Run a program to its end, which must be a good one."""
    with tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        child = subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said)
        _, status, used = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            said.seek(0)
            raise SystemExit(f"{shlex.join(words)[:200]} ended with {child.returncode}: {said.read().decode()[-2000:]}")
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss)


def median(costs: Sequence[Cost]) -> Cost:
    """The median of each measure."""
    return Cost(*(statistics.median(column) for column in zip(*costs, strict=True)))


def compare(row: Row, place: Place, rounds: int) -> dict[str, Any]:
    """Measure a row by turns, after a first round that does not count."""
    pairs = [
        (run(row.ours(), place.environment), run(row.baseline(), place.environment))
        for _ in range(1 + max(1, round(rounds * row.share)))
    ]
    ours, theirs = (median(side) for side in zip(*pairs[1:], strict=True))
    ratios = {name: getattr(ours, name) / getattr(theirs, name) for name in row.must}
    costs = {"ours": ours._asdict(), "baseline": theirs._asdict()}
    return {
        "what": row.name,
        "against": row.against,
        "ratios": ratios,
        "must": row.must,
        "rounds": len(pairs) - 1,
        **costs,
    }


def growth(place: Place) -> Iterator[dict[str, Any]]:
    """How cost grows with requests and with rows: the b of the y = a x^b that fits best, 1 is linear."""
    for what, sizes, each, word in (
        ("requests", (1, 10, 100, 1000), 100, "--yes"),
        ("rows", (10**3, 10**4, 10**5, 10**6), 1, "--dry-run"),
    ):
        costs = {size: run(place.batch(place.people(size * each), word), place.environment) for size in sizes}
        logs = {name: [math.log(getattr(cost, name)) for cost in costs.values()] for name in ("wall", "memory")}
        fitted = {name: statistics.linear_regression([*map(math.log, sizes)], ys).slope for name, ys in logs.items()}
        yield {"of": what, "exponents": fitted, "costs": {size: cost._asdict() for size, cost in costs.items()}}


def together(place: Place) -> dict[int, float]:
    """Single sends a second, so many at once."""
    found = {}
    for many in (1, 4, 16, 64):
        send = shlex.join(["xargs", "-n", "1", "-P", str(many), *place.send(0)[:-1]])
        cost = run(["sh", "-c", f'printf "%s\\n" "$@" | {send}', "", *place.numbers(64)], place.environment)
        found[many] = 64 / cost.wall
    return found


@contextmanager
def gateway(place: Place) -> Iterator[str]:
    """A server on loopback with an empty list for everybody; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            reply = b'{"ResponseMetadata":{"RequestId":"1"},"Result":{"List":[],"Total":0}}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    place.environment |= {"ARK_SKILL_API_KEY": "bench-key-0001", "ARK_SKILL_API_BASE": address}
    yield address
    server.shutdown()


def line(found: dict[str, Any]) -> str:
    """A row of the table."""
    cells = []
    for name, ratio in found["ratios"].items():
        scale, unit = UNITS[name]
        ours, theirs = (found[side][name] * scale for side in ("ours", "baseline"))
        missed = "" if ratio <= found["must"][name] else ", **missed**"
        cells.append(
            f"{name} {ours:,.0f} / {theirs:,.0f} {unit} = **{ratio:.2f}** (at most {found['must'][name]:g}{missed})"
        )
    return f"| {found['what']} | {found['against']} | {'; '.join(cells)} |"


def page(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    wall, cpu = (result["standin"][name] * 1000 for name in ("wall", "cpu"))
    parts = [
        f"{result['machine']}. A call of the stand-in: {wall:.1f} ms, CPU {cpu:.1f} ms.",
        *("", "| what | against | ours / theirs |", "|---|---|---|", *map(line, result["rows"]), ""),
    ]
    for one in result["growth"]:
        exponents = ", ".join(f"{name} {slope:.2f}" for name, slope in one["exponents"].items())
        sizes = ", ".join(f"{size:,}: {cost['wall']:.2f} s" for size, cost in one["costs"].items())
        parts.append(f"- Growth with the {one['of']} ({sizes}), fitted exponents: {exponents}.")
    rates = ", ".join(f"{many}: {rate:.1f}" for many, rate in result["together"].items())
    parts += [f"- Single sends a second, so many at once: {rates}."] if rates else []
    return "\n".join(parts)


def measured(place: Place, rounds: int, only: str) -> dict[str, Any]:
    """Measure what was chosen."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB"
    machine = f"{time.strftime('%Y-%m-%d')}, {system}, Python {platform.python_version()}"
    standin = median([run(["aliyun", "version"], place.environment) for _ in range(rounds)])
    result: dict[str, Any] = {"machine": machine, "standin": standin._asdict(), "rows": []}
    with gateway(place) as address:
        for row in rows(place, address):
            if re.search(only, row.name):
                result["rows"].append(compare(row, place, rounds))
                print(line(result["rows"][-1]), file=sys.stderr, flush=True)
    result["growth"] = list(growth(place)) if re.search(only, "growth") else []
    result["together"] = together(place) if re.search(only, "together") else {}
    return result


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--only", default="", metavar="REGEX", help="rows whose names match; also growth, together")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = measured(Place(Path(folder)), options.rounds, options.only)
    print(page(result))
    if options.json:
        options.json.write_text(json.dumps(result, ensure_ascii=False, indent=2), "utf-8")
    if options.write:
        before, _, rest = PAGE.read_text("utf-8").partition("<!-- table -->\n")
        _, _, after = rest.partition("<!-- /table -->")
        PAGE.write_text(f"{before}<!-- table -->\n{page(result)}\n<!-- /table -->{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
