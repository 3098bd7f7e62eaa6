"""Records are dataclasses in all but how they are made."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, asdict, field, fields, is_dataclass, replace

import pytest

from smswrap.record import dataclass


@dataclass(frozen=True)
class Point:
    """A frozen one."""

    x: int
    y: int = 2
    tags: list[str] = field(default_factory=list)
    secret: str = field(default="hidden", repr=False)


@dataclass
class Box:
    """One that can be changed, and prepares itself."""

    side: int
    area: int = field(init=False)

    def __post_init__(self) -> None:
        self.area = self.side**2


def test_a_record_is_a_dataclass_to_the_standard_library() -> None:
    point = replace(Point(1), y=3)
    assert is_dataclass(Point)
    assert asdict(point) == {"x": 1, "y": 3, "tags": [], "secret": "hidden"}
    assert [one.name for one in fields(Point)] == ["x", "y", "tags", "secret"]
    assert repr(point) == "Point(x=1, y=3, tags=[])"
    assert Point(1).tags is not Point(1).tags


def test_records_are_equal_by_value_and_kind() -> None:
    assert Point(1) == Point(x=1)
    assert Point(1) != Point(1, 3)
    other: object = Counted(1)
    assert Point(1) != other
    assert hash(Counted(1)) == hash(Counted(1))
    with pytest.raises(TypeError):
        hash(Box(1))


@dataclass(frozen=True)
class Counted:
    """One whose values can be hashed."""

    number: int


def test_a_frozen_record_cannot_be_changed_another_can() -> None:
    point, box = Point(1), Box(3)
    with pytest.raises(FrozenInstanceError):
        point.x = 2  # type: ignore[misc]  # wrong on purpose
    with pytest.raises(FrozenInstanceError):
        del point.x
    box.side = 4
    assert (box.side, box.area) == (4, 9)


@pytest.mark.parametrize(
    ("given", "named"),
    [((), {}), ((1, 2, [], "", 5), {}), ((1,), {"x": 1}), ((1,), {"z": 1}), ((), {"y": 1})],
    ids=["missing", "too many", "twice", "unknown", "one missing"],
)
def test_a_record_takes_each_field_once(given: tuple[int, ...], named: dict[str, int]) -> None:
    with pytest.raises(TypeError, match="Point takes each of x, y, tags, secret once"):
        Point(*given, **named)  # type: ignore[arg-type]  # wrong on purpose
