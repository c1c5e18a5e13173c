"""Check that the topics and their records suit the worker. Pure: Kafka's answers are passed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka.admin._acl import AclOperation

from consumer.commands.check.result import CheckResult, failed, ok, warning
from consumer.commands.timestamps import shown_duration
from consumer.dead_letters.topic import retention_warnings
from consumer.enrolment.decision import Undeliverable
from consumer.enrolment.rules import Input
from consumer.formats.documents import Reading
from consumer.formats.value_format import Layer
from consumer.scheduling.task import Partition
from consumer.worker.batches import EMPTY
from consumer.worker.input_guard import Evidence, evidence

BROKER_DEFAULT_BYTES = 1_048_588  # Kafka's default of message.max.bytes


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as Kafka describes it.

    config -- its configuration; None: this user may not read it
    rights -- the operations that this user may perform; None: the broker does not report them
    """

    name: str
    partitions: int
    config: Mapping[str, str] | None
    rights: Collection[AclOperation] | None

    @property
    def readable(self) -> bool:
        """Return whether this user may read it; true where the broker does not report rights."""
        return self.rights is None or AclOperation.READ in self.rights

    @property
    def writable(self) -> bool:
        """Return whether this user may write to it; true where the broker does not report rights."""
        return self.rights is None or AclOperation.WRITE in self.rights

    @property
    def max_bytes(self) -> int | None:
        """Return the size of the largest produce batch that the topic accepts; None: unknown."""
        return None if self.config is None else int(self.config.get("max.message.bytes", BROKER_DEFAULT_BYTES))


def source_results(topic: Topic, retry_max_age: float) -> Iterator[CheckResult]:
    """Yield the results for a consumed topic. retry_max_age -- seconds, 0 = unlimited."""
    check = "topic"
    about = f"{topic.name}: {counted(topic.partitions)}"
    if not topic.readable:
        yield failed(check, f"{topic.name}: this user may not READ it", grant("Read", f"--topic {topic.name}"))
        return
    rights = "may be read" if topic.rights is not None else "this broker reports no rights"
    if topic.config is None:
        detail = f"{about}, {rights}; its retention can't be read"
        yield warning(check, detail, grant("DescribeConfigs", f"--topic {topic.name}"))
        return
    retention = int(topic.config.get("retention.ms", "-1")) / 1000
    if 0 <= retention < retry_max_age:
        detail = f"{about}, {rights}; it keeps records for {shown_duration(retention)}, and RETRY_MAX_AGE is longer"
        hint = "Raise the topic's retention.ms: records deleted before delivery are lost"
        yield warning(check, detail, hint)
        return
    kept = f"retention {shown_duration(retention)}" if retention >= 0 else "retention unlimited"
    yield ok(check, f"{about}, {rights}, {kept}")


def dead_letter_results(dead_letters: Topic, sources: Collection[Topic]) -> Iterator[CheckResult]:
    """Yield the results for the dead-letter topic, compared with its sources."""
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
            detail = f"{dead_letters.name}: messages up to {limit} bytes, {source.name}: up to {source.max_bytes}"
            hint = f"Set max.message.bytes={source.max_bytes} on it: larger dead letters are reduced to a pointer"
            found.append(warning(check, detail, hint))
    yield from found or [ok(check, f"{about}, writable, messages up to {limit} bytes")]


def counted(partitions: int) -> str:
    return "1 partition" if partitions == 1 else f"{partitions} partitions"


def grant(operation: str, resource: str) -> str:
    """Return the command that grants an operation."""
    return (
        "Grant it: kafka-acls.sh --bootstrap-server $KAFKA_BOOTSTRAP_SERVERS --add --allow-principal User:NAME"
        f" --operation {operation} {resource}"
    )


def create(name: str, how: str) -> str:
    """Return the command that creates a topic."""
    return f"Create it: kafka-topics.sh --bootstrap-server $KAFKA_BOOTSTRAP_SERVERS --create --topic {name} {how}"


def input_results(
    sample: Mapping[Partition, Sequence[Reading]], limit: int, wanted: Input = Input.EVENT
) -> Iterator[CheckResult]:
    """Yield a result for each partition that the worker would hold, else one for all.

    sample -- the readings of each partition's last records, in offset order
    limit  -- ENROLMENT_UNRECOGNISED_LIMIT; 0: no partition is held
    wanted -- ENROLMENT_INPUT
    """
    runs = {partition: list(_last_run(readings)) for partition, readings in sorted(sample.items())}
    bad = {partition: run for partition, run in runs.items() if run}
    for partition, run in bad.items():
        ((hint, _number),) = Counter(each.detail for each in run).most_common(1)
        what = f"{partition}: the last {len(run)} records are not {wanted}s ({hint})"
        hint = (
            "Compare KAFKA_TOPIC, KAFKA_VALUE_FORMAT, ENROLMENT_INPUT,"
            f" and ENROLMENT_EVENT_PATH where {wanted}s are wrapped"
        )
        if limit and len(run) >= limit:
            yield failed("records", what, f"{hint}: the worker holds such a partition (unrecognised_records)")
        else:
            yield warning("records", what, hint)
    if not bad:
        sampled = sum(len(readings) for readings in sample.values())
        yield ok("records", f"the last {sampled} are {wanted}s{_formats(sample)}" if sampled else "none yet")


def _formats(sample: Mapping[Partition, Sequence[Reading]]) -> str:
    """Return the formats of the values, the most frequent first; empty if all are plain JSON."""
    found = Counter(" ".join(reading.layers) for readings in sample.values() for reading in readings if reading.layers)
    if found.keys() <= {Layer.JSON}:
        return ""
    return f" ({', '.join(f'{number} {form}' for form, number in found.most_common())})"


def _last_run(readings: Sequence[Reading]) -> Iterator[Undeliverable]:
    for reading in reversed(readings):
        decision = reading.decision
        if decision is EMPTY:
            continue
        if evidence(decision) is Evidence.EVENT:
            return
        if isinstance(decision, Undeliverable):
            yield decision
