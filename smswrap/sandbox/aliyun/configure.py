"""`aliyun configure set|get|list|ai-mode`."""

from __future__ import annotations

from . import aimode, jsontext
from .conditions import AI_MODE, PLUGIN_SYSTEM, READ_TIMEOUT_KEY
from .configuration import problem_of
from .errors import CliError, not_a_command
from .flags import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .call import Call
    from .configuration import Profile

TEXTS = {
    "mode": "mode",
    "access-key-id": "access_key_id",
    "access-key-secret": "access_key_secret",
    "sts-token": "sts_token",
    "ram-role-name": "ram_role_name",
    "region": "region_id",
    "language": "language",
}
NUMBERS = {"read-timeout": "read_timeout", "connect-timeout": "connect_timeout", "retry-count": "retry_count"}
AUTO_INSTALL = "auto-plugin-install"


def run(call: Call) -> None:
    """Carry out one `configure` subcommand."""
    verb = call.words[1] if len(call.words) > 1 else ""
    if verb not in SUBCOMMANDS or (verb == "ai-mode" and not call.conditions.since(AI_MODE)):
        raise not_a_command(verb or "configure")  # the bare command asks questions, which the stand-in does not
    SUBCOMMANDS[verb](call)


def set_profile(call: Call) -> None:
    """Change and save a profile: the current one, or the one of --profile, which becomes current."""
    auto = (AUTO_INSTALL,) if call.conditions.since(PLUGIN_SYSTEM) else ()
    given = _flags(call, (*auto, "profile", *TEXTS, *NUMBERS))
    configuration = call.configuration
    name = given.get("profile", configuration.current)
    profile = _changed(call, configuration.find(name) or {"name": name, "mode": "AK"}, given)
    problem = problem_of(profile)
    if problem:
        raise CliError(f"fail to set configuration: {problem}")
    configuration.put(profile)
    configuration.save()


def get_profile(call: Call) -> None:
    """Show a profile with its secret in clear, as the real CLI does."""
    given = _flags(call, ("profile",))
    if not call.configuration.saved:
        raise CliError("load configuration failed. Run `aliyun configure` to set up")
    profile = call.configuration.find(given.get("profile", call.configuration.current))
    if profile is None:
        raise CliError(f"profile {given['profile']} not found")
    call.console.out(jsontext.write(profile, "\t") + "\n\n")


def list_profiles(call: Call) -> None:
    """Show all profiles, keys masked."""
    from .table import columns  # no other command of this module needs it

    _flags(call, ())
    rows = [
        ("Profile", "| Credential ", "| Valid", "| Region", "| Language"),
        ("---------", "| ------------------", "| -------", "| ----------------", "| --------"),
        *(_row(call, profile) for profile in call.configuration.profiles),
    ]
    call.console.out(columns(rows, least=8, padding=1))


SUBCOMMANDS = {"set": set_profile, "get": get_profile, "list": list_profiles, "ai-mode": aimode.run}


def _flags(call: Call, known: tuple[str, ...]) -> dict[str, str]:
    given, words = parse(call, call.words[2:], known)
    if words:
        raise not_a_command(words[0])
    return given


def _changed(call: Call, profile: Profile, given: dict[str, str]) -> Profile:
    changed = {**profile, "output_format": "json"}
    changed.update({TEXTS[flag]: value for flag, value in given.items() if flag in TEXTS})
    changed.update({_number_key(call, flag): _number(flag, given[flag]) for flag in NUMBERS if flag in given})
    if AUTO_INSTALL in given:
        changed["auto_plugin_install"] = given[AUTO_INSTALL].lower() == "true"
    return changed


def _number_key(call: Call, flag: str) -> str:
    misnamed = flag == "read-timeout" and not call.conditions.since(READ_TIMEOUT_KEY)
    return "retry_timeout" if misnamed else NUMBERS[flag]


def _number(flag: str, text: str) -> int:
    if not text.isdecimal():
        raise CliError(f"--{flag} is not a number: {text}")
    return int(text)


def _row(call: Call, profile: Profile) -> tuple[str, ...]:
    name = profile["name"] + (" *" if profile["name"] == call.configuration.current else "")
    mode = profile.get("mode", "AK")
    tail = profile.get("ram_role_name", "") if mode == "EcsRamRole" else "***" + profile.get("access_key_id", "")[-3:]
    valid = "Invalid" if problem_of(profile) else "Valid"
    return (
        name,
        f"| {mode}:{tail}",
        f"| {valid}",
        f"| {profile.get('region_id', '')}",
        f"| {profile.get('language', '')}",
    )
