#!/usr/bin/env bash
# Sourced by the scripts beside it: makes the private .venv of this checkout, once for each state of its requirements.
# It is built beside its place, under a lock, and renamed when it is whole: a kill at any moment leaves nothing half
# made, and of several starts at once one builds while the others wait. Nothing outside the checkout is written.

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
venv=$root/.venv
python=$venv/bin/python

fail() {
    printf '%s\n' "error: $1" >&2
    exit 3
}

find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 python3.10; do
        if "$candidate" -I -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    return 1
}

# What stands in the mark of an environment that is whole: the place, since a moved one runs the code of its old place.
wanted_mark() {
    printf '%s %s ' "$1" "$root"
    cat "$root/requirements/$1.txt" "$root/pyproject.toml" | cksum
}

# is_set_up NAME...: whether one of these environments is there, whole and up to date; costs no Python.
is_set_up() {
    local name mark
    mark=$(cat "$venv/.smswrap" 2>/dev/null) || return 1
    [ -x "$python" ] || return 1
    for name in "$@"; do
        [ "$mark" = "$(wanted_mark "$name")" ] && return
    done
    return 1
}

# set_up NAME: make the environment of requirements/NAME.txt (run, test or lowest) unless it is there.
set_up() {
    local name=$1 found
    case $name in
        run) is_set_up run test && return ;;
        *) is_set_up "$name" && return ;;
    esac
    found=$(find_python) ||
        fail "smswrap needs Python 3.10 or later: install it (apt-get install python3 python3-venv), or name it: PYTHON=/path/to/python3"
    [ -w "$root" ] || fail "$root cannot be written, so its environment cannot be made there."
    exec 9>"$root/.venv.lock" || fail "$root cannot be written, so its environment cannot be made there."
    # The lock belongs to descriptor 9, which this shell keeps; flock(1) is not everywhere.
    "$found" -I -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)'
    if ! is_set_up "$name"; then
        build "$found" "$name"
    fi
    exec 9>&-
}

build() {
    local found=$1 name=$2 new=$root/.venv.new.$$ ticker
    rm -rf "$root"/.venv.new.* "$root"/.venv.old.*
    printf 'Setting up %s (once, about half a minute) ' "$venv" >&2
    (while sleep 1; do printf . >&2; done) &
    ticker=$!
    # shellcheck disable=SC2064  the names of now
    trap "kill $ticker 2>/dev/null; rm -rf '${new//\'/\'\\\'\'}'; exit 130" INT TERM HUP
    install "$found" "$name" "$new" >"$root/.venv.log" 2>&1
    local code=$?
    kill "$ticker" 2>/dev/null
    wait "$ticker" 2>/dev/null
    trap - INT TERM HUP
    printf '\n' >&2
    if [ $code -ne 0 ]; then
        rm -rf "$new"
        tail -n 3 "$root/.venv.log" >&2
        fail "$(reason $code) Nothing was sent. The whole log: $root/.venv.log"
    fi
    if [ -e "$venv" ]; then mv "$venv" "$root/.venv.old.$$"; fi
    mv "$new" "$venv"
    rm -rf "$root/.venv.old.$$" "$root/.venv.log"
}

reason() {
    case $1 in
        10) printf '%s' "This Python makes no environments: install its venv (apt-get install python3-venv), or uv." ;;
        11) printf '%s' "The packages could not be installed: is the package index reached, and is there room?" ;;
        *) printf '%s' "The environment could not be made." ;;
    esac
}

# install PYTHON NAME PLACE: an environment with the pinned packages, each checked by its hash, and the checkout itself.
# -I keeps the caller's folder and PYTHONPATH out: a `venv.py` or `pip.py` lying there would be run.
install() {
    local found=$1 name=$2 place=$3 purelib
    if "$found" -I -c 'import venv, ensurepip' 2>/dev/null; then
        "$found" -I -m venv "$place" || return 12
        PIP_DISABLE_PIP_VERSION_CHECK=1 "$place/bin/python" -I -m pip install --no-cache-dir --require-hashes \
            --only-binary :all: --requirement "$root/requirements/$name.txt" || return 11
    elif command -v uv >/dev/null; then
        uv venv --quiet --python "$found" "$place" || return 12
        uv pip install --quiet --require-hashes --python "$place/bin/python" -r "$root/requirements/$name.txt" || return 11
    else
        return 10
    fi
    purelib=$("$place/bin/python" -I -c 'import sysconfig; print(sysconfig.get_path("purelib"))') || return 12
    printf '%s\n' "$root" >"$purelib/smswrap-checkout.pth" || return 12
    "$place/bin/python" -I - "$place" "$venv" <<'PYTHON' || return 12
import pathlib, sys

# The scripts name the place where they were made: let them name the place where they will be.
made, final = sys.argv[1], sys.argv[2]
for script in pathlib.Path(made, "bin").iterdir():
    if script.is_file() and not script.is_symlink():
        octets = script.read_bytes()
        if b"\0" not in octets:
            script.write_bytes(octets.replace(made.encode(), final.encode()))
PYTHON
    printf '#!/bin/sh\nexec "%s" -I -X utf8 -m smswrap "$@"\n' "$(quoted "$venv/bin/python")" >"$place/bin/smswrap"
    chmod +x "$place/bin/smswrap"
    wanted_mark "$name" >"$place/.smswrap"
}

# A text as it stands inside double quotes of a shell line.
quoted() {
    printf '%s' "$1" | sed 's/[\\"$`]/\\&/g'
}
