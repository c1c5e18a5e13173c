"""Topic ids, which distinguish a topic from a recreated one of the same name (KIP-516)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._topic import TopicDescription

from consumer.scheduling.offset_map import UNKNOWN_TOPIC_ID

CLUSTER_SECONDS = 2.0
TOPICS_SECONDS = 3.0
CLUSTER = slice(16, 20)  # of an id

Descriptions = Mapping[str, Future[TopicDescription] | None]  # None: nobody could be asked


class TopicIds:
    """Request topic ids on the poll thread, for all topics at once and in bounded time.

    If the request fails, the id is unknown: offset maps that have an id then don't match and are ignored.

    An id is the topic's own (16 bytes) and a checksum of its cluster's (4 bytes). Two ids of one cluster are those of a
    recreated topic; ids of two clusters are those of mirrors.
    """

    def __init__(self, admin: Callable[[], AdminClient]) -> None:
        self._admin = admin
        self._cluster: bytes | None = None  # None: unknown yet

    def of(self, topics: Iterable[str]) -> dict[str, bytes]:
        """Return the ids of these topics. Takes at most CLUSTER_SECONDS + TOPICS_SECONDS."""
        return self.answers(self.ask(topics))

    def ask(self, topics: Iterable[str]) -> Descriptions:
        """Request the topics' descriptions for `answers`; without waiting, if the cluster is known."""
        names = sorted(set(topics))
        if not names or not self._can_be_asked(names[0]):
            return dict.fromkeys(names)
        return self._admin().describe_topics(TopicCollection(names), request_timeout=TOPICS_SECONDS)

    def answers(self, asked: Descriptions) -> dict[str, bytes]:
        """Wait for the responses to `ask`, at most TOPICS_SECONDS."""
        return {topic: self._answer(description) for topic, description in asked.items()}

    def id(self, topic: str) -> bytes:
        """Return the id of one topic."""
        return self.of((topic,))[topic]

    def read(self, topic: TopicDescription) -> bytes:
        """Return the id in a topic's description; unknown as long as the cluster is."""
        if self._cluster is None:
            return UNKNOWN_TOPIC_ID
        uuid: Any = topic.topic_id  # its stub has no methods
        high, low = uuid.get_most_significant_bits() % 2**64, uuid.get_least_significant_bits() % 2**64
        return int(high << 64 | low).to_bytes(16) + self._cluster

    def cluster_is(self, cluster_id: str) -> None:
        """Set the id of the cluster."""
        self._cluster = zlib.crc32(cluster_id.encode()).to_bytes(4)

    @property
    def knows_cluster(self) -> bool:
        """Return whether ids can be read."""
        return self._cluster is not None

    def _can_be_asked(self, topic: str) -> bool:
        """Return whether there is a controller to describe topics: an in-process broker has none and hangs."""
        if self._cluster is not None:
            return True
        try:
            cluster = self._admin().list_topics(topic, timeout=CLUSTER_SECONDS)
        except KafkaException:
            return False
        if cluster.controller_id not in cluster.brokers:
            return False
        self.cluster_is(str(cluster.cluster_id))
        return True

    def _answer(self, description: Future[TopicDescription] | None) -> bytes:
        try:
            return UNKNOWN_TOPIC_ID if description is None else self.read(description.result())
        except KafkaException:
            return UNKNOWN_TOPIC_ID


def is_former(topic_id: bytes, present: bytes) -> bool:
    """Return whether a topic with this id was deleted and recreated with the `present` one."""
    known = UNKNOWN_TOPIC_ID not in (topic_id, present)
    return known and topic_id != present and topic_id[CLUSTER] == present[CLUSTER]
