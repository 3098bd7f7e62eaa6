"""Measure, in one run and on one machine, what smswrap adds to the calls that it must make.

Times are the best of several runs; the ratios are what counts. Needs nothing but the checkout's .venv.

    .venv/bin/python scripts/bench.py
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from smswrap.sandbox import Sandbox

RUNS = 15
AGENT = "AlibabaCloud-Agent-Skills/alibabacloud-sms-send-short-message"
SEND = ("-s", "阿里云短信测试", "-t", "SMS_100000001")
PLAIN = f"""
aliyun plugin update >/dev/null
aliyun configure ai-mode enable
aliyun configure ai-mode set-user-agent --user-agent {AGENT}
aliyun dysmsapi send-sms --api-version 2017-05-25 --phone-numbers 19900000000 --sign-name 阿里云短信测试 \
  --template-code SMS_100000001 --template-param '{{"code":"123456"}}' --user-agent {AGENT} --read-timeout 3
aliyun configure ai-mode disable
"""


def best(command: list[str], environment: dict[str, str]) -> float:
    """Seconds of the fastest of several runs."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        subprocess.run(command, env=environment, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory() as directory:
        sandbox = Sandbox(Path(directory) / "sandbox")
        sandbox.prepare()
        base = {**os.environ, "SMSWRAP_STATE_DIR": directory, "SMSWRAP_SANDBOX_DIR": str(sandbox.directory)}
        inside = sandbox.environment(base)
        smswrap = [sys.executable, "-m", "smswrap", "--sandbox"]
        send = [*smswrap, "send", "-p", "19900000000", *SEND, "--var", "code=123456", "--yes", "--allow-duplicate"]
        subprocess.run(send, env=base, check=True, capture_output=True)
        bare = best([sys.executable, "-I", "-S", "-c", ""], inside)
        rows = {
            "stand-in, against a bare interpreter": (best(["aliyun", "version"], inside), bare),
            "smswrap --help, against import click": (
                best([*smswrap, "--help"], base),
                best([sys.executable, "-c", "import click"], base),
            ),
            "smswrap send, against a plain shell script": (best(send, base), best(["sh", "-c", PLAIN], inside)),
        }
    for name, (ours, theirs) in rows.items():
        print(f"{name:45} {ours * 1000:7.1f} ms / {theirs * 1000:7.1f} ms = {ours / theirs:.2f}")
    print(f"largest child: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
