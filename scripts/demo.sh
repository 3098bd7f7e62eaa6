#!/usr/bin/env bash
# Watch an SMS go out and arrive, without an account: everything happens in the sandbox.
set -euo pipefail
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
# shellcheck source=scripts/setup.sh
. "$here/setup.sh"
set_up run

unset SMSWRAP_SANDBOX_DIR SMSWRAP_PROVIDER SMSWRAP_PROFILE SMSWRAP_REGION SMSWRAP_READ_TIMEOUT
# In /tmp, which is everywhere, where TMPDIR is no folder of ours, or holds a colon, at which PATH would be split.
case ${TMPDIR:-/tmp} in *:*) TMPDIR=/tmp ;; esac
SMSWRAP_STATE_DIR=$(mktemp -d 2>/dev/null || TMPDIR=/tmp mktemp -d)
export SMSWRAP_STATE_DIR SMSWRAP_SANDBOX=1 SMSWRAP_OUTPUT=table
trap 'rm -rf -- "$SMSWRAP_STATE_DIR"' EXIT
sms=$venv/bin/smswrap

bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then bold=$'\033[1m' plain=$'\033[0m'; fi
say() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
show() {
    printf '$ smswrap'
    printf ' %q' "$@" | sed "s/\\\$'[^']*'/…/g"
    printf '\n'
    "$sms" --quiet "$@"
}

say "1. Which signs and templates may be used?"
show list-signs --approved
show list-templates --approved

say "2. Send a verification code: check sign and template first, then wait for the receipt."
show send -p 13900000000 -s 阿里云短信测试 -t SMS_100000001 --var code=123456 --verify --yes --wait

say "3. A number whose carrier refuses: accepted is not delivered (exit 5)."
show send -p 13900000001 -s 阿里云短信测试 -t SMS_100000001 --var code=123456 --yes --wait || printf 'exit %s\n' $?

say "4. AI mode is off again; these were the calls of the stand-in CLI."
switch=$SMSWRAP_STATE_DIR/sandbox/home/.aliyun/ai-mode.json
cat "$switch" && printf '\n'
"$python" -I - "$switch" <<'PYTHON'
import json, sys

if json.load(open(sys.argv[1], encoding="utf-8"))["enabled"]:
    sys.exit("AI mode is still on!")
PYTHON
"$sms" sandbox log --output json | "$python" -I -c '
import json, sys
for call in json.load(sys.stdin)["data"]["calls"]:
    print("  aliyun", *call["argv"][:3], "…" if len(call["argv"]) > 3 else "")'

say "5. The same through Volcengine: its own stand-in, the same words; no AI mode."
show --provider volcengine list-groups
show --provider volcengine send -p 13900000000 -s 火山引擎 -t ST_code --var code=888888 --message-group 77da1acf --verify --yes --wait

say "Done. With a real account: drop SMSWRAP_SANDBOX and see README.md, The first real send."
