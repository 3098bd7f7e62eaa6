"""Kill a batch at random moments and go on with it until it is done; then count what the gateway really took.

Each round: 50 requests against the stand-in with random faults, SIGKILL of the sending process again and again, then
`resume`, then `resume --unknown`. No recipient may get two messages, none may be missing, and AI mode must be off.

    python scripts/chaos.py --rounds 100 --seed 1
"""

from __future__ import annotations

import argparse
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

REQUESTS = 50
EACH = 2
SIGN, TEMPLATE = "阿里云短信测试", "SMS_100000001"
FATES = ("13900000003", "13900000004", "13900000008", "13900000010", "13900000014", "13900000015", "13900000017")
"""Magic recipients whose requests end in an unknown outcome, some accepted and some not."""

REFUSAL = '{"Code":"isv.MOBILE_NUMBER_ILLEGAL","Message":"chaos","RequestId":"C-1"}\n'
LONGEST = 120.0
MOST_RUNS = 60


class Round:
    """One batch, from its plan to the count."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311  repeatable, not secret
        self.directory = directory
        self.environment = {
            **os.environ,
            "SMSWRAP_STATE_DIR": str(directory / "state"),
            "SMSWRAP_SANDBOX_DIR": str(directory / "sandbox"),
            "SMSWRAP_SANDBOX": "1",
            "SMSWRAP_READ_TIMEOUT": "1",
        }
        self.kills = 0

    def play(self) -> Counter[str]:
        """Play the round; gives its counts. Raises AssertionError if a promise was broken."""
        self._prepare()
        plan = self._run("send-batch", "--file", str(self.directory / "people.csv"), "-t", TEMPLATE, "-s", SIGN)
        plan_id = plan["data"]["plan_id"]
        self._killed("confirm", plan_id)
        answer = self._until_done(plan_id)
        settled = self._run("resume", "--unknown", plan_id)
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
        rules = [
            {"name": phone, "cmd": f"dysmsapi send-sms *{phone}*", "stdout": REFUSAL, "exit_code": 0, "times": 0}
            for phone in sorted(self.refused)
        ]
        (self.directory / "sandbox").mkdir()
        (self.directory / "sandbox" / "rules.json").write_text(json.dumps(rules), "utf-8")

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
        process = subprocess.Popen(self._command(words), env=self.environment, stdout=-3, stderr=-3)
        try:
            process.wait(self.random.uniform(0.1, 1.2))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait(LONGEST)
            self.kills += 1
        self._await_ai_mode_off()

    def _run(self, *words: str) -> dict[str, Any]:
        ended = subprocess.run(
            self._command(words), env=self.environment, capture_output=True, check=False, timeout=LONGEST
        )
        assert ended.stdout, ended.stderr.decode()
        answer: dict[str, Any] = json.loads(ended.stdout)
        assert answer["status"] != "failed" or answer["error"]["kind"] == "input", answer
        self._await_ai_mode_off()
        return answer

    def _command(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "smswrap", "--quiet", "--output", "json", *words]

    def _await_ai_mode_off(self) -> None:
        path = self.directory / "sandbox" / "home" / ".aliyun" / "ai-mode.json"
        deadline = time.monotonic() + 10
        while path.exists() and '"enabled": false' not in path.read_text("utf-8"):
            assert time.monotonic() < deadline, "AI mode stayed on"
            time.sleep(0.01)

    def _judge(self, before: dict[str, int], after: dict[str, int]) -> Counter[str]:
        lines = (self.directory / "sandbox" / "ledger.jsonl").read_text("utf-8").splitlines()
        sent = Counter(json.loads(line)["phone"] for line in lines)
        twice = [phone for phone, count in sent.items() if count > 1]
        assert not twice, f"sent twice: {twice}"
        assert not self.refused & set(sent), "a refused message was sent"
        assert after["not_sent"] == 0
        # A refusal whose process was killed before it was told stays unknown.
        assert after["refused"] <= len(self.refused)
        # What stays unknown is what no receipt shows: the messages that the gateway never took.
        assert after["accepted"] == len(sent), (after, len(sent))
        assert after["unknown"] == len(self.everybody - set(sent)) - after["refused"]
        return Counter(
            kills=self.kills, sent=len(sent), unknown_before=before["unknown"], unknown_after=after["unknown"]
        )


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
        total += counts
        print(f"seed {seed}: {dict(counts)}", flush=True)
    print(f"{given.rounds} round(s), nobody twice, nobody missing: {dict(total)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
