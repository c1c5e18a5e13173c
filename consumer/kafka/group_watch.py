"""Detect that Kafka refuses the group: librdkafka does not report a refused FindCoordinator."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._group import ConsumerGroupDescription

from consumer.kafka.timeouts import COORDINATOR_SECONDS

PATIENCE = 5.0  # seconds without a coordinator before the first request
INTERVAL = 10.0  # seconds between two requests


class GroupWatch:
    """Describe the group while no coordinator is known, without waiting for the response. For the poll thread.

    refused -- called with the error when Kafka refuses access to the group
    """

    def __init__(
        self, group_id: str, admin: Callable[[], AdminClient], refused: Callable[[KafkaError], None], now: float
    ) -> None:
        self._group_id = group_id
        self._admin = admin
        self._refused = refused
        self._answer: Future[ConsumerGroupDescription] | None = None
        self._next_at = now + PATIENCE  # monotonic seconds

    def coordinator_known(self, now: float) -> None:
        """Note that the coordinator is known, and postpone the next request."""
        self._next_at = now + PATIENCE

    def look(self, now: float) -> None:
        """Ask if it is time, and report a refusal. Call while brokers answer and no coordinator is known.

        now -- monotonic seconds
        """
        if self._answer is not None and self._answer.done():
            answer, self._answer = self._answer, None
            failure = answer.exception()
            if isinstance(failure, KafkaException):
                self._refused(failure.args[0])
        elif self._answer is None and now >= self._next_at:
            self._next_at = now + INTERVAL
            asked = self._admin().describe_consumer_groups([self._group_id], request_timeout=COORDINATOR_SECONDS)
            self._answer = asked[self._group_id]
