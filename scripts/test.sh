#!/usr/bin/env bash
# All checks: ruff, mypy, shellcheck, pins, mutations, pytest. Makes a private .venv by itself. Arguments go to pytest, and
# leave the mutations out.
# --lowest, before all others: with the lowest versions that pyproject.toml allows, pytest only.
set -euo pipefail
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=scripts/setup.sh
. "$here/setup.sh"
wanted='test'
if [ "${1-}" = --lowest ]; then
    wanted=lowest
    shift
fi
set_up "$wanted"
cd "$root"
export PYTHONDONTWRITEBYTECODE=
if [ "$wanted" = test ]; then
    "$python" -m ruff check .
    "$python" -m ruff format --check .
    "$python" -m mypy
    "$venv/bin/shellcheck" --external-sources scripts/*.sh scripts/smswrap .ci/run
    "$python" scripts/pins.py
    if [ $# -eq 0 ]; then "$python" scripts/mutate.py; fi
fi
# Tests wait for processes more than half of their time.
exec "$python" -m pytest -n "$((2 * $(getconf _NPROCESSORS_ONLN)))" --dist worksteal "$@"
