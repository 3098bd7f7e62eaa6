"""ledger.jsonl: every message that the gateway accepted, one line for each recipient. This is the truth."""

from __future__ import annotations

import os
import time

from . import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Message = dict[str, Any]

SMALLEST_ID = 10**17


class Ledger:
    """The accepted messages of one sandbox folder."""

    def __init__(self, folder: str) -> None:
        self._path = f"{folder}/ledger.jsonl"

    def accept(self, messages: list[Message]) -> str:
        """Write the messages of one request, all or none, and return their one BizId.

        A message needs phone, sign, template, params, content, out_id.
        """
        biz_id = f"{SMALLEST_ID + int.from_bytes(os.urandom(8), 'big') % (9 * SMALLEST_ID)}^0"
        stamp = {"time": time.time(), "biz_id": biz_id}
        files.append(self._path, [{**stamp, **message} for message in messages])
        return biz_id

    def messages(self) -> list[Message]:
        """All messages, oldest first."""
        return files.read_lines(self._path)
