"""What a broker's answer to a commit changes, and for whom."""

from __future__ import annotations

from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from structlog.testing import capture_logs

from consumer.scheduling.counts import CommitResult, ReleaseReason
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.work import Batch
from consumer.worker.committer import Committer
from tests.support.engine import Engine
from tests.support.records import EVENTS, JANE, task

TOPIC_ID = bytes(range(20))
TOO_LONG = KafkaError(KafkaError.OFFSET_METADATA_TOO_LARGE)


class SilentConsumer:
    """Takes commits and leaves their answers to the test; stands for librdkafka's consumer."""

    def __init__(self) -> None:
        self.commits: list[list[TopicPartition]] = []
        self.limit = 4095
        self.at = TopicPartition("events", 0, -1001)

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> list[TopicPartition]:
        self.commits.append(offsets)
        if not asynchronous and any(len(each.metadata or "") > self.limit for each in offsets):
            raise KafkaException(TOO_LONG)
        return offsets

    def position(self, partitions: list[TopicPartition]) -> list[TopicPartition]:
        assert len(partitions) == 1
        return [self.at]


def committer(engine: Scheduler) -> tuple[Committer, SilentConsumer, list[CommitResult]]:
    results: list[CommitResult] = []
    return Committer(engine, results.append), SilentConsumer(), results


def see(engine: Scheduler, offset: int) -> None:
    """A filtered record: for it, being seen is being settled."""
    engine.trackers[EVENTS].highest_seen = offset
    engine.admit(Batch(consumed=1))


def test_one_commit_is_outstanding_at_a_time_and_its_answer_is_remembered() -> None:
    engine = Engine().scheduler
    tracker = engine.assign(EVENTS, 0, 0, TOPIC_ID)
    made, silent, results = committer(engine)
    see(engine, 9)
    made.tick(cast(Consumer, silent), 1.0)
    made.tick(cast(Consumer, silent), 2.0)
    assert [[each.offset for each in commit] for commit in silent.commits] == [[10]]
    made.answered(None, silent.commits[0])
    assert (tracker.committed, made.outstanding, results) == (10, False, [CommitResult.OK])
    made.tick(cast(Consumer, silent), 3.0)
    assert len(silent.commits) == 1, "nothing has changed"


def test_an_answer_that_comes_after_its_ledger_has_gone_is_not_believed_by_the_next_one() -> None:
    engine = Engine().scheduler
    engine.assign(EVENTS, 1000, 1000, TOPIC_ID)
    made, silent, _ = committer(engine)
    see(engine, 1499)
    made.tick(cast(Consumer, silent), 1.0)
    engine.detach([EVENTS], ReleaseReason.REWOUND)  # the topic was recreated while the commit was under way
    tracker = engine.assign(EVENTS, 0, 0, TOPIC_ID)
    made.answered(None, silent.commits[0])
    assert tracker.committed == 0
    see(engine, 9)
    made.tick(cast(Consumer, silent), 2.0)
    assert [each.offset for each in silent.commits[1]] == [10], "else nothing would be committed up to 1500"


def test_metadata_that_the_broker_finds_too_long_is_left_out_of_the_next_commit_and_made_shorter_later() -> None:
    engine = Engine().scheduler
    engine.assign(EVENTS, 0, 0, TOPIC_ID)
    made, silent, results = committer(engine)
    see(engine, 9)
    made.tick(cast(Consumer, silent), 1.0)
    made.answered(TOO_LONG, silent.commits[0])
    made.tick(cast(Consumer, silent), 2.0)
    (bare,) = silent.commits[1]
    assert (bare.offset, bare.metadata) == (10, "")
    made.answered(None, silent.commits[1])
    made.tick(cast(Consumer, silent), 3.0)
    (short,) = silent.commits[2]
    assert short.offset == 10
    assert short.metadata
    assert results == [CommitResult.METADATA_TOO_LONG, CommitResult.OK]


