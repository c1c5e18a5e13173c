"""The Kafka clients of one worker, made in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from consumer.kafka.options import StreamOptions
from consumer.kafka.properties import consumer_properties, producer_properties, refusal, shared_properties
from consumer.log import librdkafka

Callbacks = Mapping[str, Callable[..., None]]
T = TypeVar("T")


class KafkaClients:
    """Makes librdkafka's clients as the options say."""

    def __init__(self, options: StreamOptions) -> None:
        self.options = options
        self._admin: AdminClient | None = None  # kept: it must outlive the answers that it has been asked for

    def consumer(self, callbacks: Callbacks) -> Consumer:
        """The member of the group. Raises ConfigurationError for a property that librdkafka does not take."""
        return self._made(Consumer, consumer_properties(self.options), callbacks)

    def producer(self, callbacks: Callbacks) -> Producer:
        """The producer of dead letters. Raises ConfigurationError for a property that librdkafka does not take."""
        return self._made(Producer, producer_properties(self.options), callbacks)

    def admin(self) -> AdminClient:
        """For look-ups inside rebalance callbacks, where the Consumer must not be asked for metadata: confluent-kafka
        keeps one call state for each client and thread, and ends the process when it is missing.
        """
        if self._admin is None:
            self._admin = self._made(AdminClient, shared_properties(self.options.connection), {})
        return self._admin

    def _made(self, kind: Callable[..., T], properties: Mapping[str, object], callbacks: Callbacks) -> T:
        try:
            return kind({**properties, **callbacks}, logger=librdkafka())
        except KafkaException as failure:
            raise refusal(failure, self.options.connection) from None
