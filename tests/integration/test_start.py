"""A worker that can't start reports cause and fix, and waits if waiting can help."""

from __future__ import annotations

import socket

import pytest

from tests.kafka.apache import free_ports
from tests.support.events import sign_up
from tests.support.stage import Stage


def test_a_missing_topic_is_refused_with_the_command_that_creates_it(stage: Stage) -> None:
    with stage.worker(KAFKA_TOPIC="nowhere", KAFKA_DEAD_LETTER_TOPIC=stage.dead_letter_topic) as worker:
        assert worker.ended() == 3
    assert "--create --topic nowhere" in worker.output()
    assert "Traceback" not in worker.output()


def test_a_missing_dead_letter_topic_is_refused_with_the_command_that_creates_it(stage: Stage) -> None:
    with stage.worker(KAFKA_DEAD_LETTER_TOPIC="no-letters") as worker:
        assert worker.ended() == 3
    assert "--create --topic no-letters" in worker.output()


def test_a_missing_dead_letter_topic_is_created_when_that_is_allowed(apache_stage: Stage) -> None:
    stage = apache_stage
    name = f"{stage.topic}.created"
    stage.produce(raw=[b"{broken"])
    with stage.worker(KAFKA_DEAD_LETTER_TOPIC=name, KAFKA_CREATE_DEAD_LETTER_TOPIC="true") as worker:
        worker.wait(lambda: worker.settled() == 1)
    assert [letter.value() for letter in stage.read(name)] == [b"{broken"]


def test_a_broker_that_is_away_is_named_and_waited_for(stage: Stage) -> None:
    with stage.worker(KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{free_ports(1)[0]}") as worker:
        worker.wait(lambda: "kafka not reached, retrying" in worker.events())
        status, body = worker.readiness()
        assert (status, body["state"]) == (503, "kafka_unreachable")
        assert "KAFKA_BOOTSTRAP_SERVERS" in body["detail"]
        assert worker.liveness()[0] == 200
        assert worker.stop() == 0


def test_waiting_for_kafka_ends_where_an_end_was_asked_for(stage: Stage) -> None:
    away = f"127.0.0.1:{free_ports(1)[0]}"
    with stage.worker(KAFKA_BOOTSTRAP_SERVERS=away, WORKER_START_TIMEOUT="1") as worker:
        assert worker.ended() == 70
    assert "Traceback" not in worker.output()


def test_a_taken_port_is_named(stage: Stage) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        stage.worker(MONITOR_PORT=str(taken.getsockname()[1])) as worker,
    ):
        assert worker.ended() == 3
    assert "MONITOR_PORT" in worker.output()


def test_a_group_without_offsets_may_refuse_to_guess(stage: Stage) -> None:
    with stage.worker(KAFKA_AUTO_OFFSET_RESET="error") as worker:
        assert worker.ended() == 3
    assert "KAFKA_AUTO_OFFSET_RESET" in worker.output()


@pytest.mark.slow
def test_a_group_that_begins_at_the_end_loses_nothing_that_comes_afterwards(stage: Stage) -> None:
    stage.produce(sign_up(0))
    variables = {"KAFKA_AUTO_OFFSET_RESET": "latest", **stage.miss_soon()}
    with stage.worker(**variables) as worker:
        worker.wait_ready()
        worker.wait(lambda: stage.lag() == 0)
        worker.kill()  # before anything was consumed: only the start itself is committed
    stage.produce(sign_up(1))
    with stage.worker(**variables) as worker:
        worker.wait(lambda: stage.enrolled() == 1)
    assert [payload["email"] for payload in stage.payloads()] == ["u1@example.com"]
