"""A dead letter as read from its topic."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from confluent_kafka import Message

from consumer.commands.output import Row
from consumer.commands.timestamps import shown_moment
from consumer.dead_letters.format import CONNECT, LEFT_OUT, OURS, POINTER, REDRIVE_COUNT, Part
from consumer.scheduling.offset_map import MAX_OFFSET
from consumer.scheduling.task import Headers, Partition, Record, headers_of
from consumer.terminal import escaped

_SOURCE_POSITION = re.compile(r"(?:(.+)-)?(\d{1,9})@(\d{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class SourcePosition:
    """Position of a record: `raw-events-3@17`."""

    partition: Partition
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}@{self.offset}"

    @classmethod
    def parse(cls, text: str, default_topic: str) -> SourcePosition:
        """Read `topic-3@17`, or `3@17` of the default topic. Raise ValueError with the correct form."""
        found = _SOURCE_POSITION.fullmatch(text)
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

    @property
    def _left_out(self) -> set[str]:
        return set(self.notes.get(LEFT_OUT, "").split(",")) - {""}

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

    def row(self) -> Row:
        """Return a row of the list, free of personal data."""
        return {
            "dead_letter": str(self.position),
            "source": str(self.source) if self.source else None,
            "timestamp": shown_moment(self.timestamp_ms) if self.timestamp_ms >= 0 else None,
            "reason": self.reason or None,
            "status": _number(self.status),
            "code": self.notes.get(OURS + "vendor.code"),
            "attempts": _number(self.notes.get(OURS + "attempts")),
            "redrives": self.redrives,
            "bytes": len(self.value or b""),
            "detail": self.notes.get(CONNECT + "exception.message") or None,
        }


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


def printable(value: bytes | None) -> str:
    """Decode bytes for a terminal; binary and control characters are escaped."""
    return escaped((value or b"").decode("utf-8", "backslashreplace"))


def _source(notes: Mapping[str, str]) -> SourcePosition | None:
    topic = notes.get(CONNECT + "topic")
    partition, offset = _number(notes.get(CONNECT + "partition")), _number(notes.get(CONNECT + "offset"))
    if not topic or partition is None or offset is None:
        return None
    return SourcePosition(Partition(topic, partition), offset)


def _number(text: str | None) -> int | None:
    """Read a number written by the worker; None for anything else."""
    number = int(text) if text and text.isascii() and text.isdigit() and len(text) <= len(str(MAX_OFFSET)) else None
    return None if number is None or number > MAX_OFFSET else number
