"""The writer of dead letters, with a producer of the test's own: what each report leads to."""

from __future__ import annotations

from queue import SimpleQueue
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from consumer.dead_letters.writer import DeadLetters
from consumer.enrolment.disposition import DeadLetterReason
from consumer.kafka.options import StreamOptions
from consumer.monitoring.health import Health
from consumer.monitoring.reporter import Reporter
from consumer.threads import OsThreads
from tests.support.engine import Engine
from tests.support.records import EVENTS

OPTIONS = StreamOptions(("events",), "the-group", "events.dead-letter", {"bootstrap.servers": "nowhere:9"})


class PaperProducer:
    """Keeps what it is given until the test reports on it; stands for librdkafka's producer."""

    def __init__(self) -> None:
        self.letters: list[dict[str, Any]] = []
        self.refusals: list[Exception] = []  # what the next `produce` calls raise
        self.fatal: KafkaException | None = None  # what the next `poll` raises

    def produce(self, topic: str, **letter: Any) -> None:
        assert topic == "events.dead-letter"
        if self.refusals:
            raise self.refusals.pop(0)
        self.letters.append(letter)

    def poll(self, _timeout: float) -> int:
        if self.fatal is not None:
            fatal, self.fatal = self.fatal, None
            raise fatal
        return 0

    def flush(self, _timeout: float) -> int:
        return len(self.letters)

    def purge(self) -> None:
        while self.letters:
            self.report(KafkaError._PURGE_QUEUE)

    def report(self, code: int | None = None) -> None:
        """The oldest letter's report comes: an error, or None for the broker's acknowledgement."""
        self.letters.pop(0)["on_delivery"](None if code is None else KafkaError(code), None)


