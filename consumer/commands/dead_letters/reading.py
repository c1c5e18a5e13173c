"""The dead-letter topic, as a whole or from a checkpoint on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from consumer.commands.dead_letters.stored import SourcePosition, StoredDeadLetter, dead_letter_of
from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.records import Range, read
from consumer.errors import RefusedError
from consumer.scheduling.task import Partition


def ranges_of(cluster: Cluster, topic: str) -> dict[Partition, Range]:
    """All that the topic holds now. Raises RefusedError where it does not exist."""
    cluster.brokers()
    found = cluster.topic(topic)
    if found is None:
        raise RefusedError(f"The dead-letter topic {topic} does not exist. Check KAFKA_DEAD_LETTER_TOPIC.")
    ends = cluster.ends(Partition(topic, number) for number in found.partitions)
    return {partition: Range(*end) for partition, end in ends.items()}


def dead_letters(cluster: Cluster, ranges: Mapping[Partition, Range]) -> Iterator[StoredDeadLetter]:
    """The letters in these ranges."""
    return map(dead_letter_of, read(cluster, ranges))


def dead_letter_at(cluster: Cluster, topic: str, place: SourcePosition, group: str) -> StoredDeadLetter:
    """The letter at this place, or of the record from this place, the group's own before another's.

    Raises RefusedError where there is none.
    """
    ranges = ranges_of(cluster, topic)
    if place.partition.topic != topic:
        found = [each for each in dead_letters(cluster, ranges) if each.source == place]
        if not found:
            raise RefusedError(f"No dead letter in {topic} comes from {place}.")
        return ([each for each in found if each.is_of(group)] or found)[-1]
    if place.partition not in ranges:
        raise RefusedError(f"The topic {topic} has no partition {place.partition.number}.")
    low, high = ranges[place.partition]
    if low <= place.offset < high:
        for dead_letter in dead_letters(cluster, {place.partition: Range(place.offset, place.offset + 1)}):
            return dead_letter
    raise RefusedError(f"There is no dead letter at {place}: the partition holds offsets {low} up to {high - 1}.")
