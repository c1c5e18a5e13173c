"""Read the records to explain from Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from confluent_kafka import Message

from consumer.commands.kafka.cluster import Cluster, Ends, open_transaction
from consumer.commands.kafka.partitions import Scope, chosen
from consumer.commands.kafka.records import Range, last, read
from consumer.errors import RefusedError
from consumer.scheduling.task import Partition


@dataclass(frozen=True, slots=True)
class RecordQuery:
    """Selects the record at an offset, or the last records of each partition.

    topics    -- more than one only without an offset
    partition -- None: all
    offset    -- None: the last records
    last      -- the number of records per partition
    """

    topics: tuple[str, ...]
    partition: int | None
    offset: int | None
    last: int


def ranges_of(query: RecordQuery, cluster: Cluster) -> dict[Partition, Range]:
    """Return the offsets of the records. Raises as Cluster's methods do, and RefusedError where there are none."""
    numbers = () if query.partition is None else (query.partition,)
    there = cluster.partitions_of(query.topics)
    partitions = chosen([Scope(topic, numbers) for topic in query.topics], there)
    if query.offset is None:
        return last(cluster, cluster.ends(partitions), query.last)
    log_ends, ends, offset = cluster.log_ends(partitions), cluster.ends(partitions), query.offset
    return {each: span(offset, each, ends[each], log_ends[each]) for each in partitions}


def span(offset: int, partition: Partition, ends: Ends, log_end: int) -> Range:
    """Return the offset as a range. Raises RefusedError where no record can be read at it."""
    low, high = ends
    if high <= offset < log_end:
        raise RefusedError(f"{partition}: {open_transaction(high)}, so offset {offset} can't be read yet.")
    if low == high:
        raise RefusedError(f"{partition} is empty: there is no offset {offset}.")
    if not low <= offset < high:
        raise RefusedError(f"{partition} has no offset {offset}: its log goes from {low} to {high - 1}.")
    return Range(offset, offset + 1)


def messages(cluster: Cluster, ranges: dict[Partition, Range]) -> Iterator[Message]:
    """Yield the records. Raises RefusedError where compaction or a transaction left no record."""
    found = False
    for message in read(cluster, ranges):
        found = True
        yield message
    if not found and any(span.start < span.stop for span in ranges.values()):
        raise RefusedError("There is no record at these offsets: compaction or a transaction left a gap.")
