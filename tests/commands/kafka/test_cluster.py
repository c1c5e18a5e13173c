"""Kafka's responses of groups and partitions to the commands."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.partitions import Scope, chosen
from consumer.errors import RefusedError
from consumer.settings.kafka import Kafka
from consumer.settings.reading import read_section

COMMITTED = [TopicPartition("events", 0, 7)]


class NewGroup:
    """librdkafka's consumer of a group whose coordinator is not ready at first."""

    def __init__(self, *errors: int) -> None:
        self._errors = list(errors)

    def list_topics(self, **_options: float) -> Any:
        return SimpleNamespace(topics={"events": SimpleNamespace(partitions={0: None})})

    def committed(self, _partitions: list[TopicPartition], **_options: float) -> list[TopicPartition]:
        if self._errors:
            raise KafkaException(KafkaError(self._errors.pop(0)))
        return COMMITTED

    def close(self) -> None:
        """Nothing is open."""


def cluster(*errors: int) -> Cluster:
    made = Cluster(read_section(Kafka, {"bootstrap_servers": "127.0.0.1:1", "topic": "events"}))
    made.consumer.close()
    made.consumer = NewGroup(*errors)  # type: ignore[assignment]  # what is asked of it
    return made


def test_offsets_are_asked_for_again_while_the_coordinator_is_on_the_move() -> None:
    moving = cluster(KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS)
    assert moving.committed() == COMMITTED


def test_another_refusal_is_reported_at_once() -> None:
    with pytest.raises(RefusedError, match="INVALID_GROUP_ID"):
        cluster(KafkaError.INVALID_GROUP_ID).committed()


def test_a_coordinator_that_never_settles_is_told_of_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumer.commands.kafka.cluster.ANSWER_SECONDS", 0.0)
    with pytest.raises(RefusedError, match="NOT_COORDINATOR"):
        cluster(*[KafkaError.NOT_COORDINATOR] * 3).committed()


THERE = {"events": (0, 1, 2), "orders": (0,)}


def test_a_topic_alone_means_all_its_partitions() -> None:
    assert chosen([Scope.parse("events")], THERE) == [("events", 0), ("events", 1), ("events", 2)]


def test_partitions_may_be_named() -> None:
    assert Scope.parse("events:2,0") == Scope("events", (0, 2))
    assert chosen([Scope.parse("events:2,0")], THERE) == [("events", 0), ("events", 2)]


def test_several_topics_add_up_and_each_partition_counts_once() -> None:
    scopes = [Scope.parse("orders"), Scope.parse("events:1"), Scope.parse("events:1,2")]
    assert chosen(scopes, THERE) == [("events", 1), ("events", 2), ("orders", 0)]


@pytest.mark.parametrize("text", ["", "events:", ":0", "events:a", "events:0,", "events:-1", "a b", "events:0:1"])
def test_what_names_no_topic_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="topic:0,1"):
        Scope.parse(text)


def test_a_topic_that_is_not_there_is_named() -> None:
    with pytest.raises(RefusedError, match="nowhere does not exist"):
        chosen([Scope.parse("nowhere:0")], THERE)


def test_a_partition_that_is_not_there_is_named_with_how_many_there_are() -> None:
    with pytest.raises(RefusedError, match=r"events has no partition 3, 7: it has 3"):
        chosen([Scope.parse("events:1,3,7")], THERE)
