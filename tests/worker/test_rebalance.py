"""The effect of a rebalance on offset trackers and commits."""

from __future__ import annotations

import pytest
from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_INVALID,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from consumer.delivery.gate import Permit
from consumer.kafka.broker_status import BrokerStatus
from consumer.kafka.start_position import StartPosition
from consumer.monitoring.health import Health
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.offset_map import UNKNOWN_TOPIC_ID, encode
from consumer.scheduling.work import PolledRecords
from consumer.worker.committer import Committer
from consumer.worker.rebalance import Assignment, revoke_budget
from tests.support.consumer_stub import ConsumerStub, TopicIdsStub
from tests.support.engine import Engine
from tests.support.outcomes import DELIVERED, RATE_LIMITED
from tests.support.records import EVENTS, JANE, MORE_EVENTS
from tests.support.required_settings import settings_of

NOW = 1000.0


def nobody() -> AdminClient:
    """There is nobody to ask."""
    raise KafkaException(KafkaError(KafkaError._TRANSPORT))


class AssignmentHarness:
    """One worker's assignment, and the consumer of its stub."""

    def __init__(self, stub: ConsumerStub, topic_id: bytes = UNKNOWN_TOPIC_ID) -> None:
        self.consumer = stub.consumer
        self.engine = Engine().scheduler
        self.topics = TopicIdsStub(topic_id)
        self.committer = Committer(self.engine, lambda _result: None, lambda _failure: None)
        settings, health = settings_of(KAFKA_AUTO_OFFSET_RESET="earliest"), Health(NOW)
        self.assignment = Assignment(
            revoke_budget(settings),
            self.engine,
            self.committer,
            BrokerStatus(health, lambda: NOW),
            Reporter(CollectorRegistry(), None, lambda: NOW),
            self.topics,
            StartPosition(settings.kafka.auto_offset_reset, "group", nobody),
            lambda: NOW,
        )

    def assigned(self) -> None:
        self.assignment.assigned(self.consumer, [TopicPartition(*EVENTS)])

    def see_to(self, offset: int) -> None:
        """Filtered records: being seen is being settled."""
        self.engine.trackers[EVENTS].highest_seen = offset
        self.engine.admit(PolledRecords(consumed=1))


def test_what_is_settled_is_committed_at_a_revoke_that_comes_before_the_first_statistics() -> None:
    stub = ConsumerStub()
    harness = AssignmentHarness(stub)
    harness.assigned()
    harness.see_to(9)
    harness.assignment.revoked(harness.consumer, [TopicPartition(*EVENTS)])
    assert stub.committed_offsets == [10]


def test_the_part_of_the_limit_goes_with_the_partitions_whatever_way_they_go() -> None:
    harness = AssignmentHarness(ConsumerStub())
    both, one = [TopicPartition(*EVENTS), TopicPartition(*MORE_EVENTS)], [TopicPartition(*MORE_EVENTS)]
    harness.assignment.assigned(harness.consumer, both)
    gate = harness.engine.gate
    for answer, now in ((RATE_LIMITED, NOW), (DELIVERED, NOW + 10)):
        gate.observe(answer, JANE, Permit.ORDINARY, now, now)
    learnt = gate.rate
    for go in (harness.assignment.revoked, harness.assignment.lost):
        go(harness.consumer, one)
        assert gate.rate == pytest.approx(learnt / 2)
        harness.assignment.assigned(harness.consumer, one)
        assert gate.rate == pytest.approx(learnt)


OURS, FORMER, MIRRORED = b"now" + bytes(17), b"then" + bytes(16), b"then" + bytes(12) + b"else"


@pytest.mark.parametrize(
    ("topic_id", "begins"),
    [
        pytest.param(OURS, 40, id="of this topic"),
        pytest.param(FORMER, OFFSET_BEGINNING, id="of one of this name that was deleted"),
        pytest.param(MIRRORED, 40, id="of a topic of another cluster, whose offsets a tool has translated"),
    ],
)
def test_where_a_partition_begins_whose_offset_was_committed_for_a_topic(topic_id: bytes, begins: int) -> None:
    stub = ConsumerStub((40, encode(topic_id, 40, 60, [40])))
    harness = AssignmentHarness(stub, OURS)
    harness.assigned()
    assert stub.assigned_offsets == [begins]
    tracker = harness.engine.trackers[EVENTS]
    assert (tracker.previously_settled is not None) == (topic_id == OURS), "only this topic's own map is believed"


