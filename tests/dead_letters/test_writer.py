"""The dead-letter writer with a fake producer: the effect of each delivery report."""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any

import pytest
from confluent_kafka import OFFSET_INVALID, KafkaError, KafkaException, Message
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from consumer.dead_letters.writer import DeadLetters
from consumer.enrolment.disposition import DeadLetterReason
from consumer.monitoring.health import Health
from consumer.monitoring.reporter import Reporter
from consumer.threads import OsThreads
from tests.support.engine import Engine
from tests.support.records import EVENTS
from tests.support.required_settings import settings_of

KAFKA = settings_of(KAFKA_GROUP_ID="the-group").kafka


class ProducerStub:
    """Keeps what it is given until the test reports on it; stands for librdkafka's producer."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.refusals: list[Exception] = []  # what the next `produce` calls raise
        self.fatal: KafkaException | None = None  # what the next `poll` raises

    def produce(self, topic: str, **message: Any) -> None:
        assert topic == "events.dead-letter"
        if self.refusals:
            raise self.refusals.pop(0)
        self.messages.append(message)

    def poll(self, _timeout: float) -> int:
        if self.fatal is not None:
            fatal, self.fatal = self.fatal, None
            raise fatal
        return 0

    def flush(self, _timeout: float) -> int:
        return len(self.messages)

    def purge(self) -> None:
        while self.messages:
            self.report(KafkaError._PURGE_QUEUE)

    def report(self, code: int | None = None, offset: int = 0) -> None:
        """The oldest letter's report comes: an error, or None for the broker's acknowledgement."""
        written = Message("events.dead-letter", 0, offset)
        self.messages.pop(0)["on_delivery"](None if code is None else KafkaError(code), written)


class WriterHarness:
    """A scheduler with one letter to write, and the writer."""

    def __init__(self, number: int = 0) -> None:
        self.engine = Engine()
        self.registry = CollectorRegistry()
        self.health = Health(0)
        self.producers: list[ProducerStub] = []
        self.crashes: SimpleQueue[BaseException] = SimpleQueue()
        self.writer = DeadLetters(
            KAFKA,
            self.engine.scheduler,
            Reporter(self.registry, None, lambda: self.engine.now),
            lambda: self.engine.now,
            self.crashes.put,
            self.health,
            self._make_producer,
            OsThreads(),
        )
        self.partition = EVENTS._replace(number=number)
        if number:
            self.engine.assign(self.partition)
        self.message = self.engine.admit(0, partition=self.partition, reason=DeadLetterReason.UNDECODABLE)

    def _make_producer(self) -> ProducerStub:
        self.producers.append(ProducerStub())
        return self.producers[-1]

    @property
    def producer(self) -> ProducerStub:
        return self.producers[-1]

    def write(self) -> None:
        self.writer.write(self.engine.dead_letter_work_when_due())

    def count(self, metric: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"clicksend_consumer_{metric}_total", labels) or 0.0

    def written(self) -> float:
        return self.count("dead_letters", result="acknowledged")


def headers(message: dict[str, Any]) -> dict[str, str]:
    return {name: (value or b"").decode() for name, value in message["headers"]}


@pytest.fixture
def harness() -> WriterHarness:
    return WriterHarness()


def test_an_acknowledgement_without_an_offset_has_it_written_once_more(harness: WriterHarness) -> None:
    """librdkafka reports so what the broker took for a repetition. In a recreated topic it may be no such thing."""
    harness.write()
    harness.producer.report(offset=OFFSET_INVALID)
    assert (harness.written(), harness.engine.settled()) == (0, {})
    (again,) = harness.producer.messages
    assert (again["value"], again["partition"]) == (harness.message.record.value, 0)
    harness.producer.report(offset=OFFSET_INVALID)
    assert harness.written() == 1
    assert not harness.producer.messages


def test_nothing_is_counted_or_settled_before_the_report(harness: WriterHarness) -> None:
    harness.write()
    assert (harness.written(), harness.engine.settled(), harness.engine.committable_offset()) == (0, {}, 0)
    harness.producer.report()
    assert (harness.written(), harness.engine.settled()) == (1, {"dead_lettered undecodable": 1})
    assert harness.engine.committable_offset() == 1


@pytest.mark.parametrize(
    "code",
    [
        KafkaError._MSG_TIMED_OUT,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._DESTROY,
        KafkaError._PURGE_QUEUE,
        KafkaError._PURGE_INFLIGHT,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.INVALID_RECORD,
    ],
)
def test_what_the_broker_does_not_take_stays_unsettled_and_is_written_again(harness: WriterHarness, code: int) -> None:
    harness.write()
    harness.producer.report(code)
    assert (harness.written(), harness.engine.settled(), harness.engine.committable_offset()) == (0, {}, 0)
    assert harness.count("dead_letters", result="failed") == 1
    assert harness.health.dead_letter_hint
    harness.write()
    harness.producer.report()
    assert (harness.written(), harness.engine.settled()) == (1, {"dead_lettered undecodable": 1})
    assert not harness.health.dead_letter_hint


@pytest.mark.parametrize(
    "refusal", [BufferError("full"), KafkaException(KafkaError(KafkaError._FATAL))], ids=["full queue", "fatal"]
)
def test_a_producer_that_refuses_records_backs_off(harness: WriterHarness, refusal: Exception) -> None:
    harness.producer.refusals = [refusal]
    with capture_logs() as logged:
        harness.write()
    assert [each["cause"].split()[0] for each in logged] == ["KafkaException"]
    assert harness.count("dead_letters", result="failed") == 1
    before = harness.engine.now
    harness.write()
    assert harness.engine.now > before
    harness.producer.report()
    assert harness.written() == 1


@pytest.mark.parametrize("at_once", [True, False], ids=["raised", "reported"])
def test_where_the_topic_lacks_the_partition_the_key_decides(at_once: bool) -> None:
    harness = WriterHarness(number=5)
    if at_once:
        harness.producer.refusals = [KafkaException(KafkaError(KafkaError._UNKNOWN_PARTITION))]
    harness.write()
    if not at_once:
        assert harness.producer.messages[0]["partition"] == 5
        harness.producer.report(KafkaError._UNKNOWN_PARTITION)
    assert harness.producer.messages[0]["partition"] == -1
    harness.producer.report(KafkaError._UNKNOWN_PARTITION)
    assert harness.count("dead_letters", result="failed") == 1, "the topic is gone: the letter waits"
    harness.write()
    assert harness.producer.messages[0]["partition"] == 5, "it may have the partition now"


def test_what_is_too_large_gets_smaller_and_stays_where_it_belongs() -> None:
    harness = WriterHarness(number=5)
    harness.write()
    seen = []
    for _ in range(5):
        (message,) = harness.producer.messages
        assert message["partition"] == 5
        seen.append(headers(message).get("clicksend.left.out", ""))
        harness.producer.report(KafkaError.MSG_SIZE_TOO_LARGE)
    assert seen == ["", "details", "details,headers", "headers,value", "details,headers,value,key"]
    assert harness.count("dead_letters", result="failed") == 1, "only when not even a notice was taken"


def test_a_timestamp_that_is_refused_is_replaced_once(harness: WriterHarness) -> None:
    harness.write()
    assert harness.producer.messages[0]["timestamp"] > 0
    harness.producer.report(KafkaError.INVALID_TIMESTAMP)
    assert harness.producer.messages[0]["timestamp"] == 0
    harness.producer.report(KafkaError.INVALID_TIMESTAMP)
    assert harness.count("dead_letters", result="failed") == 1


def test_a_producer_that_has_failed_for_good_is_replaced_and_its_dead_letters_are_written_again(
    harness: WriterHarness,
) -> None:
    harness.write()
    failed = harness.producer
    failed.fatal = KafkaException(KafkaError(KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, "made up", fatal=True))
    with capture_logs() as logged:
        harness.writer.serve(0)
    replaced = next(each for each in logged if each["event"] == "dead-letter producer failed, replaced")
    assert replaced["cause"].startswith("KafkaException")
    assert "test_writer.py" in replaced["at"]
    assert len(harness.producers) == 2
    assert harness.count("dead_letter_producers_replaced") == 1
    assert (failed.messages, harness.written()) == ([], 0)
    harness.write()
    harness.producer.report()
    assert harness.written() == 1
    harness.writer.serve(0)
    assert len(harness.producers) == 2


def test_an_error_in_a_report_is_not_treated_as_the_producers(harness: WriterHarness) -> None:
    harness.producer.fatal = KafkaException(KafkaError(KafkaError._TRANSPORT))
    with pytest.raises(KafkaException):
        harness.writer.serve(0)
    assert len(harness.producers) == 1


def test_a_crash_of_its_thread_is_reported(harness: WriterHarness) -> None:
    harness.producer.fatal = KafkaException(KafkaError(KafkaError._TRANSPORT))
    harness.writer.start()
    assert isinstance(harness.crashes.get(timeout=30), KafkaException)
    harness.writer.close(0)


def test_a_close_gives_the_number_of_dead_letters_without_a_report(harness: WriterHarness) -> None:
    harness.write()
    assert harness.writer.close(0) == 1


def test_a_dead_letter_of_a_partition_that_has_gone_is_not_counted_and_not_written_again(
    harness: WriterHarness,
) -> None:
    harness.write()
    harness.engine.scheduler.begin_revoke([harness.partition])
    harness.producer.report(KafkaError._MSG_TIMED_OUT)
    assert harness.engine.scheduler.in_flight([harness.partition]) == 0
    assert harness.engine.idle() == float("inf")
