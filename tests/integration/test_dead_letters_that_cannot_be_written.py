"""Dead letters while their topic or broker is unavailable or refuses them: they wait, and none is lost."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.admin._acl import AclBinding, AclBindingFilter, AclOperation, AclPermissionType
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from consumer.sandbox.faults import Rule
from consumer.sandbox.server import Sandbox
from tests.kafka.apache import ApacheKafka
from tests.support.access import sasl_variables
from tests.support.events import sign_up
from tests.support.stage import PARTITIONS, Stage, stage_fixture
from tests.support.waiting import HANG_SECONDS, wait_until
from tests.support.worker_process import WorkerProcess

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

WRITTEN = 'clicksend_consumer_dead_letters_total{result="acknowledged"}'
WAITING = "clicksend_consumer_dead_letters_waiting"
FAILED = "dead letter not written, will retry"


stage = stage_fixture("kafka_from_jars-classic")  # its Kafka may be broken


def impatient(stage: Stage, **changes: str | None) -> WorkerProcess:
    """A worker that tries again soon, and holds nothing back: its many records that are no events are dead letters."""
    return stage.worker(RETRY_MAX_DELAY="1", ENROLMENT_UNRECOGNISED_LIMIT="0", **changes)


def failures(worker: WorkerProcess) -> list[dict[str, Any]]:
    return [line for line in worker.lines() if line["event"] == FAILED]


def gone(stage: Stage) -> None:
    admin, topic = stage.admin, stage.dead_letter_topic
    admin.delete_topics([topic])[topic].result(HANG_SECONDS)
    kafka = stage.broker
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


def test_a_broker_that_is_killed_loses_no_dead_letter_and_repeats_none(
    stage: Stage, kafka_from_jars: ApacheKafka
) -> None:
    many = 20_000
    stage.produce(raw=[b"{broken %d" % number for number in range(many)])
    with impatient(stage) as worker:
        worker.wait(lambda: worker.metrics()[WRITTEN] > 0)
        kafka_from_jars.kill()
        try:
            at_the_kill = worker.metrics()[WRITTEN]
            assert 0 < at_the_kill < many, "the kill was to come in the middle"
            assert worker.liveness()[0] == 200
            assert worker.metrics()[WAITING] > 0
        finally:
            kafka_from_jars.start()
        worker.wait(lambda: worker.settled() == many)
        assert worker.metrics()[WRITTEN] == many
        assert len(failures(worker)) <= 10, "summed up: once in half a minute for each kind of failure"
        assert worker.stop() == 0
    assert set(Counter(dead_letter.value() for dead_letter in stage.dead_letters()).values()) == {1}
    assert len(stage.dead_letters()) == many
    assert stage.lag() == 0


@pytest.mark.parametrize("partitions", [PARTITIONS, 2, 6], ids=["as it was", "with fewer partitions", "with more"])
def test_a_topic_that_is_deleted_is_missed_and_taken_up_when_it_is_there_again(stage: Stage, partitions: int) -> None:
    with impatient(stage) as worker:
        stage.produce_raw(b"{first", partition=3)
        worker.wait(lambda: worker.settled() == 1)
        gone(stage)
        stage.produce_raw(b"{broken", partition=3, key=b"k")
        waits_and_says(worker, stage, "create it again")
        assert worker.metrics()[WRITTEN] == 1
        stage.broker.create_topic(stage.dead_letter_topic, partitions, {"retention.ms": "-1"})
        worker.wait(lambda: worker.settled() == 3)
        (dead_letter,) = stage.dead_letters()
        assert dead_letter.value() == b"{broken"
        assert partitions <= 3 or dead_letter.partition() == 3
        assert worker.stop() == 0
    assert stage.lag() == 0


def test_a_topic_recreated_under_many_dead_letters_loses_none_of_the_unacknowledged_ones(
    stage: Stage,
) -> None:
    with impatient(stage) as worker:
        stage.produce_raw(b"{first", partition=0)
        worker.wait(lambda: worker.settled() == 1)
        gone(stage)
        stage.produce(raw=[b"{broken %d" % number for number in range(500)])
        stage.broker.create_topic(stage.dead_letter_topic, PARTITIONS)
        worker.wait(lambda: worker.settled() == 501)
        assert worker.stop() == 0
    assert Counter(dead_letter.value() for dead_letter in stage.dead_letters()) == Counter(
        b"{broken %d" % number for number in range(500)
    )
    assert stage.lag() == 0


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
                worker.wait(lambda: worker.settled() == 1)
                gone(stage)
                stage.produce_raw(b"{broken", partition=3)
                waits_and_says(worker, stage, "create it again")
    finally:
        kafka.stop()
        kafka_from_jars.start()


def test_a_right_that_is_taken_away_is_missed_and_used_when_it_is_granted_again(
    stage: Stage, kafka_from_jars: ApacheKafka
) -> None:
    denied = (ResourceType.TOPIC, stage.dead_letter_topic, ResourcePatternType.LITERAL, "User:worker", "*")
    sasl = sasl_variables(kafka_from_jars)
    with impatient(stage, **sasl) as worker:
        stage.produce_raw(b"{first", partition=3)
        worker.wait(lambda: worker.settled() == 1)
        acl = AclBinding(*denied, AclOperation.WRITE, AclPermissionType.DENY)
        stage.admin.create_acls([acl])[acl].result(HANG_SECONDS)
        stage.produce_raw(b"{broken", partition=3)
        waits_and_says(worker, stage, "grant WRITE")
        withdrawn = AclBindingFilter(*denied, AclOperation.ANY, AclPermissionType.ANY)
        stage.admin.delete_acls([withdrawn])[withdrawn].result(HANG_SECONDS)
        worker.wait(lambda: worker.settled() == 3)
        assert worker.stop() == 0
    assert [dead_letter.value() for dead_letter in stage.dead_letters()] == [b"{first", b"{broken"]


def test_a_stop_waits_for_dead_letters_that_are_on_their_way(stage: Stage, kafka_from_jars: ApacheKafka) -> None:
    rejected = ("u0@example.com", "u1@example.com", "u2@example.com")
    stage.faults(Rule(contact=rejected, status=400, code="BAD_REQUEST", delay=5.0))
    with impatient(stage) as worker:
        worker.wait_ready()
        stage.produce(*[sign_up(number) for number in range(3)])
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
    assert len(stage.dead_letters()) == 3
    assert stage.lag() == 0


def test_a_stop_commits_no_dead_letter_that_is_not_acknowledged(stage: Stage) -> None:
    # With these a revoke in the middle of the work would wait for the letter for a good while.
    patience = {"CLICKSEND_TOTAL_TIMEOUT": "3600", "KAFKA_MAX_POLL_INTERVAL_MS": "3600000"}
    with impatient(stage, WORKER_DRAIN_TIMEOUT="2", **patience) as worker:
        worker.wait_ready()
        gone(stage)
        stage.produce_raw(b"{broken", partition=3)
        worker.wait(lambda: worker.metrics()[WAITING] == 1)
        stage.produce(sign_up(0))
        worker.wait(lambda: stage.enrolled() == 1)
        assert worker.stop() in (0, 1), "1 where the letter was under way when the time ran out"
    assert stage.lag() >= 1
    stage.broker.create_topic(stage.dead_letter_topic, PARTITIONS)
    with impatient(stage) as worker:
        worker.wait(lambda: stage.lag() == 0)
        assert worker.stop() == 0
    assert [dead_letter.value() for dead_letter in stage.dead_letters()] == [b"{broken"]
    assert len(stage.payloads()) == 1, "the last commit came in spite of the letter"
