"""A worker's memory is bounded, whatever the backlog: the rest stays in Kafka."""

from __future__ import annotations

import time
from pathlib import Path

import orjson
import pytest
from confluent_kafka import Producer

from consumer.sandbox.faults import Rule
from tests.support.stage import PARTITIONS, Stage, on_each_protocol, stage_fixture
from tests.support.worker_process import WorkerProcess

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

MOST = 100 * 1024 * 1024
RECORDS = 120_000
PADDING = "x" * 1000
FLUSH_EVERY = 20_000
WATCHED_SECONDS = 5.0
stage = stage_fixture(*on_each_protocol("apache_kafka"))


def peak(worker: WorkerProcess) -> int:
    """The most memory that the process has held so far, in bytes (proc(5), VmHWM)."""
    status = Path(f"/proc/{worker.process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def fill(stage: Stage, every: int) -> None:
    """Put records of about a kilobyte on the topic, each so many-th of a partition an enrolment."""
    producer = Producer({"bootstrap.servers": stage.broker.bootstrap, "linger.ms": 20})
    for number in range(RECORDS):
        event = {"type": "page"} if number // PARTITIONS % every else {"type": "identify"}
        value = orjson.dumps({**event, "traits": {"email": f"u{number}@example.com"}, "padding": PADDING})
        producer.produce(stage.topic, value=value, partition=number % PARTITIONS)
        if number % FLUSH_EVERY == 0:
            producer.flush(60)
    assert producer.flush(60) == 0


@pytest.mark.parametrize("every", [1, 20], ids=["all are enrolments", "one in twenty is"])
def test_an_outage_over_a_full_topic_fits_into_the_memory_that_is_promised(
    stage: Stage, every: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)  # what coverage.py holds is not to count
    fill(stage, every)
    stage.faults(Rule(status=503))
    with stage.worker() as worker:
        worker.wait(lambda: worker.metrics().get("clicksend_consumer_paused_partitions") == PARTITIONS)
        time.sleep(WATCHED_SECONDS)  # librdkafka goes on filling its own queues
        assert peak(worker) <= MOST
        assert worker.stop() == 0
