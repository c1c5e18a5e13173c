"""Wait for Kafka and check the topics before consuming."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._metadata import TopicMetadata

from consumer.dead_letters.topic import DeadLetterTopic
from consumer.errors import ConfigurationError, FatalStreamError, Problem
from consumer.kafka.broker_status import BrokerStatus
from consumer.kafka.topic_watch import TopicSeen
from consumer.monitoring.health import Health
from consumer.scheduling.offset_map import UNKNOWN_TOPIC_ID
from consumer.settings import Settings
from consumer.threads import Threads

METADATA_SECONDS = 1.0
PAUSE_SECONDS = 0.05  # between two attempts
DEAD_LETTER_HINT = (
    "Kafka forbids this user to use the dead-letter topic; grant WRITE and DESCRIBE on KAFKA_DEAD_LETTER_TOPIC"
)
FIRST_LOG_SECONDS = 5.0  # a broker that is just starting needs no log line

log = structlog.get_logger()


class Startup:
    """Wait for Kafka (`start_timeout` seconds at most, if set), and refuse to start without the topics.

    The Consumer requests the metadata: an AdminClient or a Producer would create a missing topic on a broker with
    auto.create.topics.enable.
    """

    def __init__(
        self,
        settings: Settings,
        admin: Callable[[], AdminClient],
        connection: BrokerStatus,
        health: Health,
        threads: Threads,
        clock: Callable[[], float],
        stopped: Callable[[], bool],
    ) -> None:
        self._kafka = settings.kafka
        self._timeout = settings.worker.start_timeout
        self._admin = admin
        self._connection = connection
        self._health = health
        self._threads = threads
        self._clock = clock
        self._stopped = stopped

    def find_topics(self, consumer: Consumer) -> bool:
        """Return True once all topics exist, False if the worker was stopped before.

        Raises ConfigurationError naming every missing topic with the command that creates it, and FatalStreamError when
        `start_timeout` has passed.
        """
        kafka = self._kafka
        found: dict[str, TopicMetadata] = {}
        for name in (*kafka.topics, kafka.dead_letter_topic):
            metadata = self._metadata_of(consumer, name)
            if metadata is None:
                return False
            found[name] = metadata
        # A dead letter keeps its source's partition number, so the widest topic counts.
        sources = max(len(found[name].partitions) for name in kafka.topics)
        problems = [
            _missing("KAFKA_TOPIC", name, "--partitions 6") for name in kafka.topics if _is_missing(found[name])
        ]
        if _is_missing(found[kafka.dead_letter_topic]):
            if not kafka.create_dead_letter_topic or problems:
                like_source = f"--partitions {sources or 6} --config retention.ms=-1"
                problems.append(_missing("KAFKA_DEAD_LETTER_TOPIC", kafka.dead_letter_topic, like_source))
            else:
                DeadLetterTopic(kafka.dead_letter_topic, self._admin()).create(sources)
                return True
        if problems:
            raise ConfigurationError(*problems)
        partitions = len(found[kafka.dead_letter_topic].partitions)
        topic = DeadLetterTopic(kafka.dead_letter_topic, self._admin())
        # Beside the start: its connection takes as long as joining the group.
        self._threads.start(lambda: _warn(topic, partitions, sources), "dead-letter-topic")
        return True

    def _metadata_of(self, consumer: Consumer, name: str) -> TopicMetadata | None:
        began, kafka = self._clock(), self._kafka
        logged = False
        pause = 0.0
        while not self._stopped():
            now = self._clock()
            self._health.polled(now)
            consumer.poll(pause)  # brings librdkafka's errors and statistics in
            pause = PAUSE_SECONDS
            try:
                topic: TopicMetadata | None = consumer.list_topics(name, timeout=METADATA_SECONDS).topics[name]
            except KafkaException:
                topic = None
            if topic is not None:
                self._connection.reached()
                if topic.error is None or _is_missing(topic):
                    self._connection.topic_looked_up(name, TopicSeen(UNKNOWN_TOPIC_ID, readable=True))
                    return topic
                refused = DEAD_LETTER_HINT if name == kafka.dead_letter_topic else ""
                self._connection.error(topic.error, name, refused)
            hint = self._health.unreached_hint
            if 0 < self._timeout < now - began:
                cause = self._health.refusal or f"no answer from {kafka.bootstrap_servers}; {hint}"
                raise FatalStreamError(f"Kafka could not be used within {self._timeout:g} s: {cause}")
            if not logged and topic is None and now - began >= FIRST_LOG_SECONDS:
                logged = True
                log.warning("kafka not reached, retrying", bootstrap_servers=kafka.bootstrap_servers, hint=hint)
        return None


def _warn(topic: DeadLetterTopic, partitions: int, sources: int) -> None:
    for warning in topic.warnings(partitions, sources):
        log.warning("dead-letter topic may lose records", why=warning)


def _is_missing(topic: TopicMetadata) -> bool:
    return topic.error is not None and topic.error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART


def _missing(setting: str, name: str, how: str) -> Problem:
    create = f"kafka-topics.sh --bootstrap-server $KAFKA_BOOTSTRAP_SERVERS --create --topic {name} {how}"
    return Problem(setting, f"the topic {name} does not exist", f"Create it: {create}")
