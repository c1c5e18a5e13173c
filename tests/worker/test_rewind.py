"""A partition whose offsets move backwards within one assignment restarts, and loses no existing record."""

from __future__ import annotations

import pytest
from confluent_kafka import OFFSET_BEGINNING
from prometheus_client import CollectorRegistry

from consumer.errors import ConfigurationError
from consumer.kafka.properties import OffsetReset
from consumer.kafka.start_position import StartPosition
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.offset_map import OffsetMap
from consumer.scheduling.offset_tracker import OFFSET_UNKNOWN, OffsetTracker
from consumer.worker.rewind import Rewind
from tests.support.consumer_stub import ConsumerStub, TopicIdsStub
from tests.support.engine import Engine
from tests.support.outcomes import DELIVERED
from tests.support.records import EVENTS, JANE, JOE, TOPIC_ID

TRUNCATED = (
    "Partition log truncation detected at offset %s (leader epoch 3): broker end offset is %s (offset leader epoch 3)."
    " Reset to INVALID.: Local: Partition log truncation detected (broker 1)"
)
NO_EPOCH = (
    "No epoch found less or equal to offset 101 (leader epoch 7): broker end offset is -1 (offset leader epoch -1)."
    " Reset using configured policy.: Local: Partition log truncation detected (broker 1)"
)
ANOTHER_ID = bytes(16) + TOPIC_ID[16:]  # of the same cluster


class RewindHarness:
    """One that has been consumed up to offset 100, of which 40 and 60 are not settled."""

    def __init__(self, reset: OffsetReset = OffsetReset.LATEST) -> None:
        self.engine = Engine()
        self.engine.admit(40, JANE)
        self.engine.admit(60, JOE)
        self.tracker = self.engine.tracker
        self.tracker.highest_seen = 100
        self.tracker.paused = True
        self.stub, self.topic_ids = ConsumerStub(), TopicIdsStub(TOPIC_ID)
        start = StartPosition(reset, "group", lambda: pytest.fail("nobody need be asked"))
        reporter = Reporter(CollectorRegistry(), None, lambda: self.engine.now)
        self.rewind = Rewind(self.stub.consumer, self.engine.scheduler, self.topic_ids, start, reporter)

    def now(self) -> OffsetTracker:
        """The offset tracker that the partition has now."""
        return self.engine.scheduler.trackers[EVENTS]


def test_it_resumes_at_the_received_record_and_commits_it_at_once() -> None:
    harness = RewindHarness()
    fresh = harness.rewind.jumped(harness.tracker, 20, 20)
    assert fresh is not None
    assert (fresh.highest_seen, fresh.committed, fresh.paused) == (19, OFFSET_UNKNOWN, True)
    assert harness.engine.released() == {ReleaseReason.REWOUND: 2}
    assert harness.stub.sought_offsets == []


def test_what_lies_unsettled_before_the_record_that_came_is_fetched_again() -> None:
    """A log that was cut, and KAFKA_AUTO_OFFSET_RESET=latest: the rest of it is still there."""
    harness = RewindHarness()
    harness.tracker.epoch_is(2, 35)
    assert harness.rewind.jumped(harness.tracker, 80, 80) is None, "what was fetched comes again"
    assert harness.stub.sought_offsets == [40]
    assert (harness.now().highest_seen, harness.now().epoch_before(40)) == (39, 2)


def test_what_was_read_with_the_record_that_came_is_fetched_again_too() -> None:
    """Offsets 50 to 100 and then 80 in one batch, of which the offset tracker has none yet."""
    harness = RewindHarness()
    harness.engine.deliver_and_answer(DELIVERED)
    harness.engine.deliver_and_answer(DELIVERED)
    assert harness.rewind.jumped(harness.tracker, 80, lowest_unsettled=50) is None
    assert harness.stub.sought_offsets == [50]
    assert harness.now().highest_seen == 49


def test_a_topic_that_was_created_again_is_begun_at_its_beginning() -> None:
    harness = RewindHarness()
    harness.topic_ids.present = ANOTHER_ID
    assert harness.rewind.jumped(harness.tracker, 80, 80) is None
    assert harness.stub.sought_offsets == [OFFSET_BEGINNING]
    fresh = harness.now()
    assert (fresh.topic_id, fresh.highest_seen, fresh.committed) == (ANOTHER_ID, -1, OFFSET_UNKNOWN)


def test_while_kafka_refuses_to_seek_the_old_id_stays_so_that_it_is_detected_again() -> None:
    harness = RewindHarness()
    harness.topic_ids.present = ANOTHER_ID
    harness.stub.refuses_seeks = True
    assert not harness.rewind.recreated(harness.tracker, ANOTHER_ID)
    assert harness.now() is harness.tracker
    harness.rewind.jumped(harness.tracker, 20, 20)
    assert harness.now().topic_id == TOPIC_ID


@pytest.mark.parametrize(
    ("why", "log", "offset"),
    [
        pytest.param(TRUNCATED % (101, 55), (0, 200), 40, id="the logs part behind what is unsettled"),
        pytest.param(TRUNCATED % (101, 30), (0, 200), 30, id="the logs part before it"),
        pytest.param(TRUNCATED % (101, 30), (35, 200), 35, id="the log begins behind it"),
        pytest.param(NO_EPOCH, (20, 200), 20, id="nothing of what was consumed is left"),
        pytest.param("Broker: Offset out of range", (0, 90), 90, id="out of range, and by the setting the end"),
    ],
)
def test_a_partition_that_librdkafka_has_stopped_continues_where_the_logs_part(
    why: str, log: tuple[int, int], offset: int
) -> None:
    harness = RewindHarness()
    harness.stub.log = log
    harness.rewind.lost_offset(harness.tracker, why)
    assert harness.stub.assigned_offsets == [None, offset], "librdkafka refuses to seek in this state"
    assert (harness.now().highest_seen, harness.now().committed) == (offset - 1, OFFSET_UNKNOWN)
    assert not harness.now().paused


