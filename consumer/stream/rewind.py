"""A partition begins anew inside one assignment: its topic was created again, or its log was cut."""

from __future__ import annotations

from contextlib import suppress

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from consumer.stream.counts import ReleaseReason
from consumer.stream.ledger import OFFSET_UNKNOWN, Ledger
from consumer.stream.scheduler import Scheduler
from consumer.stream.start_position import StartPosition
from consumer.stream.topic_ids import TopicIds, is_former

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
    ) -> None:
        self._consumer = consumer
        self._scheduler = scheduler
        self._topic_ids = topic_ids
        self._start_position = start_position

    def jumped(self, ledger: Ledger, offset: int) -> Ledger:
        """A record came with an offset below what was seen: gives the ledger to go on with.

        Raises ConfigurationError where the topic was created again and the operator wants to decide.
        """
        topic_id = self._topic_ids.id(ledger.partition.topic)
        if is_former(ledger.topic_id, topic_id):
            fresh = self.recreated(ledger, topic_id)
            if fresh is not ledger:
                return fresh
        log.warning("offsets jumped backwards; starting over", partition=str(ledger.partition), offset=offset)
        return self._replaced(ledger, self._back_to(ledger, offset), ledger.topic_id)  # an old id is found out later

    def recreated(self, ledger: Ledger, topic_id: bytes) -> Ledger:
        """The partition's topic has another id now: goes back to its beginning. Gives the old ledger back where Kafka
        does not let us yet.

        Raises ConfigurationError where the operator wants to decide.
        """
        try:
            self._consumer.seek(self._start_position.of_recreated(ledger.partition))
        except KafkaException:
            return ledger  # the next look at the topic tries again
        return self._replaced(ledger, 0, topic_id)

    def _back_to(self, ledger: Ledger, offset: int) -> int:
        """Where to go on: at the record that came, or before it at what the old ledger has not settled yet."""
        frontier = ledger.frontier(OFFSET_UNKNOWN)
        if frontier < offset:
            with suppress(KafkaException):  # not ours any more, then
                self._consumer.seek(TopicPartition(*ledger.partition, frontier))
        return min(frontier, offset)

    def _replaced(self, ledger: Ledger, start: int, topic_id: bytes) -> Ledger:
        self._scheduler.detach([ledger.partition], ReleaseReason.REWOUND)
        fresh = self._scheduler.assign(ledger.partition, start, OFFSET_UNKNOWN, topic_id)
        fresh.paused = ledger.paused
        return fresh
