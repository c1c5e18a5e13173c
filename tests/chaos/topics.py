"""Topic access for the tests, beside the workers."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

from confluent_kafka import (
    Consumer,
    ConsumerGroupState,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._group import ConsumerGroupDescription
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.cimpl import NewPartitions

from consumer.kafka.topic_ids import TopicIds

SECONDS = 60.0


class Group:
    """The workers' group and topic, as an operator's tools see them. Each call asks the broker anew."""

    def __init__(self, bootstrap: str, group: str, topic: str) -> None:
        self._admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
        # For the group's offsets, asked of which an AdminClient may end the process (see `Cluster.committed`).
        self._consumer = Consumer({"bootstrap.servers": bootstrap, "log_level": 0, "group.id": group})
        self._group = group
        self._topic = topic

    def topic_id(self) -> bytes:
        """The topic's id."""
        return TopicIds(lambda: self._admin).of([self._topic])[self._topic]

    def partitions(self) -> list[TopicPartition]:
        """The topic's."""
        numbers = self._admin.list_topics(self._topic, timeout=SECONDS).topics[self._topic].partitions
        return [TopicPartition(self._topic, number) for number in sorted(numbers)]

    def ends(self, isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED) -> dict[int, int]:
        """By partition, the offset of the next record; with READ_COMMITTED the last stable offset."""
        return self._offsets(OffsetSpec.latest(), isolation)  # type: ignore[no-untyped-call]  # the stubs have no types here

    def beginnings(self) -> dict[int, int]:
        """By partition, the offset of the first record."""
        return self._offsets(OffsetSpec.earliest())  # type: ignore[no-untyped-call]  # the same

    def committed(self) -> dict[int, int]:
        """By partition, the group's offset; 0 where there is none."""
        answer = self._consumer.committed(self.partitions(), timeout=SECONDS)
        assert all(each.error is None for each in answer), answer
        return {each.partition: max(0, each.offset) for each in answer}

    def lag(self) -> int:
        """Records that are not committed, of all partitions."""
        committed = self.committed()
        return sum(end - committed.get(partition, 0) for partition, end in self.ends().items())

    def is_stable(self, members: int) -> bool:
        """Return whether this many members share the partitions in a stable group."""
        described: ConsumerGroupDescription = _only(self._admin.describe_consumer_groups([self._group]))
        return described.state is ConsumerGroupState.STABLE and len(described.members) == members

    def is_empty(self) -> bool:
        """Return whether the group has no members, so that its offsets can be set."""
        described: ConsumerGroupDescription = _only(self._admin.describe_consumer_groups([self._group]))
        return described.state in (ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD)

    def reset(self) -> None:
        """Set all offsets to 0, as a tool does: without metadata."""
        zero = [TopicPartition(each.topic, each.partition, 0) for each in self.partitions()]
        answer = _only(self._admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(self._group, zero)]))
        assert all(each.error is None for each in answer.topic_partitions), answer

    def trim(self, below: dict[int, int]) -> None:
        """Delete what stands below an offset of each partition, as retention does."""
        places = [TopicPartition(self._topic, partition, offset) for partition, offset in below.items()]
        for future in self._admin.delete_records(places).values():
            future.result(SECONDS)

    def grow(self, partitions: int) -> None:
        """Add partitions to the topic, up to so many."""
        _only(self._admin.create_partitions([NewPartitions(self._topic, partitions)]))

    def delete_topic(self) -> None:
        """Delete the topic."""
        _only(self._admin.delete_topics([self._topic], operation_timeout=SECONDS))

    def _offsets(self, spec: OffsetSpec, isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED) -> dict[int, int]:
        futures = self._admin.list_offsets(dict.fromkeys(self.partitions(), spec), isolation_level=isolation)
        return {where.partition: future.result(SECONDS).offset for where, future in futures.items()}


def _only(futures: dict[Any, Future[Any]]) -> Any:
    """The one answer to a request about one thing."""
    (future,) = futures.values()
    return future.result(SECONDS)
