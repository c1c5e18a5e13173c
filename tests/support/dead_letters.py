"""Dead letters in the worker's format, for tests of their readers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Message

from consumer.clicksend.outcome import Outcome, Result
from consumer.dead_letters.format import (
    NOTHING,
    DeadLetterMessage,
    Parts,
    StoredDeadLetter,
    dead_letter,
    dead_letter_of,
)
from consumer.enrolment.disposition import DeadLetterReason
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Headers, Partition, Record, Task

SOURCE = Partition("events", 3)
RECORD_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
VALUE = b'{"type":"identify","traits":{"email":"jane.doe@example.com"}}'


def written(
    reason: DeadLetterReason = DeadLetterReason.REJECTED,
    status: int | None = 400,
    left_out: Parts = NOTHING,
    detail: str = "the detail",
    group: str = "clicksend-consumer",
    **changes: Any,
) -> DeadLetterMessage:
    """Return the worker's dead letter for a record of SOURCE with these changes."""
    fields = {"partition": SOURCE, "offset": 41, "timestamp_ms": RECORD_MS, "key": b"jane", "value": VALUE}
    record = Record(**{**fields, "headers": [], **changes})
    task = Task(record, OffsetTracker(record.partition, 0, 0), reason=reason, detail=detail)
    if status is not None:
        task.attempts.add(Outcome(Result.REJECTED, status, "BAD_REQUEST"), started_at=0.0, now=1.0)
    return dead_letter(task, group, left_out, datetime(2026, 1, 2, tzinfo=UTC), 1.0)


def stored(offset: int = 17, **how: Any) -> StoredDeadLetter:
    """The same, read back from the dead-letter topic."""
    made = written(**how)
    return dead_letter_of(message(made.value, made.headers, made.key, made.timestamp_ms, offset))


def message(
    value: bytes | None, headers: Headers, key: bytes | None = None, timestamp_ms: int = RECORD_MS, offset: int = 17
) -> Message:
    """A record of the dead-letter topic."""
    there: Any = {"topic": "events.dead-letter", "partition": 3, "offset": offset, "timestamp": (1, timestamp_ms)}
    return Message(**there, key=key, value=value, headers=headers)  # type: ignore[arg-type]  # the stubs think of less
