"""Start the stand-in: it prints its port as JSON, and serves until stdin ends or SIGTERM comes."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ..common import NO_SANDBOX, files
from .server import Gateway

if TYPE_CHECKING:
    from collections.abc import Sequence

LISTENS = 0.02  # seconds between looks at the wish to stop


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
