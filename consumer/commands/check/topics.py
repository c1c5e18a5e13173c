"""Whether the topics and their records are as the worker needs them. Pure: what Kafka has told comes in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka.admin._acl import AclOperation

from consumer.commands.check.result import CheckResult, failed, ok, warning
from consumer.commands.timestamps import shown_duration
from consumer.dead_letters.topic import retention_warnings
from consumer.enrolment.decision import Decision, Undeliverable
from consumer.scheduling.task import Partition
from consumer.worker.input_guard import Evidence, evidence

BROKER_DEFAULT_BYTES = 1_048_588  # message.max.bytes of a broker that is told nothing else


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as Kafka tells of it.

    config -- its configuration; None: we may not read it
    rights -- what this user may do with it; None: this broker does not tell
    """

    name: str
    partitions: int
    config: Mapping[str, str] | None
    rights: Collection[AclOperation] | None

    @property
    def readable(self) -> bool:
        """Whether this user may read it, as far as the broker tells."""
        return self.rights is None or AclOperation.READ in self.rights

    @property
    def writable(self) -> bool:
        """Whether this user may write to it, as far as the broker tells."""
        return self.rights is None or AclOperation.WRITE in self.rights

    @property
    def max_bytes(self) -> int | None:
        """The largest batch that it takes; None: not told."""
        return None if self.config is None else int(self.config.get("max.message.bytes", BROKER_DEFAULT_BYTES))


def source_results(topic: Topic, retry_max_age: float) -> Iterator[CheckResult]:
    """Yield a topic that is consumed. retry_max_age -- seconds, 0 = forever."""
    check = "topic"
    about = f"{topic.name}: {counted(topic.partitions)}"
    if not topic.readable:
        yield failed(check, f"{topic.name}: this user may not READ it", grant("Read", f"--topic {topic.name}"))
        return
    told = "may be read" if topic.rights is not None else "this broker tells no rights"
    if topic.config is None:
        detail = f"{about}, {told}; its retention can't be read"
        yield warning(check, detail, grant("DescribeConfigs", f"--topic {topic.name}"))
        return
    retention = int(topic.config.get("retention.ms", "-1")) / 1000
    if 0 <= retention < retry_max_age:
        detail = f"{about}, {told}; it keeps records for {shown_duration(retention)}, and RETRY_MAX_AGE is longer"
        hint = "Raise the topic's retention.ms: what is deleted before it is delivered is lost"
        yield warning(check, detail, hint)
        return
    kept = f"kept for {shown_duration(retention)}" if retention >= 0 else "kept without end"
    yield ok(check, f"{about}, {told}, {kept}")


def dead_letter_results(dead_letters: Topic, sources: Collection[Topic]) -> Iterator[CheckResult]:
    """Yield the topic of the dead letters, beside those that they come from."""
    check = "dead letters"
    about = f"{dead_letters.name}: {counted(dead_letters.partitions)}"
    if not dead_letters.writable:
        yield failed(
            check, f"{dead_letters.name}: this user may not WRITE to it", grant("Write", f"--topic {dead_letters.name}")
        )
        return
    if dead_letters.config is None:
        detail = f"{about}; its retention and message limit can't be read"
        yield warning(check, detail, grant("DescribeConfigs", f"--topic {dead_letters.name}"))
        return
    widest = max((source.partitions for source in sources), default=0)
    found = [
        warning(check, f"{dead_letters.name}: {what}", hint[:1].upper() + hint[1:])
        for what, hint in retention_warnings(dead_letters.partitions, widest, dead_letters.config)
    ]
    limit = dead_letters.max_bytes or 0
    for source in sources:
        if source.max_bytes is not None and limit < source.max_bytes:
            detail = f"{dead_letters.name}: takes {limit} bytes a message, {source.name} {source.max_bytes}"
            hint = f"Set max.message.bytes={source.max_bytes} on it: a larger dead letter is cut to a pointer"
            found.append(warning(check, detail, hint))
    yield from found or [ok(check, f"{about}, may be written, takes {limit} bytes a message")]


def counted(partitions: int) -> str:
    return "1 partition" if partitions == 1 else f"{partitions} partitions"


def grant(operation: str, resource: str) -> str:
    """Return the command that gives a right."""
    return (
        "Grant it: kafka-acls.sh --bootstrap-server $KAFKA_BOOTSTRAP_SERVERS --add --allow-principal User:NAME"
        f" --operation {operation} {resource}"
    )


def create(name: str, how: str) -> str:
    """Return the command that creates a topic."""
    return f"Create it: kafka-topics.sh --bootstrap-server $KAFKA_BOOTSTRAP_SERVERS --create --topic {name} {how}"


def input_results(sample: Mapping[Partition, Sequence[Decision]], limit: int) -> Iterator[CheckResult]:
    """One line for each partition that the worker would hold, else one for all.

    sample -- by partition, the decisions of its last records in their order
    limit  -- ENROLMENT_UNRECOGNISED_LIMIT; 0: nothing is held
    """
    runs = {partition: list(_last_run(decisions)) for partition, decisions in sorted(sample.items())}
    bad = {partition: run for partition, run in runs.items() if run}
    for partition, run in bad.items():
        ((hint, _number),) = Counter(each.detail for each in run).most_common(1)
        what = f"{partition}: the last {len(run)} records are no events ({hint})"
        hint = "Compare KAFKA_TOPIC, and ENROLMENT_EVENT_PATH where events are wrapped"
        if limit and len(run) >= limit:
            yield failed("records", what, f"{hint}: the worker holds such a partition (unrecognised_records)")
        else:
            yield warning("records", what, hint)
    if not bad:
        looked_at = sum(len(decisions) for decisions in sample.values())
        yield ok("records", f"the last {looked_at} are events" if looked_at else "none yet")


def _last_run(decisions: Sequence[Decision]) -> Iterator[Undeliverable]:
    for decision in reversed(decisions):
        if evidence(decision) is Evidence.EVENT:
            return
        if isinstance(decision, Undeliverable):
            yield decision
