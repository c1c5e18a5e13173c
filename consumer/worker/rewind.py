"""A partition begins anew inside one assignment: its topic was created again, or its log was truncated."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from consumer.kafka.start_position import Start, StartPosition
from consumer.kafka.topic_ids import TopicIds, is_former
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.offset_tracker import OFFSET_UNKNOWN, Ledger
from consumer.scheduling.scheduler import Scheduler

ANSWER_SECONDS = 1.0
# Where librdkafka has found that a log was truncated it compares leader epochs (KIP-320), and this is how it says where
# the logs part; nothing else that it hands out has it.
_PARTED = re.compile(r"broker end offset is (-?\d+)")

log = structlog.get_logger()


class Rewind:
    """Replaces a ledger whose offsets mean nothing any more. For the poll thread, outside of rebalance callbacks.

    The new ledger takes its start for uncommitted, so that it is committed at once: a commit of the old ledger that
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
        self._stopped: dict[Ledger, str] = {}  # partitions that librdkafka has stopped, and why

    def jumped(self, ledger: Ledger, offset: int, lowest_unsettled: int) -> Ledger | None:
        """A record came with an offset below what was seen. Return the ledger to go on with; None: consumption was
        moved back, and what of the partition has been fetched already comes again.

        lowest_unsettled -- of the offsets that were read with this record and that the ledger does not have yet

        Raises ConfigurationError where the topic was created again and the operator wants to decide.
        """
        topic_id = self._topic_ids.id(ledger.partition.topic)
        if is_former(ledger.topic_id, topic_id) and self.recreated(ledger, topic_id):
            return None
        log.warning("offsets jumped backwards; starting over", partition=str(ledger.partition), offset=offset)
        frontier = min(ledger.frontier(OFFSET_UNKNOWN), lowest_unsettled)
        moved_back = frontier < offset and self._seek(TopicPartition(*ledger.partition, frontier))
        fresh = self._replaced(ledger, min(frontier, offset), ledger.topic_id)  # an old id is found out later
        return None if moved_back else fresh

    def topic_seen(self, ledger: Ledger, topic_id: bytes) -> None:
        """The partition's topic has this id.

        Raises ConfigurationError where it was created again and the operator wants to decide.
        """
        if is_former(ledger.topic_id, topic_id):
            self.recreated(ledger, topic_id)
        elif ledger.topic_id != topic_id or ledger.unverified is not None:
            ledger.verify(topic_id)

    def recreated(self, ledger: Ledger, topic_id: bytes) -> bool:
        """The partition's topic has another id now: go back to its beginning. False where Kafka does not let us yet.

        Raises ConfigurationError where the operator wants to decide.
        """
        if not self._seek(self._start_position.of_recreated(ledger.partition)):
            return False  # the next look at the topic tries again
        self._replaced(ledger, 0, topic_id)
        return True

    def lost_offset(self, ledger: Ledger, why: str) -> None:
        """librdkafka has stopped the partition, as its offset is not in the log, or there is none: go on elsewhere.

        why -- librdkafka's words, which alone tell where a truncated log parts from the one that was consumed

        Raises ConfigurationError where the operator wants to decide.
        """
        self._stopped[ledger] = why
        self.restart_stopped()

    def restart_stopped(self) -> None:
        """Try again what could not be restarted yet. Call at each turn. Raises as `lost_offset`."""
        for ledger, why in list(self._stopped.items()):
            if not ledger.live or self._restart(ledger, why):
                del self._stopped[ledger]

    def _restart(self, ledger: Ledger, why: str) -> bool:
        """Stop and assign the partition again: a seek is refused in this state. False where it can't be done yet."""
        partition = ledger.partition
        ids = self._topic_ids.of((partition.topic,))
        topic_id = ids[partition.topic]
        if is_former(ledger.topic_id, topic_id):
            start, position = Start(0), self._start_position.of_recreated(partition)
        else:
            found = self._where_to_restart(ledger, why, ids)
            if found is None:
                return False
            start, position, topic_id = found, TopicPartition(*partition, found.offset), ledger.topic_id
        with suppress(KafkaException):  # done already, by a try that failed after it
            self._consumer.incremental_unassign([TopicPartition(*partition)])
        try:
            self._consumer.incremental_assign([position])
            self._consumer.resume([position])
        except KafkaException:
            return False
        log.warning("partition restarted", partition=str(partition), offset=start.offset, reason=why)
        fresh = self._replaced(ledger, start.offset, topic_id)
        fresh.paused, fresh.partition_count = False, start.partition_count
        return True

    def _where_to_restart(self, ledger: Ledger, why: str, ids: Mapping[str, bytes]) -> Start | None:
        partition, count = ledger.partition, ledger.partition_count
        frontier = ledger.frontier(OFFSET_UNKNOWN)
        try:
            if frontier < 0:  # its committed offset could not be read, and there is none
                return self._start_position.resolve(self._consumer, (partition,), ids, ANSWER_SECONDS).get(partition)
            if parted := _PARTED.search(why):
                at = TopicPartition(*partition)
                end = int(parted[1])  # below 0: nothing of what was consumed is left
                low, _high = self._consumer.get_watermark_offsets(at, timeout=ANSWER_SECONDS)
                return Start(max(low, min(frontier, end)), count)
            return Start(self._start_position.out_of_range(self._consumer, partition, ANSWER_SECONDS), count)
        except KafkaException:
            return None

    def _seek(self, position: TopicPartition) -> bool:
        try:
            self._consumer.seek(position)
        except KafkaException:
            return False
        return True

    def _replaced(self, ledger: Ledger, start: int, topic_id: bytes) -> Ledger:
        self._scheduler.detach([ledger.partition], ReleaseReason.REWOUND)
        self._reporter.released([ledger.partition], ReleaseReason.REWOUND)
        fresh = self._scheduler.assign(ledger.partition, start, OFFSET_UNKNOWN, topic_id)
        fresh.paused, fresh.partition_count = ledger.paused, ledger.partition_count
        return fresh
