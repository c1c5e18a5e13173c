"""What a rebalance does to offset trackers and commits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import pytest
from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_INVALID,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from consumer.delivery.gate import Permit
from consumer.kafka.broker_status import BrokerStatus
from consumer.kafka.options import StreamOptions
from consumer.kafka.start_position import StartPosition
from consumer.kafka.topic_ids import Descriptions, TopicIds
from consumer.monitoring.health import Health
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.offset_map import UNKNOWN_TOPIC_ID, encode
from consumer.scheduling.work import Batch
from consumer.worker.committer import Committer
from consumer.worker.rebalance import Assignment, LookUps
from tests.support.engine import Engine
from tests.support.outcomes import DELIVERED, RATE_LIMITED
from tests.support.records import EVENTS, JANE, MORE_EVENTS

NOW = 1000.0


class Group:
    """Stands for librdkafka's consumer and the coordinator behind it.

    stored -- what it answers as committed; an exception: nothing can be read
    """

    def __init__(self, stored: tuple[int, str] | Exception = (0, "")) -> None:
        self.stored = stored
        self.epoch = -1  # that was committed
        self.sought: list[tuple[int, int | None]] = []
        self.commits: list[TopicPartition] = []
        self.begun: list[int] = []

    def committed(self, partitions: list[TopicPartition], timeout: float) -> list[TopicPartition]:
        assert timeout > 0
        if isinstance(self.stored, Exception):
            raise self.stored
        return [TopicPartition(each.topic, each.partition, *self.stored, self.epoch) for each in partitions]

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        self.begun += [each.offset for each in partitions]

    def resume(self, partitions: list[TopicPartition]) -> None:
        pass

    def seek(self, partition: TopicPartition) -> None:
        self.sought.append((partition.offset, partition.leader_epoch))

    def get_watermark_offsets(self, *_: object, **__: float) -> tuple[int, int]:
        raise KafkaException(KafkaError(KafkaError._TIMED_OUT))

    def position(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        return [TopicPartition(each.topic, each.partition, OFFSET_INVALID) for each in partitions]

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> list[TopicPartition]:
        assert asynchronous in (True, False)
        self.commits += offsets
        return offsets


class KnownTopics(TopicIds):
    """Every topic has this id; the unknown one where nobody can be asked."""

    def __init__(self, present: bytes) -> None:
        self.present = present

    def ask(self, topics: Iterable[str]) -> Descriptions:
        return dict.fromkeys(topics)

    def answers(self, asked: Descriptions) -> dict[str, bytes]:
        return dict.fromkeys(asked, self.present)


def nobody() -> AdminClient:
    """There is nobody to ask."""
    raise KafkaException(KafkaError(KafkaError._TRANSPORT))


class Member:
    """One worker's assignment, in a group."""

    def __init__(self, group: Group, topic_id: bytes = UNKNOWN_TOPIC_ID) -> None:
        self.group = cast(Consumer, group)
        self.engine = Engine().scheduler
        self.topics = KnownTopics(topic_id)
        self.committer = Committer(self.engine, lambda _result: None)
        options, health = StreamOptions(("events",), "group", "events.dead-letter", {}), Health(NOW)
        self.assignment = Assignment(
            options,
            self.engine,
            self.committer,
            BrokerStatus(health, lambda: NOW),
            health,
            Reporter(CollectorRegistry(), None, lambda: NOW),
            LookUps(self.topics, StartPosition(options, nobody)),
            lambda: NOW,
        )

    def assigned(self) -> None:
        self.assignment.assigned(self.group, [TopicPartition(*EVENTS)])

    def see_to(self, offset: int) -> None:
        """Filtered records: being seen is being settled."""
        self.engine.trackers[EVENTS].highest_seen = offset
        self.engine.admit(Batch(consumed=1))


def test_what_is_settled_is_committed_at_a_revoke_that_comes_before_the_first_statistics() -> None:
    group = Group()
    member = Member(group)
    member.assigned()
    member.see_to(9)
    member.assignment.revoked(member.group, [TopicPartition(*EVENTS)])
    assert [each.offset for each in group.commits] == [10]