def not_utf_8() -> SystemError:
    """Return the binding's error for such commit metadata."""
    error = SystemError("<method 'committed'> returned a result with an exception set")
    error.__cause__ = UnicodeDecodeError("utf-8", b"jane.doe@example.com\xff", 20, 21, "invalid start byte")
    return error


@pytest.mark.parametrize(
    ("failure", "error", "cause"),
    [
        pytest.param(
            KafkaException(KafkaError(KafkaError._TIMED_OUT, "jane.doe@example.com")),
            "_TIMED_OUT",
            "KafkaException _TIMED_OUT",
            id="no answer",
        ),
        pytest.param(
            UnicodeDecodeError("utf-8", b"jane.doe@example.com\xff", 20, 21, "invalid start byte"),
            "metadata that is not UTF-8",
            "UnicodeDecodeError",
            id="metadata that is not UTF-8",
        ),
        pytest.param(
            not_utf_8(),
            "metadata that is not UTF-8",
            "SystemError caused by UnicodeDecodeError",
            id="the same, as the binding says it for several partitions",
        ),
    ],
)
def test_the_line_of_committed_offsets_that_could_not_be_read_names_the_cause(
    failure: Exception, error: str, cause: str
) -> None:
    stub = ConsumerStub(failure)
    with capture_logs() as logged:
        AssignmentHarness(stub, OURS).assigned()
    (line,) = [each for each in logged if each["event"].startswith("committed offsets not read")]
    assert (line["error"], line["cause"]) == (error, cause)
    assert "consumer_stub.py" in line["at"]
    assert "jane" not in str(line), "metadata may hold anything"
    assert stub.assigned_offsets == [OFFSET_INVALID], "librdkafka asks for the offset by itself"


def test_nothing_is_committed_of_a_partition_whose_offset_could_not_be_read_before_a_record_came() -> None:
    stub = ConsumerStub(KafkaException(KafkaError(KafkaError._TIMED_OUT)))
    harness = AssignmentHarness(stub, OURS)
    harness.assigned()
    assert stub.assigned_offsets == [OFFSET_INVALID], "librdkafka asks for the offset by itself"
    harness.committer.commit(harness.consumer)
    assert stub.commits == []
    harness.see_to(499)
    harness.committer.commit(harness.consumer)
    assert stub.committed_offsets == [500]


def test_an_offset_that_could_not_be_read_is_read_again_and_compared_before_anything_is_consumed() -> None:
    stub = ConsumerStub(KafkaException(KafkaError(KafkaError._TIMED_OUT)))
    harness = AssignmentHarness(stub, OURS)
    harness.assigned()
    tracker = harness.engine.trackers[EVENTS]
    harness.assignment.read_again(harness.consumer)
    assert (tracker.paused, stub.sought) == (True, []), "Kafka does not answer"
    stub.stored, stub.stored_epoch = (40, encode(OURS, 40, 60, [40])), 3
    harness.assignment.read_again(harness.consumer)
    harness.assignment.read_again(harness.consumer)
    assert (stub.sought, tracker.unchecked) == ([(40, 3)], None)
    assert (tracker.highest_seen, tracker.committed, tracker.epoch_before(40)) == (39, 40, 3)
    assert tracker.previously_settled is not None


