"""Bytes that confluent-kafka can't read: header names that are not UTF-8, from clients in C, Go, Rust and kcat."""

from __future__ import annotations

import uuid

import orjson
import pytest
from confluent_kafka import Consumer, TopicPartition

from consumer.demo.broker import InProcessBroker
from consumer.scheduling.task import headers_of
from tests.integration.redrive_stage import RedriveStage
from tests.kafka.in_process import InProcess
from tests.kafka.raw_producer import Header, produce_raw_headers
from tests.support.events import sign_up
from tests.support.stage import Stage
from tests.support.waiting import HANG_SECONDS

HEADERS: list[Header] = [(b"trace", b"7"), (b"caf\xe9", b"1")]


WARM = 64  # calls after which the interpreter has specialised what is called


def test_headers_that_cannot_be_read_are_none_however_often_they_were_asked_for(in_process_broker: InProcess) -> None:
    """Frequently called functions take a specialised path with fewer checks; the binding keeps a former failure."""
    in_process_broker.create_topic(topic := f"headers-{uuid.uuid4().hex}", InProcessBroker.PARTITIONS)
    for each in (HEADERS[:1], HEADERS, HEADERS[1:]):
        produce_raw_headers(in_process_broker.bootstrap, topic, b"{}", each, partition=0)
    with Consumer({"bootstrap.servers": in_process_broker.bootstrap, "group.id": "headers"}) as consumer:
        consumer.assign([TopicPartition(topic, 0, 0)])
        good, *bad = consumer.consume(3, timeout=HANG_SECONDS)
    found = [headers_of(message) for message in (*[good] * WARM, *bad, *bad)]
    assert found == [*[[("trace", b"7")]] * WARM, *[None] * 4]


def test_a_record_whose_headers_cannot_be_read_is_delivered_or_dead_lettered_as_any_other(stage: Stage) -> None:
    stage.produce(*[sign_up(number) for number in range(100, 100 + WARM)])
    for value in (orjson.dumps(sign_up(1)), b"{broken", b'{"type": "page"}'):
        produce_raw_headers(stage.broker.bootstrap, stage.topic, value, HEADERS, partition=0)
    stage.produce(sign_up(2))
    with stage.worker() as worker:
        worker.wait(lambda: worker.settled() == WARM + 4)
        assert worker.stop() == 0
    assert stage.enrolled() == WARM + 2
    (dead_letter,) = stage.dead_letters()
    assert dead_letter.value() == b"{broken"
    headers = stage.headers(dead_letter)
    assert (headers["clicksend.left.out"], headers["clicksend.reason"]) == ("headers", "undecodable")
    assert "trace" not in headers


@pytest.mark.parametrize(("max_age", "left_out"), [("0", {"headers"}), ("0.001", set())], ids=["any age", "too old"])
def test_headers_that_cannot_be_read_are_looked_at_more_than_once(
    stage: Stage, max_age: str, left_out: set[str]
) -> None:
    """By the input guard behind a record that is no event; by the rule for old records, and the debugger after it."""
    for value in (b"{broken", orjson.dumps(sign_up(1)), b"{broken", b"{broken", orjson.dumps(sign_up(2))):
        produce_raw_headers(stage.broker.bootstrap, stage.topic, value, HEADERS, partition=0)
    with stage.worker(ENROLMENT_MAX_EVENT_AGE=max_age) as worker:
        worker.wait(lambda: worker.settled() == 5)
        assert worker.stop() == 0
    assert {stage.headers(each)["clicksend.left.out"] for each in stage.dead_letters()} == left_out


@pytest.mark.kafka
def test_the_commands_read_past_such_a_record(redrive: RedriveStage) -> None:
    stage = redrive.stage
    redrive.write("jane.doe@example.com", partition=1)
    produce_raw_headers(stage.broker.bootstrap, stage.dead_letter_topic, b"{}", HEADERS, partition=1)
    produce_raw_headers(stage.broker.bootstrap, stage.topic, orjson.dumps(sign_up(1)), HEADERS, partition=0)
    assert [row["reason"] for row in redrive.lines("dead-letters", "list")] == ["rejected", None]
    assert redrive.lines("dead-letters", "show", "1@1")
    assert redrive.lines("explain", "--partition", "0", "--offset", "0")[0]["disposition"] == "deliver"
    assert redrive.command("dead-letters", "redrive", "--to", "source", "--execute").returncode == 0