def test_the_part_of_the_limit_goes_with_the_partitions_whatever_way_they_go() -> None:
    member = Member(Group())
    both, one = [TopicPartition(*EVENTS), TopicPartition(*MORE_EVENTS)], [TopicPartition(*MORE_EVENTS)]
    member.assignment.assigned(member.group, both)
    gate = member.engine.gate
    for answer, now in ((RATE_LIMITED, NOW), (DELIVERED, NOW + 10)):
        gate.observe(answer, JANE, Permit.ORDINARY, now, now)
    learnt = gate.rate
    for go in (member.assignment.revoked, member.assignment.lost):
        go(member.group, one)
        assert gate.rate == pytest.approx(learnt / 2)
        member.assignment.assigned(member.group, one)
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
    group = Group((40, encode(topic_id, 40, 60, [40])))
    member = Member(group, OURS)
    member.assigned()
    assert group.begun == [begins]
    tracker = member.engine.trackers[EVENTS]
    assert (tracker.previously_settled is not None) == (topic_id == OURS), "only this topic's own map is believed"


def not_utf_8() -> SystemError:
    """What the binding raises where somebody has committed such metadata."""
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
    group = Group(failure)
    with capture_logs() as logged:
        Member(group, OURS).assigned()
    (line,) = [each for each in logged if each["event"].startswith("committed offsets not read")]
    assert (line["error"], line["cause"]) == (error, cause)
    assert "test_rebalance.py" in line["at"]
    assert "jane" not in str(line), "metadata may hold anything"
    assert group.begun == [OFFSET_INVALID], "librdkafka asks for the offset by itself"


def test_nothing_is_committed_of_a_partition_whose_offset_could_not_be_read_before_a_record_came() -> None:
    group = Group(KafkaException(KafkaError(KafkaError._TIMED_OUT)))
    member = Member(group, OURS)
    member.assigned()
    assert group.begun == [OFFSET_INVALID], "librdkafka asks for the offset by itself"
    member.committer.commit(member.group)
    assert group.commits == []
    member.see_to(499)
    member.committer.commit(member.group)
    assert [each.offset for each in group.commits] == [500]


def test_a_recreated_topic_is_begun_at_its_beginning_though_the_offset_could_not_be_read() -> None:
    """librdkafka would find the old topic's offset, which the broker may keep a moment longer."""
    group = Group()
    member = Member(group, FORMER)
    member.assigned()
    member.assignment.revoked(member.group, [TopicPartition(*EVENTS)])
    member.topics.present = OURS
    group.stored = KafkaException(KafkaError(KafkaError._TIMED_OUT))
    member.assigned()
    assert group.begun == [0, OFFSET_BEGINNING]


def test_an_id_that_could_not_be_had_is_taken_from_the_commit_until_it_can_be_compared() -> None:
    """Else a topic that is created again after one failed question would be taken for the one that was consumed."""
    group = Group((40, encode(OURS, 40, 60, [40])))
    member = Member(group, UNKNOWN_TOPIC_ID)
    member.assigned()
    tracker = member.engine.trackers[EVENTS]
    assert tracker.topic_id == OURS
    assert tracker.previously_settled is None, "nobody has said yet that it is this topic's"
    assert tracker.unverified is not None


def test_without_a_commit_it_is_the_one_that_the_topic_had_before() -> None:
    member = Member(Group(), OURS)
    member.assigned()
    member.assignment.revoked(member.group, [TopicPartition(*EVENTS)])
    member.topics.present = UNKNOWN_TOPIC_ID
    member.assigned()
    assert member.engine.trackers[EVENTS].topic_id == OURS


def test_a_topic_that_was_created_again_and_has_no_commit_is_begun_at_its_beginning() -> None:
    """The broker has forgotten the old one's offsets, and with `latest` it would be taken for a new group's."""
    group = Group()
    member = Member(group, FORMER)
    member.assigned()
    member.assignment.revoked(member.group, [TopicPartition(*EVENTS)])
    member.topics.present, group.stored = OURS, (OFFSET_INVALID, "")
    member.assigned()
    assert group.begun == [0, OFFSET_BEGINNING]


def test_metadata_that_is_not_utf_8_ends_no_worker() -> None:
    """confluent-kafka fails for the whole answer; librdkafka goes on by itself."""
    group = Group(UnicodeDecodeError("utf-8", b"\xe9", 0, 1, "not UTF-8"))
    member = Member(group, OURS)
    member.assigned()
    assert group.begun == [OFFSET_INVALID]


def test_a_committed_offset_is_compared_with_the_log_before_it_is_consumed_from() -> None:
    group = Group((40, ""))
    group.epoch = 3
    Member(group, OURS).assigned()
    assert group.sought == [(40, 3)]