@pytest.mark.parametrize("later", [OURS, UNKNOWN_TOPIC_ID], ids=["known", "unknown"])
def test_an_offset_that_is_read_late_keeps_its_map_though_the_topics_id_was_unknown(later: bytes) -> None:
    stub = ConsumerStub(KafkaException(KafkaError(KafkaError._TIMED_OUT)))
    harness = AssignmentHarness(stub, UNKNOWN_TOPIC_ID)
    harness.assigned()
    stub.stored, harness.topics.present = (40, encode(OURS, 40, 60, [40])), later
    harness.assignment.read_again(harness.consumer)
    tracker = harness.engine.trackers[EVENTS]
    assert tracker.topic_id == OURS
    assert (tracker.previously_settled is not None) == (later == OURS)
    assert (tracker.unverified is not None) == (later == UNKNOWN_TOPIC_ID), "until its id is known"


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param((OFFSET_INVALID, ""), id="there is none"),
        pytest.param((40, ""), id="its epoch is unknown"),
        pytest.param(UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "not UTF-8"), id="it can't be read"),
    ],
)
def test_where_there_is_nothing_to_compare_librdkafka_goes_on(stored: tuple[int, str] | Exception) -> None:
    stub = ConsumerStub(KafkaException(KafkaError(KafkaError._TIMED_OUT)))
    harness = AssignmentHarness(stub, OURS)
    harness.assigned()
    stub.stored = stored
    harness.assignment.read_again(harness.consumer)
    assert (harness.engine.trackers[EVENTS].unchecked, stub.sought) == (None, [])


def test_an_offset_of_a_former_topic_that_is_read_late_keeps_its_id_for_the_topic_watch() -> None:
    stub = ConsumerStub(KafkaException(KafkaError(KafkaError._TIMED_OUT)))
    harness = AssignmentHarness(stub, OURS)
    harness.assigned()
    stub.stored = (40, encode(FORMER, 40, 60, [40]))
    harness.assignment.read_again(harness.consumer)
    assert harness.engine.trackers[EVENTS].topic_id == FORMER


def test_a_recreated_topic_is_begun_at_its_beginning_though_the_offset_could_not_be_read() -> None:
    """librdkafka would find the old topic's offset, which the broker may keep a moment longer."""
    stub = ConsumerStub()
    harness = AssignmentHarness(stub, FORMER)
    harness.assigned()
    harness.assignment.revoked(harness.consumer, [TopicPartition(*EVENTS)])
    harness.topics.present = OURS
    stub.stored = KafkaException(KafkaError(KafkaError._TIMED_OUT))
    harness.assigned()
    assert stub.assigned_offsets == [0, OFFSET_BEGINNING]


def test_an_id_that_could_not_be_had_is_taken_from_the_commit_until_it_can_be_compared() -> None:
    """Else a topic that is created again after one failed question would be taken for the one that was consumed."""
    stub = ConsumerStub((40, encode(OURS, 40, 60, [40])))
    harness = AssignmentHarness(stub, UNKNOWN_TOPIC_ID)
    harness.assigned()
    tracker = harness.engine.trackers[EVENTS]
    assert tracker.topic_id == OURS
    assert tracker.previously_settled is None, "nobody has said yet that it is this topic's"
    assert tracker.unverified is not None


def test_without_a_commit_it_is_the_one_that_the_topic_had_before() -> None:
    harness = AssignmentHarness(ConsumerStub(), OURS)
    harness.assigned()
    harness.assignment.revoked(harness.consumer, [TopicPartition(*EVENTS)])
    harness.topics.present = UNKNOWN_TOPIC_ID
    harness.assigned()
    assert harness.engine.trackers[EVENTS].topic_id == OURS


def test_a_topic_that_was_created_again_and_has_no_commit_is_begun_at_its_beginning() -> None:
    """The broker has forgotten the old one's offsets, and with `latest` it would be taken for a new group's."""
    stub = ConsumerStub()
    harness = AssignmentHarness(stub, FORMER)
    harness.assigned()
    harness.assignment.revoked(harness.consumer, [TopicPartition(*EVENTS)])
    harness.topics.present, stub.stored = OURS, (OFFSET_INVALID, "")
    harness.assigned()
    assert stub.assigned_offsets == [0, OFFSET_BEGINNING]


def test_metadata_that_is_not_utf_8_ends_no_worker() -> None:
    """confluent-kafka fails for the whole answer; librdkafka goes on by itself."""
    stub = ConsumerStub(UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "not UTF-8"))
    harness = AssignmentHarness(stub, OURS)
    harness.assigned()
    assert stub.assigned_offsets == [OFFSET_INVALID]


def test_a_committed_offset_is_compared_with_the_log_before_it_is_consumed_from() -> None:
    stub = ConsumerStub((40, ""))
    stub.stored_epoch = 3
    AssignmentHarness(stub, OURS).assigned()
    assert stub.sought == [(40, 3)]
