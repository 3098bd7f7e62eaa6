"""Kill a batch at random moments and go on with it until it is done; then count what the gateway really took.

Each round: 50 requests against the stand-in with random faults, SIGKILL again and again, then `resume`, then
`resume --unknown`. The sending process is killed at any time, or as a call of the CLI starts, which goes on as an
orphan; or it, its guard and its calls are killed at once, as the end of a container does. Some runs live weeks later,
earlier or in 1970. No recipient may get two messages, none may be missing, and AI mode must be off.

    python scripts/chaos.py --rounds 100 --seed 1
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from smswrap.sandbox import PROFILE, write_launcher

REQUESTS = 50
EACH = 2
SIGN, TEMPLATE = "阿里云短信测试", "SMS_100000001"
FATES = ("19900000003", "19900000004", "19900000008", "19900000010", "19900000014", "19900000015", "19900000017")
"""Magic recipients whose requests end in an unknown outcome, some accepted and some not."""

REFUSAL = '{"Code":"isv.MOBILE_NUMBER_ILLEGAL","Message":"chaos","RequestId":"C-1"}\n'
SLOW = ("configure ai-mode enable", "configure ai-mode disable", "plugin update", "dysmsapi send-sms *")
"""Calls of which some take their time: killed at their start, the orphan does its work long after."""

JUMPED = """
import sys, time
seconds, wall = float(sys.argv[1]), time.time
time.time = lambda: wall() + seconds
from smswrap.cli.app import main
sys.exit(main(sys.argv[2:]))
"""
"""A run that lives at another time by the wall clock; the machine's own clock goes on."""

DAY = 86_400.0
LONGEST = 120.0
MOST_RUNS = 60


