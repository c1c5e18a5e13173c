"""Whatever a record holds and whatever its topic refuses: its dead letter is read back as it was written."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from consumer.dead_letters.format import (
    DIET,
    DeadLetterMessage,
    Part,
    Parts,
    SourcePosition,
    StoredDeadLetter,
    dead_letter_of,
    redriven,
    redrives,
)
from consumer.enrolment.disposition import DeadLetterReason
from consumer.scheduling.offset_map import MAX_OFFSET
from consumer.scheduling.task import Headers, Partition
from tests.support.dead_letters import message, stored, written

BYTES = st.none() | st.binary(max_size=40)
PARTITIONS = st.builds(
    Partition, st.from_regex(r"[a-zA-Z0-9._-]{1,30}", fullmatch=True), st.integers(min_value=0, max_value=999_999_999)
)
OWN_NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12).map("x.{}".format)
LEFT_OUT = st.builds(
    lambda parts, timestamp: parts | timestamp,
    st.sampled_from(DIET),
    st.sampled_from([frozenset[Part](), frozenset({Part.TIMESTAMP})]),
)


@given(
    partition=PARTITIONS,
    offset=st.integers(min_value=0, max_value=MAX_OFFSET),
    timestamp_ms=st.integers(min_value=0, max_value=MAX_OFFSET),
    key=BYTES,
    value=BYTES,
    headers=st.lists(st.tuples(OWN_NAMES, BYTES), max_size=4),
    left_out=LEFT_OUT,
    reason=st.sampled_from(DeadLetterReason),
    status=st.none() | st.integers(min_value=100, max_value=599),
    group=st.from_regex(r"[a-zA-Z0-9._-]{1,30}", fullmatch=True),
)
def test_a_dead_letter_is_read_as_it_was_written(  # noqa: PLR0913 -- all that a dead letter tells of
    *,
    partition: Partition,
    offset: int,
    timestamp_ms: int,
    key: bytes | None,
    value: bytes | None,
    headers: Headers,
    left_out: Parts,
    reason: DeadLetterReason,
    status: int | None,
    group: str,
) -> None:
    record: dict[str, Any] = {"partition": partition, "offset": offset, "timestamp_ms": timestamp_ms, "key": key}
    how: dict[str, Any] = {"reason": reason, "status": status, "left_out": left_out, "group": group}
    found = _read(written(**how, **record, value=value, headers=headers))

    assert found.source == SourcePosition(partition, offset)
    assert (found.timestamp_ms, found.reason) == (timestamp_ms, reason)
    assert found.is_of(group)
    assert not found.is_of(f"{group}-other")
    assert found.key == (None if Part.KEY in left_out else key)
    assert found.own_headers == ([] if Part.HEADERS in left_out else headers)
    assert found.status == ("" if status is None or Part.DETAILS in left_out else str(status))
    assert found.is_pointer == (Part.VALUE in left_out)
    assert found.has_value(value)
    assert not found.has_value((value or b"") + b"another")
    assert found.is_complete == (left_out <= {Part.DETAILS, Part.TIMESTAMP})
    if found.is_complete:
        kept = found.record(found.source)
        assert (kept.partition, kept.offset, kept.timestamp_ms) == (partition, offset, timestamp_ms)
        assert (kept.key, kept.value, kept.headers) == (key, value, headers)


@given(partition=PARTITIONS, offset=st.integers(min_value=0, max_value=MAX_OFFSET))
def test_a_position_is_read_as_it_is_shown(partition: Partition, offset: int) -> None:
    position = SourcePosition(partition, offset)
    assert SourcePosition.parse(str(position), "another") == position


@given(times=st.integers(min_value=1, max_value=4), headers=st.lists(st.tuples(OWN_NAMES, BYTES), max_size=3))
def test_each_redrive_is_counted_in_the_record_and_in_its_next_dead_letter(times: int, headers: Headers) -> None:
    marked, found = headers, stored(headers=headers)
    for count in range(1, times + 1):
        marked = redriven(found, marked)
        found = _read(written(headers=marked))
        assert (redrives(marked), found.redrives) == (count, count)
    assert [each for each in marked if not each[0].startswith("clicksend.")] == headers


def _read(made: DeadLetterMessage) -> StoredDeadLetter:
    return dead_letter_of(message(made.value, made.headers, made.key, made.timestamp_ms))
