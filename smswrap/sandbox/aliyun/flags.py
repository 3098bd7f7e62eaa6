"""Flags: those of the CLI's own commands, and those that the CLI takes from a `dysmsapi …` call before the plugin does.

Names and kinds are those of config/flags.go and openapi/flags.go, the parser is that of cli/parser.go.
"""

from __future__ import annotations

from .call import USAGE, CliError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ONCE_TEXT = """
    profile mode language region RegionId config-path access-key-id access-key-secret sts-token sts-region
    ram-role-name ram-role-arn external-id role-session-name source-profile private-key key-pair-name
    read-timeout connect-timeout retry-count expired-seconds process-command oidc-provider-arn oidc-token-file
    cloud-sso-sign-in-url cloud-sso-access-config cloud-sso-account-id oauth-site-type endpoint endpoint-type
    external-account-type bearer-token bearer-token-header-key cli-cred cli-query user-agent version body
    body-file accept roa method
"""
ONCE = frozenset(ONCE_TEXT.split())
"""Flags of the host that take a value and may stand once."""

REPEATABLE = frozenset(("header", "output", "pager", "waiter"))
SWITCHES = frozenset(
    (
        *("skip-secure-verify", "vpc", "secure", "insecure", "force", "dryrun", "quiet", "help", "yes"),
        *("cli-ai-mode", "no-cli-ai-mode"),
    )
)
OTHER_NAMES = {"retry-timeout": "read-timeout", "p": "profile", "q": "quiet", "h": "help"}


def host_flags(words: Sequence[str]) -> dict[str, str]:
    """The host's flags among all words, wherever they stand; a switch reads as "true". Raises CliError.

    A flag that the host does not know takes the next word as its value, unless that begins with a hyphen: so in
    `--out-id --profile=prod` the host sees its own --profile, and in `--out-id=--profile=prod` it does not.
    """
    found: dict[str, str] = {}
    waiting = ""
    for word in words:
        if not word.startswith("-"):
            if waiting in ONCE | REPEATABLE:
                found[waiting] = word
            waiting = waiting if waiting in REPEATABLE else ""
            continue
        _require_value(found, waiting)
        name, value = _name_and_value(word)
        if name in found and name not in REPEATABLE:
            raise CliError(f"--{name} duplicated")
        if name in ONCE | REPEATABLE | SWITCHES:
            found[name] = "true" if name in SWITCHES else value
        waiting = "" if value or name in SWITCHES else name
    _require_value(found, waiting)
    return found


def _name_and_value(word: str) -> tuple[str, str]:
    ends = [at for at in (word.find("="), word.find(":")) if at >= 0] or [len(word)]
    head, value = word[: min(ends)], word[min(ends) + 1 :]
    name = head.removeprefix("--")
    if not name:
        raise CliError("not support '--' in command line")
    if not head.startswith("--"):
        name = head[1:]
        if len(name) != 1:
            raise CliError(f"not support flag form {head}")
    name = OTHER_NAMES.get(name, name)
    if value and name in SWITCHES:
        raise CliError(f"flag --{name} can't be assiged")  # the real text is misspelt so
    return name, value


def _require_value(found: dict[str, str], name: str) -> None:
    if name in ONCE and not found.get(name):
        raise CliError(f"--{name} must be assigned with value")


def own_flags(arguments: Sequence[str], known: Sequence[str], most_words: int = 0) -> tuple[dict[str, str], list[str]]:
    """Part the arguments of a command of the CLI itself into flag values by name, and words.

    Raises CliError for an unknown flag or word too many (exit 2) and for a missing value (exit 1).
    """
    given: dict[str, str] = {}
    words: list[str] = []
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        name, equals, value = argument.removeprefix("--").partition("=")
        if not argument.startswith("-"):
            words.append(argument)
        elif not argument.startswith("--") or name not in known:
            flags = ", ".join(f"--{flag}" for flag in ("help", *known))
            raise CliError(f"invalid flag {argument.partition('=')[0]}; available flags: {flags}", USAGE)
        elif not equals and (not rest or rest[0].startswith("--")):
            raise CliError(f"--{name} must be assigned with value")
        else:
            given[name] = value if equals else rest.pop(0)
    if len(words) > most_words:
        raise not_a_command(words[most_words])
    return given, words


def not_a_command(word: str) -> CliError:
    """The failure for a word that nothing expects."""
    return CliError(f"'{word}' is not a valid command", USAGE)
