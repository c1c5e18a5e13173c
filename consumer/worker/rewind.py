"""A partition begins anew inside one assignment: its topic was created again, or its log was truncated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from consumer.kafka.start_position import StartOffset, StartPosition
from consumer.kafka.topic_ids import TopicIds, is_former
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.offset_map import EPOCH_UNKNOWN, decode
from consumer.scheduling.offset_tracker import OFFSET_UNKNOWN, OffsetTracker
from consumer.scheduling.scheduler import Scheduler

ANSWER_SECONDS = 1.0
# Where librdkafka has found that a log was truncated it compares leader epochs (KIP-320), and this is how it says where
# the logs part, and the epoch of the record before; nothing else that it hands out has them.
_PARTED = re.compile(r"broker end offset is (-?\d+) \(offset leader epoch (-?\d+)\)")

log = structlog.get_logger()


class Rewind:
    """Replaces a offset tracker whose offsets mean nothing any more. For the poll thread, outside of rebalance
    callbacks.

    The new offset tracker takes its start for uncommitted, so that it is committed at once: a commit of the old offset
    tracker that
    was under way may have been taken for the new topic's.
    """

    def __init__(
        self,
        consumer: Consumer,
        scheduler: Scheduler,
        topic_ids: TopicIds,
        start_position: StartPosition,
        reporter: Reporter,
    ) -> None:
        self._consumer = consumer
        self._scheduler = scheduler
        self._topic_ids = topic_ids
        self._start_position = start_position
        self._reporter = reporter
        self._stopped: dict[OffsetTracker, str] = {}  # partitions that librdkafka has stopped, and why

    def jumped(self, tracker: OffsetTracker, offset: int, lowest_unsettled: int) -> OffsetTracker | None:
        """A record came with an offset below what was seen. Return the offset tracker to go on with; None: consumption
        was
        moved back, and what of the partition has been fetched already comes again.

        lowest_unsettled -- of the offsets that were read with this record and that the offset tracker does not have yet

        Raises ConfigurationError where the topic was created again and the operator wants to decide.
        """
        topic_id = self._topic_ids.id(tracker.partition.topic)
        if is_former(tracker.topic_id, topic_id) and self.recreated(tracker, topic_id):
            return None
        log.warning("offsets moved backwards, starting over", partition=str(tracker.partition), offset=offset)
        committable_offset = min(tracker.committable_offset(OFFSET_UNKNOWN), lowest_unsettled)
        moved_back = committable_offset < offset and self._seek(TopicPartition(*tracker.partition, committable_offset))
        begins = min(committable_offset, offset)
        start = StartOffset(begins, tracker.partition_count, leader_epoch=_epoch_before(tracker, begins))
        fresh = self._replaced(tracker, start, tracker.topic_id)  # an old id is found out later
        return None if moved_back else fresh

    def topic_seen(self, tracker: OffsetTracker, topic_id: bytes) -> None:
        """The partition's topic has this id.

        Raises ConfigurationError where it was created again and the operator wants to decide.
        """
        if is_former(tracker.topic_id, topic_id):
            self.recreated(tracker, topic_id)
        elif tracker.topic_id != topic_id or tracker.unverified is not None:
            tracker.verify(topic_id)

    def recreated(self, tracker: OffsetTracker, topic_id: bytes) -> bool:
        """The partition's topic has another id now: go back to its beginning. False where Kafka does not let us yet.

        Raises ConfigurationError where the operator wants to decide.
        """
        if not self._seek(self._start_position.of_recreated(tracker.partition)):
            return False  # the next look at the topic tries again
        self._replaced(tracker, StartOffset(0, tracker.partition_count), topic_id)
        return True

    def lost_offset(self, tracker: OffsetTracker, why: str) -> None:
        """librdkafka has stopped the partition, as its offset is not in the log, or there is none: go on elsewhere.

        why -- librdkafka's words, which alone tell where a truncated log parts from the one that was consumed

        Raises ConfigurationError where the operator wants to decide.
        """
        self._stopped[tracker] = why
        self.restart_stopped()

    def restart_stopped(self) -> None:
        """Try again what could not be restarted yet. Call at each turn. Raises as `lost_offset`."""
        for tracker, why in list(self._stopped.items()):
            if not tracker.live or self._restart(tracker, why):
                del self._stopped[tracker]

    def _restart(self, tracker: OffsetTracker, why: str) -> bool:
        """Stop and assign the partition again: a seek is refused in this state. False where it can't be done yet."""
        partition = tracker.partition
        ids = self._topic_ids.of((partition.topic,))
        topic_id = ids[partition.topic]
        if is_former(tracker.topic_id, topic_id):
            start, position = StartOffset(0), self._start_position.of_recreated(partition)
        else:
            found = self._where_to_restart(tracker, why, ids)
            if found is None:
                return False
            start, topic_id = found, tracker.topic_id
            position = TopicPartition(*partition, found.offset, leader_epoch=found.leader_epoch)
        if not self._assign_again(position):
            return False
        if start.is_log_start and tracker.highest_seen < start.offset:
            _tell_of_deleted(tracker, start.offset)
            tracker.paused = False  # what it holds is not in the log any more: it is delivered from here
            return True
        log.warning("partition restarted", partition=str(partition), offset=start.offset, reason=why)
        self._replaced(tracker, start, topic_id).paused = False
        return True

    def _assign_again(self, position: TopicPartition) -> bool:
        with suppress(KafkaException):  # done already, by a try that failed after it
            self._consumer.incremental_unassign([TopicPartition(position.topic, position.partition)])
        try:
            self._consumer.incremental_assign([position])
            self._consumer.resume([position])
        except KafkaException:
            return False
        return True

    def _where_to_restart(self, tracker: OffsetTracker, why: str, ids: Mapping[str, bytes]) -> StartOffset | None:
        partition, count = tracker.partition, tracker.partition_count
        committable_offset = tracker.committable_offset(OFFSET_UNKNOWN)
        try:
            if committable_offset < 0:  # its committed offset could not be read, and there is none
                return self._start_position.resolve(self._consumer, (partition,), ids, ANSWER_SECONDS).get(partition)
            if parted := _PARTED.search(why):
                low, _high = self._consumer.get_watermark_offsets(TopicPartition(*partition), timeout=ANSWER_SECONDS)
                return _where_logs_part(tracker, StartOffset(int(parted[1]), count, leader_epoch=int(parted[2])), low)
            return self._start_position.out_of_range(self._consumer, tracker, ANSWER_SECONDS)
        except KafkaException:
            return None

    def _seek(self, position: TopicPartition) -> bool:
        try:
            self._consumer.seek(position)
        except KafkaException:
            return False
        return True

    def _replaced(self, tracker: OffsetTracker, start: StartOffset, topic_id: bytes) -> OffsetTracker:
        self._scheduler.detach([tracker.partition], ReleaseReason.REWOUND)
        self._reporter.released([tracker.partition], ReleaseReason.REWOUND)
        fresh = self._scheduler.assign(tracker.partition, start.offset, OFFSET_UNKNOWN, topic_id)
        fresh.paused, fresh.partition_count = tracker.paused, start.partition_count
        if start.leader_epoch != EPOCH_UNKNOWN:
            fresh.epoch_is(start.leader_epoch, start.offset - 1)
        fresh.previously_settled = start.settled
        return fresh


