"""The start offset of a partition without a committed offset.

With `latest` it is committed before anything is consumed. Otherwise a crash before the first commit would lose the
records written in between.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from msgspec import Struct

from consumer.errors import ConfigurationError, Problem
from consumer.kafka.properties import OffsetReset
from consumer.kafka.timeouts import ANSWER_SECONDS
from consumer.kafka.topic_ids import is_former
from consumer.log import cause_of
from consumer.scheduling.offset_map import COUNT_UNKNOWN, EPOCH_UNKNOWN, OffsetMap, decode, encode
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Partition

log = structlog.get_logger()


class StartOffset(Struct, frozen=True):
    """The start of a partition.

    offset          -- the first offset to consume
    partition_count -- of the topic when the group began it; or COUNT_UNKNOWN
    leader_epoch    -- of the record before the offset, or EPOCH_UNKNOWN
    settled         -- what is settled from the offset on
    committed       -- a commit that has appeared in the meantime; it counts, and not the offset
    is_log_start    -- all that lies before it was deleted
    """

    offset: int
    partition_count: int = COUNT_UNKNOWN
    committed: TopicPartition | None = None
    is_log_start: bool = False
    leader_epoch: int = EPOCH_UNKNOWN
    settled: OffsetMap | None = None


class StartPosition:
    """Resolve starts by KAFKA_AUTO_OFFSET_RESET. Used on the poll thread, mostly inside rebalance callbacks.

    Only a partition's owner resolves and commits its start: another member may have unsettled records of it.
    """

    def __init__(self, reset: OffsetReset, group: str, admin: Callable[[], AdminClient]) -> None:
        self._reset = reset
        self._group = group
        self._admin = admin

    def resolve(
        self,
        consumer: Consumer,
        partitions: Iterable[Partition],
        topic_ids: Mapping[str, bytes],
        timeout: float = ANSWER_SECONDS,
    ) -> dict[Partition, StartOffset]:
        """Return the start of each of these partitions, which have no committed offset.

        After the first failed request, the remaining partitions are omitted.

        timeout -- seconds for each request

        Raises ConfigurationError where the operator asked for an error.
        """
        ends: dict[Partition, tuple[int, int]] = {}
        try:
            for partition in partitions:
                if self._reset is OffsetReset.ERROR:
                    what = f"the group {self._group} has no committed offset"
                    raise no_usable_offset(f"partition {partition}", f"{what} and KAFKA_AUTO_OFFSET_RESET is error")
                ends[partition] = consumer.get_watermark_offsets(TopicPartition(*partition), timeout=timeout)
            if self._reset is OffsetReset.EARLIEST:
                starts = {partition: StartOffset(low) for partition, (low, _high) in ends.items()}
            else:
                starts = self._latest(consumer, ends, topic_ids, timeout)
        except KafkaException as failure:
            error = failure.args[0].name()
            log.warning("start offsets not read, will retry", error=error, **cause_of(failure))
            starts = {partition: StartOffset(low) for partition, (low, _high) in ends.items() if self._earliest}
        for partition, start in starts.items():
            if start.committed is None:
                ahead = ends[partition][1] - start.offset
                log.info(
                    "partition started without a committed offset",
                    partition=str(partition),
                    offset=start.offset,
                    records_ahead=ahead,
                )
        return starts

    def out_of_range(self, consumer: Consumer, tracker: OffsetTracker, timeout: float) -> StartOffset:
        """Return where to continue with a partition whose offset is not in its log. Raises KafkaException.

        If retention deleted the offset, continue at the log start, even with `latest`: no retained record may be
        skipped. If the log ends before the offset, KAFKA_AUTO_OFFSET_RESET decides.
        """
        low, high = consumer.get_watermark_offsets(TopicPartition(*tracker.partition), timeout=timeout)
        deleted = tracker.highest_seen < low
        return StartOffset(low if self._earliest or deleted else high, tracker.partition_count, is_log_start=deleted)

    def of_recreated(self, partition: Partition) -> TopicPartition:
        """Return the beginning of a recreated topic, even with `latest`: the group must not skip its records.

        Raises ConfigurationError where the operator asked for an error.
        """
        if self._reset is OffsetReset.ERROR:
            what = f"the topic {partition.topic} was deleted and created again, and KAFKA_AUTO_OFFSET_RESET is error"
            raise no_usable_offset(f"partition {partition}", what)
        log.warning("topic recreated, consuming from its beginning", partition=str(partition))
        return TopicPartition(*partition, OFFSET_BEGINNING)

    @property
    def _earliest(self) -> bool:
        return self._reset is OffsetReset.EARLIEST

    def _latest(
        self,
        consumer: Consumer,
        ends: Mapping[Partition, tuple[int, int]],
        topic_ids: Mapping[str, bytes],
        timeout: float,
    ) -> dict[Partition, StartOffset]:
        """Decide between beginning and end by the commits of the whole group, read after the ends.

        Raises KafkaException.
        """
        starts: dict[Partition, StartOffset] = {}
        for topic in {partition.topic for partition in ends}:
            numbers = self._admin().list_topics(topic, timeout=timeout).topics[topic].partitions
            commits = consumer.committed([TopicPartition(topic, number) for number in numbers], timeout=timeout)
            for error in (each.error for each in commits if each.error is not None):
                raise KafkaException(error)
            known = [each for each in commits if each.offset >= 0]
            begun = _BegunTopic([decode(each.metadata or "") for each in known], len(numbers), topic_ids[topic])
            own = {partition: each for partition, each in ends.items() if partition.topic == topic}
            committed = {each.partition: each for each in known}
            for partition, (low, high) in own.items():
                offset = high if begun.with_partition(partition.number) else low
                starts[partition] = StartOffset(offset, begun.partition_count, committed.get(partition.number))
        self._commit(consumer, starts, topic_ids)
        return starts

    def _commit(
        self, consumer: Consumer, starts: Mapping[Partition, StartOffset], topic_ids: Mapping[str, bytes]
    ) -> None:
        offsets = [
            TopicPartition(*partition, start.offset, _metadata(start, topic_ids[partition.topic]))
            for partition, start in starts.items()
            if start.committed is None
        ]
        try:
            if offsets:
                consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as failure:  # the committer does it in a moment
            error = failure.args[0].name()
            log.warning("start offsets not committed, will retry", error=error, **cause_of(failure))


class _BegunTopic:
    """The start of a group on a topic, by its commits.

    claims          -- of the metadata of each committed partition; None where it tells nothing
    partition_count -- how many partitions the topic has now
    """

    def __init__(self, claims: Sequence[OffsetMap | None], partition_count: int, topic_id: bytes) -> None:
        known = [claim for claim in claims if claim is not None]
        counts = [claim.partition_count for claim in known if claim.partition_count != COUNT_UNKNOWN]
        self._was_recreated = any(is_former(claim.topic_id, topic_id) for claim in known)
        self.partition_count = min(counts, default=COUNT_UNKNOWN) if claims else partition_count

    def with_partition(self, number: int) -> bool:
        """Return whether the group has begun the topic when it had this partition already: then it begins at its end.

        A partition added later, or possibly added later, begins at its beginning.
        """
        return not self._was_recreated and number < self.partition_count


def _metadata(start: StartOffset, topic_id: bytes) -> str:
    return encode(topic_id, start.offset, start.offset, (), partition_count=start.partition_count)


def no_usable_offset(name: str, what: str) -> ConfigurationError:
    """Return the error for an unusable offset with KAFKA_AUTO_OFFSET_RESET=error."""
    hint = "Set the group's offsets with `clicksend-consumer offsets reset`, or set earliest or latest"
    return ConfigurationError(Problem(name, what, hint))
