"""The brokers' state: topics, partitions, and availability."""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException

from consumer.scheduling.task import Headers

if TYPE_CHECKING:
    from tests.simulation.hub import Hub

Key = tuple[str, int]  # a topic's partition


def failure(code: int) -> KafkaException:
    """Return librdkafka's exception."""
    return KafkaException(KafkaError(code))


class Message:
    """One record, as a consumer hands it out; or an error that comes as a message."""

    __slots__ = (
        "_epoch",
        "_error",
        "_headers",
        "_hostile",
        "_key",
        "_offset",
        "_partition",
        "_timestamp_ms",
        "_topic",
        "_value",
    )

    def __init__(
        self,
        partition: Key,
        offset: int,
        timestamp_ms: int,
        key: bytes | None,
        value: bytes | None,
        error: KafkaError | None = None,
        *,
        hostile: bool = False,
        epoch: int = 0,
    ) -> None:
        self._topic, self._partition = partition
        self._hostile = hostile  # a header's name is not UTF-8: the binding can't read any of them
        self._offset = offset
        self._epoch = epoch
        self._timestamp_ms = timestamp_ms
        self._key = key
        self._value = value
        self._headers: Headers | None = None
        self._error = error

    def topic(self) -> str:
        return self._topic

    def partition(self) -> int:
        return self._partition

    def offset(self) -> int:
        return self._offset

    def leader_epoch(self) -> int:
        return self._epoch

    def timestamp(self) -> tuple[int, int]:
        return (1, self._timestamp_ms)

    def key(self) -> bytes | None:
        return self._key

    def value(self) -> bytes | None:
        return self._value

    def headers(self) -> Headers | None:
        if self._hostile and self._headers is None:
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
        return self._headers

    def set_headers(self, headers: Headers) -> None:
        self._headers = headers

    def error(self) -> KafkaError | None:
        return self._error


HOSTILE = 13  # one record of so many has headers that can't be read


class Log:
    """One partition. Offsets have gaps where compaction or transactions left them.

    Each leader has an epoch of its own, higher than all before it; a record keeps the epoch that it was written in.
    """

    def __init__(self) -> None:
        self.end = 0
        self._epochs = [(0, 0)]  # ascending: an epoch, and the end of the log when it began
        self.messages: list[Message] = []
        self._offsets: list[int] = []

    def append(self, partition: Key, timestamp_ms: int, key: bytes | None, value: bytes | None) -> Message:
        """Write one record."""
        hostile = self.end % HOSTILE == HOSTILE - 1
        message = Message(partition, self.end, timestamp_ms, key, value, hostile=hostile, epoch=self.epoch)
        self.messages.append(message)
        self._offsets.append(self.end)
        self.end += 1
        return message

    def skip(self, offsets: int) -> None:
        """Use up offsets that no record has: transaction markers, aborted records."""
        self.end += offsets

    @property
    def epoch(self) -> int:
        """The present leader's."""
        return self._epochs[-1][0]

    def epoch_before(self, offset: int) -> int | None:
        """The epoch in which the offset before this one was written; None: there is none."""
        return next((epoch for epoch, start in reversed(self._epochs) if start < offset), None)

    def part(self, offset: int, epoch: int | None) -> int:
        """Where this log parts from the one in which the record before the offset has this epoch, at most the offset
        itself. Without an epoch that can't be told.
        """
        starts = (start for newer, start in self._epochs if epoch is not None and newer > epoch)
        return min(offset, next(starts, self.end)) if epoch is not None else offset

    def elect(self, end: int) -> list[Message]:
        """Have a replica lead whose log ends here. Gives the records that are gone."""
        at = bisect_left(self._offsets, end)
        gone = self.messages[at:]
        del self.messages[at:], self._offsets[at:]
        epoch, self.end = self.epoch + 1, end
        self._epochs = [each for each in self._epochs if each[1] < end]
        self._epochs.append((epoch, end))
        return gone

    def first_from(self, offset: int) -> Message | None:
        """The record with this offset, or the next one."""
        at = bisect_left(self._offsets, offset)
        return self.messages[at] if at < len(self.messages) else None


