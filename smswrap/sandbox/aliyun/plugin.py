"""The dysmsapi plugin: a program of its own, with its own parser and its own way to fail."""

from __future__ import annotations

from ..common import Row, files, jsontext
from . import gateway
from .account import Account
from .call import Call, PluginError, RefusalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Reply = dict[str, object] | str

API_VERSION = "2017-05-25"
COMMON = ("api-version", "user-agent", "read-timeout", "connect-timeout", "retry-count", "profile", "region", "yes")
INTEGERS = (
    *("connect-timeout", "current-page", "is-globe", "order-id", "page-index", "page-no", "page-size"),
    *("qualification-group-id", "read-timeout", "retry-count", "template-type", "work-order-id"),
)
DEFAULT_READ_TIMEOUT = 10
MOST_ROWS = 50


class Operation:
    """A row of operations.tsv: the API's name, the module whose function of the command's name answers; flags."""

    def __init__(self, api: str, module: str, required: str, optional: str) -> None:
        self.api = api
        self.module = module
        self.required = required.split()
        self.optional = optional.split()


OPERATIONS = {command: Operation(*cells) for command, *cells in files.read_table(__file__, "operations.tsv")}


class Request:
    """One request to the API: its name, the flags, who asks, and the account that it sees."""

    def __init__(self, call: Call, api: str, flags: dict[str, str], profile: Row) -> None:
        self.call = call
        self.api = api
        self.flags = flags
        self.profile = profile

    def text(self, flag: str) -> str:
        """The value of a flag, or nothing."""
        return self.flags.get(flag, "")

    def integer(self, flag: str, default: int) -> int:
        """The value of a flag that is an integer."""
        return int(self.flags.get(flag) or default)

    def json(self, flag: str) -> object:
        """The value of a flag that holds JSON; raises RefusalError if it does not."""
        try:
            return jsontext.parse(self.text(flag))
        except ValueError:
            raise RefusalError("isv.INVALID_JSON_PARAM") from None

    def read_timeout(self) -> int:
        """Seconds to wait for a reply."""
        return self.integer("read-timeout", DEFAULT_READ_TIMEOUT)

    def account(self) -> Account:
        """The account as it is now."""
        return Account(self.call.folder)

    def page(self, number_flag: str, rows: list[Row]) -> tuple[int, int, list[Row]]:
        """Number, size and rows of the page that is asked for; raises RefusalError for one that cannot be."""
        number, size = self.integer(number_flag, 1), self.integer("page-size", 10)
        if number < 1 or not 1 <= size <= MOST_ROWS:
            raise RefusalError("isv.INVALID_PARAMETERS")
        return number, size, rows[(number - 1) * size : number * size]


def run(call: Call, name: str, arguments: list[str], profile: Row) -> None:
    """Parse what follows `dysmsapi <name>`, ask the gateway, print its reply. Raises PluginError, CliError."""
    operation = OPERATIONS.get(name)
    if operation is None:
        raise PluginError(f'Error: unknown command "{name}" for "aliyun dysmsapi"')
    flags = _parse(name, operation, arguments)
    _check(name, operation, flags)
    request = Request(call, operation.api, flags, profile)
    gateway.authenticate(request)
    module = __import__(f"{__package__}.{operation.module}", fromlist=[name])
    answer: Callable[[Request], Reply] = getattr(module, name.replace("-", "_"))
    try:
        reply = answer(request)
    except RefusalError as refusal:
        reply = gateway.refusal(refusal)
    call.out(text_of(reply))


def text_of(reply: Reply) -> str:
    """A reply as the CLI prints it: keys sorted, TAB indent; a text stays as it came over the line."""
    return reply if isinstance(reply, str) else jsontext.write(jsontext.ordered(reply), "\t") + "\n"


def _parse(name: str, operation: Operation, arguments: list[str]) -> dict[str, str]:
    """The flags by name; the last of several wins, and a value may be any word."""
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
        if flag != "yes" and not equals and not rest:
            raise PluginError(f"Error: flag needs an argument: --{flag}")
        flags[flag] = value if equals or flag == "yes" else rest.pop(0)
    return flags


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
