"""Before anything is consumed: Kafka answers, and the topics are there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._metadata import TopicMetadata
from confluent_kafka.cimpl import NewTopic

from consumer.errors import ConfigurationError, FatalStreamError, Problem
from consumer.stream.connection import Connection
from consumer.stream.health import Health
from consumer.stream.kafka_properties import shared_properties
from consumer.stream.options import DeadLetterTopicCreation, StreamOptions

LOOK_UP_SECONDS = 1.0
FIRST_WORD_SECONDS = 5.0  # a broker that is just starting is not worth a line
CREATION_SECONDS = 30.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Topics:
    """What the worker needs to know of the topics: how many partitions the dead-letter topic has."""

    dead_letter_partitions: int


class Start:
    """Waits for Kafka as long as it takes (or `start_timeout` seconds), and refuses to start without the topics.

    The topics are looked up by the Consumer: an AdminClient or a Producer would create a missing one where the broker
    creates topics by itself.
    """

    def __init__(
        self,
        options: StreamOptions,
        connection: Connection,
        health: Health,
        clock: Callable[[], float],
        stopped: Callable[[], bool],
    ) -> None:
        self._options = options
        self._connection = connection
        self._health = health
        self._clock = clock
        self._stopped = stopped

    def topics(self, consumer: Consumer) -> Topics | None:
        """The topics, once Kafka has told; None: the worker was stopped before.

        Raises ConfigurationError naming every missing topic with the command that creates it, and FatalStreamError when
        `start_timeout` has passed.
        """
        options = self._options
        found: dict[str, TopicMetadata] = {}
        for name in (*options.topics, options.dead_letter_topic):
            metadata = self._look_up(consumer, name)
            if metadata is None:
                return None
            found[name] = metadata
        sources = sum(len(found[name].partitions) for name in options.topics)
        problems = [_missing("KAFKA_TOPIC", name, 6) for name in options.topics if _is_missing(found[name])]
        if _is_missing(found[options.dead_letter_topic]):
            if options.dead_letter_topic_creation is DeadLetterTopicCreation.NEVER or problems:
                problems.append(_missing("KAFKA_DEAD_LETTER_TOPIC", options.dead_letter_topic, sources or 6))
            else:
                self._create(max(1, sources))
                return Topics(max(1, sources))
        if problems:
            raise ConfigurationError(*problems)
        return Topics(len(found[options.dead_letter_topic].partitions))

    def _look_up(self, consumer: Consumer, name: str) -> TopicMetadata | None:
        began = self._clock()
        told = False
        while not self._stopped():
            now = self._clock()
            self._health.polled(now)
            consumer.poll(0)  # brings librdkafka's errors and statistics in
            try:
                topic: TopicMetadata | None = consumer.list_topics(name, timeout=LOOK_UP_SECONDS).topics[name]
            except KafkaException:
                topic = None
            if topic is not None:
                self._connection.reached()
                if topic.error is None or _is_missing(topic):
                    return topic
                self._connection.error(topic.error)
            if 0 < self._options.start_timeout < now - began:
                raise FatalStreamError(f"Kafka could not be used within {self._options.start_timeout:g} s")
            if not told and topic is None and now - began >= FIRST_WORD_SECONDS:
                told = True
                log.warning(
                    "Kafka does not answer; trying on",
                    bootstrap_servers=self._options.connection.get("bootstrap.servers"),
                    mend="check KAFKA_BOOTSTRAP_SERVERS, the network and KAFKA_SECURITY_PROTOCOL",
                )
        return None

    def _create(self, partitions: int) -> None:
        """Create the dead-letter topic: kept for ever, since a dead letter bears the time of its record."""
        admin = AdminClient(shared_properties(self._options.connection))
        name = self._options.dead_letter_topic
        topic = NewTopic(name, partitions, config={"retention.ms": "-1"})
        try:
            admin.create_topics([topic], request_timeout=CREATION_SECONDS)[name].result()
        except KafkaException as failure:
            error: KafkaError = failure.args[0]
            if error.code() != KafkaError.TOPIC_ALREADY_EXISTS:
                what = f"the topic {name} could not be created: {error.name()}"
                raise ConfigurationError(
                    Problem("KAFKA_CREATE_DEAD_LETTER_TOPIC", what, _create_it(name, partitions))
                ) from None
        log.info("dead-letter topic created", topic=name, partitions=partitions)


def _is_missing(topic: TopicMetadata) -> bool:
    return topic.error is not None and topic.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART


def _missing(setting: str, name: str, partitions: int) -> Problem:
    return Problem(setting, f"the topic {name} does not exist", _create_it(name, partitions))


def _create_it(name: str, partitions: int) -> str:
    keep = " --config retention.ms=-1" if name.endswith("dead-letter") else ""
    return (
        "Create it: kafka-topics.sh --bootstrap-server $KAFKA_BOOTSTRAP_SERVERS --create"
        f" --topic {name} --partitions {partitions}{keep}"
    )
