"""A Kafka inside this process: librdkafka's mock cluster, for the demo and the fast tests. Nothing is kept on disk."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException, Producer

START_SECONDS = 10.0


class InProcessBroker:
    """Lives as long as the `with` block; other processes may use it too.

    It knows no transactions, no times, no administration, and drops what a partition holds beyond 5 MiB. Clients do
    best with `group.protocol=consumer` and `fetch.wait.max.ms=20`: new records don't wake a fetch that waits.
    Every topic has `PARTITIONS` partitions.
    """

    PARTITIONS = 4  # the mock cluster's default; it can't be told otherwise from Python

    def __init__(self) -> None:
        self._producer = Producer({"test.mock.num.brokers": 1, "log_level": 0})
        brokers = self._producer.list_topics(timeout=START_SECONDS).brokers.values()
        self._bootstrap = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def bootstrap(self) -> str:
        """What KAFKA_BOOTSTRAP_SERVERS is to be."""
        return self._bootstrap

    def create_topic(self, name: str) -> None:
        """Create a topic, and return when it is there: a group that subscribes before would never be assigned it.

        Raises KafkaException if it does not appear.
        """
        deadline = time.monotonic() + START_SECONDS
        # Asking for a topic creates it.
        while (topic := self._producer.list_topics(name, timeout=START_SECONDS).topics[name]).error is not None:
            if time.monotonic() > deadline:
                raise KafkaException(topic.error)
            time.sleep(0.01)

    def close(self) -> None:
        """End the broker; its clients find it gone."""
        self._producer.flush(0)
        del self._producer
