"""The record that a dead letter stands for, also where the letter could not hold all of it."""

from __future__ import annotations

import hashlib

import orjson

from consumer.commands.dead_letters.stored import SourcePosition, StoredDeadLetter
from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.records import Range, read
from consumer.scheduling.task import Record
from consumer.worker.intake import record_of


def original(cluster: Cluster, dead_letter: StoredDeadLetter, source: SourcePosition) -> Record | None:
    """The record as it was: from the letter, or, where parts were left out, from the source topic if it still has it.

    None where the value is only a pointer and the source topic has that record no more. source -- the letter's
    """
    if dead_letter.is_complete:
        return dead_letter.record(source)
    found = _from_source(cluster, source)
    if found is not None and _is_it(found, dead_letter):
        return found
    return None if dead_letter.is_pointer else dead_letter.record(source)


def _from_source(cluster: Cluster, source: SourcePosition) -> Record | None:
    there = cluster.topic(source.partition.topic)
    if there is None or source.partition.number not in there.partitions:
        return None
    low, high = cluster.ends([source.partition])[source.partition]
    if not low <= source.offset < high:
        return None
    messages = read(cluster, {source.partition: Range(source.offset, source.offset + 1)})
    return next((record_of(message, source.partition) for message in messages), None)


def _is_it(record: Record, dead_letter: StoredDeadLetter) -> bool:
    """A topic that was created again has other records at the same offsets."""
    if not dead_letter.is_pointer:
        return record.value == dead_letter.value
    try:
        pointer = orjson.loads(dead_letter.value or b"")
    except orjson.JSONDecodeError:
        return False
    return isinstance(pointer, dict) and pointer.get("sha256") == hashlib.sha256(record.value or b"").hexdigest()