class Topic:
    """Partitions under a name. A topic that is created again has another id."""

    def __init__(self, name: str, partitions: int, topic_id: int) -> None:
        self.name = name
        self.topic_id = topic_id  # the lower half; the upper is 7
        self.logs = [Log() for _ in range(partitions)]

    @property
    def id_bytes(self) -> bytes:
        """The id as it stands in a offset map."""
        return (7 << 64 | self.topic_id).to_bytes(16) + zlib.crc32(b"simulated").to_bytes(4)


class Away(Enum):
    """The unavailable part."""

    NOBODY = "nobody"
    COORDINATOR = "coordinator"  # fetching goes on, the group and its offsets stand still
    BROKERS = "brokers"


@dataclass(frozen=True, slots=True)
class Temper:
    """The cluster's unreliability without faults.

    commit_errors  -- share of commits that end with an error, passing ones all
    lookup_errors  -- share of look-ups that time out
    letter_errors  -- share of dead letters whose report is an error, written or not
    latency        -- upper bound of one way to the broker, in seconds
    message_errors -- share of looks at the records that give an error as a message, a passing one
    report_delay   -- upper bound of what a dead letter's report takes longer
    sluggishness   -- how many times longer than asked an idle poll takes: the machine is busy, and the run short
    """

    commit_errors: float = 0.0
    lookup_errors: float = 0.0
    letter_errors: float = 0.0
    latency: float = 0.02
    message_errors: float = 0.0
    report_delay: float = 0.0
    sluggishness: int = 1


class Cluster:
    """Topics, and the weather."""

    def __init__(self, hub: Hub, temper: Temper) -> None:
        self.hub = hub
        self.temper = temper
        self.calm = False  # at the end nothing fails any more
        self.away = Away.NOBODY
        self.topics: dict[str, Topic] = {}
        # The dead-letter topic has one more, of this value and with these headers.
        self.on_dead_letter: Callable[[bytes | None, Headers], None] = lambda _value, _headers: None
        self.on_change: list[Callable[[], None]] = []  # called when somebody is back

    def log(self, partition: Key) -> Log:
        """One partition's log."""
        return self.topics[partition[0]].logs[partition[1]]

    def chance(self, share: float) -> bool:
        """Return true with this probability."""
        return not self.calm and share > 0 and self.hub.random.random() < share

    def latency(self) -> float:
        """One way to the broker, in seconds."""
        return self.hub.random.random() * self.temper.latency

    def recreate(self, name: str) -> None:
        """Delete a topic, and create it again: empty, with another id."""
        old = self.topics[name]
        self.topics[name] = Topic(name, len(old.logs), old.topic_id + 1)

    def set_away(self, away: Away) -> None:
        """Brokers go or come back."""
        self.away = away
        for act in self.on_change:
            act()

    @property
    def fetchable(self) -> bool:
        """Return whether records can be fetched and written."""
        return self.away is not Away.BROKERS

    @property
    def coordinated(self) -> bool:
        """Return whether the group's coordinator responds."""
        return self.away is Away.NOBODY

    def look_up(self, timeout: float, reachable: Callable[[], bool]) -> None:
        """The running thread asks somebody. Raises KafkaException where no answer comes in time."""
        if self.chance(self.temper.lookup_errors):
            self.hub.sleep(timeout)
            raise failure(KafkaError._TIMED_OUT)
        end = self.hub.now + timeout
        self.hub.sleep(self.latency() * 2)
        while not reachable():
            if self.hub.now >= end:
                raise failure(KafkaError._TIMED_OUT)
            self.hub.sleep(min(0.2, max(0.0, end - self.hub.now)) or 0.001)
