"""Every commit of a group, from the topic in which the broker keeps them, each with the broker's time.

The formats are OffsetCommitKey and OffsetCommitValue of Kafka's group coordinator (org.apache.kafka.coordinator.group,
generated from `OffsetCommitKey.json` and `OffsetCommitValue.json`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.kafka.reading import read_topic

TOPIC = "__consumer_offsets"
OFFSET_COMMIT_KEYS = (0, 1)  # versions of the key; 2 and above are about members


@dataclass(frozen=True, slots=True)
class LoggedCommit:
    """One commit of one partition. at -- seconds since the epoch."""

    topic: str
    partition: int
    offset: int
    metadata: str
    at: float


class Fields:
    """Reads a Kafka struct, field by field."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def int16(self) -> int:
        """The next two bytes."""
        return self._number(">h")

    def int32(self) -> int:
        """The next four bytes."""
        return self._number(">i")

    def int64(self) -> int:
        """The next eight bytes."""
        return self._number(">q")

    def string(self) -> str:
        """A length of two bytes, then so many bytes of text."""
        return self._take(self.int16()).decode()

    def compact_string(self) -> str:
        """A varint, the length plus one, then so many bytes of text (KIP-482)."""
        length = shift = 0
        while (byte := self._take(1)[0]) > 127:
            length |= (byte & 127) << shift
            shift += 7
        return self._take((length | byte << shift) - 1).decode()

    def _number(self, form: str) -> int:
        return int(struct.unpack(form, self._take(struct.calcsize(form)))[0])

    def _take(self, size: int) -> bytes:
        taken, self._data = self._data[:size], self._data[size:]
        return taken


def commit_log(bootstrap: str, group: str) -> list[LoggedCommit]:
    """All commits of the group, in the order in which the broker took them."""
    records = ((message.key() or b"", message.value()) for message in read_topic(bootstrap, TOPIC))
    return list(commits(records, group))


def commits(records: Iterable[tuple[bytes, bytes | None]], group: str) -> Iterator[LoggedCommit]:
    """Those of the records, by key and value, that are commits of the group."""
    for key, value in records:
        fields = Fields(key)
        if value is not None and fields.int16() in OFFSET_COMMIT_KEYS and fields.string() == group:
            yield _commit(fields.string(), fields.int32(), Fields(value))


def _commit(topic: str, partition: int, fields: Fields) -> LoggedCommit:
    version = fields.int16()
    offset = fields.int64()
    if version >= 3:
        fields.int32()  # the leader's epoch
    metadata = fields.compact_string() if version >= 4 else fields.string()
    return LoggedCommit(topic, partition, offset, metadata.rstrip("\0"), fields.int64() / 1000)
