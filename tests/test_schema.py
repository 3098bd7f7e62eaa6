"""`smswrap schema`: a schema for each verb, by which each envelope of these tests is judged (conftest.Ran)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from conftest import SEND
from contract import against

from smswrap.cli.app import COMMANDS
from smswrap.cli.read import verbs
from smswrap.cli.schema import OWN, schema_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Ran

VERBS = [*verbs(), *OWN]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_schema_that_tells_its_data(verb: str) -> None:
    schema = schema_of(verb)
    kinds = schema["properties"]["data"]["anyOf"]
    assert schema["properties"]["command"] == {"const": verb}
    assert all(one["type"] in {"object", "null"} for one in kinds)
    assert kinds[-1] == {"type": "null"}
    assert list(schema["properties"])[3:6] == ["sandbox", "status", "error"]


def test_no_verb_is_forgotten() -> None:
    assert {verb.split()[0] for verb in VERBS} >= set(COMMANDS)


def test_an_answer_of_another_shape_is_noticed(words: Callable[..., Ran]) -> None:
    answer = words("explain", "isv.AMOUNT_NOT_ENOUGH").envelope
    schema = schema_of("explain")
    assert against(answer, schema) == []
    for wrong in ({"data": {**answer["data"], "more": 1}}, {"status": None}, {"command": "send"}, {"smswrap": 2}):
        assert against({**answer, **wrong}, schema) != []
    del answer["warnings"]
    assert against(answer, schema) == ["$.warnings is missing"]


@pytest.mark.usefixtures("standin")
def test_an_answer_with_more_receipts_than_are_shown_whole_is_of_its_shape(words: Callable[..., Ran]) -> None:
    numbers = ",".join(str(19900001000 + number) for number in range(21))
    answer = words(*SEND[:2], numbers, *SEND[3:], "--yes", "--wait").envelope
    assert (len(answer["data"]["receipts"]), answer["data"]["receipts_left_out"]) == (20, 1)


def test_the_schema_is_printed_bare_where_it_is_asked_for(words: Callable[..., Ran]) -> None:
    assert words("schema", "sandbox", "path").envelope["data"] == schema_of("sandbox path")
    assert json.loads(words("schema", "send", "--output", "raw").stdout) == schema_of("send")
    assert json.loads(words("schema", "--output", "table").stdout) == schema_of()
    assert words("schema", "sned").code == 2
