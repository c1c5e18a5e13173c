"""What of one partition is not settled yet, and so how far its offset may be committed."""

from __future__ import annotations

from collections.abc import Iterator

from confluent_kafka import Message

from consumer.scheduling.offset_map import COUNT_UNKNOWN, EPOCH_UNKNOWN, LIMIT, UNKNOWN_TOPIC_ID, CommitMap, encode
from consumer.scheduling.task import Partition, Task

OFFSET_UNKNOWN = -1


class Ledger:
    """The unsettled records of one partition during one assignment.

    Only offsets that were received are tracked, so gaps (compaction, transaction markers, aborted records) need no
    case of their own. A filtered record never enters: for it, being seen is being settled.

    Guarded by the scheduler's lock, but for what is public and no method: the poll thread's alone, which others may
    read.

    start     -- the offset from which the partition is consumed; `OFFSET_UNKNOWN` where only the client knows
    committed -- the group's committed offset; `OFFSET_UNKNOWN` where there is none yet
    topic_id  -- 16 bytes; the commit map is bound to it
    """

    def __init__(self, partition: Partition, start: int, committed: int, topic_id: bytes = UNKNOWN_TOPIC_ID) -> None:
        self.partition = partition
        self.topic_id = topic_id
        self.settled_before: CommitMap | None = None  # what an earlier owner settled
        self.unverified: CommitMap | None = None  # the same, as long as nobody could tell whether it is of this topic
        self.partition_count = COUNT_UNKNOWN  # of the topic when the group began it; only passed on
        self.leader_epoch: int | None = None  # of the newest record seen, or of the last before the start
        self.last_message: Message | None = None  # while a batch is read: its epoch is asked for at the end
        self._epochs: list[tuple[int, int | None]] = []  # where each began that was seen: offset and epoch
        self.live = True  # false once the partition is revoked or lost: nothing of it is committed any more
        self.leaving = False  # being revoked: nothing of it is taken any more
        self.highest_seen = start - 1
        self.committed = committed  # the last offset that the broker acknowledged
        self.committed_map = ""  # the metadata that was acknowledged with it
        self.assigned_at: float | None = None  # when the committer saw it first, in monotonic seconds
        self.confirmed = False  # committed once since, whatever the offset: see `Committer`
        self.end = OFFSET_UNKNOWN  # the partition's end, as last heard
        self.paused = False
        self.bytes = 0
        self._unsettled: dict[int, Task] = {}  # by offset; a dict keeps them as they came, the lowest first
        self._changes = 0  # how often the unsettled ones have changed
        self._map: tuple[object, str] = (None, "")  # the last commit map that was made, and what it was made of

    def __len__(self) -> int:
        return len(self._unsettled)

    def __iter__(self) -> Iterator[Task]:
        """The unsettled tasks, oldest first."""
        return iter(list(self._unsettled.values()))

    def epoch_is(self, leader_epoch: int | None, offset: int) -> None:
        """Remember that records from this offset on have this epoch. What an older map claims of them is not so."""
        if self._epochs and leader_epoch == self.leader_epoch:
            return
        self._epochs.append((offset, leader_epoch))
        self.leader_epoch = leader_epoch
        if self.settled_before is not None and self.settled_before.is_older(leader_epoch):
            self.settled_before = None

    def epoch_before(self, offset: int) -> int | None:
        """Return the leader epoch of the last record before an offset; None: unknown."""
        return next((epoch for start, epoch in reversed(self._epochs) if start < offset), None)

    def verify(self, topic_id: bytes) -> None:
        """Take this for the topic's id, which could not be asked for before; a map that was written for it counts."""
        if self.unverified is not None and self.unverified.topic_id == topic_id:
            self.settled_before = self.unverified
        self.topic_id, self.unverified = topic_id, None

    def admit(self, task: Task) -> None:
        """Track one received record until it is settled."""
        self._unsettled[task.record.offset] = task
        self._changes += 1
        self.bytes += task.record.size

    def settle(self, task: Task) -> None:
        """The record has its disposition."""
        del self._unsettled[task.record.offset]
        self._changes += 1
        self.bytes -= task.record.size

    def frontier(self, position: int) -> int:
        """The offset to commit: the lowest unsettled one, else behind everything that was seen.

        position -- the consumer's position; it passes trailing transaction markers, which no record announces
        """
        oldest = self.oldest()
        return oldest.record.offset if oldest else max(self.highest_seen + 1, position)

    def commit_map(self, frontier: int, room: int = LIMIT) -> str:
        """The metadata to commit with this frontier: what is settled beyond it, in at most `room` characters.

        Asked often, made when it changes.
        """
        parts = (frontier, room, self.highest_seen, self._changes, self.settled_before, self.topic_id)
        if self._map[0] != parts:
            self._map = (parts, self._make_map(frontier, room))
        return self._map[1]

    def oldest(self) -> Task | None:
        """The unsettled record with the lowest offset."""
        return next(iter(self._unsettled.values()), None)

    def _make_map(self, frontier: int, room: int) -> str:
        unsettled = list(self._unsettled)
        reach = self.highest_seen + 1
        before = self.settled_before
        epoch = EPOCH_UNKNOWN if self.leader_epoch is None else self.leader_epoch
        if before is not None and before.reach > reach:  # claims of an earlier owner that still lie ahead
            unsettled += sorted(offset for offset in before.unsettled if offset >= max(reach, frontier))
            reach, epoch = before.reach, max(epoch, before.leader_epoch)
        return encode(
            self.topic_id,
            frontier,
            reach,
            unsettled,
            room,
            leader_epoch=epoch,
            partition_count=self.partition_count,
        )
