"""Detect a log that was truncated below a position before anything is consumed from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaException, TopicPartition

from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Partition

Trackers = Mapping[Partition, OffsetTracker]


def check_positions(consumer: Consumer, trackers: Trackers, assigned: Iterable[TopicPartition]) -> None:
    """Have librdkafka compare the leader epoch of each assigned position with the log, as an assignment does not.

    Where the log was truncated below the position, an error comes as a message: see `Rewind`. An unread position stays
    unchecked: see `Assignment.read_again`.
    """
    for position in assigned:
        comparable = (position.offset > 0 and position.leader_epoch is not None) or position.offset == OFFSET_INVALID
        tracker = trackers.get(Partition(position.topic, position.partition))
        if tracker is not None:
            tracker.unchecked = position if comparable else None
    check_again(consumer, trackers)


def check_again(consumer: Consumer, trackers: Trackers) -> None:
    """Retry the checks that librdkafka has refused. Call at each turn.

    A seek compares. It is refused until the fetcher has started, which waits for the commits that are outstanding. The
    partition is paused until then, or records beyond a truncation would be consumed, and those before them lost.
    """
    for tracker in trackers.values():
        if tracker.unchecked is None:
            continue
        if tracker.unchecked.offset != OFFSET_INVALID and seek(consumer, tracker.unchecked):
            tracker.unchecked = None  # resumed by back-pressure
        elif not tracker.paused:
            consumer.pause([TopicPartition(*tracker.partition)])
            tracker.paused = True


def seek(consumer: Consumer, position: TopicPartition) -> bool:
    """Seek, and return whether librdkafka accepted it."""
    try:
        consumer.seek(position)
    except KafkaException:
        return False
    return True
