"""What a rebalance does to ledgers and commits."""

from __future__ import annotations

from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from prometheus_client import CollectorRegistry

from consumer.stream.assignment import Assignment
from consumer.stream.committer import Committer
from consumer.stream.connection import Connection
from consumer.stream.health import Health
from consumer.stream.options import StreamOptions
from consumer.stream.reporter import Reporter
from consumer.stream.scheduler import Batch
from tests.stream.builders import EVENTS, Engine

NOW = 1000.0


class Group:
    """Stands for librdkafka's consumer and the coordinator behind it."""

    def __init__(self) -> None:
        self.commits: list[TopicPartition] = []

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout > 0
        return [TopicPartition(each.topic, each.partition, 0) for each in partitions]

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        pass

    def resume(self, partitions: list[TopicPartition]) -> None:
        pass

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> list[TopicPartition]:
        assert not asynchronous
        self.commits += offsets
        return offsets


def nobody() -> AdminClient:
    """No broker tells a topic's id."""
    raise KafkaException(KafkaError(KafkaError._TRANSPORT))


def test_what_is_settled_is_committed_at_a_revoke_that_comes_before_the_first_statistics() -> None:
    engine, health = Engine().scheduler, Health(NOW)
    assignment = Assignment(
        StreamOptions(("events",), "group", "events.dead-letter", {}),
        engine,
        Committer(engine, lambda _result: None),
        Connection(health, lambda: NOW),
        health,
        Reporter(CollectorRegistry(), None, lambda: NOW),
        nobody,
        lambda: NOW,
    )
    group, events = Group(), [TopicPartition(*EVENTS)]
    assignment.assigned(cast(Consumer, group), events)
    engine.ledgers[EVENTS].highest_seen = 9  # ten filtered records: being seen is being settled
    engine.admit(Batch(consumed=10))
    assignment.revoked(cast(Consumer, group), events)
    assert [each.offset for each in group.commits] == [10]