class Office:
    """A scheduler with one letter to write, and the writer."""

    def __init__(self, number: int = 0) -> None:
        self.engine = Engine()
        self.registry = CollectorRegistry()
        self.health = Health(0)
        self.producers: list[PaperProducer] = []
        self.crashes: SimpleQueue[BaseException] = SimpleQueue()
        self.writer = DeadLetters(
            OPTIONS,
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
        self.letter = self.engine.admit(0, partition=self.partition, reason=DeadLetterReason.UNDECODABLE)

    def _make_producer(self) -> PaperProducer:
        self.producers.append(PaperProducer())
        return self.producers[-1]

    @property
    def producer(self) -> PaperProducer:
        return self.producers[-1]

    def write(self) -> None:
        self.writer.write(self.engine.dead_letter_work_when_due())

    def count(self, metric: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"clicksend_consumer_{metric}_total", labels) or 0.0

    def written(self) -> float:
        return self.count("dead_letters", result="acknowledged")


def headers(letter: dict[str, Any]) -> dict[str, str]:
    return {name: (value or b"").decode() for name, value in letter["headers"]}


@pytest.fixture
def office() -> Office:
    return Office()


def test_nothing_is_counted_or_settled_before_the_report(office: Office) -> None:
    office.write()
    assert (office.written(), office.engine.settled(), office.engine.committable_offset()) == (0, {}, 0)
    office.producer.report()
    assert (office.written(), office.engine.settled()) == (1, {"dead_lettered undecodable": 1})
    assert office.engine.committable_offset() == 1


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
def test_what_the_broker_does_not_take_stays_unsettled_and_is_written_again(office: Office, code: int) -> None:
    office.write()
    office.producer.report(code)
    assert (office.written(), office.engine.settled(), office.engine.committable_offset()) == (0, {}, 0)
    assert office.count("dead_letters", result="failed") == 1
    assert office.health.dead_letter_hint
    office.write()
    office.producer.report()
    assert (office.written(), office.engine.settled()) == (1, {"dead_lettered undecodable": 1})
    assert not office.health.dead_letter_hint


@pytest.mark.parametrize(
    "refusal", [BufferError("full"), KafkaException(KafkaError(KafkaError._FATAL))], ids=["full queue", "fatal"]
)
def test_a_producer_that_takes_nothing_is_a_failure_that_backs_off(office: Office, refusal: Exception) -> None:
    office.producer.refusals = [refusal]
    with capture_logs() as logged:
        office.write()
    assert [each["cause"].split()[0] for each in logged] == ["KafkaException"]
    assert office.count("dead_letters", result="failed") == 1
    before = office.engine.now
    office.write()
    assert office.engine.now > before
    office.producer.report()
    assert office.written() == 1


@pytest.mark.parametrize("at_once", [True, False], ids=["raised", "reported"])
def test_where_the_topic_lacks_the_partition_the_key_decides(at_once: bool) -> None:
    office = Office(number=5)
    if at_once:
        office.producer.refusals = [KafkaException(KafkaError(KafkaError._UNKNOWN_PARTITION))]
    office.write()
    if not at_once:
        assert office.producer.letters[0]["partition"] == 5
        office.producer.report(KafkaError._UNKNOWN_PARTITION)
    assert office.producer.letters[0]["partition"] == -1
    office.producer.report(KafkaError._UNKNOWN_PARTITION)
    assert office.count("dead_letters", result="failed") == 1, "the topic is gone: the letter waits"
    office.write()
    assert office.producer.letters[0]["partition"] == 5, "it may have the partition now"


def test_what_is_too_large_gets_smaller_and_stays_where_it_belongs() -> None:
    office = Office(number=5)
    office.write()
    seen = []
    for _ in range(5):
        (letter,) = office.producer.letters
        assert letter["partition"] == 5
        seen.append(headers(letter).get("clicksend.left.out", ""))
        office.producer.report(KafkaError.MSG_SIZE_TOO_LARGE)
    assert seen == ["", "details", "details,headers", "headers,value", "details,headers,value,key"]
    assert office.count("dead_letters", result="failed") == 1, "only when not even a notice was taken"


def test_a_timestamp_that_is_refused_is_replaced_once(office: Office) -> None:
    office.write()
    assert office.producer.letters[0]["timestamp"] > 0
    office.producer.report(KafkaError.INVALID_TIMESTAMP)
    assert office.producer.letters[0]["timestamp"] == 0
    office.producer.report(KafkaError.INVALID_TIMESTAMP)
    assert office.count("dead_letters", result="failed") == 1


def test_a_producer_that_has_failed_for_good_is_replaced_and_its_letters_are_written_again(office: Office) -> None:
    office.write()
    failed = office.producer
    failed.fatal = KafkaException(KafkaError(KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, "made up", fatal=True))
    with capture_logs() as logged:
        office.writer.serve(0)
    replaced = next(each for each in logged if each["event"] == "dead-letter producer failed, replaced")
    assert replaced["cause"].startswith("KafkaException")
    assert "test_writer.py" in replaced["at"]
    assert len(office.producers) == 2
    assert office.count("dead_letter_producers_replaced") == 1
    assert (failed.letters, office.written()) == ([], 0)
    office.write()
    office.producer.report()
    assert office.written() == 1
    office.writer.serve(0)
    assert len(office.producers) == 2


def test_an_error_in_a_report_is_not_taken_for_the_producers(office: Office) -> None:
    office.producer.fatal = KafkaException(KafkaError(KafkaError._TRANSPORT))
    with pytest.raises(KafkaException):
        office.writer.serve(0)
    assert len(office.producers) == 1


def test_a_crash_of_its_thread_is_told(office: Office) -> None:
    office.producer.fatal = KafkaException(KafkaError(KafkaError._TRANSPORT))
    office.writer.start()
    assert isinstance(office.crashes.get(timeout=30), KafkaException)
    office.writer.close(0)


def test_a_close_gives_the_number_of_letters_without_a_report(office: Office) -> None:
    office.write()
    assert office.writer.close(0) == 1


def test_a_letter_of_a_partition_that_has_gone_is_not_counted_and_not_written_again(office: Office) -> None:
    office.write()
    office.engine.scheduler.begin_revoke([office.partition])
    office.producer.report(KafkaError._MSG_TIMED_OUT)
    assert office.engine.scheduler.in_flight([office.partition]) == 0
    assert office.engine.idle() == float("inf")
