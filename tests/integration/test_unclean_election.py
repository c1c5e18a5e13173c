"""An unclean election on three brokers: records that the new leader lacks are lost, later ones are delivered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin._metadata import PartitionMetadata
from confluent_kafka.cimpl import NewTopic

from consumer.sandbox.server import Sandbox
from tests.kafka.apache import ApacheKafka, Unavailable
from tests.kafka.reading import retrying
from tests.support.events import sign_up
from tests.support.programs import Promise, absent
from tests.support.stage import Stage
from tests.support.waiting import HANG_SECONDS, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
BOTH, LOST, NEW = range(10), range(10, 30), range(30, 60)  # numbers of sign-ups: on both, on the old leader, since
Brokers = dict[int, ApacheKafka]


@pytest.fixture
def brokers(tmp_path: Path) -> Iterator[Brokers]:
    """One that has the vote and the group's offsets, started; and two that the topic is on, not yet."""
    made: Brokers = {}
    for node in (1, 2, 3):
        folder = tmp_path / f"broker-{node}"
        folder.mkdir()
        try:
            made[node] = ApacheKafka(folder, joins=made.get(1), node=node)
        except Unavailable as why:
            absent(str(why), Promise.KAFKA)
        if node == 1:
            made[1].begin()
    yield made
    for each in made.values():
        each.kill()


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_what_is_written_after_an_unclean_election_is_not_skipped(
    brokers: Brokers, tmp_path: Path, protocol: str
) -> None:
    with Sandbox() as sandbox:
        stage = Stage(brokers[1], protocol, sandbox, tmp_path)
        keep_offsets_on_the_first(stage)
        brokers[2].begin()
        brokers[3].begin()
        topic = spread_topic(stage)
        produce(stage, topic, BOTH)
        brokers[3].kill()
        in_sync(stage, topic, [2])
        produce(stage, topic, LOST)
        delivered(stage, topic, len(BOTH) + len(LOST))
        brokers[2].kill()
        brokers[3].start()
        led_by(stage, topic, 3)
        produce(stage, topic, NEW)
        emails = {f"u{number}@example.com" for number in NEW}
        with stage.worker(KAFKA_TOPIC=topic, KAFKA_DEAD_LETTER_TOPIC=stage.dead_letter_topic) as worker:
            worker.wait(lambda: emails <= {each["email"] for each in stage.payloads()})
            assert worker.stop() == 0
        assert len(stage.payloads()) == 60, "nothing that was delivered before is delivered again"


def keep_offsets_on_the_first(stage: Stage) -> None:
    """Have the topic of the groups' offsets made while there is one broker."""
    with stage.consumer("first") as consumer:
        retrying(lambda: consumer.commit(offsets=[TopicPartition(stage.topic, 0, 0)], asynchronous=False))


def spread_topic(stage: Stage) -> str:
    """A topic of one partition on the brokers 2 and 3, led by 2."""
    topic = f"{stage.topic}-spread"
    config = {"unclean.leader.election.enable": "true", "min.insync.replicas": "1", "retention.ms": "-1"}
    new = NewTopic(topic, num_partitions=1, replica_assignment=[[2, 3]], config=config)
    retrying(lambda: stage.admin.create_topics([new])[topic].result(HANG_SECONDS))
    in_sync(stage, topic, [2, 3])
    led_by(stage, topic, 2)
    return topic


def in_sync(stage: Stage, topic: str, nodes: list[int]) -> None:
    wait_until(lambda: [sorted(each.isrs) for each in partitions(stage, topic)] == [nodes])


def led_by(stage: Stage, topic: str, node: int) -> None:
    wait_until(lambda: [each.leader for each in partitions(stage, topic)] == [node])


def partitions(stage: Stage, topic: str) -> list[PartitionMetadata]:
    """Return the topic's partitions; a broker that has not heard of it knows none."""
    return list(stage.admin.list_topics(topic, timeout=60).topics[topic].partitions.values())


def produce(stage: Stage, topic: str, numbers: range) -> None:
    producer = Producer({"bootstrap.servers": stage.broker.bootstrap, "acks": "all"})
    for number in numbers:
        producer.produce(topic, value=orjson.dumps(sign_up(number)))
    assert producer.flush(HANG_SECONDS) == 0


def delivered(stage: Stage, topic: str, count: int) -> None:
    """Let a worker deliver so many, and commit them."""
    with stage.worker(KAFKA_TOPIC=topic, KAFKA_DEAD_LETTER_TOPIC=stage.dead_letter_topic) as worker:
        worker.wait(lambda: worker.settled() == count)
        assert worker.stop() == 0
    assert len(stage.payloads()) == count
