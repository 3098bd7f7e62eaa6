"""`smswrap doctor` for Volcengine: are there credentials, and does the gateway answer to them? Nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from smswrap.errors import SmswrapError
from smswrap.providers.base import Finding
from smswrap.providers.volcengine.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from smswrap.providers.base import Settings


def diagnose(settings: Settings) -> Iterator[Finding]:
    """List the message groups, which needs script, credentials and gateway alike."""
    try:
        with Client(settings).session(sends=False) as session:
            groups = session.call("list-groups", {}).record.groups
    except SmswrapError as error:
        yield Finding("gateway", "failed", error.fault.message, error.fault.next_step, error.fault.kind)
        return
    yield Finding("gateway", "ok", "answers to the credentials")
    names = ", ".join(str(group.group) for group in groups)
    step = "Create a message group in the Volcengine console."
    yield Finding("message groups", "ok", names) if groups else Finding("message groups", "failed", "none", step)
