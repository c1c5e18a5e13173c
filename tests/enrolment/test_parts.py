"""The parts of an event: a long record is read in another way than a short one, and means the same."""

from __future__ import annotations

import math

import pytest

from consumer.enrolment.decode import NotJson
from consumer.enrolment.parts import Context, Options, Parts, read_parts
from consumer.enrolment.traits import MOST_KEYS

LONG = 20_000
TEXTS = {"a": "b", "c": [1, 2.5, None]}


@pytest.mark.parametrize("blanks", [0, LONG], ids=["short", "long"])
@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param("{}", Parts(), id="nothing"),
        pytest.param('{"traits":null,"context":null,"options":null}', Parts(), id="nulls"),
        pytest.param('{"traits":{"a":"b","c":[1,2.5,null]}}', Parts(traits=TEXTS), id="traits"),
        pytest.param('{"traits":[1]}', Parts(traits=[1]), id="traits of another type"),
        pytest.param('{"traits":{"a":1},"traits":{"b":2}}', Parts(traits={"b": 2}), id="twice"),
        pytest.param('{"properties":{"traits":{"a":"b"}}}', Parts(properties={"traits": {"a": "b"}}), id="properties"),
        pytest.param('{"options":{"traits":{"a":1}}}', Parts(options=Options({"a": 1})), id="options"),
        pytest.param(
            '{"context":{"traits":{"a":1},"consent":{"b":true}}}',
            Parts(context=Context({"a": 1}, {"b": True})),
            id="context",
        ),
        pytest.param('{"x":1e400,"traits":{"a":1}}', Parts(traits={"a": 1}), id="a flaw elsewhere"),
        pytest.param('{"traits":{"a":"\\ud800"}}', None, id="half a character"),
        pytest.param('{"context":5}', None, id="a context of another type"),
        pytest.param('{"options":"x"}', None, id="options of another type"),
        pytest.param("[]", None, id="no object"),
        pytest.param('{"traits":', None, id="cut"),
    ],
)
def test_the_parts_of_an_event_are_read_whatever_its_length(blanks: int, event: str, expected: Parts | None) -> None:
    assert read_parts(event.encode() + b" " * blanks) == expected


def test_a_number_beyond_a_float_is_left_to_decode_or_is_no_number_in_a_long_record() -> None:
    event = b'{"properties":{"a":1e400}}'
    assert read_parts(event) is None
    assert read_parts(event + b" " * LONG) == Parts(properties={"a": math.inf})


@pytest.mark.parametrize("place", ["traits", "properties"])
def test_of_a_long_record_nested_values_are_read_up_to_a_limit(place: str) -> None:
    long = "[" + "[]," * 100_000 + "[]]"
    parts = read_parts(f'{{"{place}":{{"x":{long},"b":{{"c":[1]}},"d":"e"}}}}'.encode())
    values = getattr(parts, place)
    assert isinstance(values.pop("x"), NotJson)
    assert values == {"b": {"c": [1]}, "d": "e"}


def test_a_consent_in_the_context_is_read_whatever_the_traits_hold() -> None:
    long = "[" + "[]," * 80_000 + "[]]"
    event = f'{{"traits":{{"x":{long}}},"context":{{"consent":{{"marketing":false}},"traits":{{"y":{long}}}}}}}'
    parts = read_parts(event.encode())
    assert parts is not None
    assert parts.context is not None
    assert parts.context.consent == {"marketing": False}
    assert isinstance(parts.context.traits, dict)
    assert isinstance(parts.context.traits["y"], NotJson)


def test_of_very_many_traits_those_under_the_usual_spellings_are_read() -> None:
    others = ",".join(f'"k{number}":[{number}]' for number in range(MOST_KEYS + 1))
    parts = read_parts(f'{{"traits":{{"email":"jane@example.com",{others}}}}}'.encode() + b" " * LONG)
    assert parts is not None
    assert isinstance(parts.traits, dict)
    assert parts.traits["email"] == "jane@example.com"
    assert isinstance(parts.traits["k0"], NotJson)
