"""The Kafka clients of one worker, created in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from consumer.kafka.identity import Identity
from consumer.kafka.properties import (
    Properties,
    consumer_properties,
    producer_properties,
    refusal,
    shared_properties,
)
from consumer.log import librdkafka

Callbacks = Mapping[str, Callable[..., None]]
T = TypeVar("T")


class KafkaClients:
    """Create librdkafka's clients. Raises ConfigurationError for a property that librdkafka refuses.

    given -- the properties that the settings set
    """

    def __init__(self, given: Properties) -> None:
        self._given = given
        self.identity = Identity.of(given)
        self._left_open: list[object] = []  # clients that close late live as long as this
        self._admin: AdminClient | None = None  # kept: it must outlive its futures

    def consumer(self, callbacks: Callbacks) -> Consumer:
        """Create the member of the group."""
        return self._made(Consumer, consumer_properties(self._given), callbacks)

    def producer(self, callbacks: Callbacks) -> Producer:
        """Create the dead-letter producer."""
        return self._made(Producer, producer_properties(self._given), callbacks)

    def admin(self) -> AdminClient:
        """Return the client for metadata requests inside rebalance callbacks.

        The Consumer must not request metadata there: confluent-kafka keeps one call state per client and thread, and
        aborts the process if it is missing.
        """
        if self._admin is None:
            self._admin = self._made(AdminClient, shared_properties(self._given), {})
        return self._admin

    def _made(self, kind: Callable[..., T], properties: Properties, callbacks: Callbacks) -> T:
        try:
            made = kind({**properties, **callbacks}, logger=librdkafka())
        except KafkaException as failure:
            raise refusal(failure, self._given) from None
        if self.identity.close_may_hang:
            self._left_open.append(made)
        return made