def _tell_of_deleted(tracker: OffsetTracker, log_start: int) -> None:
    log.warning(
        "records deleted before they were consumed",
        partition=str(tracker.partition),
        offsets=log_start - tracker.highest_seen - 1,
        offset=log_start,
        hint="lengthen the topic's retention, or deliver faster",
    )


def _where_logs_part(tracker: OffsetTracker, parted: StartOffset, low: int) -> StartOffset:
    """Return the lowest unsettled offset that is still in the log, else where the new log parts from the old one.

    Its epoch comes with it: a log that is cut a second time, further down, is found out by that alone. What is settled
    between the two offsets is in both logs.

    parted -- its offset is below 0 where nothing of what was consumed is left
    low    -- the first offset of the log
    """
    committable_offset = tracker.committable_offset(OFFSET_UNKNOWN)
    if committable_offset < parted.offset:
        settled = decode(tracker.offset_map(committable_offset))
        parted = replace(
            parted,
            offset=committable_offset,
            leader_epoch=_epoch_before(tracker, committable_offset),
            settled=settled.up_to(parted.offset) if settled is not None else None,
        )
    return parted if parted.offset >= low else StartOffset(low, parted.partition_count)


def _epoch_before(tracker: OffsetTracker, offset: int) -> int:
    epoch = tracker.epoch_before(offset)
    return EPOCH_UNKNOWN if epoch is None else epoch
