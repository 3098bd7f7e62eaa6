"""Send SMS through Alibaba Cloud and Volcengine: when a person said yes, and exactly once.

    planned = smswrap.plan(phone_numbers=["…"], sign_name="…", template_code="SMS_…", template_param={"code": "1234"})
    print(planned.text, planned.recipients, planned.account)      # shown to a person, who says yes
    report = smswrap.confirm(planned.id)
    print(report.status, report.counts)

The library door is loaded when it is first used; `import smswrap` alone loads nothing.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # typing's own takes 7 ms to load, most of what `smswrap --version` would take
if TYPE_CHECKING:
    from smswrap.errors import CredentialsError, InputError, SetupError, SmswrapError
    from smswrap.library import Proposal, cancel, confirm, history, plan, resume, status
    from smswrap.providers.base import ProviderError
    from smswrap.sending.report import Report

__version__ = "0.2.0"

__all__ = [
    "CredentialsError",
    "InputError",
    "Proposal",
    "ProviderError",
    "Report",
    "SetupError",
    "SmswrapError",
    "__version__",
    "cancel",
    "confirm",
    "history",
    "plan",
    "resume",
    "status",
]

_ROOMS = {
    "smswrap.library": ("Proposal", "cancel", "confirm", "history", "plan", "resume", "status"),
    "smswrap.errors": ("CredentialsError", "InputError", "SetupError", "SmswrapError"),
    "smswrap.providers.base": ("ProviderError",),
    "smswrap.sending.report": ("Report",),
}


def __getattr__(name: str) -> object:
    for room, names in _ROOMS.items():
        if name in names:
            return getattr(import_module(room), name)
    raise AttributeError(f"module 'smswrap' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *(name for names in _ROOMS.values() for name in names)])
