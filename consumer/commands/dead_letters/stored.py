"""A dead letter, read back from its topic: the record that it holds, and what its headers say of it."""

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
    """One record of a topic: `raw-events-3@17`."""

    partition: Partition
    offset: int

    def __str__(self) -> str:
        return f"{self.partition}@{self.offset}"

    @classmethod
    def parse(cls, text: str, default_topic: str) -> SourcePosition:
        """`topic-3@17`, or `3@17` of the default topic. Raises ValueError, with what to write instead."""
        found = _SOURCE_POSITION.fullmatch(text)
        if found is None or int(found[3]) > MAX_OFFSET:
            raise ValueError(f"{text!r} names no record. Write it as TOPIC-PARTITION@OFFSET, as `list` does")
        return cls(Partition(found[1] or default_topic, int(found[2])), int(found[3]))


@dataclass(frozen=True, slots=True)
class StoredDeadLetter:
    """A record of the dead-letter topic.

    place        -- where the letter is
    source       -- where its record came from; None where nobody has said: then it is no letter of ours
    timestamp_ms -- the record's own, milliseconds since the epoch; below 0: none
    own_headers  -- the record's, without what was added when it became a letter
    added        -- what was added
    notes        -- the same by its name
    """

    place: SourcePosition
    source: SourcePosition | None
    timestamp_ms: int
    key: bytes | None = field(repr=False)
    value: bytes | None = field(repr=False)
    own_headers: Headers = field(repr=False)
    added: Headers = field(repr=False)
    notes: Mapping[str, str] = field(repr=False)

    @property
    def reason(self) -> str:
        """Why it is a dead letter."""
        return self.notes.get(OURS + "reason", "")

    @property
    def status(self) -> str:
        """ClickSend's last HTTP status; empty: there was none."""
        return self.notes.get(OURS + "http.status", "")

    @property
    def redrives(self) -> int:
        """How often it was brought back already."""
        return _number(self.notes.get(REDRIVE_COUNT)) or 0

    def is_of(self, group: str) -> bool:
        """Return whether the group's workers have written it, or its replays; also where it names no group."""
        name = self.notes.get(OURS + "group", "")
        return name in ("", group) or name.startswith(f"{group}-replay-")

    @property
    def is_pointer(self) -> bool:
        """Whether coordinates stand in the value's place."""
        return POINTER in self.notes

    @property
    def is_complete(self) -> bool:
        """Whether it holds all that its record had."""
        return self._left_out <= {Part.DETAILS, Part.TIMESTAMP}

    @property
    def _left_out(self) -> set[str]:
        return set(self.notes.get(LEFT_OUT, "").split(",")) - {""}

    def record(self, source: SourcePosition) -> Record:
        """The record as it was, as far as the letter holds it."""
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
        """One line of the list: nothing that may tell who it is about."""
        return {
            "letter": str(self.place),
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
    """A message of the dead-letter topic as a letter."""
    place = SourcePosition(Partition(message.topic() or "", message.partition() or 0), message.offset() or 0)
    headers = headers_of(message) or []
    added = [(name, value) for name, value in headers if name.startswith((CONNECT, OURS))]
    notes = {name: printable(value) for name, value in added}
    timestamp = _number(notes.get(OURS + "timestamp"))
    return StoredDeadLetter(
        place,
        _source(notes),
        message.timestamp()[1] if timestamp is None else timestamp,
        message.key(),
        message.value(),
        [(name, value) for name, value in headers if name not in notes],
        added,
        notes,
    )


def printable(value: bytes | None) -> str:
    """Bytes for a terminal: what is no text, or would steer it, is escaped."""
    return escaped((value or b"").decode("utf-8", "backslashreplace"))


def _source(notes: Mapping[str, str]) -> SourcePosition | None:
    topic = notes.get(CONNECT + "topic")
    partition, offset = _number(notes.get(CONNECT + "partition")), _number(notes.get(CONNECT + "offset"))
    if not topic or partition is None or offset is None:
        return None
    return SourcePosition(Partition(topic, partition), offset)


def _number(text: str | None) -> int | None:
    """A number that this program has written; None for anything else."""
    number = int(text) if text and text.isascii() and text.isdigit() and len(text) <= len(str(MAX_OFFSET)) else None
    return None if number is None or number > MAX_OFFSET else number
