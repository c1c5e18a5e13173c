"""Read records from Kafka without a group, and write single ones."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from consumer.commands.kafka.cluster import Cluster, Ends
from consumer.kafka.timeouts import ANSWER_SECONDS
from consumer.scheduling.task import Partition

MAX_POLL_RECORDS = 500
POLL_SECONDS = 0.1
# A range that was deleted before it is read must fail: by default librdkafka silently moves to the partition's end.
PROPERTIES: Mapping[str, str | int] = {
    "queued.max.messages.kbytes": 16_384,
    "fetch.wait.max.ms": 50,
    "auto.offset.reset": "error",
}


class Range(NamedTuple):
    """Offsets of one partition, from `start` to before `stop`."""

    start: int
    stop: int


def offsets_in(ranges: Mapping[Partition, Range]) -> int:
    """Return how many offsets these ranges have."""
    return sum(span.stop - span.start for span in ranges.values())


def position_of(message: Message) -> tuple[Partition, int]:
    """Return a message's partition and offset."""
    return Partition(message.topic() or "", message.partition() or 0), message.offset() or 0


def write(producer: Producer, topic: str, **record: Any) -> KafkaError | None:
    """Write a record, as `Producer.produce` takes it, and wait for its report. Return the error; None: acknowledged."""
    errors: list[KafkaError | None] = []

    def reported(error: KafkaError | None, _message: Message) -> None:
        errors.append(error)

    try:
        producer.produce(topic, **record, on_delivery=reported)
        while not errors:
            producer.poll(1.0)
    except KafkaException as failure:
        errors.append(failure.args[0])
    return errors[0]


def read(cluster: Cluster, ranges: Mapping[Partition, Range], limit: int | None = None) -> Iterator[Message]:
    """Yield the records in these ranges, in order within a partition. Skips offsets without a record.

    limit -- the most records per partition; None: all

    Raises as Cluster's methods do, also after ANSWER_SECONDS without a record or a change of position.
    """
    left = {partition: span for partition, span in ranges.items() if span.start < span.stop}
    if not left:
        return
    counts: Counter[Partition] = Counter()
    consumer = cluster.new_consumer(PROPERTIES)
    try:
        consumer.assign([TopicPartition(*partition, span.start) for partition, span in left.items()])
        silent, positions = 0.0, dict[Partition, int]()
        while left:
            messages = consumer.consume(MAX_POLL_RECORDS, POLL_SECONDS)
            before, positions = positions, _positions(consumer, left)
            silent = 0.0 if messages or positions != before else silent + POLL_SECONDS
            if silent >= ANSWER_SECONDS:
                raise cluster.unanswered(", ".join(map(str, left)))
            for message in messages:
                partition, offset = position_of(message)
                if (error := message.error()) is not None:
                    raise cluster.explained(error, str(partition))
                if partition in left and offset < left[partition].stop:
                    yield message
                    counts[partition] += 1
                    if counts[partition] == limit:
                        _leave(consumer, left, partition)
            _leave_ended(consumer, left)
    finally:
        consumer.close()


def oldest(cluster: Cluster, ranges: Mapping[Partition, Range]) -> dict[Partition, int]:
    """Return the time of each range's first record, in ms since the epoch. Omits ranges without a record."""
    return {position_of(each)[0]: each.timestamp()[1] for each in read(cluster, ranges, limit=1)}


def last(cluster: Cluster, ends: Mapping[Partition, Ends], count: int) -> dict[Partition, Range]:
    """Return the range of each partition's last `count` records, or of fewer where it has no more.

    Compaction and transactions leave offsets without a record, so each step reads twice as far back.
    """
    starts = {partition: end.high for partition, end in ends.items()}
    found: dict[Partition, deque[int]] = {partition: deque() for partition in ends}
    pending = [partition for partition, end in ends.items() if end.low < end.high]
    width = count
    while pending:
        spans = {each: Range(max(ends[each].low, starts[each] - width), starts[each]) for each in pending}
        older: dict[Partition, deque[int]] = {each: deque(maxlen=count - len(found[each])) for each in pending}
        for message in read(cluster, spans):
            partition, offset = position_of(message)
            older[partition].append(offset)
        for each, span in spans.items():
            starts[each] = span.start
            found[each].extendleft(reversed(older[each]))
        pending = [each for each in pending if len(found[each]) < count and starts[each] > ends[each].low]
        width *= 2
    return {each: Range(found[each][0] if found[each] else starts[each], end.high) for each, end in ends.items()}


def _leave_ended(consumer: Consumer, left: dict[Partition, Range]) -> None:
    """Pause by position, not by the last record: a range may end with a gap or a transaction's marker."""
    for partition, offset in _positions(consumer, left).items():
        if offset >= left[partition].stop:
            _leave(consumer, left, partition)


def _positions(consumer: Consumer, partitions: Iterable[Partition]) -> dict[Partition, int]:
    found = consumer.position([TopicPartition(*partition) for partition in partitions])
    return {Partition(each.topic, each.partition): each.offset for each in found}


def _leave(consumer: Consumer, left: dict[Partition, Range], partition: Partition) -> None:
    """Pause a partition at its end.

    Unassigning it would pause all partitions for a moment: librdkafka then loses records that it has fetched for a
    partition without a consumed record.
    """
    consumer.pause([TopicPartition(*partition)])
    del left[partition]
