"""What a dead letter carries: the original record untouched, and headers that say what went wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import orjson

from consumer import __version__
from consumer.enrolment.disposition import DeadLetterReason
from consumer.stream.record import Headers, Record, Task

# Kafka Connect's convention (KIP-298, org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter).
CONNECT = "__connect.errors."
OURS = "clicksend."
REDRIVE_COUNT = OURS + "redrive.count"
POINTER = OURS + "pointer"  # present where the value was too large for the dead-letter topic

_STAGES = {
    DeadLetterReason.UNDECODABLE: "VALUE_CONVERTER",
    DeadLetterReason.UNMAPPABLE: "TRANSFORMATION",
}
_DELIVERY_STAGE = "TASK_PUT"


class LetterForm(StrEnum):
    """What of the record the dead letter holds."""

    WHOLE = "whole"
    POINTER = "pointer"  # coordinates, size and digest: the value itself is larger than the topic takes


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A dead letter as it is produced. Timestamp, key and, as a rule, value are the record's."""

    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int


def dead_letter(task: Task, group_id: str, form: LetterForm, now: datetime, monotonic: float) -> DeadLetter:
    """The dead letter of a task. `now` and `monotonic` (seconds) are the same moment on both clocks.

    Headers of an earlier round are replaced; every other header stays as it was.
    """
    record = task.record
    headers = [header for header in record.headers if not header[0].startswith(CONNECT) and not _is_replaced(header[0])]
    headers += [(name, text.encode()) for name, text in _headers(task, group_id, now, monotonic)]
    value = record.value
    if form is LetterForm.POINTER:
        headers.append((POINTER, b"true"))
        value = _pointer(record)
    return DeadLetter(record.key, value, headers, record.timestamp_ms)


def _is_replaced(name: str) -> bool:
    return name.startswith(OURS) and name != REDRIVE_COUNT


def _headers(task: Task, group_id: str, now: datetime, monotonic: float) -> Iterator[tuple[str, str]]:
    record, reason, attempts = task.record, task.reason or DeadLetterReason.REJECTED, task.attempts
    yield CONNECT + "topic", record.partition.topic
    yield CONNECT + "partition", str(record.partition.number)
    yield CONNECT + "offset", str(record.offset)
    yield CONNECT + "stage", _STAGES.get(reason, _DELIVERY_STAGE)
    yield CONNECT + "exception.class.name", f"clicksend.{reason}"
    yield CONNECT + "exception.message", _message(task)
    yield OURS + "reason", reason
    yield OURS + "group", group_id
    yield OURS + "worker.version", __version__
    yield OURS + "attempts", str(attempts.count)
    if attempts.last is not None:
        if attempts.last.status is not None:
            yield OURS + "http.status", str(attempts.last.status)
        if attempts.last.code is not None:
            yield OURS + "vendor.code", attempts.last.code
        yield OURS + "first.attempt", _wall(attempts.first_at, now, monotonic)
        yield OURS + "last.attempt", _wall(attempts.last_at, now, monotonic)
    if REDRIVE_COUNT not in dict(record.headers):
        yield REDRIVE_COUNT, "0"


def _message(task: Task) -> str:
    """One line for a person; never anything from the record itself."""
    last = task.attempts.last
    if last is None:
        return task.detail
    parts = [f"HTTP {last.status}" if last.status is not None else "no answer", last.code or ""]
    return " ".join(part for part in parts if part)


def _wall(at: float, now: datetime, monotonic: float) -> str:
    moment = datetime.fromtimestamp(now.timestamp() - (monotonic - at), UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _pointer(record: Record) -> bytes:
    value = record.value or b""
    return orjson.dumps(
        {
            "topic": record.partition.topic,
            "partition": record.partition.number,
            "offset": record.offset,
            "size": len(value),
            "sha256": hashlib.sha256(value).hexdigest(),
        }
    )
