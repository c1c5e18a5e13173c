"""The ids of topics: what tells a topic from one of the same name that was deleted and created again (KIP-516)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._topic import TopicDescription

from consumer.stream.commit_map import TOPIC_ID_SIZE, UNKNOWN_TOPIC_ID

LOOK_UP_SECONDS = 5.0


class TopicIds:
    """Looked up when asked, on the poll thread. A topic whose id can't be had counts as unknown: maps of settled
    records that were written with an id then don't match, so they are not believed.
    """

    def __init__(self, admin: Callable[[], AdminClient]) -> None:
        self._admin = admin

    def of(self, topics: Iterable[str]) -> dict[str, bytes]:
        """The ids of these topics, 16 bytes each."""
        return {topic: self.id(topic) for topic in set(topics)}

    def id(self, topic: str) -> bytes:
        """The id of one topic."""
        try:
            admin = self._admin()
            cluster = admin.list_topics(topic, timeout=LOOK_UP_SECONDS)
            if cluster.controller_id not in cluster.brokers:
                return UNKNOWN_TOPIC_ID  # nobody to ask: an in-process broker
            found = admin.describe_topics(TopicCollection([topic]), request_timeout=LOOK_UP_SECONDS)
            return id_of(found[topic].result())
        except KafkaException:
            return UNKNOWN_TOPIC_ID


def id_of(topic: TopicDescription) -> bytes:
    """The id in a topic's description, 16 bytes."""
    uuid: Any = topic.topic_id  # its stub has no methods
    high, low = uuid.get_most_significant_bits() % 2**64, uuid.get_least_significant_bits() % 2**64
    return int(high << 64 | low).to_bytes(TOPIC_ID_SIZE)
