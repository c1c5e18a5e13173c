from __future__ import annotations

import pytest

from consumer.commands.dead_letters.listing import row_of
from consumer.dead_letters.format import Part, SourcePosition, dead_letter_of, printable
from consumer.enrolment.disposition import DeadLetterReason
from consumer.scheduling.task import Headers, Partition
from tests.support.dead_letters import RECORD_MS, SOURCE, VALUE, message, stored


def test_what_the_worker_wrote_is_read_back() -> None:
    found = stored(reason=DeadLetterReason.REJECTED, status=400, headers=[("trace", b"7")])
    assert found.source == SourcePosition(SOURCE, 41)
    assert (found.reason, found.status, found.redrives) == ("rejected", "400", 0)
    assert (found.key, found.value, found.timestamp_ms) == (b"jane", VALUE, RECORD_MS)
    assert found.own_headers == [("trace", b"7")]


def test_the_count_of_redrives_is_read() -> None:
    marks: Headers = [("clicksend.redrive.count", b"2"), ("clicksend.redrive.from", b"events.dead-letter-0@17")]
    assert stored(headers=marks).redrives == 2


@pytest.mark.parametrize("origin", [(), [("clicksend.redrive.from", b"me")]], ids=["alone", "without-a-place"])
def test_a_producers_own_count_is_none(origin: Headers) -> None:
    assert stored(headers=[("clicksend.redrive.count", b"99"), *origin]).redrives == 0


@pytest.mark.parametrize("count", [b"", b"many", b"-1", "٣".encode(), b"9" * 30])
def test_a_count_that_nobody_wrote_is_none(count: bytes) -> None:
    assert dead_letter_of(message(b"{}", [("clicksend.redrive.count", count)])).redrives == 0


def test_a_record_that_is_no_dead_letter_has_no_source() -> None:
    found = dead_letter_of(message(b"hello", [("trace", b"7")]))
    assert found.source is None
    assert found.own_headers == [("trace", b"7")]
    assert found.summary()["reason"] is None


@pytest.mark.parametrize("lost", ["topic", "partition", "offset"])
def test_half_of_the_coordinates_are_none(lost: str) -> None:
    headers: list[tuple[str, bytes | None]] = [
        (f"__connect.errors.{name}", b"3") for name in ("topic", "partition", "offset") if name != lost
    ]
    assert dead_letter_of(message(b"{}", headers)).source is None


def test_what_was_left_out_is_known() -> None:
    assert stored(left_out=frozenset({Part.DETAILS})).is_complete
    assert not stored(left_out=frozenset({Part.DETAILS, Part.HEADERS})).is_complete
    pointer = stored(left_out=frozenset({Part.HEADERS, Part.VALUE}))
    assert pointer.is_pointer
    assert not pointer.is_complete


def test_a_timestamp_that_the_topic_did_not_take_is_read_from_the_header() -> None:
    assert stored(left_out=frozenset({Part.TIMESTAMP})).timestamp_ms == RECORD_MS


@pytest.mark.parametrize("timestamp", [1_767_225_600_000_000_000, 2**63 - 1], ids=["nanoseconds", "the-greatest"])
def test_a_timestamp_of_nineteen_digits_is_the_records_not_the_dead_letters(timestamp: int) -> None:
    found = stored(left_out=frozenset({Part.TIMESTAMP}), timestamp_ms=timestamp)
    assert found.timestamp_ms == timestamp
    assert row_of(found)["timestamp"] == f"{timestamp} ms"


def test_a_number_beyond_those_of_kafka_is_none() -> None:
    assert dead_letter_of(message(b"{}", [("clicksend.timestamp", b"9" * 19)])).timestamp_ms == RECORD_MS


@pytest.mark.parametrize(
    ("group", "ours"),
    [("us", True), ("us-replay-1a2b", True), ("others", False), ("us-too", False)],
)
def test_a_dead_letter_belongs_to_the_group_that_wrote_it_or_to_its_replays(group: str, ours: bool) -> None:
    assert stored(group=group).is_of("us") is ours


def test_its_record_is_the_one_that_was_consumed() -> None:
    record = stored(headers=[("trace", None)]).record(SourcePosition(SOURCE, 41))
    assert (record.partition, record.offset, record.timestamp_ms) == (SOURCE, 41, RECORD_MS)
    assert (record.key, record.value, record.headers) == (b"jane", VALUE, [("trace", None)])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("3@17", SourcePosition(Partition("letters", 3), 17)),
        ("events-3@17", SourcePosition(Partition("events", 3), 17)),
        ("raw-events-2026-0@0", SourcePosition(Partition("raw-events-2026", 0), 0)),
    ],
)
def test_a_place_is_written_as_the_list_shows_it(text: str, place: SourcePosition) -> None:
    assert SourcePosition.parse(text, "letters") == place
    assert SourcePosition.parse(str(place), "letters") == place


@pytest.mark.parametrize(
    "text", ["", "events", "events-3", "@17", "events@17", "events-x@17", "3@-1", "3@9223372036854775808"]
)
def test_anything_else_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="TOPIC-PARTITION@OFFSET"):
        SourcePosition.parse(text, "letters")


def test_nothing_that_a_producer_wrote_steers_a_terminal() -> None:
    assert printable(b"a\x1b[2J\n\xff\xc3\xbc") == "a\\x1b[2J\\n\\xffü"
    assert printable(None) == ""


def test_a_record_whose_headers_could_not_be_read_says_so_again_when_it_fails_again() -> None:
    assert stored(headers_left_out=True).record(SourcePosition(SOURCE, 41)).headers_left_out
    assert not stored().record(SourcePosition(SOURCE, 41)).headers_left_out
