#!/usr/bin/env bash
# The command line of the Alibaba Cloud SMS skill; smswrap/compat.py carries it out.
set -u

show_help() {
    cat <<'HELP'
Send and query SMS through Alibaba Cloud (dysmsapi).

Usage: send_sms.sh COMMAND [OPTIONS]

Commands and their options (* must be given):
  send              send at once, without asking: a person must have said yes before
    -p,  --phone-numbers NUMBERS   * recipients, separated by commas
    -s,  --sign-name SIGN          * an approved sign
    -t,  --template-code CODE      * an approved template, SMS_...
    -tp, --template-param JSON       template variables, '{"code":"123456"}'; @FILE; - for stdin
    -o,  --out-id ID                 your own id of this send
         --verify                    check sign, template and variables first (recommended)
  list-signs        the first 50 signs
  list-templates    the first 50 templates
  query-sign        one sign
    -s,  --sign-name SIGN          *
  query-template    one template
    -t,  --template-code CODE      *
  query-status      the receipts of one recipient, the first 10 of a day
    -p,  --phone-number NUMBER     * also: --phone-numbers
         --send-date YYYYMMDD        within the last 30 days; today
         --biz-id ID                 only this send
  query-statistics  billed message parts a day
         --start-date YYYYMMDD     *
         --end-date YYYYMMDD       *
         --is-globe 1|2              1 domestic (the default), 2 international
         --template-type 0|1|2|3|7   0 verification, 1 notification, 2 promotion, 3 international, 7 digital
    -s,  --sign-name SIGN            only this sign
         --page-index N              from 1
         --page-size N               1-50; 10

Options of all commands:
    -r,  --region ID                 default: cn-hangzhou, whatever the environment and the profile say
         --profile NAME              a saved profile of the aliyun CLI
    -h,  --help                      this text; only as the first word or right after the command

stdout is the provider's reply (JSON) and nothing else; messages go to stderr.
Exit codes: 0 done, 1 unexpected, 2 invalid input, 3 setup, 4 credentials or permission, 5 refused by the provider,
6 throttled: later, 7 some not sent, 8 outcome unknown: do NOT resend, query-status first,
10 duplicate of a recent send, 11 done but AI mode is still on.
SMSWRAP_SANDBOX=1 runs any of this against a stand-in: no network, no account, nothing is sent.
HELP
}

# FILE -> the directory that it lies in, symlinks followed; not `readlink -f`, which macOS lacks before 12.3.
directory_of() {
    local file target
    file=$1
    while [ -L "$file" ]; do
        target=$(readlink "$file")
        case $target in
            /*) file=$target ;;
            *) file=$(dirname "$file")/$target ;;
        esac
    done
    case $file in
        */*) file=${file%/*}/ ;;
        *) file=. ;;
    esac
    (CDPATH='' cd -P -- "$file" && pwd)
}

[ $# -gt 0 ] || set -- --help
# Help is asked for by the first word or right after the command; anywhere else -h is somebody's value.
case $1 in
    -h | --help | help) show_help; exit 0 ;;
esac
case ${2-} in
    -h | --help) show_help; exit 0 ;;
esac

here=$(directory_of "${BASH_SOURCE:-$0}")
if [ ! -f "$here/setup.sh" ]; then
    printf 'error: %q needs the whole folder that it came with: copy that, not this file alone. Nothing was sent.\n' "$0" >&2
    exit 3
fi
# What a wheel brought lies in share/smswrap, and runs there as it was installed.
installed=$here/../../../bin/send_sms
if [ ! -d "$here/../smswrap" ] && [ -x "$installed" ]; then
    exec "$installed" "$@"
fi
# shellcheck source=scripts/setup.sh
. "$here/setup.sh"
set_up run
# -I: no Python file of the caller's folder is run in our place.
exec "$python" -I -X utf8 -c 'from smswrap.compat import run; run()' "$@"
