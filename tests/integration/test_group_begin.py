"""The start of a group, and the state of a worker without a partition."""

from __future__ import annotations

import pytest

from tests.support.events import sign_up
from tests.support.stage import PARTITIONS, Stage, on_each_protocol, stage_fixture

pytestmark = pytest.mark.slow

ASSIGNED = "clicksend_consumer_assigned_partitions"
stage = stage_fixture(*on_each_protocol("apache_kafka"))


def test_two_workers_that_begin_a_group_together_deliver_what_comes_afterwards_and_nothing_else(
    stage: Stage,
) -> None:
    """KAFKA_AUTO_OFFSET_RESET=latest: each resolves and commits its own partitions, whatever the other has done."""
    stage.produce(*[sign_up(number) for number in range(80)])
    latest = {"KAFKA_AUTO_OFFSET_RESET": "latest"}
    with stage.worker(**latest) as first, stage.worker(**latest) as second:
        first.wait(lambda: all(each.total(ASSIGNED) == PARTITIONS / 2 for each in (first, second)))
        first.wait(lambda: all(each.offset >= 0 for each in stage.committed().values()))
        assert stage.lag() == 0
        stage.produce(*[sign_up(number) for number in range(100, 140)])
        first.wait(lambda: stage.enrolled() == 40)
        assert (first.stop(), second.stop()) == (0, 0)
    delivered = sorted(payload["email"] for payload in stage.payloads())
    assert delivered == [f"u{number}@example.com" for number in range(100, 140)]


def test_a_worker_more_than_there_are_partitions_is_on_standby(stage: Stage) -> None:
    """With KIP-848 such a member is told nothing at all."""
    narrow = f"{stage.topic}.narrow"
    stage.broker.create_topic(narrow, 1)
    variables = {"KAFKA_TOPIC": narrow, "KAFKA_DEAD_LETTER_TOPIC": stage.dead_letter_topic}
    with stage.worker(**variables) as first, stage.worker(**variables) as second:
        both = (first, second)
        first.wait(lambda: {worker.readiness()[1]["state"] for worker in both} == {"ready", "standby"})
        assert {worker.readiness()[0] for worker in both} == {200}
