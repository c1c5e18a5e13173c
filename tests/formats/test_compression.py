"""gzip in every state: whole, in members, padded, damaged, bombs."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.enrolment.decision import Undeliverable
from consumer.enrolment.disposition import DeadLetterReason
from consumer.formats.compression import LIMIT, unpack
from tests.formats.samples import JSON, packed


def bomb(size: int) -> bytes:
    compressor = zlib.compressobj(9, wbits=31)
    return compressor.compress(bytes(size)) + compressor.flush()


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(packed(), id="one member"),
        pytest.param(packed(JSON[:7]) + packed(JSON[7:]), id="two members"),
        pytest.param(packed() + packed(b""), id="an empty member after it"),
        pytest.param(packed() + bytes(512), id="padded with zero bytes"),
        pytest.param(packed(JSON[:7]) + bytes(3) + packed(JSON[7:]), id="zero bytes between members"),
    ],
)
def test_what_gzip_takes_is_unpacked(value: bytes) -> None:
    assert unpack(value) == JSON


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        pytest.param(b"\x1f\x8b", "truncated gzip data", id="the magic alone"),
        pytest.param(packed()[:-1], "truncated gzip data", id="without its last byte"),
        pytest.param(packed()[:20], "truncated gzip data", id="half"),
        pytest.param(packed() + packed()[:9], "truncated gzip data", id="half a second member"),
        pytest.param(b"\x1f\x8b\x07" + packed()[3:], "corrupt gzip data", id="an unknown method"),
        pytest.param(packed()[:-8] + bytes(8), "corrupt gzip data", id="a wrong checksum"),
        pytest.param(packed() + b"\x1f\x8b\x07" + bytes(20), "corrupt gzip data", id="a corrupt second member"),
        pytest.param(packed() + b"x", "gzip data with other bytes after its end", id="a byte behind it"),
        pytest.param(packed() + JSON, "gzip data with other bytes after its end", id="JSON behind it"),
        pytest.param(packed(packed()), "gzip data inside gzip data", id="packed twice"),
        pytest.param(packed(b"") * 101, "gzip data of more than 100 members", id="very many members"),
    ],
)
def test_damage_has_a_reason(value: bytes, detail: str) -> None:
    assert unpack(value) == Undeliverable(DeadLetterReason.UNDECODABLE, detail)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(bomb(LIMIT + 1), id="a byte too many"),
        pytest.param(bomb(1024 * LIMIT // 8), id="a gigabyte"),
        pytest.param(bomb(LIMIT // 2) * 3, id="in members"),
    ],
)
def test_a_bomb_is_too_large_and_is_not_unpacked_further(value: bytes) -> None:
    assert unpack(value) == Undeliverable(DeadLetterReason.TOO_LARGE, "gzip data of more than 8 MiB unpacked")


def test_the_limit_itself_is_taken() -> None:
    assert unpack(bomb(LIMIT)) == bytes(LIMIT)


@given(at=st.integers(0, len(packed()) - 1), byte=st.integers(0, 255))
def test_no_byte_that_changed_raises(at: int, byte: int) -> None:
    value = bytearray(packed())
    value[at] = byte
    found = unpack(bytes(value))
    assert isinstance(found, bytes | Undeliverable)
