"""A partition begins anew inside one assignment: its topic was created again, or its log was cut."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from consumer.stream.commit_map import UNKNOWN_TOPIC_ID
from consumer.stream.counts import ReleaseReason
from consumer.stream.ledger import OFFSET_UNKNOWN, Ledger
from consumer.stream.options import OffsetReset
from consumer.stream.scheduler import Scheduler
from consumer.stream.start_position import no_usable_offset

LOOK_UP_SECONDS = 5.0

log = structlog.get_logger()


class Rewind:
    """Replaces a ledger whose offsets mean nothing any more. For the poll thread, outside of rebalance callbacks.

    The new ledger takes its start for uncommitted, so that it is committed at once: a commit of the old ledger that
    was under way may have been taken for the new topic's.

    topic_ids -- looks ids up; may wait for the broker
    """

    def __init__(
        self,
        consumer: Consumer,
        scheduler: Scheduler,
        topic_id: Callable[[str], bytes],
        offset_reset: OffsetReset,
    ) -> None:
        self._consumer = consumer
        self._scheduler = scheduler
        self._topic_id = topic_id
        self._offset_reset = offset_reset

    def jumped(self, ledger: Ledger, offset: int) -> Ledger:
        """A record came with an offset below what was seen: gives the ledger to go on with.

        Raises ConfigurationError where the topic was created again and the operator wants to decide.
        """
        topic_id = self._topic_id(ledger.partition.topic)
        if topic_id != ledger.topic_id and UNKNOWN_TOPIC_ID not in (topic_id, ledger.topic_id):
            fresh = self.recreated(ledger, topic_id)
            if fresh is not ledger:
                return fresh
        log.warning("offsets jumped backwards; starting over", partition=str(ledger.partition), offset=offset)
        return self._replaced(ledger, offset, ledger.topic_id)  # an old id is found out at the next look at the topic

    def recreated(self, ledger: Ledger, topic_id: bytes) -> Ledger:
        """The partition's topic has another id now. Its beginning is consumed, whatever KAFKA_AUTO_OFFSET_RESET says of
        topics that are new to the group: the group knows this one. Gives the old ledger back where Kafka does not let
        us yet.

        Raises ConfigurationError where the operator wants to decide.
        """
        partition = ledger.partition
        if self._offset_reset is OffsetReset.ERROR:
            what = f"the topic {partition.topic} was deleted and created again, and KAFKA_AUTO_OFFSET_RESET is error"
            raise no_usable_offset(f"partition {partition}", what)
        try:
            low, _high = self._consumer.get_watermark_offsets(TopicPartition(*partition), timeout=LOOK_UP_SECONDS)
            self._consumer.seek(TopicPartition(*partition, low))
        except KafkaException:
            return ledger  # the next look at the topic tries again
        log.warning(
            "the topic was deleted and created again; starting over at its beginning",
            partition=str(partition),
            offset=low,
            released=len(ledger),
        )
        return self._replaced(ledger, low, topic_id)

    def _replaced(self, ledger: Ledger, start: int, topic_id: bytes) -> Ledger:
        self._scheduler.detach([ledger.partition], ReleaseReason.REWOUND)
        fresh = self._scheduler.assign(ledger.partition, start, OFFSET_UNKNOWN, topic_id)
        fresh.paused = ledger.paused
        return fresh
