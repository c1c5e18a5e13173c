"""Kafka as commands ask it: they join no group, create no topic, and wait a bounded time for every answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import NamedTuple, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec
from confluent_kafka.admin._metadata import TopicMetadata

from consumer import __version__
from consumer.errors import ConfigurationError, FatalStreamError, Problem, RefusedError
from consumer.operations.connection import connection
from consumer.settings.model import Kafka
from consumer.stream.connection import REFUSALS
from consumer.stream.kafka_properties import refusal, shared_properties
from consumer.stream.record import Partition

ANSWER_SECONDS = 10.0
T = TypeVar("T")


class Ends(NamedTuple):
    """A partition's log: the first offset it has, and the one that its next record will get."""

    low: int
    high: int


class Cluster:
    """One connection to Kafka, as the settings say. For one thread.

    Its methods raise FatalStreamError where Kafka does not answer, ConfigurationError where it refuses our credentials
    or is not who it should be, and RefusedError where it forbids what was asked for.
    """

    def __init__(self, kafka: Kafka) -> None:
        self.servers = kafka.bootstrap_servers
        self._group_id = kafka.group_id
        self._connection = connection(kafka)
        self._refused_for: int | None = None
        self.admin: AdminClient = self._made(AdminClient, shared_properties(self._connection))
        self.consumer: Consumer = self.new_consumer()

    def new_consumer(self, **properties: str | int | bool) -> Consumer:
        """A consumer for `assign`, never for `subscribe`: so it joins no group, and it commits nothing by itself."""
        fixed = {"group.id": self._group_id, "enable.auto.commit": False, "enable.auto.offset.store": False}
        return self._made(Consumer, {**self._connection, **properties, **fixed})

    def close(self) -> None:
        """Disconnect."""
        self.consumer.close()

    def topic(self, name: str) -> TopicMetadata | None:
        """A topic's metadata; None: there is none of this name. Asked of the consumer: an AdminClient's question
        creates a missing topic where the broker creates topics by itself.
        """
        try:
            found: TopicMetadata = self.consumer.list_topics(name, timeout=ANSWER_SECONDS).topics[name]
        except KafkaException as failure:
            raise self.explained(failure.args[0], f"the topic {name}") from None
        if found.error is None:
            return found
        if found.error.code() in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.TOPIC_EXCEPTION):
            return None
        raise self.explained(found.error, f"the topic {name}")

    def partitions_of(self, topics: Iterable[str]) -> dict[str, tuple[int, ...]]:
        """The partitions of those topics that exist."""
        found = ((name, self.topic(name)) for name in dict.fromkeys(topics))
        return {name: tuple(sorted(topic.partitions)) for name, topic in found if topic is not None}

    def ends(self, partitions: Iterable[Partition]) -> dict[Partition, Ends]:
        """Where the logs of these partitions begin and end."""
        wanted = list(partitions)
        lows = self._offsets(wanted, OffsetSpec.earliest())  # type: ignore[no-untyped-call]  # is untyped
        highs = self._offsets(wanted, OffsetSpec.latest())  # type: ignore[no-untyped-call]  # is untyped
        return {partition: Ends(lows[partition], highs[partition]) for partition in wanted}

    def offsets_at(self, partitions: Iterable[Partition], timestamp_ms: int) -> dict[Partition, int | None]:
        """The first offset of each whose record is not older; None where all are. timestamp_ms -- since the epoch."""
        found = self._offsets(partitions, OffsetSpec.for_timestamp(timestamp_ms))
        return {partition: offset if offset >= 0 else None for partition, offset in found.items()}

    def answer(self, future: Future[T], what: str) -> T:
        """What Kafka answers to a question that an AdminClient has asked. what -- it was about, for a person."""
        try:
            return future.result(ANSWER_SECONDS + 1)
        except KafkaException as failure:
            raise self.explained(failure.args[0], what) from None
        except TimeoutError:
            raise self.unreachable() from None

    def explained(self, error: KafkaError, what: str) -> Exception:
        """The exception that tells a person what Kafka's error means. what -- it was about."""
        code = error.code()
        if code in UNREACHABLE:
            return self.unreachable()
        if code in FORBIDDEN:
            return RefusedError(f"Kafka forbids this user to do that with {what}. {FORBIDDEN[code]}")
        return RefusedError(f"Kafka refuses {what}: {error.name()}.")

    def unreachable(self) -> Exception:
        """Why Kafka does not answer, as far as librdkafka knows."""
        self.consumer.poll(0)  # brings in what it has found out
        if self._refused_for is not None:
            what, _, mend = REFUSALS[self._refused_for].partition("; ")
            return ConfigurationError(Problem("KAFKA_BOOTSTRAP_SERVERS", what, mend.capitalize()))
        mend = "Check KAFKA_BOOTSTRAP_SERVERS, the network, and whether the port wants TLS (KAFKA_SECURITY_PROTOCOL)"
        return FatalStreamError(f"No Kafka broker answers at {self.servers}. {mend}.")

    def _offsets(self, partitions: Iterable[Partition], spec: OffsetSpec) -> dict[Partition, int]:
        asked = {TopicPartition(*partition): spec for partition in partitions}
        if not asked:
            return {}
        answers = self.admin.list_offsets(asked, request_timeout=ANSWER_SECONDS)
        return {
            Partition(each.topic, each.partition): self.answer(future, f"{each.topic}-{each.partition}").offset
            for each, future in answers.items()
        }

    def _failed(self, error: KafkaError) -> None:
        if error.code() in REFUSALS:
            self._refused_for = error.code()

    def _made(self, kind: Callable[..., T], properties: Mapping[str, object]) -> T:
        given = {"client.id": f"clicksend-consumer-{__version__}", **properties, "error_cb": self._failed}
        try:
            return kind(given, logger=_silent())
        except KafkaException as failure:
            raise refusal(failure, self._connection) from None


UNREACHABLE = frozenset(
    {
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
        KafkaError._TIMED_OUT_QUEUE,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._RESOLVE,
        KafkaError._AUTHENTICATION,
        KafkaError._SSL,
    }
)
FORBIDDEN = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "Grant READ and DESCRIBE on the topic.",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "Grant READ on the group.",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "Grant DESCRIBE on the cluster.",
}


def _silent() -> logging.Logger:
    """What librdkafka would say on stderr, up to 20 times a second, is said once by the command."""
    logger = logging.getLogger("consumer.operations.cluster")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return logger
