"""Detect topics that were deleted or recreated: librdkafka may report neither."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from concurrent.futures import Future

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclOperation
from confluent_kafka.admin._cluster import DescribeClusterResult
from confluent_kafka.admin._topic import TopicDescription
from msgspec import Struct
from msgspec.structs import replace

from consumer.kafka.timeouts import ANSWER_SECONDS
from consumer.kafka.topic_ids import TopicIds

INTERVAL = 5.0  # seconds between two requests: for so long a recreated topic may go undetected


class TopicSeen(Struct, frozen=True):
    """Kafka's response about a topic.

    topic_id -- UNKNOWN_TOPIC_ID while the cluster's id is unknown; None: there is no such topic
    readable -- whether this user may read it; false, too, if the broker does not report that
    asked_at -- monotonic seconds of the request; infinite if a record proves it
    """

    topic_id: bytes | None
    readable: bool = False
    asked_at: float = math.inf


class TopicWatch:
    """Request the topics every few seconds, without waiting for the response. For the poll thread.

    With the classic protocol, a topic recreated within a metadata refresh causes no rebalance: the consumer continues
    at the old offset, or at the end, of the new topic (hence KIP-516's topic ids).
    """

    def __init__(self, topics: tuple[str, ...], topic_ids: TopicIds, admin: Callable[[], AdminClient]) -> None:
        self._topics = TopicCollection(list(topics))
        self._topic_ids = topic_ids
        self._admin = admin
        self._asked_at = 0.0
        self._cluster: Future[DescribeClusterResult] | None = None
        self._answers: Mapping[str, Future[TopicDescription]] = {}

    def look(self, now: float) -> dict[str, TopicSeen]:
        """Return the responses since the last call. Failed requests are omitted. `now`: monotonic seconds."""
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
