"""The format of a dead letter, written and read: the original record unchanged, and headers with the reason."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import orjson
from confluent_kafka import Message
from msgspec import Struct

from consumer import __version__
from consumer.enrolment.disposition import DeadLetterReason
from consumer.scheduling.offset_map import MAX_OFFSET
from consumer.scheduling.task import Headers, Partition, Record, Task, headers_of
from consumer.terminal import escaped

# Kafka Connect's convention (KIP-298, org.apache.kafka.connect.runtime.errors.DeadLetterQueueReporter).
CONNECT = "__connect.errors."
OURS = "clicksend."
REDRIVE_COUNT = OURS + "redrive.count"
REDRIVEN_FROM = OURS + "redrive.from"  # the dead letter of a redriven record, `topic-3@17`
REDRIVEN_EVENTS = OURS + "redrive.events"  # of a redriven record with several: the indexes to deliver
BATCH_SIZE = OURS + "batch.size"  # the number of events in the record
BATCH_FAILED = OURS + "batch.failed"  # the indexes of those that failed, from 0, comma-separated
POINTER = OURS + "pointer"  # present if the value was too large for the dead-letter topic
LEFT_OUT = OURS + "left.out"  # parts that the topic refused or the binding could not read, comma-separated

_POSITION = re.compile(r"(?:(.+)-)?(\d{1,9})@(\d{1,19})", re.ASCII | re.DOTALL)

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


class DeadLetterMessage(Struct, frozen=True):
    """A dead letter as produced. Timestamp, key and value are the record's, unless the topic refuses them.

    timestamp_ms -- 0: now
    """

    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp_ms: int


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
    if task.batch is not None:
        yield BATCH_SIZE, str(task.batch.size)
        yield BATCH_FAILED, ",".join(map(str, sorted(task.batch.failed)))
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
    answer = " ".join(part for part in parts if part)
    return answer if task.batch is None else f"{task.detail}: {answer}"


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
            "sha256": _digest(value),
        }
    )


def _digest(value: bytes | None) -> str:
    return hashlib.sha256(value or b"").hexdigest()


class SourcePosition(Struct, frozen=True):
    """Position of a record: `raw-events-3@17`."""

    partition: Partition
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}@{self.offset}"

    @classmethod
    def parse(cls, text: str, default_topic: str) -> SourcePosition:
        """Read `topic-3@17`, or `3@17` of the default topic. Raise ValueError with the correct form."""
        found = _POSITION.fullmatch(text)
        if found is None or int(found[3]) > MAX_OFFSET:
            raise ValueError(f"{text!r} is not a position. Write TOPIC-PARTITION@OFFSET, as `list` does")
        return cls(Partition(found[1] or default_topic, int(found[2])), int(found[3]))


@dataclass(frozen=True, slots=True)
class StoredDeadLetter:
    """A record of the dead-letter topic.

    position     -- position in the dead-letter topic
    source       -- position of the source record; None without coordinates: a foreign record
    timestamp_ms -- timestamp of the source record, milliseconds since the epoch; negative: none
    own_headers  -- headers of the source record
    added        -- headers added by the worker
    notes        -- the added headers by name
    """

    position: SourcePosition
    source: SourcePosition | None
    timestamp_ms: int
    key: bytes | None = field(repr=False)
    value: bytes | None = field(repr=False)
    own_headers: Headers = field(repr=False)
    added: Headers = field(repr=False)
    notes: Mapping[str, str] = field(repr=False)

    @property
    def reason(self) -> str:
        """Return the reason of the dead letter, empty if it has none."""
        return self.notes.get(OURS + "reason", "")

    @property
    def status(self) -> str:
        """Return ClickSend's last HTTP status, empty if there was none."""
        return self.notes.get(OURS + "http.status", "")

    @property
    def failed_events(self) -> tuple[int, ...]:
        """Return the indexes of the events that failed, of a record with several."""
        return _indexes(self.notes.get(BATCH_FAILED))

    @property
    def redrives(self) -> int:
        """Return the number of earlier redrives."""
        return _number(self.notes.get(REDRIVE_COUNT)) or 0

    def is_of(self, group: str) -> bool:
        """Return whether the group or one of its replays wrote it; true if no group is named."""
        name = self.notes.get(OURS + "group", "")
        return name in ("", group) or name.startswith(f"{group}-replay-")

    @property
    def is_pointer(self) -> bool:
        """Return whether the value is replaced by coordinates."""
        return POINTER in self.notes

    @property
    def is_complete(self) -> bool:
        """Return whether it holds the complete source record."""
        return self._left_out <= {Part.DETAILS, Part.TIMESTAMP}

    def has_value(self, value: bytes | None) -> bool:
        """Return whether this is its record's value: a recreated topic has other records at the same offsets."""
        if not self.is_pointer:
            return value == self.value
        try:
            pointer = orjson.loads(self.value or b"")
        except orjson.JSONDecodeError:
            return False
        return isinstance(pointer, dict) and pointer.get("sha256") == _digest(value)

    @property
    def _left_out(self) -> set[str]:
        return set(self.notes.get(LEFT_OUT, "").split(",")) - {""}

    def summary(self) -> dict[str, str | int | None]:
        """Return what happened, free of personal data."""
        return {
            "reason": self.reason or None,
            "status": _number(self.status),
            "code": self.notes.get(OURS + "vendor.code"),
            "attempts": _number(self.notes.get(OURS + "attempts")),
            "redrives": self.redrives,
            "bytes": len(self.value or b""),
            "detail": self.notes.get(CONNECT + "exception.message") or None,
        }

    def record(self, source: SourcePosition) -> Record:
        """Return the source record without the omitted parts."""
        return Record(
            source.partition,
            source.offset,
            self.timestamp_ms,
            self.key,
            self.value,
            self.own_headers,
            headers_left_out=Part.HEADERS in self._left_out,
        )


