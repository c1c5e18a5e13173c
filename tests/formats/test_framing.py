"""The three forms of Schema Registry framing, and what is left of damaged ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.enrolment.decision import Undeliverable
from consumer.formats.framing import Framed, read_frame, read_header_frame, schema_name
from tests.formats.samples import AVRO, BY_GUID, BY_NUMBER, GUID


def test_a_zero_and_four_bytes_are_a_number() -> None:
    assert read_frame(b"\0\0\1\0\2" + AVRO) == Framed(65538, AVRO)


def test_a_one_and_sixteen_bytes_are_a_guid() -> None:
    assert read_frame(BY_GUID + AVRO) == Framed(GUID, AVRO)


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (b"", "no Schema Registry framing: the first byte is neither 0 nor 1"),
        (b"\2\0\0\0\7" + AVRO, "no Schema Registry framing: the first byte is neither 0 nor 1"),
        (b'{"type": "page"}', "no Schema Registry framing: the first byte is neither 0 nor 1"),
        (b"\0", "truncated Schema Registry framing"),
        (BY_NUMBER[:-1], "truncated Schema Registry framing"),
        (BY_NUMBER, "Schema Registry framing without data"),
        (BY_GUID[:-1], "truncated Schema Registry framing"),
        (BY_GUID, "Schema Registry framing without data"),
    ],
    ids=["nothing", "another magic", "JSON", "magic", "3 bytes", "no data", "15 bytes", "no data after a GUID"],
)
def test_damage_has_a_reason(value: bytes, detail: str) -> None:
    found = read_frame(value)
    assert isinstance(found, Undeliverable)
    assert found.detail == detail


@pytest.mark.parametrize(
    ("header", "framed"),
    [
        (BY_NUMBER, Framed(7, AVRO)),
        (BY_GUID, Framed(GUID, AVRO)),
        (BY_NUMBER + b"\2\4", Framed(7, b"\2\4" + AVRO)),
        (BY_GUID + b"\0", Framed(GUID, b"\0" + AVRO)),
    ],
    ids=["number", "GUID", "number and message indexes", "GUID and message indexes"],
)
def test_the_header_names_the_schema(header: bytes, framed: Framed) -> None:
    assert read_header_frame(header, AVRO) == framed


@pytest.mark.parametrize("header", [b"", b"7", b"\0\0\0\7", b"\1" + GUID[:-1], b"\2" + GUID])
def test_a_header_without_a_schema_id_has_a_reason(header: bytes) -> None:
    found = read_header_frame(header, AVRO)
    assert isinstance(found, Undeliverable)
    assert found.detail == "the header __value_schema_id holds no schema id"


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_no_bytes_raise(value: bytes, header: bytes) -> None:
    assert isinstance(read_frame(value), Framed | Undeliverable)
    assert isinstance(read_header_frame(header, value), Framed | Undeliverable)


def test_schema_ids_are_shown_as_a_registry_shows_them() -> None:
    assert schema_name(7) == "7"
    assert schema_name(GUID) == "00010203-0405-0607-0809-0a0b0c0d0e0f"
