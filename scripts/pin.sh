#!/usr/bin/env bash
# Renews requirements/*.txt: every package that .venv and CI install, pinned with the hashes of all its files, for every
# platform and Python from 3.10 on. Needs uv (`pip install uv`). Arguments go to uv, for instance --upgrade.
set -euo pipefail
cd "$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)/.."

pin() {
    local file=$1
    shift
    uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-header --no-emit-index-url \
        --output-file "requirements/$file" pyproject.toml "$@"
}

pin run.txt "$@"
pin test.txt --extra test --extra build "$@"
pin lowest.txt --extra test --resolution lowest-direct "$@"
