"""Read dead letters, and the source record of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.records import Range, read
from consumer.dead_letters.format import SourcePosition, StoredDeadLetter, dead_letter_of
from consumer.errors import RefusedError
from consumer.scheduling.task import Partition, Record
from consumer.worker.intake import record_of


def ranges_of(cluster: Cluster, topic: str) -> dict[Partition, Range]:
    """Return the offsets that the topic holds. Raise RefusedError if it does not exist."""
    cluster.brokers()
    found = cluster.topic(topic)
    if found is None:
        raise RefusedError(f"The dead-letter topic {topic} does not exist. Check KAFKA_DEAD_LETTER_TOPIC.")
    ends = cluster.ends(Partition(topic, number) for number in found.partitions)
    return {partition: Range(*end) for partition, end in ends.items()}


def dead_letters(cluster: Cluster, ranges: Mapping[Partition, Range]) -> Iterator[StoredDeadLetter]:
    """Yield the dead letters in these ranges."""
    return map(dead_letter_of, read(cluster, ranges))


def dead_letter_at(cluster: Cluster, topic: str, position: SourcePosition, group: str) -> StoredDeadLetter:
    """Return the dead letter at this position or of this source record, preferably the group's own.

    Raise RefusedError if there is none.
    """
    ranges = ranges_of(cluster, topic)
    if position.partition.topic != topic:
        found = [each for each in dead_letters(cluster, ranges) if each.source == position]
        if not found:
            raise RefusedError(f"No dead letter in {topic} has the source {position}.")
        return ([each for each in found if each.is_of(group)] or found)[-1]
    if position.partition not in ranges:
        raise RefusedError(f"The topic {topic} has no partition {position.partition.number}.")
    low, high = ranges[position.partition]
    if low <= position.offset < high:
        for dead_letter in dead_letters(cluster, {position.partition: Range(position.offset, position.offset + 1)}):
            return dead_letter
    raise RefusedError(f"There is no dead letter at {position}: the partition holds offsets {low} up to {high - 1}.")


def source_record(cluster: Cluster, dead_letter: StoredDeadLetter, source: SourcePosition) -> Record | None:
    """Return the source record: from the dead letter, or from the source topic if parts were omitted.

    None: the value is only a pointer and the source record is deleted.
    """
    if dead_letter.is_complete:
        return dead_letter.record(source)
    found = _from_source(cluster, source)
    if found is not None and dead_letter.has_value(found.value):
        return found
    return None if dead_letter.is_pointer else dead_letter.record(source)


def _from_source(cluster: Cluster, source: SourcePosition) -> Record | None:
    topic = cluster.topic(source.partition.topic)
    if topic is None or source.partition.number not in topic.partitions:
        return None
    low, high = cluster.ends([source.partition])[source.partition]
    if not low <= source.offset < high:
        return None
    messages = read(cluster, {source.partition: Range(source.offset, source.offset + 1)})
    return next((record_of(message, source.partition) for message in messages), None)
