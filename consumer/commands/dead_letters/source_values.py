"""Restores the source record of a dead letter."""

from __future__ import annotations

import hashlib

import orjson

from consumer.commands.dead_letters.stored import SourcePosition, StoredDeadLetter
from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.records import Range, read
from consumer.scheduling.task import Record
from consumer.worker.intake import record_of


def source_record(cluster: Cluster, dead_letter: StoredDeadLetter, source: SourcePosition) -> Record | None:
    """Return the source record: from the dead letter, or from the source topic if parts were omitted.

    None: the value is only a pointer and the source record is deleted.
    """
    if dead_letter.is_complete:
        return dead_letter.record(source)
    found = _from_source(cluster, source)
    if found is not None and _is_same(found, dead_letter):
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


def _is_same(record: Record, dead_letter: StoredDeadLetter) -> bool:
    """Compare the values: a recreated topic has other records at the same offsets."""
    if not dead_letter.is_pointer:
        return record.value == dead_letter.value
    try:
        pointer = orjson.loads(dead_letter.value or b"")
    except orjson.JSONDecodeError:
        return False
    return isinstance(pointer, dict) and pointer.get("sha256") == hashlib.sha256(record.value or b"").hexdigest()
