"""The provider `aliyun`: Alibaba Cloud's dysmsapi through the `aliyun` CLI."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smswrap.providers.base import Settings


def recover(settings: Settings) -> None:
    """Turn AI mode off if a session left it on that is dead to its last process."""
    from smswrap.providers.aliyun.mark import recover as turn_off

    turn_off(settings)
