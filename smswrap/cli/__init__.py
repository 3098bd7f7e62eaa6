"""The command-line door: parse into records, call the hall once, render what it gives. People and agents enter here."""

import os
import sys

from smswrap import __version__

LANGUAGES = ("SMSWRAP_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
"""As in `messages`, which loads too much for what is answered before anything is loaded."""


def versions() -> str:
    """What `--version` tells: smswrap, Python, the aliyun CLI as it was last asked, the state directory."""
    folders = filter(None, os.environ.get("PATH", "").split(os.pathsep))
    path = next((f"{folder}/aliyun" for folder in folders if os.access(f"{folder}/aliyun", os.X_OK)), None)
    lines = [
        f"smswrap, version {__version__}",
        f"Python {sys.version.split()[0]} ({sys.executable})",
        f"aliyun CLI {_cli_version(path)}({path})" if path else "aliyun CLI: not on PATH",
        f"state directory {state_directory()}",
    ]
    return "\n".join(lines)


def state_directory() -> str:
    """`state.directory`, without what that loads."""
    named = os.environ.get("SMSWRAP_STATE_DIR")
    if named:
        return os.path.abspath(os.path.expanduser(named))  # noqa: PTH100, PTH111  pathlib takes 4 ms to load
    usual = (
        "~/Library/Application Support" if sys.platform == "darwin" else os.environ.get("XDG_STATE_HOME", "").strip()
    )
    return os.path.join(os.path.expanduser(usual or "~/.local/state"), "smswrap")  # noqa: PTH111, PTH118


def speaks_chinese() -> bool:
    """Whether what is answered has to be translated."""
    return next((os.environ[name] for name in LANGUAGES if os.environ.get(name)), "").startswith("zh")


def _cli_version(path: str) -> str:
    """What `aliyun version` said when it was last asked; nothing if that was another program."""
    try:
        with open(f"{state_directory()}/aliyun-version.json", encoding="utf-8") as file:  # noqa: PTH123
            known = file.read()
    except OSError:
        return ""
    found = known.partition('"version": "')[2].partition('"')[0]
    return f"{found} " if found and f'"{os.path.realpath(path)}"' in known else ""
