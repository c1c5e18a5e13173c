"""Notices that a topic was deleted, or deleted and created again: librdkafka may say nothing of either."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclOperation
from confluent_kafka.admin._cluster import DescribeClusterResult
from confluent_kafka.admin._topic import TopicDescription

from consumer.kafka.topic_ids import TopicIds

INTERVAL = 5.0  # seconds between two questions: for so long a new topic may be taken for the old one
ANSWER_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class TopicSeen:
    """What Kafka has answered about a topic.

    topic_id -- UNKNOWN_TOPIC_ID as long as the cluster's own id is not known; None: there is no such topic
    readable -- whether this user may read it; false, too, where the broker does not tell
    asked_at -- monotonic seconds at which Kafka was asked; infinite where a record has shown it
    """

    topic_id: bytes | None
    readable: bool = False
    asked_at: float = math.inf


class TopicWatch:
    """Asks for the topics every few seconds, and never waits for the answer. For the poll thread.

    With the classic protocol, a topic that is deleted and created again within a metadata refresh brings no rebalance:
    the consumer goes on at the old offset, or at the end, in another topic (KIP-516 gave topics ids for this).
    """

    def __init__(self, topics: tuple[str, ...], topic_ids: TopicIds, admin: Callable[[], AdminClient]) -> None:
        self._topics = TopicCollection(list(topics))
        self._topic_ids = topic_ids
        self._admin = admin
        self._asked_at = 0.0
        self._cluster: Future[DescribeClusterResult] | None = None
        self._answers: Mapping[str, Future[TopicDescription]] = {}

    def look(self, now: float) -> dict[str, TopicSeen]:
        """Return what has been answered about each topic since the last look: mostly nothing.

        A topic that could not be asked about is left out. now -- monotonic seconds
        """
        if self._answers and all(answer.done() for answer in self._answers.values()):
            answers, self._answers = self._answers, {}
            self._learn_cluster()
            read = {topic: self._read(answer) for topic, answer in answers.items()}
            return {topic: replace(seen, asked_at=self._asked_at) for topic, seen in read.items() if seen is not None}
        if not self._answers and now - self._asked_at >= INTERVAL:
            self._asked_at = now
            if not self._topic_ids.knows_cluster:
                self._cluster = self._admin().describe_cluster(request_timeout=ANSWER_SECONDS)
            self._answers = self._admin().describe_topics(
                self._topics, include_authorized_operations=True, request_timeout=ANSWER_SECONDS
            )
        return {}

    def _learn_cluster(self) -> None:
        if self._cluster is not None and self._cluster.done():
            cluster, self._cluster = self._cluster, None
            try:
                self._topic_ids.cluster_is(str(cluster.result().cluster_id))
            except KafkaException:
                return  # asked again with the topics

    def _read(self, answer: Future[TopicDescription]) -> TopicSeen | None:
        try:
            found = answer.result()
        except KafkaException as failure:
            return TopicSeen(None) if failure.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART else None
        return TopicSeen(self._topic_ids.read(found), AclOperation.READ in (found.authorized_operations or ()))
