"""The parts of an event: a long record is read in another way than a short one, and means the same."""

from __future__ import annotations

import pytest

from consumer.enrolment.parts import Context, Options, Parts, read_parts

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
        pytest.param('{"properties":{"a":1e400}}', None, id="a number beyond a float"),
        pytest.param('{"context":5}', None, id="a context of another type"),
        pytest.param('{"options":"x"}', None, id="options of another type"),
        pytest.param("[]", None, id="no object"),
        pytest.param('{"traits":', None, id="cut"),
    ],
)
def test_the_parts_of_an_event_are_read_whatever_its_length(blanks: int, event: str, expected: Parts | None) -> None:
    assert read_parts(event.encode() + b" " * blanks) == expected
