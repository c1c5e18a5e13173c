"""Dead letters while their topic or their broker is away, or takes nothing from us: they wait, and nothing is lost."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from consumer.sandbox.faults import Rule
from consumer.sandbox.server import Sandbox
from tests.kafka.apache import ApacheKafka
from tests.support.command import wait_until
from tests.support.stage import HANG_SECONDS, PARTITIONS, Stage, sign_up
from tests.support.worker_process import WorkerProcess

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

WRITTEN = 'clicksend_consumer_dead_letters_total{result="acknowledged"}'
WAITING = "clicksend_consumer_dead_letters_waiting"
FAILED = "dead letter not written, will retry"


@pytest.fixture
def world(kafka_from_jars: ApacheKafka, tmp_path: Path) -> Iterator[Stage]:
    """A world whose Kafka may be broken."""
    with Sandbox() as sandbox:
        yield Stage(kafka_from_jars, "classic", sandbox, tmp_path)


@pytest.fixture
def admin(kafka_from_jars: ApacheKafka) -> AdminClient:
    return AdminClient({"bootstrap.servers": kafka_from_jars.bootstrap})


def impatient(stage: Stage, **changes: str | None) -> WorkerProcess:
    """A worker that tries again soon, and holds nothing back: its many records that are no events are dead letters."""
    return stage.worker(RETRY_MAX_DELAY="1", ENROLMENT_UNRECOGNISED_LIMIT="0", **changes)


def settles(worker: WorkerProcess, number: int) -> None:
    worker.wait(lambda: worker.total("clicksend_consumer_records_settled_total") == number)


def failures(worker: WorkerProcess) -> list[dict[str, Any]]:
    return [line for line in worker.lines() if line["event"] == FAILED]


def gone(stage: Stage, admin: AdminClient) -> None:
    admin.delete_topics([stage.dead_letter_topic])[stage.dead_letter_topic].result(HANG_SECONDS)
    kafka, topic = stage.broker, stage.dead_letter_topic
    assert isinstance(kafka, ApacheKafka)
    wait_until(lambda: topic not in admin.list_topics(timeout=HANG_SECONDS).topics and not kafka.has_log(topic))


def waits_and_says(worker: WorkerProcess, stage: Stage, hint: str) -> None:
    """A letter fails; the line and /readyz name the mend, others are delivered, and the record is not settled."""
    worker.wait(lambda: failures(worker))
    assert hint in failures(worker)[0]["hint"]
    before = stage.enrolled()
    stage.produce(sign_up(100 + before))
    worker.wait(lambda: stage.enrolled() == before + 1)
    status, body = worker.readiness()
    assert status == 200
    assert "1 dead letters wait" in body["detail"]
    assert hint in body["detail"]
    assert worker.liveness()[0] == 200
    assert worker.metrics()[WAITING] == 1
    assert stage.lag() >= 1


def test_a_broker_that_is_killed_loses_no_letter_and_repeats_none(world: Stage, kafka_from_jars: ApacheKafka) -> None:
    many = 20_000
    world.produce(raw=[b"{broken %d" % number for number in range(many)])
    with impatient(world) as worker:
        worker.wait(lambda: worker.metrics()[WRITTEN] > 0)
        kafka_from_jars.kill()
        try:
            at_the_kill = worker.metrics()[WRITTEN]
            assert 0 < at_the_kill < many, "the kill was to come in the middle"
            assert worker.liveness()[0] == 200
            assert worker.metrics()[WAITING] > 0
        finally:
            kafka_from_jars.start()
        settles(worker, many)
        assert worker.metrics()[WRITTEN] == many
        assert len(failures(worker)) <= 10, "summed up: once in half a minute for each kind of failure"
        assert worker.stop() == 0
    assert set(Counter(letter.value() for letter in world.dead_letters()).values()) == {1}
    assert len(world.dead_letters()) == many
    assert world.lag() == 0


@pytest.mark.parametrize("partitions", [PARTITIONS, 2, 6], ids=["as it was", "with fewer partitions", "with more"])
def test_a_topic_that_is_deleted_is_missed_and_taken_up_when_it_is_there_again(
    world: Stage, admin: AdminClient, partitions: int
) -> None:
    with impatient(world) as worker:
        world.produce_raw(b"{first", partition=3)
        settles(worker, 1)
        gone(world, admin)
        world.produce_raw(b"{broken", partition=3, key=b"k")
        waits_and_says(worker, world, "create it again")
        assert worker.metrics()[WRITTEN] == 1
        world.broker.create_topic(world.dead_letter_topic, partitions, {"retention.ms": "-1"})
        settles(worker, 3)
        (letter,) = world.dead_letters()
        assert letter.value() == b"{broken"
        assert partitions <= 3 or letter.partition() == 3
        assert worker.stop() == 0
    assert world.lag() == 0


def test_a_topic_deleted_and_created_at_once_under_many_letters_loses_none_of_those_not_yet_acknowledged(
    world: Stage, admin: AdminClient
) -> None:
    with impatient(world) as worker:
        world.produce_raw(b"{first", partition=0)
        settles(worker, 1)
        gone(world, admin)
        world.produce(raw=[b"{broken %d" % number for number in range(500)])
        world.broker.create_topic(world.dead_letter_topic, PARTITIONS)
        settles(worker, 501)
        assert worker.stop() == 0
    assert Counter(letter.value() for letter in world.dead_letters()) == Counter(
        b"{broken %d" % number for number in range(500)
    )
    assert world.lag() == 0


def test_a_topic_that_is_deleted_is_not_created_where_the_broker_would_do_so_with_a_finite_retention(
    kafka_from_jars: ApacheKafka, tmp_path: Path
) -> None:
    kafka_from_jars.stop()  # one at a time: a broker takes a quarter of a gigabyte
    kafka = ApacheKafka(tmp_path, {"auto.create.topics.enable": "true"})
    kafka.begin()
    try:
        with Sandbox() as sandbox:
            stage = Stage(kafka, "classic", sandbox, tmp_path)
            with impatient(stage) as worker:
                stage.produce_raw(b"{first", partition=3)
                settles(worker, 1)
                gone(stage, AdminClient({"bootstrap.servers": kafka.bootstrap}))
                stage.produce_raw(b"{broken", partition=3)
                waits_and_says(worker, stage, "create it again")
    finally:
        kafka.stop()
        kafka_from_jars.start()


def test_a_right_that_is_taken_away_is_missed_and_used_when_it_is_granted_again(
    world: Stage, admin: AdminClient, kafka_from_jars: ApacheKafka
) -> None:
    denied = (ResourceType.TOPIC, world.dead_letter_topic, ResourcePatternType.LITERAL, "User:worker", "*")
    sasl = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka_from_jars.sasl_bootstrap,
        "KAFKA_SECURITY_PROTOCOL": "sasl_plaintext",
        "KAFKA_SASL_MECHANISM": "PLAIN",
        "KAFKA_SASL_USERNAME": "worker",
        "KAFKA_SASL_PASSWORD": "right",
    }
    with impatient(world, **sasl) as worker:
        world.produce_raw(b"{first", partition=3)
        settles(worker, 1)
        acl = AclBinding(*denied, AclOperation.WRITE, AclPermissionType.DENY)
        admin.create_acls([acl])[acl].result(HANG_SECONDS)
        world.produce_raw(b"{broken", partition=3)
        waits_and_says(worker, world, "grant WRITE")
        withdrawn = AclBindingFilter(*denied, AclOperation.ANY, AclPermissionType.ANY)
        admin.delete_acls([withdrawn])[withdrawn].result(HANG_SECONDS)
        settles(worker, 3)
        assert worker.stop() == 0
    assert [letter.value() for letter in world.dead_letters()] == [b"{first", b"{broken"]


def test_a_stop_waits_for_letters_that_are_on_their_way(world: Stage, kafka_from_jars: ApacheKafka) -> None:
    rejected = ("u0@example.com", "u1@example.com", "u2@example.com")
    world.faults(Rule(contact=rejected, status=400, code="BAD_REQUEST", delay=5.0))
    with impatient(world) as worker:
        worker.wait_ready()
        world.produce(*[sign_up(number) for number in range(3)])
        worker.wait(lambda: worker.metrics()['clicksend_consumer_records_by_stage{stage="in_flight"}'] == 3)
        kafka_from_jars.freeze()  # ClickSend's answers come now, and the letters meet a silent broker
        try:
            in_flight = 'clicksend_consumer_records_by_stage{stage="dead_letter_in_flight"}'
            worker.wait(lambda: worker.metrics()[in_flight] == 3)
            worker.send(signal.SIGTERM)
            worker.wait(lambda: "shutting down" in worker.events())
            assert worker.metrics()[WRITTEN] == 0
        finally:
            kafka_from_jars.thaw()
        assert worker.ended() == 0
    assert len(world.dead_letters()) == 3
    assert world.lag() == 0


def test_a_stop_commits_no_letter_that_is_not_acknowledged(world: Stage, admin: AdminClient) -> None:
    # With these a revoke in the middle of the work would wait for the letter for a good while.
    patience = {"CLICKSEND_TOTAL_TIMEOUT": "3600", "KAFKA_MAX_POLL_INTERVAL_MS": "3600000"}
    with impatient(world, WORKER_DRAIN_TIMEOUT="2", **patience) as worker:
        worker.wait_ready()
        gone(world, admin)
        world.produce_raw(b"{broken", partition=3)
        worker.wait(lambda: worker.metrics()[WAITING] == 1)
        world.produce(sign_up(0))
        worker.wait(lambda: world.enrolled() == 1)
        assert worker.stop() in (0, 1), "1 where the letter was under way when the time ran out"
    assert world.lag() >= 1
    world.broker.create_topic(world.dead_letter_topic, PARTITIONS)
    with impatient(world) as worker:
        worker.wait(lambda: world.lag() == 0)
        assert worker.stop() == 0
    assert [letter.value() for letter in world.dead_letters()] == [b"{broken"]
    assert len(world.payloads()) == 1, "the last commit came in spite of the letter"
