# Sourced by the scripts beside it: makes the private .venv of this checkout, once for each state of pyproject.toml.
# Nothing outside the checkout and a temporary directory is written; pip's cache lives inside .venv.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/.venv
python=$venv/bin/python

fail() {
    printf '%s\n' "$1" >&2
    exit 3
}

find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 python3.10; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "smswrap needs Python 3.10 or later; ${PYTHON:-python3} is $("${PYTHON:-python3}" --version 2>&1 || true). Install a newer one, or name it: PYTHON=/path/to/python3 bash $0"
}

# set_up EXTRA: install the checkout, with the extra's dependencies if EXTRA is not empty.
set_up() {
    local mark wanted found
    wanted=$(cksum <"$root/pyproject.toml")
    for mark in "$venv/.set-up${1:+-$1}" "$venv/.set-up-test"; do
        [ -x "$python" ] && [ "$(cat "$mark" 2>/dev/null)" = "$wanted" ] && return
    done
    mark=$venv/.set-up${1:+-$1}
    found=$(find_python) || exit 3
    "$found" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "This Python has no venv ($found). Install it, for example: apt-get install python3-venv"
    printf 'Setting up %s …\n' "$venv" >&2
    [ -x "$python" ] && "$python" -c '' 2>/dev/null || "$found" -m venv --clear "$venv" ||
        fail "The virtual environment could not be made; is there room in $root?"
    PIP_CACHE_DIR=$venv/.cache PIP_DISABLE_PIP_VERSION_CHECK=1 "$python" -m pip install --quiet --editable "$root${1:+[$1]}" ||
        fail "The dependencies could not be installed: pip has said why above. Is a package registry reached?"
    printf '%s\n' "$wanted" >"$mark"
}
