"""A producer that leaves a transaction open at the end of the topic, as Flink usually does."""

from __future__ import annotations

import json
from collections.abc import Iterator

import orjson
import pytest
from confluent_kafka import Producer, TopicPartition

from consumer.commands.kafka.cluster import Cluster
from consumer.commands.kafka.records import Range, last, read
from consumer.errors import FatalStreamError
from consumer.scheduling.task import Partition
from consumer.settings import Sources, load
from tests.integration.redrive_stage import RedriveStage

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
JANE, JOE = "jane.doe@example.com", "joe.doe@example.com"


@pytest.fixture
def opened(redrive: RedriveStage) -> Iterator[RedriveStage]:
    """Partition 0: a sign-up, a committed sign-up with its marker, and two records of an open transaction."""
    stage = redrive.stage
    redrive.record(JANE, partition=0)
    producer = Producer({"bootstrap.servers": stage.broker.bootstrap, "transactional.id": stage.topic})
    producer.init_transactions(60)
    for email, end in ((JOE, producer.commit_transaction), ("ann.doe@example.com", None)):
        producer.begin_transaction()
        for _ in range(1 if end else 2):
            producer.produce(stage.topic, orjson.dumps({"type": "identify", "traits": {"email": email}}), partition=0)
        producer.flush(60)
        if end:
            end(60)
    yield redrive
    producer.abort_transaction(60)


def test_lag_shows_both_ends_and_since_when_a_transaction_is_open(opened: RedriveStage) -> None:
    opened.stage.commit(TopicPartition(opened.stage.topic, 0, 1))
    done = opened.command("lag", "--format", "json")
    assert done.returncode == 0, done.stderr
    row = next(each for each in map(json.loads, done.stdout.splitlines()) if each["partition"] == 0)
    assert (row["log_end_offset"], row["last_stable_offset"], row["lag"]) == (5, 3, 4)
    assert f"{opened.stage.topic}-0: a transaction is open since offset 3" in done.stderr


def test_check_reads_what_there_is(opened: RedriveStage) -> None:
    lines = opened.lines("check")
    (start,) = [each for each in lines if each["check"] == "start"]
    assert start["status"] == "ok"
    assert "a transaction is open at the end of 1 partitions" in start["detail"]


def test_the_last_records_are_counted_without_markers_and_what_is_open(opened: RedriveStage) -> None:
    for count, sources in ((1, ["0@1"]), (2, ["0@0", "0@1"]), (50, ["0@0", "0@1"])):
        found = opened.lines("explain", "--last", str(count), "--partition", "0")
        assert [each["source"].removeprefix(f"{opened.stage.topic}-") for each in found] == sources


def test_an_offset_of_the_open_transaction_is_reported_as_one(opened: RedriveStage) -> None:
    done = opened.command("explain", "--partition", "0", "--offset", "4")
    assert (done.returncode, done.stdout) == (1, "")
    assert "a transaction is open since offset 3" in done.stderr
    assert opened.lines("explain", "--partition", "0", "--offset", "1")[0]["contact"]["email"] == JOE


def test_replay_and_redrive_end_at_the_last_stable_offset(opened: RedriveStage) -> None:
    opened.write("ann.roe@example.com", partition=1)
    rows = opened.lines("replay", "--from-earliest", "--topic", f"{opened.stage.topic}:0")
    assert [(row["disposition"], row["records"]) for row in rows] == [("delivered", 2)]
    redriven = opened.lines("dead-letters", "redrive", "--to", "deliver", "--execute")
    assert redriven == [{"outcome": "delivered", "dead_letters": 1}]


def test_last_looks_back_over_a_gap_wider_than_what_it_looks_for(opened: RedriveStage) -> None:
    stage = opened.stage
    partition = Partition(stage.topic, 1)
    for number in range(3):
        stage.produce_raw(b"%d" % number, partition=1)
    producer = Producer({"bootstrap.servers": stage.broker.bootstrap, "transactional.id": f"{stage.topic}-1"})
    producer.init_transactions(60)
    producer.begin_transaction()
    for _ in range(40):
        producer.produce(stage.topic, b"never", partition=1)
    producer.flush(60)
    producer.abort_transaction(60)
    cluster = Cluster(load(Sources({"SECRETS_DIR": str(stage.folder), **stage.variables()}), ("kafka",)).kafka)
    try:
        ends = cluster.ends([partition])
        assert last(cluster, ends, 2) == {partition: Range(1, 44)}
        assert last(cluster, ends, 9) == {partition: Range(0, 44)}
        assert [each.value() for each in read(cluster, last(cluster, ends, 2))] == [b"1", b"2"]
    finally:
        cluster.close()


def test_a_silent_partition_is_no_unreachable_broker(opened: RedriveStage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = opened.stage
    monkeypatch.setattr("consumer.commands.kafka.records.ANSWER_SECONDS", 1.0)
    cluster = Cluster(load(Sources({"SECRETS_DIR": str(stage.folder), **stage.variables()}), ("kafka",)).kafka)
    try:
        with pytest.raises(FatalStreamError, match=f"Kafka responds, but the leader of {stage.topic}-0 does not"):
            list(read(cluster, {Partition(stage.topic, 0): Range(0, 5)}))
    finally:
        cluster.close()
