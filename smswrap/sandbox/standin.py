"""Start a stand-in with a bare interpreter: `python -I -S standin.py aliyun|gateway …`.

The stand-ins are strangers: they import nothing of smswrap, and start in a fraction of its time. So they get a package
of their own to live in, without what stands in the `__init__` beside us.
"""

from __future__ import annotations

import sys


def start(name: str, arguments: list[str]) -> int:
    """Run the stand-in of that name to its end; its exit code."""
    house = type(sys)("standins")
    house.__path__ = [__file__.rpartition("/")[0]]
    sys.modules[house.__name__] = house
    code: int = __import__(f"{house.__name__}.{name}.main", fromlist=["main"]).main(arguments)
    return code


if __name__ == "__main__":
    sys.exit(start(sys.argv[1], sys.argv[2:]))
