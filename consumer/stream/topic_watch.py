"""Notices that a topic was deleted, or deleted and created again: librdkafka may say nothing of either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._topic import TopicDescription

from consumer.stream.topic_ids import TopicIds

INTERVAL = 5.0  # seconds between two questions: for so long a new topic may be taken for the old one
ANSWER_SECONDS = 10.0


class TopicWatch:
    """Asks for the ids of the topics every few seconds, and never waits for the answer. For the poll thread.

    With the classic protocol, a topic that is deleted and created again within a metadata refresh brings no rebalance:
    the consumer goes on at the old offset, or at the end, in another topic (KIP-516 gave topics ids for this).
    """

    def __init__(self, topics: tuple[str, ...], topic_ids: TopicIds, admin: Callable[[], AdminClient]) -> None:
        self._topics = TopicCollection(list(topics))
        self._topic_ids = topic_ids
        self._admin = admin
        self._asked_at = 0.0
        self._answers: Mapping[str, Future[TopicDescription]] = {}

    def look(self, now: float) -> dict[str, bytes | None]:
        """What has been answered since the last look: each topic's id, None for one that is gone. Mostly nothing.

        A topic that could not be asked about is left out. now -- monotonic seconds
        """
        if self._answers and all(answer.done() for answer in self._answers.values()):
            answers, self._answers = self._answers, {}
            return {topic: found for topic, answer in answers.items() if (found := self._read(answer)) != b""}
        if not self._answers and now - self._asked_at >= INTERVAL:
            self._asked_at = now
            self._answers = self._admin().describe_topics(self._topics, request_timeout=ANSWER_SECONDS)
        return {}

    def _read(self, answer: Future[TopicDescription]) -> bytes | None:
        try:
            return self._topic_ids.read(answer.result())
        except KafkaException as failure:
            return None if failure.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART else b""
