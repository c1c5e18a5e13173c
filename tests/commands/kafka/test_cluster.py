"""Kafka's responses in the first moments of a group."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from consumer.commands.kafka.cluster import Cluster
from consumer.errors import RefusedError
from consumer.settings.model import Kafka

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
    made = Cluster(Kafka.model_validate({"bootstrap_servers": "127.0.0.1:1", "topic": "events"}))
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
