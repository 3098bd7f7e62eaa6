"""Put a fault into each promise, in a copy of the tree, and see that the test which is named for it fails.

    python scripts/mutate.py                 all of them
    python scripts/mutate.py --list          their names
    python scripts/mutate.py two-confirms    one of them, by its name

Ends with 1 if a fault survives, if its place is not found, or if its test cannot be run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("smswrap", "scripts", "tests", "pyproject.toml", "README.md")
FAILED = 1
"""What pytest ends with when tests failed; other codes mean that it could not run them."""

LONGEST = 180


class Mutation(NamedTuple):
    """A fault: in a file, an old text that stands there once becomes a new one; and the test that must fail."""

    name: str
    file: str
    old: str
    new: str
    test: str


MUTATIONS = (
    Mutation(
        "unknown-is-resent",
        "smswrap/journal/requests.py",
        "WHERE plan = ? AND state = 'not_sent')",
        "WHERE plan = ? AND state IN ('not_sent', 'unknown'))",
        "tests/test_resume.py::test_what_is_unknown_is_left_alone_while_the_rest_goes_on",
    ),
    Mutation(
        "unknown-counts-as-refused",
        "smswrap/sending/dispatch.py",
        "Outcome.UNKNOWN if error.fault.kind == Kind.UNKNOWN else Outcome.REFUSED",
        "Outcome.REFUSED",
        "tests/test_duplicates.py::test_what_may_have_been_sent_counts_and_for_send_sms_sh_only_that",
    ),
    Mutation(
        "sending-is-not-committed-before-the-call",
        "smswrap/journal/requests.py",
        'told: dict[str, object] = {"state": "sending"}',
        'told: dict[str, object] = {"state": "not_sent"}',
        "tests/test_history.py::test_what_a_run_left_open_is_listed_as_unknown",
    ),
    Mutation(
        "the-yes-is-not-bound-to-the-account",
        "smswrap/sending/service.py",
        "        refuse_other_account(plan, house.provider.account())\n        left_over",
        "        left_over",
        "tests/test_confirm.py::test_whatever_differs_of_the_account_no_yes_holds_for_it",
    ),
    Mutation(
        "resume-is-not-bound-to-the-account",
        "smswrap/sending/refusals.py",
        "    return plan.account == account",
        "    return plan.account.provider == account.provider",
        "tests/test_resume.py::test_another_account_resumes_nothing_and_is_named",
    ),
    Mutation(
        "an-account-that-comes-late-is-taken",
        "smswrap/sending/service.py",
        "        refuse_other_account(still, house.provider.account())\n        if resend",
        "        if resend",
        "tests/test_resume.py::test_a_new_yes_is_none_to_an_account_that_comes_while_the_person_thinks",
    ),
    Mutation(
        "expiry-is-ignored",
        "smswrap/sending/refusals.py",
        "    if age > YES_HOLDS:",
        "    if age > 100 * YES_HOLDS:",
        "tests/test_confirm.py::test_an_expired_plan_is_refused_to_the_user",
    ),
    Mutation(
        "a-yes-holds-for-ever",
        "smswrap/sending/service.py",
        "    if lapsed and (",
        "    if lapsed and False and (",
        "tests/test_resume.py::test_later_what_is_left_is_proposed_anew_and_confirm_is_the_new_yes",
    ),
    Mutation(
        "a-no-is-no-no",
        "smswrap/sending/refusals.py",
        "    if plan.cancelled is not None:",
        "    if plan.cancelled == 0:",
        "tests/test_confirm.py::test_a_cancelled_plan_is_never_sent",
    ),
    Mutation(
        "duplicates-are-ignored",
        "smswrap/sending/refusals.py",
        "            raise SmswrapError(_duplicate([one, *found]), data=_earlier(one))",
        "            said.append(_duplicate([one, *found]).message)",
        "tests/test_duplicates.py::test_another_message_is_not_a_duplicate",
    ),
    Mutation(
        "only-the-latest-repeats-are-judged",
        "smswrap/sending/refusals.py",
        "policy.window, MOST_JUDGED + 1,",
        "policy.window, MOST_TOLD,",
        "tests/test_duplicates.py::test_of_several_that_failed_one_that_was_delivered_is_found_and_named",
    ),
    Mutation(
        "a-damaged-journal-is-forgotten",
        "smswrap/journal/store.py",
        "            if not version and (damage",
        "            if version and (damage",
        "tests/test_journal.py::test_a_journal_that_was_emptied_is_a_damaged_one",
    ),
    Mutation(
        "a-request-holds-any-number-of-bytes",
        "smswrap/sending/planning.py",
        "known.octets > self._room",
        "known.octets < 0",
        "tests/test_plan.py::test_a_text_that_no_call_can_hold_is_refused_by_its_row",
    ),
    Mutation(
        "a-duplicate-ages-by-the-wall-clock-alone",
        "smswrap/journal/journal.py",
        'return min(Moment(row["at"], row["boot"] or "", row["ticks"] or 0.0).ages())',
        'return Moment(row["at"], row["boot"] or "", row["ticks"] or 0.0).ages()[0]',
        "tests/test_duplicates.py::test_ten_minutes_must_have_passed_by_both_clocks",
    ),
    Mutation(
        "volc-sms-goes-past-the-hall",
        "scripts/volc_sms.py",
        "    done = send_in_hall(body, timeout) if action.sends else None",
        "    done = None",
        "tests/test_volc_door.py::test_two_at_once_after_an_unknown_outcome_send_nothing",
    ),
    Mutation(
        "an-idempotency-key-is-ignored",
        "smswrap/sending/refusals.py",
        "    earlier = house.journal.with_key(key) if key else None",
        "    earlier = None",
        "tests/test_duplicates.py::test_a_proposal_keeps_its_key_for_the_yes",
    ),
    Mutation(
        "a-key-that-is-used-meanwhile-is-a-repeat",
        "smswrap/sending/service.py",
        " or with_key(plan, options.key, house) is None:",
        " or True:",
        "tests/test_duplicates.py::"
        "test_of_two_sends_at_once_with_one_key_the_later_waits_for_the_first_and_tells_its_answer",
    ),
    Mutation(
        "an-altered-request-is-sent",
        "smswrap/journal/requests.py",
        'if digest != bytes(first["digest"]):',
        'if not digest and digest != bytes(first["digest"]):',
        "tests/test_confirm.py::test_an_altered_plan_sends_nothing",
    ),
    Mutation(
        "another-text-than-the-one-that-was-shown",
        "smswrap/journal/plans.py",
        'return self.is_unaltered(plan) and plan.plan_id.partition("-")[0] == shown',
        "return self.is_unaltered(plan) and bool(shown)",
        "tests/test_confirm.py::test_an_altered_plan_sends_nothing",
    ),
    Mutation(
        "parameters-are-not-erased",
        "smswrap/journal/requests.py",
        "            if not kept:\n",
        "            if not kept and number < 0:\n",
        "tests/test_journal.py::test_parameters_go_even_while_another_process_has_the_journal_open",
    ),
    Mutation(
        "an-ambiguous-prefix-will-do",
        "smswrap/sending/service.py",
        "    if len(found) == 1:",
        "    if len(found) >= 1:",
        "tests/test_confirm.py::test_the_beginning_of_an_id_will_do_if_it_is_one_plans_alone",
    ),
    Mutation(
        "any-receipt-with-the-callers-out-id-is-proof",
        "smswrap/sending/receipts.py",
        "    if request.own_out_id and any(",
        "    if any(",
        "tests/test_resume.py::test_the_callers_out_id_settles_with_its_text_and_its_time",
    ),
    Mutation(
        "a-clock-that-jumped-ages-everything",
        "smswrap/journal/ageing.py",
        "            return max(0.0, by_machine)",
        "            return max(0.0, by_wall)",
        "tests/test_journal.py::test_a_clock_that_jumps_ahead_and_back_forgets_nothing_and_doubles_nothing",
    ),
    Mutation(
        "a-damaged-log-goes-unnoticed",
        "smswrap/journal/log.py",
        "            return salt.hex()",
        "            return None",
        "tests/test_journal.py::test_after_damage_to_the_log_nothing_is_sent_that_may_be_a_repeat",
    ),
    Mutation(
        "a-request-is-hashed-in-another-order",
        "smswrap/sending/planning.py",
        "    return sorted(messages, key=lambda message: message.position)",
        "    return messages",
        "tests/test_plan.py::test_each_message_is_in_exactly_one_request_that_the_provider_can_take",
    ),
    Mutation(
        "two-decisions-both-send",
        "smswrap/sending/service.py",
        "        return known if known or alone.waited else house.journal.attempts(plan, Outcome.UNKNOWN)",
        "        return known or house.journal.attempts(plan, Outcome.UNKNOWN)",
        "tests/test_promises.py::test_two_decisions_at_once_send_it_again_once",
    ),
    Mutation(
        "two-confirms-both-send",
        "smswrap/journal/requests.py",
        "            while not _locked(file, plan.number, fcntl.F_WRLCK):",
        "            while not _locked(file, os.getpid(), fcntl.F_WRLCK):",
        "tests/test_confirm.py::test_of_two_confirms_at_the_same_moment_one_sends_and_both_tell_the_outcome",
    ),
    Mutation(
        "ai-mode-is-not-turned-off",
        "smswrap/providers/aliyun/aimode.py",
        "            lease.leave(partial(_turn_off, calling))\n        except",
        "            pass\n        except",
        "tests/test_aimode.py::test_after_a_success",
    ),
    Mutation(
        "the-guard-does-not-wait-for-the-orphan",
        "smswrap/providers/aliyun/aimode.py",
        "inherited=(guard.pipe, lease.holders)",
        "inherited=()",
        "tests/test_aimode.py::test_after_sigkill_the_guard_turns_it_off_once_the_orphaned_call_has_ended",
    ),
    Mutation(
        "the-sandbox-falls-through",
        "smswrap/household.py",
        "environment, standin = sandbox.environment(environment), sandbox.command",
        "environment = sandbox.environment(environment)",
        "tests/test_security.py::test_the_sandbox_needs_no_exec_bit_and_never_falls_through_to_the_cli_on_path",
    ),
    Mutation(
        "a-value-becomes-an-option",
        "smswrap/providers/aliyun/client.py",
        'return [f"{option}={value}"] if value.startswith("-") else [option, value]',
        "return [option, value]",
        "tests/test_security.py::test_an_out_id_that_looks_like_an_option_goes_out_in_one_word",
    ),
)


def outcome(mutation: Mutation) -> str:
    """Empty if the fault's test fails with it; else what is wrong."""
    with tempfile.TemporaryDirectory(prefix="mutate-") as directory:
        tree = Path(directory)
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, tree / name)
        file = tree / mutation.file
        text = file.read_text("utf-8")
        if text.count(mutation.old) != 1:
            return f"its place stands {text.count(mutation.old)} times in {mutation.file}, not once"
        file.write_text(text.replace(mutation.old, mutation.new), "utf-8")
        return _judged(mutation, tree)


