"""The ids of topics: what tells a topic from one of the same name that was deleted and created again (KIP-516)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import Any

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._topic import TopicDescription

from consumer.stream.commit_map import UNKNOWN_TOPIC_ID

LOOK_UP_SECONDS = 5.0
CLUSTER = slice(16, 20)  # of an id


class TopicIds:
    """Looked up when asked, on the poll thread. A topic whose id can't be had counts as unknown: maps of settled
    records that were written with an id then don't match, so they are not believed.

    An id is the topic's own (16 bytes) and a checksum of its cluster's (4 bytes): of two topics that are both called
    so, those of one cluster were there one after the other, those of two clusters mirror each other.
    """

    def __init__(self, admin: Callable[[], AdminClient]) -> None:
        self._admin = admin
        self._cluster = bytes(4)

    def of(self, topics: Iterable[str]) -> dict[str, bytes]:
        """The ids of these topics."""
        return {topic: self.id(topic) for topic in set(topics)}

    def id(self, topic: str) -> bytes:
        """The id of one topic."""
        try:
            admin = self._admin()
            cluster = admin.list_topics(topic, timeout=LOOK_UP_SECONDS)
            if cluster.controller_id not in cluster.brokers:
                return UNKNOWN_TOPIC_ID  # nobody to ask: an in-process broker
            self._cluster = zlib.crc32(str(cluster.cluster_id).encode()).to_bytes(4)
            found = admin.describe_topics(TopicCollection([topic]), request_timeout=LOOK_UP_SECONDS)
            return self.read(found[topic].result())
        except KafkaException:
            return UNKNOWN_TOPIC_ID

    def read(self, topic: TopicDescription) -> bytes:
        """The id in a topic's description, of the cluster that was looked at before."""
        uuid: Any = topic.topic_id  # its stub has no methods
        high, low = uuid.get_most_significant_bits() % 2**64, uuid.get_least_significant_bits() % 2**64
        return int(high << 64 | low).to_bytes(16) + self._cluster


def is_former(topic_id: bytes, present: bytes) -> bool:
    """Whether a topic with this id was deleted, and is there again with the `present` one."""
    known = UNKNOWN_TOPIC_ID not in (topic_id, present)
    return known and topic_id != present and topic_id[CLUSTER] == present[CLUSTER]
