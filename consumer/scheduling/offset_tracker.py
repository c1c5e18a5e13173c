"""The unsettled records of one partition, and so its committable offset."""

from __future__ import annotations

from collections.abc import Iterator

from confluent_kafka import Message, TopicPartition

from consumer.scheduling.offset_map import COUNT_UNKNOWN, EPOCH_UNKNOWN, LIMIT, UNKNOWN_TOPIC_ID, OffsetMap, encode
from consumer.scheduling.task import Partition, Task

OFFSET_UNKNOWN = -1


class OffsetTracker:
    """The unsettled records of one partition during one assignment.

    Only consumed offsets are tracked, so gaps (compaction, transaction markers, aborted records) need no special case.
    Filtered records are settled when consumed and never tracked.

    Methods are guarded by the scheduler's lock. Public fields are written by the poll thread only; any thread may read.

    start     -- the offset from which the partition is consumed; `OFFSET_UNKNOWN` where only the client knows
    committed -- the group's committed offset; `OFFSET_UNKNOWN` where there is none yet
    topic_id  -- 16 bytes; the offset map is bound to it
    """

    def __init__(self, partition: Partition, start: int, committed: int, topic_id: bytes = UNKNOWN_TOPIC_ID) -> None:
        self.partition = partition
        self.topic_id = topic_id
        self.previously_settled: OffsetMap | None = None  # the map of an earlier owner
        self.unverified: OffsetMap | None = None  # the same, until the topic id is known
        self.partition_count = COUNT_UNKNOWN  # of the topic when the group began it; only passed on
        self.leader_epoch: int | None = None  # of the newest record seen, or of the last before the start
        self.last_message: Message | None = None  # of the poll being read: its epoch is read at the end
        self._epochs: list[tuple[int, int | None]] = []  # first offset and epoch of each leader epoch seen
        self.live = True  # false once the partition is revoked or lost: no more commits
        self.leaving = False  # being revoked: no more records are taken
        self.highest_seen = start - 1
        self.committed = committed  # the last offset that the broker acknowledged
        self.committed_map = ""  # the metadata that was acknowledged with it
        self.assigned_at: float | None = None  # monotonic seconds of the committer's first tick with it
        self.confirmed = False  # committed once since, at any offset: see `Committer`
        self.end = OFFSET_UNKNOWN  # the log-end offset last reported
        self.paused = False
        self.unchecked: TopicPartition | None = None  # the start, until its leader epoch is compared with the log
        self.waits = False  # records are held unread: the position is beyond what is consumed
        self.bytes = 0
        self.events = 0  # unsettled ones: a record without several counts as one
        self._unsettled: dict[int, Task] = {}  # by offset, the lowest first
        self._changes = 0  # of the unsettled records
        self._map: tuple[object, str] = (None, "")  # the cached offset map and its inputs

    def __len__(self) -> int:
        return len(self._unsettled)

    def __iter__(self) -> Iterator[Task]:
        """Iterate over the unsettled tasks, oldest first."""
        return iter(list(self._unsettled.values()))

    @property
    def lag(self) -> int | None:
        """Return the records between the committed and the log-end offset; None while either is unknown."""
        if OFFSET_UNKNOWN in (self.end, self.committed):
            return None
        return max(0, self.end - self.committed)

    def epoch_is(self, leader_epoch: int | None, offset: int) -> None:
        """Note the leader epoch of records from this offset on; drop an offset map of an earlier epoch."""
        if self._epochs and leader_epoch == self.leader_epoch:
            return
        self._epochs.append((offset, leader_epoch))
        self.leader_epoch = leader_epoch
        if self.previously_settled is not None and self.previously_settled.is_older(leader_epoch):
            self.previously_settled = None

    def epoch_before(self, offset: int) -> int | None:
        """Return the leader epoch of the last record before an offset; None: unknown."""
        return next((epoch for start, epoch in reversed(self._epochs) if start < offset), None)

    def verify(self, topic_id: bytes) -> None:
        """Set the topic id, which was unknown before, and adopt an unverified map that carries it."""
        if self.unverified is not None and self.unverified.topic_id == topic_id:
            self.previously_settled = self.unverified
        self.topic_id, self.unverified = topic_id, None

    def admit(self, task: Task) -> None:
        """Track a consumed record until it is settled."""
        self._unsettled[task.record.offset] = task
        self._changes += 1
        self.bytes += task.record.size
        self.events += len(task.deliveries)

    def settle(self, task: Task) -> None:
        """Stop tracking a record that has its disposition."""
        del self._unsettled[task.record.offset]
        self._changes += 1
        self.bytes -= task.record.size
        self.events -= 0 if task.batch is not None and task.batch.tasks else 1

    def event_settled(self) -> None:
        """Note that an event of a tracked batch is settled."""
        self.events -= 1

    def committable_offset(self, position: int) -> int:
        """Return the committable offset: the lowest unsettled one, else the one after everything consumed.

        position -- the consumer's position; it moves past trailing transaction markers, which have no record
        """
        oldest = self.oldest()
        if oldest:
            return oldest.record.offset
        return self.highest_seen + 1 if self.waits else max(self.highest_seen + 1, position)

    def offset_map(self, committable_offset: int, limit: int = LIMIT) -> str:
        """Return the metadata to commit with this offset, at most `limit` characters. Cached until it changes."""
        parts = (committable_offset, limit, self.highest_seen, self._changes, self.previously_settled, self.topic_id)
        if self._map[0] != parts:
            self._map = (parts, self._make_map(committable_offset, limit))
        return self._map[1]

    def oldest(self) -> Task | None:
        """Return the unsettled record with the lowest offset."""
        return next(iter(self._unsettled.values()), None)

    def _make_map(self, committable_offset: int, limit: int) -> str:
        unsettled = list(self._unsettled)
        reach = self.highest_seen + 1
        before = self.previously_settled
        epoch = EPOCH_UNKNOWN if self.leader_epoch is None else self.leader_epoch
        if (
            before is not None and before.reach > reach
        ):  # an earlier owner settled records that are not consumed again yet
            unsettled += sorted(offset for offset in before.unsettled if offset >= max(reach, committable_offset))
            reach, epoch = before.reach, max(epoch, before.leader_epoch)
        return encode(
            self.topic_id,
            committable_offset,
            reach,
            unsettled,
            limit,
            leader_epoch=epoch,
            partition_count=self.partition_count,
        )