def _judged(mutation: Mutation, tree: Path) -> str:
    argv = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", mutation.test]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ended = subprocess.run(
            argv, cwd=tree, env=environment, capture_output=True, text=True, check=False, timeout=LONGEST
        )
    except subprocess.TimeoutExpired:
        return f"{mutation.test} did not end"
    if ended.returncode == FAILED and "Error in" not in ended.stdout.partition("=")[0]:
        return ""
    if ended.returncode == 0:
        return f"it survived {mutation.test}"
    return f"{mutation.test} could not be run: {(ended.stdout + ended.stderr)[-500:]}"


def chosen(names: list[str]) -> list[Mutation]:
    """The mutations with these names, all without any. Raises SystemExit for a name that is none."""
    known = {mutation.name: mutation for mutation in MUTATIONS}
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"mutate.py: {', '.join(unknown)}: not a mutation; `--list` names them.")
    return [known[name] for name in names] or list(MUTATIONS)


def main(arguments: list[str]) -> int:
    """Put the chosen faults in, one after the other, as many at once as there are cores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true")
    given = parser.parse_args(arguments)
    mutations = chosen(given.names)
    if given.list:
        print("\n".join(f"{mutation.name}  {mutation.test}" for mutation in mutations))
        return 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        wrong = 0
        for mutation, why in zip(mutations, pool.map(outcome, mutations), strict=True):
            wrong += bool(why)
            print(f"{'SURVIVED' if why else 'killed  '} {mutation.name}{f': {why}' if why else ''}", flush=True)
    print(f"{len(mutations) - wrong} of {len(mutations)} killed.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