@pytest.mark.parametrize("reset", [OffsetReset.EARLIEST, OffsetReset.LATEST], ids=str)
def test_where_retention_has_passed_a_partition_what_is_left_is_consumed_and_what_is_held_is_kept(
    reset: OffsetReset,
) -> None:
    harness = RewindHarness(reset)
    harness.stub.log = (150, 200)
    harness.rewind.lost_offset(harness.tracker, "Broker: Offset out of range")
    assert harness.stub.assigned_offsets == [None, 150]
    assert harness.now() is harness.tracker, "40 and 60 are in no log any more, only here"
    assert harness.engine.released() == {}
    assert not harness.now().paused


@pytest.mark.parametrize(
    ("why", "log", "epoch"),
    [
        pytest.param(TRUNCATED % (101, 55), (0, 200), 2, id="of the record before the lowest unsettled one"),
        pytest.param(TRUNCATED % (101, 30), (0, 200), 3, id="of the record before the logs part, as the broker says"),
        pytest.param(TRUNCATED % (101, 30), (35, 200), None, id="nobody knows that of the first record"),
        pytest.param(NO_EPOCH, (20, 200), None, id="nobody knows it where no epoch is left"),
    ],
)
def test_where_the_logs_part_the_epoch_is_kept_so_that_a_second_cut_is_found(
    why: str, log: tuple[int, int], epoch: int | None
) -> None:
    harness = RewindHarness()
    harness.tracker.epoch_is(2, 35)
    harness.tracker.epoch_is(4, 50)
    harness.stub.log = log
    harness.rewind.lost_offset(harness.tracker, why)
    fresh = harness.now()
    assert harness.stub.assigned[1:] == [(fresh.highest_seen + 1, epoch)]
    assert fresh.epoch_before(fresh.highest_seen + 1) == epoch, "which is what is committed with it"


def test_where_the_logs_part_is_compared_with_the_log_again_as_it_may_have_been_cut_a_second_time() -> None:
    harness = RewindHarness()
    harness.stub.log = (0, 200)
    harness.rewind.lost_offset(harness.tracker, TRUNCATED % (101, 30))
    assert harness.stub.sought == [(30, 3)]


def test_until_librdkafka_compares_it_nothing_is_consumed() -> None:
    harness = RewindHarness()
    harness.stub.log = (0, 200)
    harness.stub.refuses_seeks = True
    harness.rewind.lost_offset(harness.tracker, TRUNCATED % (101, 30))
    assert harness.now().paused
    harness.stub.refuses_seeks = False
    harness.rewind.restart_stopped()
    assert harness.stub.sought == [(30, 3)]
    assert harness.stub.assigned_offsets == [None, 30], "it is restarted once"


def test_what_is_settled_before_the_logs_part_is_not_delivered_again() -> None:
    harness = RewindHarness()
    harness.stub.log = (0, 200)
    harness.rewind.lost_offset(harness.tracker, TRUNCATED % (101, 62))
    claim = harness.now().previously_settled
    assert claim is not None
    assert [offset for offset in range(30, 110) if not claim.says_settled(offset)] == [
        *range(30, 41),
        60,
        *range(62, 110),
    ]


def test_a_stopped_partition_is_restarted_as_soon_as_kafka_answers() -> None:
    harness = RewindHarness()
    harness.rewind.lost_offset(harness.tracker, NO_EPOCH)
    assert harness.now() is harness.tracker
    harness.stub.log = (20, 200)
    harness.rewind.restart_stopped()
    harness.rewind.restart_stopped()
    assert harness.stub.assigned_offsets == [None, 20]


def test_a_stopped_partition_that_has_gone_is_forgotten() -> None:
    harness = RewindHarness()
    harness.rewind.lost_offset(harness.tracker, NO_EPOCH)
    harness.engine.scheduler.detach([EVENTS], ReleaseReason.LOST)
    harness.stub.log = (20, 200)
    harness.rewind.restart_stopped()
    assert harness.stub.assigned_offsets == []


def test_a_stopped_partition_of_a_topic_that_was_created_again_is_begun_at_its_beginning() -> None:
    harness = RewindHarness()
    harness.topic_ids.present = ANOTHER_ID
    harness.rewind.lost_offset(harness.tracker, "Broker: Offset out of range")
    assert harness.stub.assigned_offsets == [None, OFFSET_BEGINNING]
    assert harness.now().topic_id == ANOTHER_ID


def test_a_topic_whose_id_could_not_be_had_is_compared_as_soon_as_it_can() -> None:
    """The id that the commit's metadata expects; a map that was written for it counts from then on."""
    harness = RewindHarness()
    harness.tracker.unverified = claim = OffsetMap(TOPIC_ID, 40, 90, frozenset())
    harness.rewind.topic_seen(harness.tracker, TOPIC_ID)
    assert harness.tracker.previously_settled is claim
    harness.rewind.topic_seen(harness.tracker, ANOTHER_ID)
    assert harness.now().topic_id == ANOTHER_ID
    assert harness.stub.sought_offsets == [OFFSET_BEGINNING]


def test_with_error_the_worker_refuses_to_start_without_an_offset() -> None:
    harness = RewindHarness(OffsetReset.ERROR)
    with pytest.raises(ConfigurationError, match="created again"):
        harness.rewind.recreated(harness.tracker, ANOTHER_ID)
