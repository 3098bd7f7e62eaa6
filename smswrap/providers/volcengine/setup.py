"""`smswrap setup` for Volcengine: which variables it needs; they are set by the person, and written nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smswrap.providers.base import Person, Settings

CHOICES = (("ARK_SKILL_API_KEY", "ARK_SKILL_API_BASE"), ("VOLCENGINE_ACCESS_KEY", "VOLCENGINE_SECRET_KEY"))
SIGN_IN = "https://console.volcengine.com/iam/keymanage"


def set_up(settings: Settings, _person: Person) -> None:
    """Say which variables are set, and which lines set the others."""
    for names in CHOICES:
        missing = [name for name in names if not settings.environment.get(name)]
        if not missing:
            settings.talk.note(f"{' and '.join(names)} are set.")
            return
    settings.talk.note(f"Volcengine needs one of these pairs in the environment; keys are at {SIGN_IN}")
    for names in CHOICES:
        settings.talk.note("\n".join(["", *(f"  export {name}=…" for name in names)]))
    settings.talk.note(
        "\nsmswrap writes them nowhere: put them where your shell or your keeper of secrets has such things."
    )
