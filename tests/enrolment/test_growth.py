"""What a record costs grows with its size and no faster, whatever field holds whatever characters."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import orjson
import pytest

from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
from tests.support.growth import MOST_GROWTH, PATTERN_IDS, PATTERNS, growth

pytestmark = pytest.mark.no_cover  # a tracer costs more than what is measured

FIELDS = [
    *("email", "phone", "fax", "name", "first_name", "company", "zip", "country", "marketing_opt_in", "custom_2"),
    *("an unknown key", "address"),
]
DECIDE = Enroller(Rules.of(default_region="DE")).decide
MEGABYTE = 1_000_000


def sign_up(field: str, text: str) -> bytes:
    traits = {"email": "jane@example.com", "phone": "+14155550132", field: text}
    return orjson.dumps({"type": "identify", "traits": traits})


def repeated(pattern: str, size: int) -> str:
    return (pattern * (size // len(pattern) + 1))[:size].encode("utf-8", "replace").decode()


@pytest.mark.parametrize("pattern", PATTERNS, ids=PATTERN_IDS)
@pytest.mark.parametrize("field", FIELDS)
def test_a_text_costs_no_more_than_its_length(field: str, pattern: str) -> None:
    def decide(text: str) -> None:
        DECIDE(sign_up(field, text))

    assert growth(decide, lambda size: repeated(pattern, size)) <= MOST_GROWTH


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(lambda size: b"[" * size, id="nested lists"),
        pytest.param(lambda size: b'{"a":' * (size // 5), id="nested objects"),
        pytest.param(lambda size: b'{"type":"' + b"_ " * (size // 2) + b'"}', id="a long type"),
        pytest.param(lambda size: b'{"type":"track","event":"' + b"-" * size + b'"}', id="a long name"),
        pytest.param(lambda size: b'{"type":"identify","x":"\xff' + b"\x01" * size + b'"}', id="broken text"),
        pytest.param(lambda size: b'{"type":"identify","x":' + b"9" * size + b"}", id="a long number"),
        pytest.param(lambda size: b'{"type":"identify","x":"\xff"' + b',"":0' * (size // 5) + b"}", id="many keys"),
        pytest.param(
            lambda size: (
                b'{"type":"identify","traits":{' + b",".join(b'"optin%07d":1' % n for n in range(size // 16)) + b"}}"
            ),
            id="many traits",
        ),
        pytest.param(
            lambda size: b'{"type":"identify","traits":{"emails":[' + b'"a",' * (size // 4) + b'"a"]}}',
            id="many emails",
        ),
        pytest.param(lambda size: b'{"payload":"' + b"{" * size + b'"}', id="a text that may be an event"),
    ],
)
def test_a_record_costs_no_more_than_its_length(record: object) -> None:
    def decide(text: str) -> None:
        DECIDE(text.encode("latin-1"))

    def of_size(size: int) -> str:
        return record(size).decode("latin-1")  # type: ignore[operator,no-any-return]  # one of the functions above

    assert growth(decide, of_size) <= MOST_GROWTH


NESTED = b"[" + b"[[[[]]]]," * (MEGABYTE // 9) + b"[]]"
CUT = b'{"type":"identify","traits":{"x":[' + b"5e-324," * (MEGABYTE // 7)


@pytest.mark.parametrize(
    ("value", "whole", "most"),
    [
        pytest.param(b'{"type":"identify","traits":{"x":' + NESTED + b"}}", NESTED, 0.01, id="a trait nobody reads"),
        pytest.param(b'{"type":"identify","context":{"consent":' + NESTED + b"}}", NESTED, 0.01, id="a consent"),
        pytest.param(b'{"type":' + NESTED + b"}", NESTED, 1.01, id="no event"),
        pytest.param(CUT, CUT + b"1]}}", 0.8, id="cut"),
        pytest.param(CUT + b"NaN]}}", CUT + b"1]}}", 0.8, id="a number that is none"),
    ],
)
def test_a_megabyte_takes_no_more_memory_than_reading_it_once(value: bytes, whole: bytes, most: float) -> None:
    assert _most_memory(lambda: DECIDE(value)) <= most * _most_memory(lambda: orjson.loads(whole))


def _most_memory(work: Callable[[], object]) -> int:
    """Return the most bytes that Python holds at once for it."""
    work()  # what is loaded once does not count
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
