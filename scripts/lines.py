"""How many lines the package has, room by room: the aim is 10,000 in all. `python scripts/lines.py`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "smswrap"
AIM = 10_000


def count() -> Counter[str]:
    """Lines of each room; modules that lie in none are the ground."""
    found: Counter[str] = Counter()
    for path in sorted(ROOT.rglob("*.py")):
        room = path.relative_to(ROOT).parts[0]
        found["ground" if room.endswith(".py") else room] += len(path.read_text("utf-8").splitlines())
    return found


def main() -> None:
    """Print the table."""
    rooms = count()
    for room, lines in rooms.most_common():
        print(f"{lines:7,} {room}")
    print(f"{sum(rooms.values()):7,} in all, of {AIM:,}")


if __name__ == "__main__":
    main()
