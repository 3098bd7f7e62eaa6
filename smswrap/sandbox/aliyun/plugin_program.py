"""The dysmsapi plugin: a program of its own, with its own parser and its own way to fail."""

from __future__ import annotations

from . import gateway, jsontext
from .errors import PluginError, RefusalError
from .operations import API_VERSION, COMMON, INTEGERS, OPERATIONS
from .request import Request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .call import Call
    from .configuration import Profile
    from .operations import Operation

    Reply = dict[str, object] | str


def run(call: Call, name: str, profile: Profile) -> None:
    """Parse what follows `dysmsapi <name>`, ask the gateway, print its reply."""
    operation = OPERATIONS.get(name)
    if operation is None:
        raise PluginError(f'Error: unknown command "{name}" for "aliyun dysmsapi"')
    flags = parse(name, operation, call.words[2:])
    _check(name, operation, flags)
    request = Request(call, operation.api, flags, profile)
    gateway.authenticate(request)
    call.console.out(text_of(_answer(request, name, operation)))


def parse(name: str, operation: Operation, arguments: list[str]) -> dict[str, str]:
    """The flags by name; the last of several wins. Raises PluginError for anything unknown."""
    known = (*operation.required, *operation.optional, *COMMON)
    flags: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        flag, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("-"):
            raise PluginError(f'Error: unknown command "{word}" for "aliyun dysmsapi {name}"')
        if not word.startswith("--") or flag not in known:
            raise PluginError(f"Error: unknown flag: {word.partition('=')[0]}")
        if not equals and not rest:
            raise PluginError(f"Error: flag needs an argument: --{flag}")
        flags[flag] = value if equals else rest.pop(0)
    return flags


def text_of(reply: Reply) -> str:
    """A reply as the CLI prints it: keys sorted, TAB indent; a text stays as it came over the line."""
    return reply if isinstance(reply, str) else jsontext.write(jsontext.ordered(reply), "\t") + "\n"


def _check(name: str, operation: Operation, flags: dict[str, str]) -> None:
    if flags.get("api-version") != API_VERSION:
        version = flags.get("api-version", "2018-05-01")  # the plugin's default, an API for overseas only
        raise PluginError(f'Error: unknown command "{name}" for "aliyun dysmsapi" in API version {version}')
    missing = [f"--{flag}" for flag in operation.required if not flags.get(flag)]
    if missing:
        raise PluginError(f"Error: required flags missing: {', '.join(missing)}")
    for flag in INTEGERS:
        if flag in flags and not flags[flag].removeprefix("-").isdecimal():
            raise PluginError(
                f'Error: invalid argument "{flags[flag]}" for "--{flag}" flag: '
                f'strconv.ParseInt: parsing "{flags[flag]}": invalid syntax'
            )


def _answer(request: Request, name: str, operation: Operation) -> Reply:
    function = name.replace("-", "_")
    module = __import__(f"{__package__}.{operation.module}", fromlist=[function])
    answer: Callable[[Request], Reply] = getattr(module, function)
    try:
        return answer(request)
    except RefusalError as refusal:
        return gateway.refusal(refusal)
