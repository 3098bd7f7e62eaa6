#!/usr/bin/env bash
# All checks: ruff, mypy, pytest. Sets up a private .venv by itself. Arguments go to pytest.
set -euo pipefail
. "$(dirname "$0")/setup.sh"
set_up test
cd "$root"
export PYTHONDONTWRITEBYTECODE=
"$python" -m ruff check .
"$python" -m ruff format --check .
"$python" -m mypy
exec "$python" -m pytest -n auto "$@"
