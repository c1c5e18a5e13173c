"""The lag of a group in each partition. Pure: Kafka's answers are passed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from consumer.commands.kafka.cluster import Ends, open_transaction
from consumer.commands.kafka.group import Commit, Group, Member
from consumer.commands.kafka.records import Range
from consumer.commands.output import Row
from consumer.commands.timestamps import shown_duration
from consumer.scheduling.offset_map import decode
from consumer.scheduling.task import Partition


@dataclass(frozen=True, slots=True)
class PartitionLag:
    """The lag in one partition. None: unknown or not set.

    current        -- the committed offset
    log_end        -- the offset of the next record
    stable_end     -- the last stable offset: below `log_end` while a transaction is open
    lag            -- offsets from `current` to the log's end
    owner          -- the member that owns the partition
    oldest_ms      -- the time of the first record from `current` on, in milliseconds since the epoch
    settled_ahead -- settled offsets beyond the committed one, by its metadata; 0 for invalid metadata
    """

    group: str
    partition: Partition
    current: int | None
    log_end: int
    stable_end: int
    owner: Member | None
    oldest_ms: int | None
    settled_ahead: int | None

    @property
    def lag(self) -> int | None:
        return None if self.current is None else max(0, self.log_end - self.current)

    @property
    def transaction(self) -> str | None:
        """Return the open transaction that blocks readers, if there is one."""
        return open_transaction(self.stable_end) if self.stable_end < self.log_end else None

    def age(self, now_ms: int) -> float | None:
        """Return the seconds since the oldest unsettled record was written. now_ms -- milliseconds since the epoch."""
        known = self.lag and self.oldest_ms is not None and self.oldest_ms >= 0
        return max(0, now_ms - (self.oldest_ms or 0)) / 1000 if known else None

    def row(self, now_ms: int) -> Row:
        """Return a row for programs, which starts with the columns of kafka-consumer-groups."""
        owner = self.owner
        return {
            "group": self.group,
            "topic": self.partition.topic,
            "partition": self.partition.number,
            "current_offset": self.current,
            "log_end_offset": self.log_end,
            "lag": self.lag,
            "consumer_id": owner.consumer_id if owner else None,
            "host": owner.host if owner else None,
            "client_id": owner.client_id if owner else None,
            "oldest_unsettled_seconds": self.age(now_ms),
            "settled_ahead": self.settled_ahead,
            "last_stable_offset": self.stable_end,
        }

    def line(self, now_ms: int) -> Row:
        """Return a row for an operator."""
        age = self.age(now_ms)
        row = {**self.row(now_ms), "oldest_unsettled_seconds": None if age is None else shown_duration(age)}
        return {key.removesuffix("_seconds"): value for key, value in row.items()}


def unconsumed(group: Group, ends: Mapping[Partition, Ends]) -> dict[Partition, Range]:
    """Return the unconsumed range of each partition with a commit."""
    return {
        partition: Range(max(low, group.commits[partition].offset), high)
        for partition, (low, high) in ends.items()
        if partition in group.commits
    }


def standings(
    group: Group,
    ends: Mapping[Partition, Ends],
    oldest_ms: Mapping[Partition, int],
    topic_ids: Mapping[str, bytes],
    log_ends: Mapping[Partition, int],
) -> list[PartitionLag]:
    """Return the lag of each partition, in order."""
    found = []
    for partition in sorted(ends):
        commit = group.commits.get(partition)
        found.append(
            PartitionLag(
                group.name,
                partition,
                None if commit is None else commit.offset,
                max(log_ends[partition], ends[partition].high),  # two requests: the log may grow in between
                ends[partition].high,
                group.owners.get(partition),
                oldest_ms.get(partition),
                None if commit is None else settled_ahead(commit, topic_ids[partition.topic]),
            )
        )
    return found


def settled_ahead(commit: Commit, topic_id: bytes) -> int:
    """Return the number of settled offsets beyond the committed one, by the commit's metadata.

    Metadata of another topic or offset is ignored: mirroring tools copy it beside translated offsets, and a topic may
    have been created again.
    """
    found = decode(commit.metadata)
    if found is None or (found.topic_id, found.committed) != (topic_id, commit.offset):
        return 0
    return found.reach - found.committed - len(found.unsettled)


def total(found: Iterable[PartitionLag], now_ms: int) -> str:
    """Return a sentence on all partitions."""
    rows = list(found)
    lags = [each.lag for each in rows if each.lag is not None]
    ages = [age for each in rows if (age := each.age(now_ms)) is not None]
    oldest = f"; the oldest unsettled record is {shown_duration(max(ages))} old" if ages else ""
    begun = "" if len(lags) == len(rows) else f" (partitions without a committed offset: {len(rows) - len(lags)})"
    return f"Lag {sum(lags)}{begun}{oldest}."