class Round:
    """One batch, from its plan to the count."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  repeatable, not secret
        self.directory = directory
        self.standin, self.home = directory / "stand-in", directory / "home" / ".aliyun"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("ALIBABA", "ALICLOUD"))},
            "HOME": str(directory / "home"),
            "PATH": f"{self.standin / 'bin'}:/bin:/usr/bin",
            "SMSWRAP_STATE_DIR": str(directory / "state"),
            "SMSWRAP_SANDBOX_DIR": str(self.standin),
            "SMSWRAP_READ_TIMEOUT": "1",
        }
        self.kills: Counter[str] = Counter()

    def play(self) -> Counter[str]:
        """Play the round; gives its counts. Raises AssertionError if a promise was broken."""
        self._prepare()
        # With the right clock: a plan of another time expires, and receipts of another day cannot be queried.
        people = str(self.directory / "people.csv")
        plan = self._run("send-batch", "--file", people, "-t", TEMPLATE, "-s", SIGN, jump=0.0)
        plan_id = plan["data"]["plan_id"]
        self._killed("confirm", plan_id)
        answer = self._until_done(plan_id)
        settled = self._run("resume", "--unknown", plan_id, jump=0.0)
        return self._judge(answer["data"]["counts"], settled["data"]["counts"])

    def _prepare(self) -> None:
        groups = [[f"138{number:06}{place:02}" for place in range(EACH)] for number in range(REQUESTS)]
        for group, fate in zip(self.random.sample(groups, len(FATES)), FATES, strict=True):
            group[0] = fate
        lines = [f"{phone},{number:06}" for number, group in enumerate(groups) for phone in group]
        (self.directory / "people.csv").write_text("\n".join(["phone,code", *lines]) + "\n", "utf-8")
        plain = [group for group in groups if group[0] not in FATES]
        self.refused = {phone for group in self.random.sample(plain, 3) for phone in group}
        self.everybody = {phone for group in groups for phone in group}
        rules: list[dict[str, Any]] = [
            {"name": phone, "cmd": f"dysmsapi send-sms *{phone}*", "stdout": REFUSAL, "times": 0}
            for phone in sorted(self.refused)
        ]
        rules += [{"name": call, "cmd": call, "delay_ms": 200, "then": "continue", "times": 4} for call in SLOW]
        (self.standin / "bin").mkdir(parents=True)
        write_launcher(self.standin / "bin" / "aliyun")
        (self.standin / "rules.json").write_text(json.dumps([{"exit_code": 0, "stderr": "", **one} for one in rules]))
        self.home.mkdir(mode=0o700, parents=True)
        (self.home / "config.json").write_text(json.dumps({"current": "default", "profiles": [PROFILE]}), "utf-8")

    def _until_done(self, plan_id: str) -> dict[str, Any]:
        for _ in range(MOST_RUNS):
            if self.random.random() < 0.7:  # noqa: PLR2004  most runs are killed
                self._killed(self.random.choice(("confirm", "resume")), plan_id)
                continue
            # A first confirm that was killed early enough has not been said.
            answer = self._run(self.random.choice(("confirm", "resume")), plan_id)
            if answer["data"].get("counts", {"not_sent": 1})["not_sent"] == 0:
                return answer
        raise AssertionError("the batch never came to its end")

    def _killed(self, *words: str) -> None:
        how = self.random.choice(("later", "at a call", "all at once"))
        process = subprocess.Popen(self._command(words), env=self.environment, stdout=-3, stderr=-3)
        if how == "at a call":
            self._await_calls(process, self.random.randint(1, 12))
        else:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self.random.uniform(0.1, 1.2))
        if process.poll() is None:
            self.kills[how] += 1
            for pid in _with_descendants(process.pid) if how == "all at once" else [process.pid]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait(LONGEST)
        if how == "all at once":  # nobody is left to turn it off: the next command of any kind does
            subprocess.run(self._command(("history",), 0.0), env=self.environment, stdout=-3, stderr=-3, check=True)
        self._await_ai_mode_off()

    def _await_calls(self, process: subprocess.Popen[bytes], most: int) -> None:
        """Wait until the CLI has been started so many times."""
        calls = self.standin / "calls.jsonl"
        begun = calls.stat().st_size if calls.exists() else 0
        while process.poll() is None:
            if calls.exists():
                with calls.open("rb") as lines:
                    lines.seek(begun)
                    if lines.read().count(b'"start"') >= most:
                        return
            time.sleep(0.002)

    def _run(self, *words: str, jump: float | None = None) -> dict[str, Any]:
        ended = subprocess.run(
            self._command(words, jump), env=self.environment, capture_output=True, check=False, timeout=LONGEST
        )
        assert ended.stdout, ended.stderr.decode()
        answer: dict[str, Any] = json.loads(ended.stdout)
        assert answer["status"] != "failed" or answer["error"]["kind"] == "input", answer
        self._await_ai_mode_off()
        return answer

    def _command(self, words: tuple[str, ...], jump: float | None = None) -> list[str]:
        if jump is None and self.random.random() < 0.2:  # noqa: PLR2004  some live at another time
            jump = self.random.choice((40 * DAY, 7_200.0, -7_200.0, -40 * DAY, -time.time()))
            self.kills["clock jumps"] += 1
        start = ["-c", JUMPED, str(jump)] if jump else ["-m", "smswrap"]
        return [sys.executable, *start, "--quiet", "--output", "json", *words]

    def _await_ai_mode_off(self) -> None:
        path = self.home / "ai-mode.json"
        deadline = time.monotonic() + 10
        while path.exists() and '"enabled": false' not in path.read_text("utf-8"):
            assert time.monotonic() < deadline, "AI mode stayed on"
            time.sleep(0.01)

    def _judge(self, before: dict[str, int], after: dict[str, int]) -> Counter[str]:
        lines = (self.standin / "ledger.jsonl").read_text("utf-8").splitlines()
        sent = Counter(json.loads(line)["phone"] for line in lines)
        assert not self.refused & set(sent), "a refused message was sent"
        assert after["not_sent"] == 0
        # A refusal whose process was killed before it was told stays unknown.
        assert after["refused"] <= len(self.refused)
        # What stays unknown is what no receipt shows: the messages that the gateway never took.
        assert after["accepted"] == len(sent), (after, len(sent))
        found = {
            "sent": len(sent),
            "unknown_before": before["unknown"],
            "unknown_after": after["unknown"],
            "doubled": sum(sent.values()) - len(sent),
            "lost": len(self.everybody - set(sent)) - after["refused"] - after["unknown"],
        }
        return Counter({**self.kills, **found})


def _with_descendants(pid: int) -> list[int]:
    """A process, halted, and all that it has started, so that none can start or clean up anything more."""
    os.kill(pid, signal.SIGSTOP)
    listed = subprocess.run(["/bin/ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    rows = [tuple(map(int, line.split())) for line in listed.splitlines()]
    found = [pid]
    for parent in found:
        found += [child for child, its_parent in rows if its_parent == parent]
    return found


def main(arguments: list[str]) -> int:
    """Play the rounds and print their counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(arguments)
    total: Counter[str] = Counter()
    for seed in range(given.seed, given.seed + given.rounds):
        with tempfile.TemporaryDirectory() as directory:
            counts = Round(Path(directory), seed).play()
        total.update(counts)
        print(f"seed {seed}: {dict(counts)}", flush=True)
    print(f"{given.rounds} round(s): {dict(total)}")
    print(f"doubled {total['doubled']}, lost {total['lost']}, AI mode off")
    return 1 if total["doubled"] or total["lost"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
