"""Stacked bars: drawn with characters on a screen, or as a picture in a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smswrap.cli.options import flag, option
from smswrap.cli.screen import padded
from smswrap.cli.sketch import LOOKS, Bars, sketch, svg
from smswrap.clock import dashed
from smswrap.errors import InputError
from smswrap.messages import said, width
from smswrap.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from smswrap.cli.answer import Answer
    from smswrap.cli.runtime import Runtime
    from smswrap.cli.screen import Screen
    from smswrap.cli.sketch import Row


PLAIN_WIDTH, NARROWEST = 80, 10
LONGEST_SPAN = 62
"""Days up to which a day without messages has a line of its own."""


@dataclass(frozen=True)
class Drawing:
    """Whether a chart is drawn, and where to."""

    chart: bool = flag("--chart", "Draw bars in place of a table.")
    chart_file: str | None = option(
        "--chart-file", "FILE", "Write the bars to this .svg or .png file (a .png has English words)."
    )


def check_file(drawing: Drawing) -> None:
    """Raise InputError, before anything is called, if the chart could not be written."""
    from smswrap.sending.table.writing import check_writable

    name = drawing.chart_file
    if name is None:
        return
    if Path(name).suffix.lower() not in PICTURES:
        raise InputError.of("--chart-file", name, "does not end in .svg or .png", "Name it chart.svg or chart.png.")
    check_writable("--chart-file", name)


def finish(runtime: Runtime, drawing: Drawing, answer: Answer, bars: Bars) -> None:
    """Draw the bars in place of the answer's table, and write them where that was asked for. Raises InputError."""
    if drawing.chart:
        answer.drawn = partial(draw, bars)
        answer.form = None if runtime.asked_output else "table"
    if drawing.chart_file is None:
        return
    try:
        path = Path(drawing.chart_file).expanduser()
        path.write_bytes(PICTURES[path.suffix.lower()](bars))
    except OSError as error:
        step = "Name a file in a folder of yours."
        raise InputError.of("--chart-file", drawing.chart_file, f"cannot be written: {error.strerror}", step) from error
    runtime.talk.note(f"The chart is in {drawing.chart_file}.")


def statistics_bars(data: Mapping[str, Any], values: Mapping[str, Any]) -> Bars:
    """The bars of statistics: a day each, or one of all where the provider tells no days."""
    totals, days = data["totals"], data["days"]
    start, end = dashed(values["start_date"]), dashed(values["end_date"])
    rows: list[Row] = [("all", _parts(totals))]
    if days is not None:
        rows = _every_day({dashed(day["day"]): _parts(day) for day in days}, start, end)
    sent, delivered, failed, open_ = (totals[name] or 0 for name in ("sent", "delivered", "failed", "no_receipt"))
    total = f"{sent:,} sent: {delivered:,} delivered, {failed:,} failed, {open_:,} without a receipt"
    if totals["delivery_rate"] is not None:
        total = f"{total}; {totals['delivery_rate']:.1%} arrived"
    return Bars(f"Billed parts a day, {start} to {end}", rows, total, ("delivered", "failed", "no receipt"))


def history_bars(counts: Iterable[Mapping[str, Any]]) -> Bars:
    """The bars of the history: an outcome with its receipt and code each."""
    rows, outcomes = [], []
    for one in counts:
        words = (one["outcome"], one["receipt"], one["code"])
        rows.append((" ".join(filter(None, words)), {_part(one): one["count"]}))
        outcomes.append(_part(one))
    total = sum(one["count"] for one in counts)
    return Bars("Messages by outcome and code", rows, f"{total:,} messages", tuple(dict.fromkeys(outcomes)))


def draw(bars: Bars, screen: Screen) -> str:
    """The chart with characters."""
    return "\n".join(_lines(bars, screen))


def _lines(bars: Bars, screen: Screen) -> Iterator[str]:
    rows = [(bars.label(row, said), row[1]) for row in bars.rows]
    labels = max((width(label) for label, _ in rows), default=0)
    counts = len(f"{bars.most:,}")
    room = max(NARROWEST, min(screen.width or PLAIN_WIDTH, 100) - labels - counts - 4)
    yield screen.styled(said(bars.title), "bold")
    if not rows:
        yield said(bars.total)
        return
    yield ""
    for label, parts in rows:
        bar = "".join(
            screen.styled(LOOKS[name].char * long, LOOKS[name].style) for name, long in _lengths(parts, bars.most, room)
        )
        yield f"{padded(label, labels)}  {sum(parts.values()):>{counts},}  {bar}".rstrip()
    yield ""
    yield "  ".join(f"{screen.styled(LOOKS[name].char, LOOKS[name].style)} {said(name)}" for name in bars.legend)
    yield said(bars.total)


def _lengths(parts: Mapping[str, int], most: int, room: int) -> Iterator[tuple[str, int]]:
    """How long each part is; the bar as a whole is rounded once, and what happened at all is seen."""
    done = drawn = 0
    for name, count in parts.items():
        done += count
        long = max(round(done * room / most) - drawn, 1 if count else 0)
        drawn += long
        yield name, long


def _svg(bars: Bars) -> bytes:
    return svg(sketch(bars, said)).encode()


def _png(bars: Bars) -> bytes:
    """The picture in English: the letters of dots know no other."""
    from smswrap.cli.raster import png

    return png(sketch(bars, str))


PICTURES: Mapping[str, Callable[[Bars], bytes]] = {".svg": _svg, ".png": _png}


def _parts(counts: Mapping[str, Any]) -> dict[str, int]:
    return {name: counts[name.replace(" ", "_")] or 0 for name in ("delivered", "failed", "no receipt")}


def _part(one: Mapping[str, Any]) -> str:
    return "failed" if one["receipt"] == "failed" else str(one["outcome"])


def _every_day(known: Mapping[str, Mapping[str, int]], start: str, end: str) -> list[Row]:
    from datetime import date, timedelta

    first, last = date.fromisoformat(start), date.fromisoformat(end)
    if (last - first).days >= LONGEST_SPAN:
        return sorted(known.items())
    days = [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]
    return [(day, known.get(day, {})) for day in days]
