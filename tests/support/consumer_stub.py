"""librdkafka's consumer and topic ids as the worker's parts use them: record what is asked, answer what a test sets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, TopicPartition

from consumer.kafka.topic_ids import Descriptions, TopicIds


class ConsumerStub:
    """A consumer of one group.

    stored -- offset and metadata that it answers as committed; an exception: nothing can be read
    """

    def __init__(self, stored: tuple[int, str] | Exception = (0, "")) -> None:
        self.stored = stored
        self.stored_epoch = -1
        self.log: tuple[int, int] | None = None  # low and high watermark; None: Kafka does not answer
        self.at: TopicPartition | None = None  # its position
        self.refuses_seeks = False
        self.metadata_limit = 4095
        self.sought: list[tuple[int, int | None]] = []  # offset and leader epoch
        self.paused: list[TopicPartition] = []
        self.assigned: list[tuple[int, int | None] | None] = []  # offset and leader epoch; None: given back
        self.commits: list[list[TopicPartition]] = []

    @property
    def consumer(self) -> Consumer:
        return cast(Consumer, self)

    @property
    def sought_offsets(self) -> list[int]:
        return [offset for offset, _ in self.sought]

    @property
    def assigned_offsets(self) -> list[int | None]:
        return [each and each[0] for each in self.assigned]

    @property
    def committed_offsets(self) -> list[int]:
        return [each.offset for commit in self.commits for each in commit]

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout > 0
        if isinstance(self.stored, Exception):
            raise self.stored
        return [TopicPartition(each.topic, each.partition, *self.stored, self.stored_epoch) for each in partitions]

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> list[TopicPartition]:
        self.commits.append(offsets)
        if not asynchronous and any(len(each.metadata or "") > self.metadata_limit for each in offsets):
            raise KafkaException(KafkaError(KafkaError.OFFSET_METADATA_TOO_LARGE))
        return offsets

    def position(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        return [self.at or TopicPartition(each.topic, each.partition, OFFSET_INVALID) for each in partitions]

    def seek(self, partition: TopicPartition) -> None:
        if self.refuses_seeks:
            raise KafkaException(KafkaError(KafkaError._STATE))
        self.sought.append((partition.offset, partition.leader_epoch))

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        self.assigned += [(each.offset, each.leader_epoch) for each in partitions]

    def incremental_unassign(self, _partitions: list[TopicPartition]) -> None:
        self.assigned.append(None)

    def pause(self, partitions: list[TopicPartition]) -> None:
        self.paused += partitions

    def resume(self, partitions: list[TopicPartition]) -> None:
        pass

    def get_watermark_offsets(self, _partition: TopicPartition, timeout: float) -> tuple[int, int]:
        assert timeout <= 1, "the poll thread waits"
        if self.log is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        return self.log


class TopicIdsStub(TopicIds):
    """Every topic has this id; the unknown one where nobody can be asked."""

    def __init__(self, present: bytes) -> None:
        self.present = present

    def ask(self, topics: Iterable[str]) -> Descriptions:
        return dict.fromkeys(topics)

    def answers(self, asked: Descriptions) -> dict[str, bytes]:
        return dict.fromkeys(asked, self.present)
