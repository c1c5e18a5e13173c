"""What a dead letter carries: the original record untouched, and headers that say what went wrong."""

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
REDRIVEN_FROM = OURS + "redrive.from"  # of a record that was brought back: its dead letter, `topic-3@17`
POINTER = OURS + "pointer"  # present where the value was too large for the dead-letter topic
LEFT_OUT = OURS + "left.out"  # what the topic did not take, or the binding could not read: parts, comma-separated

_PLACE = re.compile(rb".+-[0-9]{1,10}@[0-9]{1,19}", re.DOTALL)

_STAGES = {
    DeadLetterReason.UNDECODABLE: "VALUE_CONVERTER",
    DeadLetterReason.UNRECOGNISED: "VALUE_CONVERTER",
    DeadLetterReason.UNMAPPABLE: "TRANSFORMATION",
}
_DELIVERY_STAGE = "TASK_PUT"


class Part(StrEnum):
    """What a dead letter can do without, where the topic does not take it otherwise."""

    DETAILS = "details"  # ours beyond group, reason and count of redrives
    HEADERS = "headers"  # the record's own
    VALUE = "value"  # a pointer stands in its place: coordinates, size and digest
    KEY = "key"
    TIMESTAMP = "timestamp"  # a broker refuses one too far from its own time; the record's is then in a header


Parts = frozenset[Part]
NOTHING: Parts = frozenset()
# What to leave out of a letter that is too large, step by step. The value is worth more than any header, since the
# source may not keep it. Kafka Connect's headers, which have the coordinates, are never left out.
DIET: tuple[Parts, ...] = (
    NOTHING,
    frozenset({Part.DETAILS}),
    frozenset({Part.DETAILS, Part.HEADERS}),
    frozenset({Part.HEADERS, Part.VALUE}),
    frozenset({Part.DETAILS, Part.HEADERS, Part.VALUE, Part.KEY}),
)


def smaller(left_out: Parts) -> Parts | None:
    """What to leave out next; None: it can't be made smaller."""
    timestamp = left_out & {Part.TIMESTAMP}
    following = DIET.index(left_out - timestamp) + 1
    return DIET[following] | timestamp if following < len(DIET) else None


@dataclass(frozen=True, slots=True)
class DeadLetterMessage:
    """A dead letter as it is produced. Timestamp, key and value are the record's, unless the topic does not take them.

    timestamp_ms -- 0: the present
    """

    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int


def redrives(headers: Headers) -> int:
    """Return how often a redrive has brought this record back. A producer's own count, without its origin, is none."""
    found = dict(headers)
    count, origin = found.get(REDRIVE_COUNT) or b"", found.get(REDRIVEN_FROM) or b""
    return int(count) if count.isdigit() and len(count) < 10 and _PLACE.fullmatch(origin) else 0


def dead_letter(task: Task, group_id: str, left_out: Parts, now: datetime, monotonic: float) -> DeadLetterMessage:
    """The dead letter of a task, without the parts named. `now` and `monotonic` (seconds) are one moment on two clocks.

    Headers of an earlier round are replaced; every other header stays as it was.
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
