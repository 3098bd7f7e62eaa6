"""The ten operations of dysmsapi 2017-05-25 that the stand-in plays: the rows of operations.tsv."""

from __future__ import annotations

from ..common import files

API_VERSION = "2017-05-25"
COMMON = ("api-version", "user-agent", "read-timeout", "connect-timeout", "retry-count", "profile", "region", "yes")
INTEGERS = (
    *("connect-timeout", "current-page", "is-globe", "order-id", "page-index", "page-no", "page-size"),
    *("qualification-group-id", "read-timeout", "retry-count", "template-type", "work-order-id"),
)


class Operation:
    """One row: the API's name, the module whose function of the command's name answers, and the flags."""

    def __init__(self, api: str, module: str, required: str, optional: str) -> None:
        self.api = api
        self.module = module
        self.required = required.split()
        self.optional = optional.split()


OPERATIONS = {command: Operation(*cells) for command, *cells in files.read_table(__file__, "operations.tsv")}
