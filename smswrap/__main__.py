"""`python -m smswrap`, and the console script."""

from __future__ import annotations

import sys


def run() -> None:
    """Run the program with the process's arguments and end with its exit code."""
    try:
        from smswrap.cli.app import main

        code = main(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    run()
