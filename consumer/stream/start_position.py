"""Where a partition begins that the group has no committed offset for.

It is resolved here and committed before anything is consumed: with `latest`, a crash before the first commit would
otherwise lose what came in between.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from confluent_kafka import OFFSET_BEGINNING, OFFSET_INVALID, Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from consumer.errors import ConfigurationError, Problem
from consumer.stream.options import OffsetReset, StreamOptions
from consumer.stream.record import Partition

LOOK_UP_SECONDS = 10.0

log = structlog.get_logger()


class StartPosition:
    """Resolves by KAFKA_AUTO_OFFSET_RESET. Used inside rebalance callbacks, on the poll thread."""

    def __init__(self, options: StreamOptions, admin: Callable[[], AdminClient]) -> None:
        self._options = options
        self._admin = admin
        self._ends: dict[Partition, int] = {}  # of topics that this worker has begun for the group

    def resolve(self, consumer: Consumer, partition: Partition) -> int:
        """The offset to begin with; OFFSET_INVALID where it can't be found out and librdkafka may try.

        Raises ConfigurationError where the operator asked for an error.
        """
        if self._options.offset_reset is OffsetReset.ERROR:
            what = f"the group {self._options.group_id} has no committed offset and KAFKA_AUTO_OFFSET_RESET is error"
            raise no_usable_offset(f"partition {partition}", what)
        try:
            return self._resolve(consumer, partition)
        except KafkaException as failure:
            log.warning("a partition's ends could not be read", partition=str(partition), error=failure.args[0].name())
            return int(OFFSET_INVALID)

    def of_recreated(self, partition: Partition) -> TopicPartition:
        """The beginning, also with `latest`: the group has known the topic, so nothing of the new one may be passed by.

        Raises ConfigurationError where the operator asked for an error.
        """
        if self._options.offset_reset is OffsetReset.ERROR:
            what = f"the topic {partition.topic} was deleted and created again, and KAFKA_AUTO_OFFSET_RESET is error"
            raise no_usable_offset(f"partition {partition}", what)
        log.warning("the topic was deleted and created again; going to its beginning", partition=str(partition))
        return TopicPartition(*partition, OFFSET_BEGINNING)

    def _resolve(self, consumer: Consumer, partition: Partition) -> int:
        low, high = consumer.get_watermark_offsets(TopicPartition(*partition), timeout=LOOK_UP_SECONDS)
        start = low if self._options.offset_reset is OffsetReset.EARLIEST else self._latest(consumer, partition, low)
        log.info("the group begins this partition", partition=str(partition), offset=start, records_ahead=high - start)
        return int(start)

    def _latest(self, consumer: Consumer, partition: Partition, low: int) -> int:
        """The end, except that a partition that was added to a known topic is delivered from its beginning, `low`."""
        if partition not in self._ends:
            self._begin_topic(consumer, partition.topic)
        return self._ends.get(partition, low)

    def _begin_topic(self, consumer: Consumer, topic: str) -> None:
        """Unless the group knows the topic, begin all its partitions at their ends, those of other workers included:
        otherwise these would look like added ones to a worker that is a moment late.
        """
        numbers = self._admin().list_topics(topic, timeout=LOOK_UP_SECONDS).topics[topic].partitions
        everything = [TopicPartition(topic, number) for number in numbers]
        committed = consumer.committed(everything, timeout=LOOK_UP_SECONDS)
        if any(each.offset >= 0 for each in committed):
            return
        for each in everything:
            _low, each.offset = consumer.get_watermark_offsets(each, timeout=LOOK_UP_SECONDS)
        consumer.commit(offsets=everything, asynchronous=False)
        self._ends.update({Partition(each.topic, each.partition): each.offset for each in everything})


def no_usable_offset(name: str, what: str) -> ConfigurationError:
    """The group's offset can't be used and the operator wants to decide."""
    mend = "Set the group's offsets with `clicksend-consumer offsets reset`, or set earliest or latest"
    return ConfigurationError(Problem(name, what, mend))
