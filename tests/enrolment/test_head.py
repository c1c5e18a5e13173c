"""Most records are dropped by their head alone; what the head can't tell is read in full."""

from __future__ import annotations

import tracemalloc
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.enrolment.decode import decode
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.enrolment.enroller import Enroller, Filtered, Undeliverable
from consumer.enrolment.head import EventHeader, read_event_header
from consumer.enrolment.identity_filter import enrolment_name
from consumer.enrolment.rules import Rules

RULES = Rules.of()

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False), st.text())
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
KINDS = st.sampled_from(["track", "Track", "identify", "page", "ident\\u0069fy"]) | VALUES
NAMES = st.sampled_from(["Signed Up", "signed_up", "Product Viewed", "Identified"]) | VALUES
EVENTS = st.fixed_dictionaries({}, optional={"type": KINDS, "event": NAMES, "properties": VALUES, "context": VALUES})


@given(EVENTS)
def test_the_head_says_the_same_as_the_whole_event(event: dict[str, Any]) -> None:
    value = orjson.dumps(event)
    head, whole = read_event_header(value), decode(value)
    assert head is not None
    assert isinstance(whole, dict)
    by_head = enrolment_name(head.type, head.event, RULES.events)
    assert by_head == enrolment_name(whole.get("type"), whole.get("event"), RULES.events)


@given(st.binary(max_size=60) | EVENTS.map(orjson.dumps).map(lambda value: value[:-1]))
def test_whatever_the_bytes_it_never_raises(value: bytes) -> None:
    read_event_header(value)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b'{"type":"page","context":{"page":', id="cut off"),
        pytest.param(b'{"type":"page"} {"type":"identify"}', id="two of them"),
        pytest.param(b'{"type":"page","x":nul}', id="no JSON in a place that nobody needs"),
        pytest.param(b"[" * 100_000, id="nested too deep"),
    ],
)
def test_what_is_no_json_object_is_a_dead_letter_and_not_a_browsing_event(value: bytes) -> None:
    assert read_event_header(value) is None
    decision = Enroller(RULES).decide(value)
    assert isinstance(decision, Undeliverable)
    assert decision.reason is DeadLetterReason.UNDECODABLE


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b'{"type":"page","context":{"page":{"title":"caf\xe9"}}}', id="a character in another encoding"),
        pytest.param(b'{"type":"page","properties":{"price":1e999}}', id="a number beyond a double's range"),
        pytest.param(b'{"type":"page","title":"\\ud83d"}', id="half an emoji"),
        pytest.param(b'{"type":"page","price":NaN,"most":-Infinity}', id="no number"),
        pytest.param(b'{"type":"page","title":"a\x01b"}', id="a control character"),
        pytest.param(b'{"type":"page","count":' + b"9" * 5000 + b"}", id="more digits than Python reads"),
        pytest.param(b'\xef\xbb\xbf{"type":"page"}', id="a byte order mark"),
        pytest.param(b'{"type":"caf\xe9"}', id="a type in another encoding"),
    ],
)
def test_a_flaw_in_a_part_that_nobody_needs_does_not_make_a_browsing_event_a_dead_letter(value: bytes) -> None:
    assert Enroller(RULES).decide(value) == Filtered(FilterReason.NOT_ENROLMENT)


def test_of_two_fields_of_the_same_name_the_last_one_counts() -> None:
    assert read_event_header(b'{"type":"page","type":"identify"}') == EventHeader(type="identify")


@pytest.mark.parametrize("other", [["a"], {"a": [1]}, 7, True], ids=str)
def test_a_value_that_is_no_text_is_none_and_a_specversion_is_there_whatever_it_is(other: object) -> None:
    assert read_event_header(orjson.dumps({"type": "track", "event": other})) == EventHeader("track")
    assert read_event_header(orjson.dumps({"type": other, "event": "Signed Up"})) == EventHeader(None, "Signed Up")
    assert read_event_header(orjson.dumps({"type": "track", "specversion": other})) == EventHeader("track", None, "")


def test_a_long_value_that_is_no_text_makes_no_objects() -> None:
    """A megabyte of empty lists takes longer to make and free than all else that the poll thread does with a record."""
    value = b'{"type":"identify","event":[' + b"[]," * 100_000 + b"[]]}"
    tracemalloc.start()
    head = read_event_header(value)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert head == EventHeader("identify")
    assert peak < 2 * len(value)
