"""Draw the program's screens as SVG, from real runs on a pty in a fresh sandbox, to be looked at.

python scripts/pictures.py DIRECTORY     every screen: 80 and 60 columns, light and dark, English and Chinese
python scripts/pictures.py               the README's picture, references/pictures/send.svg
"""

from __future__ import annotations

import io
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import pexpect
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME, TerminalTheme
from rich.text import Text

README = Path(__file__).resolve().parent.parent / "references" / "pictures" / "send.svg"
LIGHT = TerminalTheme(
    (255, 255, 255),
    (36, 41, 47),
    [
        (36, 41, 47),
        (207, 34, 46),
        (17, 99, 41),
        (77, 45, 0),
        (9, 105, 218),
        (130, 80, 223),
        (27, 124, 131),
        (110, 119, 129),
    ],
)
THEMES = {"dark": SVG_EXPORT_THEME, "light": LIGHT}
SIGN, TEMPLATE = "阿里云短信测试", "SMS_100000001"
SEND = ("send", "-s", SIGN, "-t", TEMPLATE, "--var", "code=123456", "-p")
LEFT_ALONE = re.compile(r"\x1b\[(?![0-9;]*m)[0-9;?]*[A-Za-z]|\x1b[=>]")
"""What moves a cursor; colours are drawn."""


class Screen(NamedTuple):
    """A run: its words, what is typed after each text, and what was run before it."""

    words: tuple[str, ...]
    typed: tuple[tuple[str, str], ...] = ()
    before: tuple[tuple[str, ...], ...] = (("list-signs", "--quiet"),)


SENT = tuple((*SEND, f"1390000000{end}", "--yes", "--quiet") for end in (0, 0, 1, 2, 7, 6))
SCREENS = {
    "send": Screen((*SEND, "13900000000", "--wait"), (("[y/N", "y\n"),)),
    "send-three": Screen((*SEND, "13900000000,13900000001,13900000020", "--wait"), (("[y/N", "y\n"),)),
    "declined": Screen((*SEND, "13900000000"), (("[y/N", "n\n"),)),
    "wrong": Screen(("send-batch", "--file", "people.csv", "-s", SIGN, "-t", TEMPLATE)),
    "doctor": Screen(("doctor", "--live")),
    "setup": Screen(
        ("setup",),
        (
            ("[y/N]", "y\n"),
            ("[1]", "\n"),
            ("[default]", "prod\n"),
            ("[cn-hangzhou]", "\n"),
            ("Key Id", "LTAI5tPicture\n"),
            ("Secret", "a-secret-of-nobody\n"),
            ("[y/N]", "y\n"),
            ("[y/N]", "y\n"),
        ),
        before=(),
    ),
    "list-templates": Screen(("list-templates",)),
    "list-signs": Screen(("list-signs", "--approved")),
    "history": Screen(("history",), before=SENT),
    "history-chart": Screen(("history", "--chart"), before=SENT),
    "statistics": Screen(("query-statistics", "--chart"), before=SENT),
    "explain": Screen(("explain", "amount_not_enough")),
    "help": Screen(("--help",)),
    "exit-codes": Screen(("help", "exit-codes")),
}
PEOPLE = "手机号,code\n13900000000,1234\n1390000,12\n,99\n13900000000,1234\n"


def run(screen: Screen, columns: int, language: str) -> Text:
    """What the terminal shows in the end."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "people.csv").write_text(PEOPLE, "utf-8")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": folder,
            "TERM": "xterm-256color",
            "SMSWRAP_SANDBOX": "1",
            "SMSWRAP_STATE_DIR": f"{folder}/state",
            "SMSWRAP_LANG": language,
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(README.parents[2]),
        }
        for words in screen.before:
            _on_pty(words, (), 80, environment, folder)
        told = _on_pty(screen.words, screen.typed, columns, environment, folder)
    line = " ".join(f"'{word}'" if " " in word else word for word in ("smswrap", *screen.words))
    return Text.from_ansi(f"\x1b[1m$\x1b[0m {line}\n{_final(told)}")


def _on_pty(
    words: tuple[str, ...], typed: tuple[tuple[str, str], ...], columns: int, environment: dict[str, str], folder: str
) -> str:
    child = pexpect.spawn(
        sys.executable,
        ["-m", "smswrap", *words],
        encoding="utf-8",
        timeout=30,
        dimensions=(60, columns),
        env=environment,
        cwd=folder,
    )
    child.logfile_read = shown = io.StringIO()
    for question, answer in typed:
        child.expect_exact(question)
        child.expect_exact(" ")
        child.send(answer)
    child.expect(pexpect.EOF)
    child.close()
    return shown.getvalue()


def _final(told: str) -> str:
    """The lines as they stand in the end: what was drawn over is gone."""
    lines = told.replace("\r\n", "\n").split("\n")
    return "\n".join(LEFT_ALONE.sub("", re.split(r"\r\x1b\[K|\r", line)[-1]) for line in lines).rstrip()


def draw(text: Text, columns: int, theme: TerminalTheme) -> str:
    """The picture."""
    console = Console(width=columns, record=True, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print(text, overflow="fold", no_wrap=False, crop=False)
    return console.export_svg(title="smswrap", theme=theme)


def main(arguments: list[str]) -> None:
    """Draw all of them into a directory, or the README's one."""
    if not arguments:
        README.parent.mkdir(parents=True, exist_ok=True)
        README.write_text(draw(run(SCREENS["send"], 80, "en"), 80, SVG_EXPORT_THEME), "utf-8")
        return
    directory = Path(arguments[0])
    directory.mkdir(parents=True, exist_ok=True)
    for name, screen in SCREENS.items():
        for columns, language in ((80, "en"), (60, "en"), (80, "zh"), (60, "zh")):
            text = run(screen, columns, language)
            for shade, theme in THEMES.items():
                (directory / f"{name}-{columns}-{language}-{shade}.svg").write_text(draw(text, columns, theme), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
