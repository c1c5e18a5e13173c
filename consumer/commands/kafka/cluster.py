"""Kafka access for commands: joins no group, creates no topic, and bounds the wait for every response."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, NamedTuple, TypeVar

from confluent_kafka import Consumer, IsolationLevel, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import ListOffsetsResultInfo, OffsetSpec
from confluent_kafka.admin._metadata import TopicMetadata
from tenacity import Retrying
from tenacity.retry import retry_if_exception
from tenacity.stop import stop_after_delay
from tenacity.wait import wait_fixed

from consumer import __version__
from consumer.errors import ConfigurationError, FatalStreamError, Problem, RefusedError
from consumer.kafka.identity import Identity
from consumer.kafka.properties import refusal, shared_properties, standalone_properties
from consumer.kafka.refusals import refusal_of
from consumer.kafka.timeouts import ANSWER_SECONDS
from consumer.kafka.topic_ids import TopicIds
from consumer.scheduling.task import Partition
from consumer.settings.kafka import Kafka, client_properties

ANSWER_TRIES = 10
PAUSE_SECONDS = 0.1
WITH_RIGHTS: Mapping[str, Any] = {"include_authorized_operations": True, "request_timeout": ANSWER_SECONDS}
T = TypeVar("T")


class Ends(NamedTuple):
    """The part of a partition's log that can be read.

    low  -- its first offset
    high -- the last stable offset: below the log's end while a transaction is open
    """

    low: int
    high: int


def open_transaction(stable_end: int) -> str:
    """Return the message for a partition whose last stable offset is below its log's end."""
    return f"a transaction is open since offset {stable_end}"


class ForbiddenError(RefusedError):
    """Kafka's access control forbids the operation."""


