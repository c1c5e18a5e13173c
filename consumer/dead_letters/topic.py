"""The dead-letter topic: create it with unlimited retention, and warn of a configuration that may lose dead letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import structlog
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType
from confluent_kafka.cimpl import NewTopic

from consumer.errors import ConfigurationError, Problem
from consumer.kafka.timeouts import ANSWER_SECONDS

log = structlog.get_logger()


class DeadLetterTopic:
    """Administer the one topic that the worker may create. Used at startup."""

    def __init__(self, name: str, admin: AdminClient) -> None:
        self._name = name
        self._admin = admin

    def create(self, partitions: int) -> None:
        """Create it with unlimited retention. Raises ConfigurationError if Kafka refuses.

        A dead letter has its record's timestamp, so a finite retention would delete an old one within seconds.
        """
        topic = NewTopic(self._name, partitions, config={"retention.ms": "-1"})
        try:
            self._admin.create_topics([topic], request_timeout=ANSWER_SECONDS)[self._name].result()
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            if error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                what = f"the topic {self._name} could not be created: {error.name()}"
                hint = "Create it yourself, or grant CREATE on it"
                raise ConfigurationError(Problem("KAFKA_CREATE_DEAD_LETTER_TOPIC", what, hint)) from None
        log.info("dead-letter topic created", topic=self._name, partitions=partitions)

    def warnings(self, partitions: int, source_partitions: int) -> Iterator[str]:
        """Return what may lose or misplace dead letters, each with its fix."""
        for what, hint in retention_warnings(partitions, source_partitions, self._config()):
            yield f"{what}: {hint}"

    def _config(self) -> dict[str, str]:
        """Return the topic's configuration; empty if it can't be read."""
        resource = ConfigResource(ResourceType.TOPIC, self._name)
        try:
            cluster = self._admin.list_topics(self._name, timeout=ANSWER_SECONDS)
            if cluster.controller_id not in cluster.brokers:
                return {}  # an in-process broker
            answer = self._admin.describe_configs([resource], request_timeout=ANSWER_SECONDS)[resource].result()
        except KafkaException:
            return {}
        return {name: str(entry.value) for name, entry in answer.items()}


def retention_warnings(partitions: int, source_partitions: int, config: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Return what may lose or misplace dead letters, each with its fix. `config` may be incomplete."""
    if partitions < source_partitions:
        what = f"it has {partitions} partitions, the source {source_partitions}, so some dead letters go by key"
        yield what, f"give it {source_partitions}"
    if config.get("retention.ms", "-1") != "-1":
        yield "its retention is finite, counted from a record's own time", "set retention.ms=-1"
    if "compact" in config.get("cleanup.policy", ""):
        yield "it is compacted, so only the last dead letter of each key is kept", "set cleanup.policy=delete"