def dead_letter_of(message: Message) -> StoredDeadLetter:
    """Read a message of the dead-letter topic."""
    position = SourcePosition(Partition(message.topic() or "", message.partition() or 0), message.offset() or 0)
    headers = headers_of(message) or []
    added = [(name, value) for name, value in headers if name.startswith((CONNECT, OURS))]
    notes = {name: printable(value) for name, value in added}
    timestamp = _number(notes.get(OURS + "timestamp"))
    return StoredDeadLetter(
        position,
        _source(notes),
        message.timestamp()[1] if timestamp is None else timestamp,
        message.key(),
        message.value(),
        [(name, value) for name, value in headers if name not in notes],
        added,
        notes,
    )


def redriven(dead_letter: StoredDeadLetter, headers: Headers, events: Collection[int] = ()) -> Headers:
    """Return the headers of its record, marked as redriven once more.

    events -- indexes of the events to deliver, of a record with several
    """
    marks = {REDRIVE_COUNT: str(dead_letter.redrives + 1).encode(), REDRIVEN_FROM: str(dead_letter.position).encode()}
    if events:
        marks[REDRIVEN_EVENTS] = ",".join(map(str, sorted(events))).encode()
    own = [(name, value) for name, value in headers if name not in (*marks, REDRIVEN_EVENTS)]
    return [*own, *marks.items()]


def redrives(headers: Headers) -> int:
    """Return how often this record was redriven. A count without the origin header does not count."""
    found = dict(headers)
    count, origin = found.get(REDRIVE_COUNT) or b"", found.get(REDRIVEN_FROM) or b""
    if not count.isdigit() or len(count) >= 10:
        return 0
    position = _POSITION.fullmatch(origin.decode("utf-8", "replace"))
    return int(count) if position and position[1] else 0


def redriven_events(headers: Headers) -> tuple[int, ...]:
    """Return the indexes of the events to deliver, of a redriven record with several; empty: all of them."""
    if not redrives(headers):
        return ()
    return _indexes((dict(headers).get(REDRIVEN_EVENTS) or b"").decode("utf-8", "replace"))


def printable(value: bytes | None) -> str:
    """Decode bytes for a terminal; binary and control characters are escaped."""
    return escaped((value or b"").decode("utf-8", "backslashreplace"))


def _source(notes: Mapping[str, str]) -> SourcePosition | None:
    topic = notes.get(CONNECT + "topic")
    partition, offset = _number(notes.get(CONNECT + "partition")), _number(notes.get(CONNECT + "offset"))
    if not topic or partition is None or offset is None:
        return None
    return SourcePosition(Partition(topic, partition), offset)


def _indexes(text: str | None) -> tuple[int, ...]:
    """Read indexes written by the worker; empty for anything else."""
    found = [_number(part) for part in text.split(",")] if text else []
    return tuple(index for index in found if index is not None) if None not in found else ()


def _number(text: str | None) -> int | None:
    """Read a number written by the worker; None for anything else."""
    number = int(text) if text and text.isascii() and text.isdigit() and len(text) <= len(str(MAX_OFFSET)) else None
    return None if number is None or number > MAX_OFFSET else number
