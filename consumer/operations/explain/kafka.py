"""Records to explain, straight from Kafka."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from confluent_kafka import Message

from consumer.errors import RefusedError
from consumer.operations.cluster import Cluster, Ends
from consumer.operations.partitions import Scope, chosen
from consumer.operations.records import Range, read
from consumer.stream.record import Partition


@dataclass(frozen=True, slots=True)
class Query:
    """Which records: the one at an offset, or the last of each partition.

    topics    -- several only without an offset
    partition -- None: all
    offset    -- None: the last ones
    last      -- so many of each partition
    """

    topics: tuple[str, ...]
    partition: int | None
    offset: int | None
    last: int


def ranges_of(query: Query, cluster: Cluster) -> dict[Partition, Range]:
    """Where these records stand. Raises as Cluster's methods do, and RefusedError where there are none such."""
    numbers = () if query.partition is None else (query.partition,)
    there = cluster.partitions_of(query.topics)
    partitions = chosen([Scope(topic, numbers) for topic in query.topics], there)
    return {partition: span(query, partition, ends) for partition, ends in cluster.ends(partitions).items()}


def span(query: Query, partition: Partition, ends: Ends) -> Range:
    """The offsets of one partition. Raises RefusedError for one that its log does not have."""
    low, high = ends
    if query.offset is None:
        return Range(max(low, high - query.last), high)
    if low == high:
        raise RefusedError(f"{partition} is empty: there is no offset {query.offset}.")
    if not low <= query.offset < high:
        raise RefusedError(f"{partition} has no offset {query.offset}: its log goes from {low} to {high - 1}.")
    return Range(query.offset, query.offset + 1)


def messages(cluster: Cluster, ranges: dict[Partition, Range]) -> Iterator[Message]:
    """The records. Raises RefusedError where there is none at all: a gap that compaction or a transaction left."""
    found = False
    for message in read(cluster, ranges):
        found = True
        yield message
    if not found and any(span.start < span.stop for span in ranges.values()):
        raise RefusedError("There is no record at these offsets: compaction or a transaction left a gap.")
