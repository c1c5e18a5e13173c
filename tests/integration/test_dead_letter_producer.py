"""The dead-letter writer with librdkafka's producer: cases that a whole worker can't be forced into."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Producer
from prometheus_client import CollectorRegistry

from consumer.dead_letters.writer import DeadLetters
from consumer.delivery.retry import RetryPolicy
from consumer.enrolment.disposition import DeadLetterReason
from consumer.kafka.properties import producer_properties
from consumer.monitoring.health import Health
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.task import Task
from consumer.scheduling.work import PolledRecords, WriteDeadLetter
from consumer.settings.kafka import client_properties
from consumer.threads import OsThreads
from tests.kafka.apache import ApacheKafka
from tests.kafka.broker import Broker
from tests.kafka.fatal import fail_for_good
from tests.kafka.reading import read_topic
from tests.support.engine import Engine
from tests.support.records import record
from tests.support.required_settings import settings_of

pytestmark = pytest.mark.slow

PARTITIONS = 4
HANG_SECONDS = 300.0  # a guard against hanging


class WriterHarness:
    """A scheduler full of letters and the writer, before a real topic. The test is the delivery thread."""

    def __init__(self, broker: Broker, **properties: str | float) -> None:
        self._bootstrap = broker.bootstrap
        self._topic = f"letters-{uuid.uuid4().hex[:12]}"
        broker.create_topic(self._topic, PARTITIONS, {"retention.ms": "-1"})  # the records bear an old time
        self.kafka = settings_of(KAFKA_BOOTSTRAP_SERVERS=broker.bootstrap, KAFKA_DEAD_LETTER_TOPIC=self._topic).kafka
        self._properties = properties
        self.engine = Engine(policy=RetryPolicy(initial_delay=0.05, max_delay=0.2))
        self._scheduler = self.engine.scheduler
        self.registry = CollectorRegistry()
        self.producers: list[Producer] = []
        self.crashes: list[BaseException] = []
        reporter = Reporter(self.registry, None, time.monotonic)
        self.writer = DeadLetters(
            self.kafka,
            self._scheduler,
            reporter,
            time.monotonic,
            self.crashes.append,
            Health(0),
            self._make_producer,
            OsThreads(),
        )
        self.writer.start()

    def _make_producer(self) -> Producer:
        self.producers.append(
            Producer({**producer_properties(client_properties(self.kafka)), "log_level": 0, **self._properties})
        )
        return self.producers[-1]

    def admit(self, *values: bytes) -> None:
        """Records arrive that are no events."""
        tracker = self.engine.tracker
        first = tracker.highest_seen + 1
        tasks = [
            Task.undeliverable(record(offset, value=value), tracker, DeadLetterReason.UNDECODABLE)
            for offset, value in enumerate(values, first)
        ]
        tracker.highest_seen += len(values)
        self._scheduler.admit(PolledRecords(consumed=len(values), tasks=tasks))

    def work_until(self, done: Callable[[], bool]) -> None:
        """Write what there is to write until then."""
        deadline = time.monotonic() + HANG_SECONDS
        while not done():
            assert not self.crashes
            assert time.monotonic() < deadline
            work = self._scheduler.take(time.monotonic())
            if isinstance(work, WriteDeadLetter):
                self.writer.write(work.task)
            else:
                time.sleep(0.005)

    def settled(self) -> int:
        return sum(self.engine.settled().values())

    def all_settled(self) -> bool:
        return self._scheduler.snapshot().in_progress == 0

    def count(self, metric: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"clicksend_consumer_{metric}_total", labels) or 0.0

    def values_on_topic(self) -> Counter[bytes]:
        """The values on the topic, and how often each is there."""
        return Counter(message.value() or b"" for message in read_topic(self._bootstrap, self._topic))


@pytest.fixture(params=["in_process_broker", pytest.param("apache_kafka", marks=pytest.mark.kafka)])
def broker(request: pytest.FixtureRequest) -> Broker:
    broker: Broker = request.getfixturevalue(request.param)
    return broker


@pytest.fixture
def harness(broker: Broker) -> Iterator[WriterHarness]:
    harness = WriterHarness(broker)
    yield harness
    harness.writer.close(0)


def test_a_producer_that_fails_for_good_is_replaced_in_the_middle_of_its_work(harness: WriterHarness) -> None:
    values = [b"letter %d" % number for number in range(300)]
    harness.admit(*values[:100])
    harness.work_until(lambda: harness.settled() > 0)
    harness.admit(*values[100:])
    fail_for_good(harness.producers[0])
    harness.work_until(harness.all_settled)
    assert len(harness.producers) == 2
    assert harness.count("dead_letter_producers_replaced") == 1
    assert harness.count("dead_letters", result="acknowledged") == len(values)
    assert harness.values_on_topic().keys() == set(values)


def test_repeated_producer_failures_stop_neither_the_thread_nor_the_dead_letters(harness: WriterHarness) -> None:
    for number in range(3):
        fail_for_good(harness.producers[-1])
        harness.admit(b"letter %d" % number)
        harness.work_until(harness.all_settled)
    assert len(harness.producers) == 4
    assert not harness.crashes
    assert harness.values_on_topic() == {b"letter 0": 1, b"letter 1": 1, b"letter 2": 1}


def test_dead_letters_in_flight_take_no_more_memory_than_the_producers_queue_has(broker: Broker) -> None:
    """Many times what the queue takes is to be written; librdkafka's count includes events that are no letters.

    The queue is small, so that it is full some time on any machine, however fast the broker.
    """
    queue = 2 * 1024 * 1024
    harness = WriterHarness(broker, **{"queue.buffering.max.kbytes": queue // 1024})
    value = bytes(1_000_000)
    many = 128
    harness.admit(*[value] * many)
    most = 0

    def done() -> bool:
        nonlocal most
        most = max(most, len(harness.producers[0]))
        return harness.settled() == many

    harness.work_until(done)
    harness.writer.close(0)
    assert most * len(value) < 3 * queue
    assert harness.count("dead_letters", result="failed") > 0, "the queue was full, and letters waited"


@pytest.mark.kafka
def test_an_outage_longer_than_the_producers_patience_fails_dead_letters_which_are_written_when_it_is_over(
    kafka_from_jars: ApacheKafka, capsys: pytest.CaptureFixture[str]
) -> None:
    harness = WriterHarness(kafka_from_jars, **{"delivery.timeout.ms": 300})
    harness.admit(b"before")
    harness.work_until(harness.all_settled)
    kafka_from_jars.kill()
    try:
        harness.admit(*[b"letter %d" % number for number in range(200)])
        harness.work_until(lambda: harness.count("dead_letters", result="failed") >= 205)
        assert harness.settled() == 1
        assert 0 < capsys.readouterr().out.count("dead letter not written") <= 10, "summed up"
    finally:
        kafka_from_jars.start()
    harness.work_until(harness.all_settled)
    # Each once or more: of one whose acknowledgement comes after the producer's patience, nobody knows.
    assert harness.values_on_topic().keys() == {b"before", *(b"letter %d" % number for number in range(200))}
    harness.writer.close(0)
