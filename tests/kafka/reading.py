"""Asking Kafka, again if need be, and reading all records of a topic."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import TypeVar

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from tests.support.waiting import HANG_SECONDS, wait_until

T = TypeVar("T")


def retrying(ask: Callable[[], T]) -> T:
    """Ask again until Kafka does not refuse: a coordinator or controller is not there at once after a start."""
    refusals: list[KafkaException] = []

    def answer() -> tuple[T] | None:
        try:
            return (ask(),)
        except KafkaException as refusal:
            refusals.append(refusal)
            return None

    found = wait_until(answer, lambda: refusals[-1], pause=0.1)
    assert found is not None
    return found[0]


def read_topic(bootstrap: str, topic: str) -> list[Message]:
    """Return all records of a topic, from its present beginning to its present end."""
    found: list[Message] = []
    group = f"read-{uuid.uuid4().hex}"
    with Consumer({"bootstrap.servers": bootstrap, "log_level": 0, "group.id": group}) as consumer:
        for number in consumer.list_topics(topic, timeout=HANG_SECONDS).topics[topic].partitions:
            found += _read_partition(consumer, TopicPartition(topic, number))
    return found


def _read_partition(consumer: Consumer, partition: TopicPartition) -> list[Message]:
    found: list[Message] = []
    low, high = retrying(lambda: consumer.get_watermark_offsets(partition, timeout=HANG_SECONDS))
    if low == high:
        return found
    consumer.assign([TopicPartition(partition.topic, partition.partition, low)])

    def at_end() -> bool:
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            found.append(message)
        return consumer.position([partition])[0].offset >= high  # passes gaps and transactions' markers

    wait_until(at_end, lambda: f"{len(found)} records of {partition}, which ends at {high}", pause=0)
    return found
