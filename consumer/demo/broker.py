"""An in-process Kafka: librdkafka's mock cluster, for the demo and the fast tests. It stores nothing on disk."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from confluent_kafka import KafkaException, Producer

START_SECONDS = 10.0


class InProcessBroker:
    """Runs for the duration of the `with` block; other processes may use it, too.

    It has no transactions, no offsets by time and no admin API, and drops records beyond 5 MiB per partition. Use
    `group.protocol=consumer` and `fetch.wait.max.ms=20`, since new records do not wake a waiting fetch. Every topic
    has `PARTITIONS` partitions.
    """

    PARTITIONS = 4  # the mock cluster's default, which Python can't change

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
        """Return the value for KAFKA_BOOTSTRAP_SERVERS."""
        return self._bootstrap

    def create_topic(self, name: str) -> None:
        """Create a topic and wait for it: a group that subscribes earlier would never be assigned it.

        Raises KafkaException if it does not appear.
        """
        deadline = time.monotonic() + START_SECONDS
        # Requesting a topic's metadata creates it.
        while (topic := self._producer.list_topics(name, timeout=START_SECONDS).topics[name]).error is not None:
            if time.monotonic() > deadline:
                raise KafkaException(topic.error)
            time.sleep(0.01)

    def close(self) -> None:
        """Stop the broker."""
        self._producer.flush(0)
        del self._producer
