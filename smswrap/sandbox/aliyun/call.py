"""One invocation of the stand-in."""

from __future__ import annotations

import os

from .conditions import Conditions
from .console import Console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .configuration import Configuration


class Call:
    """Everything a command may look at: its words, the sandbox folder, the conditions, the configuration."""

    configuration: Configuration

    def __init__(self, words: list[str], folder: str) -> None:
        self.words = words
        self.leading: dict[str, str] = {}  # the flags that stood before the first word
        self.folder = folder
        self.conditions = Conditions(folder)
        self.console = Console()
        self.seconds_before_output = 0.0


def config_folder() -> str:
    """Where the real CLI keeps config.json, ai-mode.json and the plugins."""
    return f"{os.environ.get('HOME', '')}/.aliyun"
