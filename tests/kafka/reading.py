"""All records of a topic."""

from __future__ import annotations

import uuid

from confluent_kafka import Consumer, Message, TopicPartition

from tests.support.waiting import HANG_SECONDS, wait_until


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
    low, high = consumer.get_watermark_offsets(partition, timeout=HANG_SECONDS)
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
