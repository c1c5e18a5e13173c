"""The Kafka clients of one worker, created in one place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
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
MEMBER_CALLBACKS = ("error_cb", "stats_cb", "on_commit")
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
        self._member: Consumer | None = None  # connected, but not used yet
        self._callbacks: Callbacks = {}  # of the member; read inside its `poll`, so after `consumer` has set them

    def connect(self) -> None:
        """Create the member of the group and the admin client: librdkafka's threads connect while the caller prepares.

        Between its first two connections each waits for half of `reconnect.backoff.ms` (rd_kafka_new,
        sparse_connect_intvl).
        """
        callbacks = {name: partial(self._call, name) for name in MEMBER_CALLBACKS}
        self._member = self._made(Consumer, consumer_properties(self._given), callbacks)
        for client in (self._member, self.admin()):
            with suppress(KafkaException):  # there is no answer yet, but a client connects when it has a request
                client.list_topics(timeout=0)

    def consumer(self, callbacks: Callbacks) -> Consumer:
        """Return the member of the group, connected before or created now."""
        if self._member is None:
            return self._made(Consumer, consumer_properties(self._given), callbacks)
        self._callbacks = callbacks
        member, self._member = self._member, None
        return member

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

    def _call(self, name: str, *arguments: object) -> None:
        self._callbacks[name](*arguments)

    def _made(self, kind: Callable[..., T], properties: Properties, callbacks: Callbacks) -> T:
        try:
            made = kind({**properties, **callbacks}, logger=librdkafka())
        except KafkaException as failure:
            raise refusal(failure, self._given) from None
        if self.identity.close_may_hang:
            self._left_open.append(made)
        return made
