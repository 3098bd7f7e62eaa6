#!/usr/bin/env bash
# Sourced by the scripts beside it, which say in $here where that is: finds the private .venv of this checkout, or has
# setup.py make it. Plain POSIX, since `sh send_sms.sh` is in use too; the look at an environment starts no Python.

root=$(CDPATH='' cd -- "${here:?}/.." && pwd -P)
venv=$root/.venv
python=$venv/bin/python

# Where stderr is closed, the first file that is opened would take its place, and what is said would go into that.
true >&2 || exec 2>/dev/null

fail() {
    # Nobody listens where stderr is closed; the exit code must still be right.
    printf 'error: %s\n' "$1" >&2 2>/dev/null || :
    exit 3
}

find_python() {
    for python in "${PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11 python3.10; do
        if "$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
            return
        fi
    done
    fail "smswrap needs Python 3.10 or later: install it (apt-get install python3 python3-venv), or name it: PYTHON=/path/to/python3"
}

# is_set_up NAME: whether the environment of requirements/NAME.txt is here, whole and up to date. One that was moved along
# with its checkout is not: it would run the code of its old place.
is_set_up() {
    { IFS= read -r made_of && IFS= read -r made_at; } 2>/dev/null <"$venv/.smswrap" || return 1
    [ "$made_of" = "$1" ] && [ "$made_at" = "$root" ] && [ -x "$venv/bin/python" ] || return 1
    cmp -s "$root/requirements/$1.txt" "$venv/.smswrap-requirements"
}

# Whoever develops here keeps the tools when a launcher finds the environment out of date; 0.1.0 marked it otherwise.
is_for_tests() {
    IFS= read -r made_of 2>/dev/null <"$venv/.smswrap" || made_of=''
    case $made_of in
        test*) return 0 ;;
        *) [ -e "$venv/.set-up-test" ] ;;
    esac
}

# set_up NAME: make the environment of requirements/NAME.txt (run, test or lowest) unless it is here.
set_up() {
    name=$1
    case $name in
        lowest) venv=$root/.venv.lowest ;;
        run) if is_for_tests; then name='test'; fi ;;
    esac
    if ! is_set_up "$name"; then
        find_python
        "$python" -I -X utf8 "$here/setup.py" "$name" "$root" "$venv" || exit
    fi
    python=$venv/bin/python
}