def test_a_synchronous_commit_that_is_too_long_is_made_again_without_metadata_at_once() -> None:
    engine = Engine().scheduler
    tracker = engine.assign(EVENTS, 0, 0, TOPIC_ID)
    made, silent, results = committer(engine)
    silent.limit = 0
    see(engine, 9)
    made.commit_now(cast(Consumer, silent), [EVENTS])
    assert tracker.committed == 10
    assert results == [CommitResult.METADATA_TOO_LONG, CommitResult.OK]


def test_a_quiet_partition_is_committed_once_more_some_seconds_after_its_assignment() -> None:
    """The last commit of its former owner may have arrived after this worker's first, and nothing else would tell."""
    engine = Engine().scheduler
    tracker = engine.assign(EVENTS, 10, 10, TOPIC_ID)
    made, silent, _ = committer(engine)
    tracker.committed_map = tracker.offset_map(10)  # what an owner of this version has left
    for now in (1.0, 5.0):
        made.tick(cast(Consumer, silent), now)
    assert silent.commits == []
    made.tick(cast(Consumer, silent), 6.0)
    assert [each.offset for each in silent.commits[0]] == [10]
    made.answered(KafkaError(KafkaError.REBALANCE_IN_PROGRESS), silent.commits[0])
    made.tick(cast(Consumer, silent), 7.0)
    made.answered(None, silent.commits[1])
    for now in (8.0, 15.0):
        made.tick(cast(Consumer, silent), now)
    assert len(silent.commits) == 2, "once, as soon as it succeeds"


def test_an_offset_is_committed_with_the_leader_epoch_of_the_record_before_it() -> None:
    engine = Engine()
    tracker = engine.tracker
    for offset, epoch in ((0, 3), (1, 3), (2, 5)):
        tracker.epoch_is(epoch, offset)
        tracker.highest_seen = offset
    made, silent, _ = committer(engine.scheduler)
    epochs = []
    for unsettled in (2, 1):
        waiting = task(tracker, unsettled, JANE)
        tracker.admit(waiting)
        made.commit_now(cast(Consumer, silent), [EVENTS])
        epochs.append((silent.commits[-1][0].offset, silent.commits[-1][0].leader_epoch))
        tracker.settle(waiting)
        tracker.committed = 0
    assert epochs == [(2, 3), (1, 3)]
    made.commit_now(cast(Consumer, silent), [EVENTS])
    (last,) = silent.commits[-1]
    assert (last.offset, last.leader_epoch) == (3, 5)


def test_behind_a_transactions_marker_the_consumers_position_knows_the_epoch() -> None:
    engine = Engine().scheduler
    tracker = engine.assign(EVENTS, 0, 0, TOPIC_ID)
    made, silent, _ = committer(engine)
    see(engine, 9)
    tracker.epoch_is(3, 9)
    silent.at = TopicPartition("events", 0, 11, leader_epoch=4)
    made.tick(cast(Consumer, silent), 1.0)
    (commit,) = silent.commits[0]
    assert (commit.offset, commit.leader_epoch) == (11, 4)


def test_a_refused_commit_names_its_cause() -> None:
    engine = Engine().scheduler
    engine.assign(EVENTS, 0, 0, TOPIC_ID)
    made, silent, _ = committer(engine)
    see(engine, 9)
    made.tick(cast(Consumer, silent), 1.0)
    with capture_logs() as logged:
        made.answered(KafkaError(KafkaError.GROUP_AUTHORIZATION_FAILED), silent.commits[0])
    assert [(each["error"], each["cause"].split()[0]) for each in logged] == [
        ("GROUP_AUTHORIZATION_FAILED", "KafkaException")
    ]


def test_commit_metadata_that_is_too_long_names_its_cause() -> None:
    engine = Engine().scheduler
    engine.assign(EVENTS, 0, 0, TOPIC_ID)
    made, silent, _ = committer(engine)
    see(engine, 9)
    made.tick(cast(Consumer, silent), 1.0)
    with capture_logs() as logged:
        made.answered(KafkaError(KafkaError.OFFSET_METADATA_TOO_LARGE), silent.commits[0])
    assert [each["cause"].split()[0] for each in logged] == ["KafkaException"]
