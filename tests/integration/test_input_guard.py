"""A worker on a topic without events waits for an operator and loses nothing."""

from __future__ import annotations

import pytest

from tests.integration.command import run
from tests.integration.stage import PARTITIONS, Stage, sign_up

RUBBISH = b"\x00\x00\x00\x00\x07 nothing that we can read"


def test_one_broken_producer_holds_its_partition_and_no_other(stage: Stage) -> None:
    for _ in range(30):
        stage.produce_raw(RUBBISH, partition=0)
    for number in range(8):
        value = b'{"type":"identify","traits":{"email":"u%d@example.com"}}' % number
        stage.produce_raw(value, partition=1 + number % (PARTITIONS - 1))
    with stage.worker() as worker:
        worker.wait(lambda: stage.enrolled() == 8)
        worker.wait(lambda: "partition held" in worker.events())
        status, body = worker.readiness()
        assert status == 200, "the others are delivered"
        assert f"unrecognised_records: {stage.topic}-0 held" in body["detail"]
        held = f'clicksend_consumer_partition_held{{partition="0",reason="unrecognised_records",topic="{stage.topic}"}}'
        assert worker.metrics()[held] == 1
        assert worker.stop() == 0
    assert stage.dead_letters() == []
    assert stage.committed()[0].offset == 0
    with stage.worker(ENROLMENT_UNRECOGNISED_LIMIT="0") as worker:
        worker.wait(lambda: len(stage.dead_letters()) == 30)
        assert worker.stop() == 0


def test_an_event_that_follows_releases_it(stage: Stage) -> None:
    for partition in range(PARTITIONS):
        for _ in range(20):
            stage.produce_raw(RUBBISH, partition=partition)
    with stage.worker() as worker:
        worker.wait(lambda: worker.readiness()[1]["state"] == "unrecognised_records")
        assert worker.readiness()[0] == 503
        for partition in range(PARTITIONS):
            stage.produce_raw(b'{"type": "page"}', partition=partition)
        worker.wait_ready()
        worker.wait(lambda: len(stage.dead_letters()) == 20 * PARTITIONS)
        stage.produce(sign_up(1))
        worker.wait(lambda: stage.enrolled() == 1)


@pytest.mark.kafka
def test_check_reports_the_same_before_the_start(apache_stage: Stage) -> None:
    stage = apache_stage
    for _ in range(20):
        stage.produce_raw(RUBBISH, partition=2)
    done = run("check", variables=stage.variables(), folder=stage.folder)
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if "not events" in line]
    assert line.startswith("failed")
    assert f"{stage.topic}-2" in line