class Cluster:
    """One connection to Kafka by the settings. For one thread.

    Methods raise FatalStreamError where Kafka does not answer, ConfigurationError where it refuses the credentials or
    the TLS connection can't be trusted, and RefusedError where it refuses the request.
    """

    def __init__(self, kafka: Kafka) -> None:
        self.servers = kafka.bootstrap_servers
        self.group_id = kafka.group_id
        self._given = client_properties(kafka)
        self._identity = Identity.of(self._given)
        self._refused_for = ""  # what is wrong, a semicolon, the fix; empty: nothing was refused
        # As in the worker's consumer, so that both see the same end of the log.
        uncommitted = self._given.get("isolation.level") == "read_uncommitted"
        self._isolation = IsolationLevel.READ_UNCOMMITTED if uncommitted else IsolationLevel.READ_COMMITTED
        self._standalone = {**standalone_properties(self._given), "statistics.interval.ms": 0}
        self.admin: AdminClient = self._made(AdminClient, shared_properties(self._given))
        self.consumer: Consumer = self.new_consumer()

    def new_consumer(
        self, properties: Mapping[str, str | int] | None = None, logger: logging.Logger | None = None
    ) -> Consumer:
        """Return a consumer for `assign`, never for `subscribe`: it joins no group and does not commit by itself.

        logger -- for librdkafka's log lines; None: they are dropped
        """
        return self._made(Consumer, {**self._standalone, **(properties or {})}, logger)

    def close(self) -> None:
        """Disconnect."""
        self.consumer.close()

    def brokers(self) -> int:
        """Return the number of brokers. Call this first: it fails at once where Kafka refuses the credentials."""
        for _ in range(ANSWER_TRIES):
            try:
                return len(self.consumer.list_topics(timeout=ANSWER_SECONDS / ANSWER_TRIES).brokers)
            except KafkaException:
                self.consumer.poll(0)
                if self._refused_for:
                    break
        raise self.unreachable()

    def topic(self, name: str) -> TopicMetadata | None:
        """Return a topic's metadata; None: it does not exist.

        An AdminClient's request would create a missing topic on brokers that create topics; the consumer's does not.
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
        """Return the partitions of those topics that exist."""
        found = ((name, self.topic(name)) for name in dict.fromkeys(topics))
        return {name: tuple(sorted(topic.partitions)) for name, topic in found if topic is not None}

    def committed(self) -> list[TopicPartition]:
        """Return the group's committed offset for each partition of all topics; below 0: none.

        Uses the consumer, which handles a moved coordinator. An AdminClient crashes the process then (a null pointer in
        librdkafka 2.16, `rd_kafka_handle_OffsetFetch`).
        """

        def asked() -> list[TopicPartition]:
            topics = self.consumer.list_topics(timeout=ANSWER_SECONDS).topics
            there = [TopicPartition(name, number) for name, topic in topics.items() for number in topic.partitions]
            return self.consumer.committed(there, timeout=ANSWER_SECONDS) if there else []

        return self.retried(asked, f"the group {self.group_id}")

    def ends(self, partitions: Iterable[Partition]) -> dict[Partition, Ends]:
        """Return the readable part of each log."""
        wanted = list(partitions)
        lows = self._offsets(wanted, OffsetSpec.earliest())  # type: ignore[no-untyped-call]  # is untyped
        highs = self._offsets(wanted, OffsetSpec.latest())  # type: ignore[no-untyped-call]  # is untyped
        return {partition: Ends(lows[partition], highs[partition]) for partition in wanted}

    def log_ends(self, partitions: Iterable[Partition]) -> dict[Partition, int]:
        """Return the offset that the next record of each partition will get.

        Call this before `ends`, since the log grows: then an offset above `Ends.high` means an open transaction.
        """
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # is untyped
        return self._offsets(list(partitions), latest, IsolationLevel.READ_UNCOMMITTED)

    def offsets_at(self, partitions: Iterable[Partition], timestamp_ms: int) -> dict[Partition, int | None]:
        """Return each partition's first offset from that time on; None: all records are older.

        timestamp_ms -- milliseconds since the epoch
        """
        found = self._offsets(partitions, OffsetSpec.for_timestamp(timestamp_ms))
        return {partition: offset if offset >= 0 else None for partition, offset in found.items()}

    def topic_ids(self, topics: Iterable[str]) -> dict[str, bytes]:
        """Return the topics' ids, as `TopicIds` reads them."""
        return TopicIds(lambda: self.admin).of(topics)

    def ask(self, question: Callable[[], Future[T]], what: str) -> T:
        """Return the response to an AdminClient's request.

        question -- sends it, and returns the future; what -- its subject, for an operator
        """
        return self.retried(lambda: question().result(ANSWER_SECONDS + 1), what)

    def retried(self, question: Callable[[], T], what: str) -> T:
        """Ask, and retry while the group's coordinator moves, or a new group has none yet."""
        stop, wait = stop_after_delay(ANSWER_SECONDS), wait_fixed(PAUSE_SECONDS)
        try:
            return Retrying(retry=retry_if_exception(_is_passing), stop=stop, wait=wait, reraise=True)(question)
        except KafkaException as failure:
            raise self.explained(failure.args[0], what) from None
        except TimeoutError:
            raise self.unanswered(what) from None

    def explained(self, error: KafkaError, what: str) -> Exception:
        """Return the exception that explains Kafka's error to an operator. what -- its subject."""
        code = error.code()
        if code in UNREACHABLE:
            return self.unanswered(what)
        if code in FORBIDDEN:
            return ForbiddenError(f"Kafka denies this user access to {what}. {FORBIDDEN[code]}")
        return RefusedError(f"Kafka refuses {what}: {error.name()}.")

    def unanswered(self, what: str) -> Exception:
        """Return why a response is missing: no broker answers, or the one that leads `what` does not."""
        try:
            self.consumer.list_topics(timeout=ANSWER_SECONDS / ANSWER_TRIES)
        except KafkaException:
            return self.unreachable()
        which = f"Kafka responds, but the leader of {what} does not"
        return FatalStreamError(f"{which}. See its leader (kafka-topics.sh --describe) and that broker's log.")

    def unreachable(self) -> Exception:
        """Return why no broker answers, as reported by librdkafka."""
        self.consumer.poll(0)  # delivers librdkafka's errors to `_failed`
        if self._refused_for:
            what, _, hint = self._refused_for.partition("; ")
            return ConfigurationError(Problem("KAFKA_BOOTSTRAP_SERVERS", what, hint[:1].upper() + hint[1:]))
        hint = "Check KAFKA_BOOTSTRAP_SERVERS, the network, and whether the port requires TLS (KAFKA_SECURITY_PROTOCOL)"
        return FatalStreamError(f"No Kafka broker answers at {self.servers}. {hint}{self._identity.further_checks}.")

    def _offsets(
        self, partitions: Iterable[Partition], spec: OffsetSpec, isolation: IsolationLevel | None = None
    ) -> dict[Partition, int]:
        """Return the offsets from one request, and retry single partitions whose leader has moved."""
        wanted, level = list(partitions), isolation or self._isolation
        first = self._listing(wanted, spec, level) if wanted else {}

        def question(partition: Partition) -> Callable[[], Future[ListOffsetsResultInfo]]:
            return lambda: first.pop(partition, None) or self._listing([partition], spec, level)[partition]

        return {each: self.ask(question(each), str(each)).offset for each in wanted}

    def _listing(
        self, partitions: list[Partition], spec: OffsetSpec, isolation: IsolationLevel
    ) -> dict[Partition, Future[ListOffsetsResultInfo]]:
        asked = {TopicPartition(*partition): spec for partition in partitions}
        answers = self.admin.list_offsets(asked, isolation_level=isolation, request_timeout=ANSWER_SECONDS)
        return {Partition(each.topic, each.partition): answer for each, answer in answers.items()}

    def _failed(self, error: KafkaError) -> None:
        if refusal := refusal_of(error, self._identity):
            self._refused_for = refusal.hint

    def _made(
        self, kind: Callable[..., T], properties: Mapping[str, object], logger: logging.Logger | None = None
    ) -> T:
        given = {"client.id": f"clicksend-consumer-{__version__}", **properties, "error_cb": self._failed}
        try:
            return kind(given, logger=logger or _silent())
        except KafkaException as failure:
            raise refusal(failure, self._given) from None


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
PASSING = frozenset(
    {
        KafkaError.NOT_COORDINATOR,
        KafkaError.COORDINATOR_NOT_AVAILABLE,
        KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError._WAIT_COORD,
    }
)
FORBIDDEN = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "Grant READ and DESCRIBE on the topic.",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "Grant READ on the group.",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "Grant DESCRIBE on the cluster.",
}


def _is_passing(failure: BaseException) -> bool:
    return isinstance(failure, KafkaException) and failure.args[0].code() in PASSING


def _silent() -> logging.Logger:
    """Return a logger that drops librdkafka's lines, up to 20 a second: the command reports the error once."""
    logger = logging.getLogger("consumer.commands.kafka.cluster")
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return logger
