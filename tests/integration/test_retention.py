"""Records deleted by retention before consumption are lost. All others are delivered."""

from __future__ import annotations

import orjson
import pytest
from confluent_kafka import TopicPartition

from consumer.sandbox.faults import Rule
from tests.support.events import identify
from tests.support.stage import PARTITIONS, Stage, on_each_protocol, stage_fixture
from tests.support.waiting import HANG_SECONDS

pytestmark = pytest.mark.kafka
DELETED = "records deleted before they were consumed"
# The worker fetches little, so that retention passes it and not only its commit.
SMALL_FETCHES = '{"fetch.message.max.bytes": 1000, "queued.min.messages": 1, "queued.max.messages.kbytes": 1}'
HELD = 4  # records of each partition that the worker may hold
PASSED, END = 60, 80
stage = stage_fixture(*on_each_protocol("apache_kafka"))


def produce(stage: Stage, numbers: range) -> None:
    for number in numbers:
        for partition in range(PARTITIONS):
            event = identify(number * PARTITIONS + partition)
            stage.produce_raw(orjson.dumps(event), partition=partition)


def delete_before(stage: Stage, offset: int) -> None:
    partitions = [TopicPartition(stage.topic, each, offset) for each in range(PARTITIONS)]
    for deleted in stage.admin.delete_records(partitions).values():
        deleted.result(HANG_SECONDS)


@pytest.mark.parametrize("reset", ["earliest", "latest"])
def test_a_group_that_retention_has_passed_continues_at_the_start_of_the_log(stage: Stage, reset: str) -> None:
    produce(stage, range(10))
    stage.commit(*(TopicPartition(stage.topic, partition, 5) for partition in range(PARTITIONS)))
    delete_before(stage, 8)
    with stage.worker(KAFKA_AUTO_OFFSET_RESET=reset) as worker:
        worker.wait(lambda: stage.lag() == 0)
        assert stage.enrolled() == 2 * PARTITIONS
        logged = [line["offsets"] for line in worker.lines() if line["event"] == DELETED]
        assert logged == [3] * PARTITIONS


def test_what_a_worker_holds_is_delivered_although_it_is_not_in_the_log_any_more(stage: Stage) -> None:
    stage.faults(Rule(status=503))
    produce(stage, range(END))
    limits = {"WORKER_MAX_BUFFERED_RECORDS": str(HELD * PARTITIONS), "KAFKA_PROPERTIES": SMALL_FETCHES}
    with stage.worker(RETRY_MAX_DELAY="1", **limits) as worker:
        worker.wait(lambda: worker.total("clicksend_consumer_records_in_progress") >= HELD * PARTITIONS)
        delete_before(stage, PASSED)
        stage.faults()
        worker.wait(lambda: stage.lag() == 0)
        consumed = worker.total("clicksend_consumer_records_consumed_total")
        assert consumed < END * PARTITIONS, "retention has passed the worker"
        assert worker.total("clicksend_consumer_records_released_total") == 0
        assert stage.enrolled() == consumed
