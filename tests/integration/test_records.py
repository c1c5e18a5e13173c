"""Records read without a group: each range in order, without gaps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka import Producer, TopicPartition

from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.records import Range, oldest, read
from consumer.scheduling.task import Partition
from consumer.settings import Sources, load
from tests.support.stage import Stage, stage_fixture
from tests.support.waiting import wait_until

pytestmark = pytest.mark.kafka
stage = stage_fixture("kafka_from_jars-classic")


@pytest.fixture
def cluster(stage: Stage) -> Iterator[Cluster]:
    made = Cluster(load(Sources({"SECRETS_DIR": str(stage.folder), **stage.variables()}), ("kafka",)).kafka)
    yield made
    made.close()


def transactions(stage: Stage) -> None:
    """Three records, a marker, two aborted records, another marker."""
    producer = Producer({"bootstrap.servers": stage.broker.bootstrap, "transactional.id": stage.topic})
    producer.init_transactions(60)
    for values, end in (("abc", producer.commit_transaction), ("de", producer.abort_transaction)):
        producer.begin_transaction()
        for value in values:
            producer.produce(stage.topic, value=value, partition=0, timestamp=1_000 + ord(value))
        producer.flush(60)
        end(60)
    # The broker writes an abort's marker after it has answered.
    wait_until(lambda: _end_of_committed(stage) == len("abc-de-"))


def _end_of_committed(stage: Stage) -> int:
    with stage.consumer("none") as consumer:
        return consumer.get_watermark_offsets(TopicPartition(stage.topic, 0), timeout=60)[1]


def values(stage: Stage, cluster: Cluster, start: int, stop: int, limit: int | None = None) -> list[bytes | None]:
    ranges = {Partition(stage.topic, 0): Range(start, stop)}
    return [message.value() for message in read(cluster, ranges, limit)]


def test_a_range_ends_where_it_should_be_it_at_a_record_or_at_a_marker(stage: Stage, cluster: Cluster) -> None:
    transactions(stage)
    partition = Partition(stage.topic, 0)
    end = cluster.ends([partition])[partition].high
    assert end == len("abc-de-")
    assert values(stage, cluster, 0, end) == [b"a", b"b", b"c"]
    assert values(stage, cluster, 1, 2) == [b"b"]
    assert values(stage, cluster, 0, end, limit=2) == [b"a", b"b"]
    assert values(stage, cluster, 4, end) == values(stage, cluster, 2, 2) == []


def test_the_oldest_of_a_range_is_its_first_record(stage: Stage, cluster: Cluster) -> None:
    transactions(stage)
    partition, empty = Partition(stage.topic, 0), Partition(stage.topic, 1)
    assert oldest(cluster, {partition: Range(1, 7), empty: Range(0, 0)}) == {partition: 1_000 + ord("b")}
    assert oldest(cluster, {partition: Range(3, 7)}) == {}


def test_many_partitions_are_read_to_their_ends(stage: Stage, cluster: Cluster) -> None:
    for partition in range(4):
        for number in range(700):
            stage.produce_raw(b"%d" % number, partition=partition)
    ranges = {Partition(stage.topic, partition): Range(100 * partition, 700) for partition in range(4)}
    found: dict[int, list[int]] = {}
    for message in read(cluster, ranges):
        found.setdefault(message.partition() or 0, []).append(int(message.value() or b""))
    assert found == {partition: [*range(100 * partition, 700)] for partition in range(4)}


def test_an_offset_without_a_record_is_explained_as_a_gap(stage: Stage) -> None:
    transactions(stage)
    where = ("--partition", "0", "--offset", "3")
    done = stage.run("explain", *where)
    assert (done.returncode, done.stdout) == (1, "")
    assert "a transaction left a gap" in done.stderr
