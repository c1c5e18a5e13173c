"""Bytes that are JSON, bytes that are nearly JSON, and bytes that aren't."""

from __future__ import annotations

import math

import pytest

from consumer.enrolment.decode import NotJson, decode, find_event
from consumer.enrolment.pointer import Pointer
from consumer.enrolment.text import is_broken

WRAPPED = Pointer.parse("/payload/event")


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        (b'{"type":"track"}', {"type": "track"}),
        (b' \r\n{"a": [1, null]}\n', {"a": [1, None]}),
        (b'{"a":1,"b":0,"a":2}', {"a": 2, "b": 0}),
        (b'{"a":"\\u0000\\ud83d\\ude00"}', {"a": "\x00\U0001f600"}),
        (b'{"a":123456789012345678901234567890}', {"a": 1.2345678901234568e29}),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b'{"a":"x\ty\nz"}', {"a": "x\ty\nz"}),
        (b"null", None),
        (b'"text"', "text"),
        (b"[]", []),
    ],
)
def test_json_is_read(value: bytes, decoded: object) -> None:
    assert decode(value) == decoded


@pytest.mark.parametrize(
    "value",
    [
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"1e999",
        b'"\xff"',
        b'"caf\xe9"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'"\x00"',
        b'"a\x1bb"',
        b"9" * 5000,
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_is_broken_in_one_place_leaves_the_rest(value: bytes) -> None:
    decoded = decode(b'{"good":"Jane","bad":' + value + b"}")
    assert isinstance(decoded, dict)
    assert decoded["good"] == "Jane"
    assert is_broken(decoded["bad"])
    assert not is_broken(decoded["good"])


def test_numbers_beside_one_of_too_many_digits_stay_whole() -> None:
    decoded = decode(b'{"phone":14155550132,"bad":' + b"9" * 5000 + b"}")
    assert decoded == {"phone": 14155550132.0, "bad": math.inf}


@pytest.mark.parametrize(
    "value",
    [
        b" ",
        b"{",
        b"{} {}",
        b"{}\x00",
        b"{'a':1}",
        b'{"a":0123}',
        b'{"a":nan}',
        '{"a":1}'.encode("utf-16"),
        b"\x00\x00\x00\x00\x2a{}",
        b"\x1f\x8b\x08\x00",
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * 1_000_000,
        b"\xef\xbb\xbf",
        b'{"a":' + b"9" * 5000,
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_is_no_json_is_reported_with_a_reason(value: bytes) -> None:
    decoded = decode(value)
    assert isinstance(decoded, NotJson)
    assert decoded.why.startswith("not JSON: ")


def test_the_reason_quotes_nothing_of_the_record() -> None:
    decoded = decode(b'{"email":"jane.doe@example.com" "x"}')
    assert isinstance(decoded, NotJson)
    assert "jane" not in decoded.why


def test_five_megabytes_are_read() -> None:
    assert decode(b'{"a":"' + b"x" * 5_000_000 + b'"}') == {"a": "x" * 5_000_000}


@pytest.mark.parametrize(
    ("value", "event"),
    [
        (b'{"payload":{"event":{"type":"track"}}}', {"type": "track"}),
        (b'{"payload":{"event":"{\\"type\\":\\"track\\"}"}}', {"type": "track"}),
        (b'{"payload":{"event":7}}', 7),
        (b'{"payload":{"event":null}}', None),
        (b'{"payload":[]}', None),
        (b"7", None),
    ],
)
def test_the_event_inside_a_wrapper_is_found(value: bytes, event: object) -> None:
    assert find_event(decode(value), WRAPPED) == event


def test_text_inside_a_wrapper_has_to_be_json() -> None:
    assert isinstance(find_event(decode(b'{"payload":{"event":"hello"}}'), WRAPPED), NotJson)
    assert isinstance(find_event(decode(b'{"payload":{"event":"\\ud800"}}'), WRAPPED), NotJson)


def test_json_text_is_not_unwrapped_without_a_path() -> None:
    assert find_event(decode(rb'"{\"type\":\"track\"}"'), Pointer.parse("")) == '{"type":"track"}'
