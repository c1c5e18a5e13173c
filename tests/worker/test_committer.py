"""The effect of a broker's response to a commit."""

from __future__ import annotations

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from structlog.testing import capture_logs

from consumer.scheduling.counts import CommitResult, ReleaseReason
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.work import PolledRecords
from consumer.worker.committer import Committer
from tests.support.consumer_stub import ConsumerStub
from tests.support.engine import Engine
from tests.support.records import EVENTS, JANE, TOPIC_ID, task

TOO_LONG = KafkaError(KafkaError.OFFSET_METADATA_TOO_LARGE)


class CommitterHarness:
    """A committer, the partition EVENTS that it commits, and its consumer, whose answers the test gives."""

    def __init__(self, start: int = 0) -> None:
        self.scheduler = Engine().scheduler
        self.results: list[CommitResult] = []
        self.refusals: list[KafkaException] = []
        self.committer = Committer(self.scheduler, self.results.append, self.refusals.append)
        self.stub = ConsumerStub()
        self.tracker = self.assign(start)

    def assign(self, start: int) -> OffsetTracker:
        self.tracker = self.scheduler.assign(EVENTS, start, start, TOPIC_ID)
        return self.tracker

    def see(self, offset: int) -> None:
        """Admit a filtered record: it is settled as soon as it is seen."""
        self.tracker.highest_seen = offset
        self.scheduler.admit(PolledRecords(consumed=1))

    def tick(self, *times: float) -> None:
        for now in times:
            self.committer.tick(self.stub.consumer, now)

    def answer(self, error: KafkaError | None = None) -> None:
        """Answer the last commit."""
        self.committer.answered(error, self.stub.commits[-1])

    def commit_now(self) -> None:
        self.committer.commit_now(self.stub.consumer, [EVENTS])

    def last_commit(self) -> TopicPartition:
        (commit,) = self.stub.commits[-1]
        return commit


def test_one_commit_is_outstanding_at_a_time_and_its_answer_is_remembered() -> None:
    harness = CommitterHarness()
    harness.see(9)
    harness.tick(1.0, 2.0)
    assert harness.stub.committed_offsets == [10]
    harness.answer()
    assert harness.tracker.committed == 10
    assert (harness.committer.outstanding, harness.results) == (False, [CommitResult.OK])
    harness.tick(3.0)
    assert len(harness.stub.commits) == 1, "nothing has changed"


def test_a_commit_response_for_a_former_offset_tracker_is_ignored_by_the_next_one() -> None:
    harness = CommitterHarness(1000)
    harness.see(1499)
    harness.tick(1.0)
    harness.scheduler.detach([EVENTS], ReleaseReason.REWOUND)  # the topic was recreated while the commit was under way
    harness.assign(0)
    harness.answer()
    assert harness.tracker.committed == 0
    harness.see(9)
    harness.tick(2.0)
    assert harness.last_commit().offset == 10, "else nothing would be committed up to 1500"


def test_metadata_that_the_broker_finds_too_long_is_left_out_of_the_next_commit_and_made_shorter_later() -> None:
    harness = CommitterHarness()
    harness.see(9)
    harness.tick(1.0)
    harness.answer(TOO_LONG)
    harness.tick(2.0)
    assert (harness.last_commit().offset, harness.last_commit().metadata) == (10, "")
    harness.answer()
    harness.tick(3.0)
    assert len(harness.stub.commits) == 3
    assert harness.last_commit().offset == 10
    assert harness.last_commit().metadata
    assert harness.results == [CommitResult.METADATA_TOO_LONG, CommitResult.OK]


def test_a_synchronous_commit_that_is_too_long_is_made_again_without_metadata_at_once() -> None:
    harness = CommitterHarness()
    harness.stub.metadata_limit = 0
    harness.see(9)
    harness.commit_now()
    assert harness.tracker.committed == 10
    assert harness.results == [CommitResult.METADATA_TOO_LONG, CommitResult.OK]


def test_a_quiet_partition_is_committed_once_more_some_seconds_after_its_assignment() -> None:
    """The last commit of its former owner may have arrived after this worker's first, and nothing else would tell."""
    harness = CommitterHarness(10)
    harness.tracker.committed_map = harness.tracker.offset_map(10)  # what an owner of this version has left
    harness.tick(1.0, 5.0)
    assert harness.stub.commits == []
    harness.tick(6.0)
    assert harness.stub.committed_offsets == [10]
    harness.answer(KafkaError(KafkaError.REBALANCE_IN_PROGRESS))
    harness.tick(7.0)
    harness.answer()
    harness.tick(8.0, 15.0)
    assert len(harness.stub.commits) == 2, "once, as soon as it succeeds"


def test_an_offset_is_committed_with_the_leader_epoch_of_the_record_before_it() -> None:
    harness = CommitterHarness()
    tracker = harness.tracker
    for offset, epoch in ((0, 3), (1, 3), (2, 5)):
        tracker.epoch_is(epoch, offset)
        tracker.highest_seen = offset
    epochs = []
    for unsettled in (2, 1):
        waiting = task(tracker, unsettled, JANE)
        tracker.admit(waiting)
        harness.commit_now()
        epochs.append((harness.last_commit().offset, harness.last_commit().leader_epoch))
        tracker.settle(waiting)
        tracker.committed = 0
    assert epochs == [(2, 3), (1, 3)]
    harness.commit_now()
    assert (harness.last_commit().offset, harness.last_commit().leader_epoch) == (3, 5)


def test_behind_a_transactions_marker_the_consumers_position_knows_the_epoch() -> None:
    harness = CommitterHarness()
    harness.see(9)
    harness.tracker.epoch_is(3, 9)
    harness.stub.at = TopicPartition("events", 0, 11, leader_epoch=4)
    harness.tick(1.0)
    assert (harness.last_commit().offset, harness.last_commit().leader_epoch) == (11, 4)


def test_commit_metadata_that_is_too_long_names_its_cause() -> None:
    harness = CommitterHarness()
    harness.see(9)
    harness.tick(1.0)
    with capture_logs() as logged:
        harness.answer(TOO_LONG)
    assert [each["cause"].split()[0] for each in logged] == ["KafkaException"]


def test_a_refusal_is_passed_on_and_a_moving_group_is_none() -> None:
    harness = CommitterHarness()
    for code in (KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError.REBALANCE_IN_PROGRESS):
        harness.committer.answered(KafkaError(code), [])
    assert [each.args[0].code() for each in harness.refusals] == [KafkaError.GROUP_AUTHORIZATION_FAILED]
