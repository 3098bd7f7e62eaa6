"""`aliyun version`."""

from __future__ import annotations

from .errors import not_a_command
from .flags import parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .call import Call


def run(call: Call) -> None:
    """Say the bare version."""
    _, words = parse(call, call.words[1:], ())
    if words:
        raise not_a_command(words[0])
    call.console.out(f"{call.conditions.version}\n")
