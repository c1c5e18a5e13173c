"""The format of a dead letter: the original record unchanged, and headers with the reason."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import orjson

from consumer import __version__
from consumer.enrolment.disposition import DeadLetterReason
from consumer.scheduling.task import Headers, Record, Task

# Kafka Connect's convention (KIP-298, org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter).
CONNECT = "__connect.errors."
OURS = "clicksend."
REDRIVE_COUNT = OURS + "redrive.count"
REDRIVEN_FROM = OURS + "redrive.from"  # the dead letter of a redriven record, `topic-3@17`
POINTER = OURS + "pointer"  # present if the value was too large for the dead-letter topic
LEFT_OUT = OURS + "left.out"  # parts that the topic refused or the binding could not read, comma-separated

_PLACE = re.compile(rb".+-[0-9]{1,10}@[0-9]{1,19}", re.DOTALL)

_STAGES = {
    DeadLetterReason.UNDECODABLE: "VALUE_CONVERTER",
    DeadLetterReason.UNRECOGNISED: "VALUE_CONVERTER",
    DeadLetterReason.TOO_LARGE: "VALUE_CONVERTER",
    DeadLetterReason.UNMAPPABLE: "TRANSFORMATION",
}
_DELIVERY_STAGE = "TASK_PUT"


class Part(StrEnum):
    """A part to omit if the topic refuses the whole dead letter."""

    DETAILS = "details"  # headers beyond group, reason and redrive count
    HEADERS = "headers"  # the record's own
    VALUE = "value"  # replaced by a pointer: coordinates, size and digest
    KEY = "key"
    TIMESTAMP = "timestamp"  # a broker refuses one too far from its clock; a header has the record's


Parts = frozenset[Part]
NOTHING: Parts = frozenset()
# What to omit from a dead letter that is too large, step by step. The value matters more than any header, since the
# source may not retain it. Kafka Connect's headers, which have the coordinates, are never omitted.
DIET: tuple[Parts, ...] = (
    NOTHING,
    frozenset({Part.DETAILS}),
    frozenset({Part.DETAILS, Part.HEADERS}),
    frozenset({Part.HEADERS, Part.VALUE}),
    frozenset({Part.DETAILS, Part.HEADERS, Part.VALUE, Part.KEY}),
)


def smaller(left_out: Parts) -> Parts | None:
    """Return what to omit next; None if the dead letter can't be smaller."""
    timestamp = left_out & {Part.TIMESTAMP}
    following = DIET.index(left_out - timestamp) + 1
    return DIET[following] | timestamp if following < len(DIET) else None


@dataclass(frozen=True, slots=True)
class DeadLetterMessage:
    """A dead letter as produced. Timestamp, key and value are the record's, unless the topic refuses them.

    timestamp_ms -- 0: now
    """

    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int


def redrives(headers: Headers) -> int:
    """Return how often this record was redriven. A count without the origin header does not count."""
    found = dict(headers)
    count, origin = found.get(REDRIVE_COUNT) or b"", found.get(REDRIVEN_FROM) or b""
    return int(count) if count.isdigit() and len(count) < 10 and _PLACE.fullmatch(origin) else 0


def dead_letter(task: Task, group_id: str, left_out: Parts, now: datetime, monotonic: float) -> DeadLetterMessage:
    """Build the dead letter of a task, without these parts. `now` and `monotonic` (seconds) are the same moment.

    Headers of an earlier dead letter are replaced; all others are unchanged.
    """
    record = task.record
    if record.headers_left_out:
        left_out |= {Part.HEADERS}
    own = [] if Part.HEADERS in left_out else record.headers
    headers = [(name, value) for name, value in own if not name.startswith((CONNECT, OURS))]
    texts = [*_headers(task, group_id)]
    if Part.DETAILS not in left_out:
        texts += _details(task, now, monotonic)
    if Part.VALUE in left_out:
        texts.append((POINTER, "true"))
    if Part.TIMESTAMP in left_out:
        texts.append((OURS + "timestamp", str(record.timestamp_ms)))
    if left_out:
        texts.append((LEFT_OUT, ",".join(part for part in Part if part in left_out)))
    return DeadLetterMessage(
        None if Part.KEY in left_out else record.key,
        _pointer(record) if Part.VALUE in left_out else record.value,
        [*headers, *((name, text.encode()) for name, text in texts)],
        0 if Part.TIMESTAMP in left_out else max(0, record.timestamp_ms),
    )


def _headers(task: Task, group_id: str) -> Iterator[tuple[str, str]]:
    record, reason = task.record, task.reason or DeadLetterReason.REJECTED
    yield CONNECT + "topic", record.partition.topic
    yield CONNECT + "partition", str(record.partition.number)
    yield CONNECT + "offset", str(record.offset)
    yield CONNECT + "stage", _STAGES.get(reason, _DELIVERY_STAGE)
    yield CONNECT + "exception.class.name", f"clicksend.{reason}"
    yield CONNECT + "exception.message", _message(task)
    yield OURS + "reason", reason
    yield OURS + "group", group_id
    yield REDRIVE_COUNT, str(redrives(record.headers))


def _details(task: Task, now: datetime, monotonic: float) -> Iterator[tuple[str, str]]:
    attempts = task.attempts
    yield OURS + "worker.version", __version__
    yield OURS + "attempts", str(attempts.count)
    if attempts.last is not None:
        if attempts.last.status is not None:
            yield OURS + "http.status", str(attempts.last.status)
        if attempts.last.code is not None:
            yield OURS + "vendor.code", attempts.last.code
        yield OURS + "first.attempt", _wall(attempts.first_at, now, monotonic)
        yield OURS + "last.attempt", _wall(attempts.last_at, now, monotonic)


def _message(task: Task) -> str:
    """Return one line for operators; never anything from the record itself."""
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
