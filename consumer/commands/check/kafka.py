"""The checks of Kafka: queries the brokers, and passes the answers to pure checks."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin._acl import AclOperation
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._resource import ResourceType

from consumer.commands.check.backlog import Backlog, backlog_results
from consumer.commands.check.result import CheckResult, failed, ok, skipped, warning
from consumer.commands.check.topics import Topic, create, dead_letter_results, grant, input_results, source_results
from consumer.commands.kafka.cluster import WITH_RIGHTS, Cluster, Ends, ForbiddenError
from consumer.commands.kafka.group import Group, look_at
from consumer.commands.kafka.records import Range, oldest, position_of, read
from consumer.commands.readings import command_decider, reading_of
from consumer.errors import ConfigurationError, ConsumerError
from consumer.formats.documents import Reading
from consumer.kafka.properties import GroupProtocol
from consumer.kafka.timeouts import ANSWER_SECONDS
from consumer.scheduling.task import Partition, headers_of
from consumer.settings import Settings

AFTER_KAFKA = ("protocol", "topic", "dead letters", "group", "records", "start")
HEARTBEAT_OF_KIP_848 = "ApiKey ConsumerGroupHeartbeat (68)"
SAMPLE = 20  # records read per partition, or more where the input guard counts more


def kafka_results(settings: Settings) -> Iterator[CheckResult]:
    """Yield the results of all Kafka checks. Only reads: joins no group and creates no topic."""
    try:
        cluster = Cluster(settings.kafka)
    except ConfigurationError as error:
        yield from (failed("kafka", f"{each.name}: {each.what}", each.hint) for each in error.problems)
        return
    try:
        brokers = cluster.brokers()
    except ConsumerError as error:
        yield _failure("kafka", error)
        yield from (skipped(check, "kafka") for check in AFTER_KAFKA)
        return
    else:
        yield ok("kafka", f"{brokers} broker{'s' if brokers > 1 else ''} at {cluster.servers}")
        yield from KafkaChecks(cluster, settings).results()
    finally:
        cluster.close()


class KafkaChecks:
    """The checks that need a broker that answers."""

    def __init__(self, cluster: Cluster, settings: Settings) -> None:
        self._cluster = cluster
        self._settings = settings
        self._kafka = settings.kafka
        self._sources: list[Topic] = []

    def results(self) -> Iterator[CheckResult]:
        """Yield all results, in the order in which a start needs them."""
        for check, look in (
            ("protocol", self._protocol),
            ("topic", self._topics),
            ("dead letters", self._dead_letters),
            ("group", self._group),
        ):
            try:
                yield from look()
            except ConsumerError as error:
                yield _failure(check, error)

    def _protocol(self) -> Iterator[CheckResult]:
        protocol = self._kafka.group_protocol
        if protocol is GroupProtocol.CLASSIC:
            yield ok("protocol", "classic, supported by every broker")
        elif supports_kip_848(self._cluster):
            yield ok("protocol", "consumer (KIP-848), supported by the broker")
        else:
            hint = "Set KAFKA_GROUP_PROTOCOL=classic, or update the brokers"
            yield failed("protocol", "consumer (KIP-848), not supported by this broker", hint)

    def _topics(self) -> Iterator[CheckResult]:
        for name in self._kafka.topics:
            topic = self._topic(name)
            if topic is None:
                yield failed("topic", f"{name} does not exist", create(name, "--partitions 6"))
            else:
                self._sources.append(topic)
                yield from source_results(topic, self._settings.retry.max_age)

    def _dead_letters(self) -> Iterator[CheckResult]:
        name = self._kafka.dead_letter_topic
        topic = self._topic(name)
        if topic is not None:
            yield from dead_letter_results(topic, self._sources)
        elif not self._kafka.create_dead_letter_topic:
            partitions = max((source.partitions for source in self._sources), default=6)
            how = f"--partitions {partitions} --config retention.ms=-1"
            yield failed("dead letters", f"{name} does not exist", create(name, how))
        elif AclOperation.CREATE in self._cluster_rights():
            yield ok("dead letters", f"{name} does not exist, and the worker may create it")
        else:
            detail = f"{name} does not exist, and this user may not CREATE topics on the whole cluster"
            yield warning("dead letters", detail, grant("Create", f"--topic {name}"))

    def _group(self) -> Iterator[CheckResult]:
        name = self._kafka.group_id
        try:
            group = look_at(self._cluster)
        except ForbiddenError:
            group = None
        if group is None or (group.rights is not None and AclOperation.READ not in group.rights):
            yield failed("group", f"{name}: this user may not READ it", grant("Read", f"--group {name}"))
            return
        members = f"{len(group.members)} member{'s' if len(group.members) > 1 else ''}" if group.active else "no member"
        yield ok("group", f"{group.name}: may be used, {members} at present")
        yield from self._start(group)

    def _start(self, group: Group) -> Iterator[CheckResult]:
        reset, per_second = self._kafka.auto_offset_reset, self._settings.delivery.max_requests_per_second
        readable = [source.name for source in self._sources if source.readable]
        if not readable:
            yield skipped("records", "topic")
            yield skipped("start", "topic")
            return
        partitions = _all(self._cluster.partitions_of(readable))
        ends = self._cluster.ends(partitions)
        backlog = Backlog.of(group, ends, reset, self._cluster.log_ends(partitions))
        yield from self._input(ends)
        oldest_ms = min(oldest(self._cluster, backlog.ahead).values(), default=None)
        yield from backlog_results(backlog, group, oldest_ms, reset, per_second, round(time.time() * 1000))

    def _input(self, ends: Mapping[Partition, Ends]) -> Iterator[CheckResult]:
        """Yield the input guard's results for the topics' last records."""
        enrolment = self._settings.enrolment
        wanted = max(SAMPLE, enrolment.unrecognised_limit)
        ranges = {each: Range(max(low, high - wanted), high) for each, (low, high) in ends.items()}
        decider = command_decider(self._settings)
        sample: dict[Partition, list[Reading]] = {}
        for message in read(self._cluster, ranges):
            reading = reading_of(decider, message.value(), partial(headers_of, message))
            sample.setdefault(position_of(message)[0], []).append(reading)
        yield from input_results(sample, enrolment.unrecognised_limit, enrolment.input)

    def _topic(self, name: str) -> Topic | None:
        """Return the topic; None: it does not exist. A topic hidden from this user has no rights."""
        try:
            metadata = self._cluster.topic(name)
            if metadata is None:
                return None
            names, describe = TopicCollection([name]), self._cluster.admin.describe_topics
            described = self._cluster.ask(lambda: describe(names, **WITH_RIGHTS)[name], f"the topic {name}")
        except ForbiddenError:
            return Topic(name, 0, None, frozenset())
        return Topic(name, len(metadata.partitions), self._config(name), described.authorized_operations)

    def _config(self, name: str) -> dict[str, str] | None:
        resource = ConfigResource(ResourceType.TOPIC, name)
        describe = self._cluster.admin.describe_configs
        try:
            entries = self._cluster.ask(
                lambda: describe([resource], request_timeout=ANSWER_SECONDS)[resource], f"the topic {name}"
            )
        except ForbiddenError:
            return None
        return {key: str(entry.value) for key, entry in entries.items()}

    def _cluster_rights(self) -> Iterable[AclOperation]:
        answer = self._cluster.ask(lambda: self._cluster.admin.describe_cluster(**WITH_RIGHTS), "the cluster")
        return answer.authorized_operations or ()


def _all(there: dict[str, tuple[int, ...]]) -> list[Partition]:
    return [Partition(topic, number) for topic, numbers in there.items() for number in numbers]


def _failure(check: str, error: ConsumerError) -> CheckResult:
    if isinstance(error, ConfigurationError):
        problem = error.problems[0]
        return failed(check, f"{problem.name}: {problem.what}", problem.hint)
    what, _, hint = str(error).partition(". ")
    return failed(check, what.rstrip("."), hint.rstrip(".") or "See the broker's log")


class _LogLines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


def supports_kip_848(cluster: Cluster) -> bool:
    """Return whether a broker supports KAFKA_GROUP_PROTOCOL=consumer, without joining a group.

    It is in librdkafka's connection log: its API has no call for it.
    """
    captured = _LogLines()
    logger = logging.getLogger("consumer.commands.check.kafka")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(captured)
    consumer = cluster.new_consumer({"debug": "feature"}, logger)
    try:
        consumer.list_topics(timeout=ANSWER_SECONDS)
        consumer.poll(0)  # librdkafka hands its log lines to a Python logger in `poll`
    except KafkaException as failure:
        raise cluster.explained(failure.args[0], "the brokers") from None
    finally:
        consumer.close()
        logger.removeHandler(captured)
    return any(HEARTBEAT_OF_KIP_848 in line for line in captured.lines)
