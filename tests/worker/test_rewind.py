"""A partition whose offsets jump backwards inside one assignment begins anew, and loses nothing that is there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition
from prometheus_client import CollectorRegistry

from consumer.errors import ConfigurationError
from consumer.kafka.options import OffsetReset, StreamOptions
from consumer.kafka.start_position import StartPosition
from consumer.kafka.topic_ids import Descriptions, TopicIds
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.offset_map import OffsetMap
from consumer.scheduling.offset_tracker import OFFSET_UNKNOWN, OffsetTracker
from consumer.worker.rewind import Rewind
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


class Seeker:
    """librdkafka's consumer, as far as it is sought with."""

    def __init__(self) -> None:
        self.sought: list[int] = []
        self.assigned: list[int | None] = []  # None: given back
        self.epochs: list[int | None] = []  # what each was assigned with
        self.log: tuple[int, int] | None = None  # where it begins and ends, if Kafka answers
        self.refuses = False

    def seek(self, partition: TopicPartition) -> None:
        if self.refuses:
            raise KafkaException(KafkaError(KafkaError._STATE))
        self.sought.append(partition.offset)

    def incremental_unassign(self, _partitions: list[TopicPartition]) -> None:
        self.assigned.append(None)

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        self.assigned += [each.offset for each in partitions]
        self.epochs += [each.leader_epoch for each in partitions]

    def resume(self, partitions: list[TopicPartition]) -> None:
        pass

    def get_watermark_offsets(self, _partition: TopicPartition, timeout: float) -> tuple[int, int]:
        assert timeout <= 1, "the poll thread waits"
        if self.log is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        return self.log


class Topic(TopicIds):
    """The one topic, and the id that it has now."""

    def __init__(self) -> None:
        self.present = TOPIC_ID

    def ask(self, topics: Iterable[str]) -> Descriptions:
        return dict.fromkeys(topics)

    def answers(self, asked: Descriptions) -> dict[str, bytes]:
        return dict.fromkeys(asked, self.present)


class Partition:
    """One that has been consumed up to offset 100, of which 40 and 60 are not settled."""

    def __init__(self, reset: OffsetReset = OffsetReset.LATEST) -> None:
        self.engine = Engine()
        self.engine.admit(40, JANE)
        self.engine.admit(60, JOE)
        self.tracker = self.engine.tracker
        self.tracker.highest_seen = 100
        self.tracker.paused = True
        self.seeker, self.topic = Seeker(), Topic()
        options = StreamOptions(("events",), "group", "events.dead-letter", {}, offset_reset=reset)
        start = StartPosition(options, lambda: pytest.fail("nobody need be asked"))
        reporter = Reporter(CollectorRegistry(), None, lambda: self.engine.now)
        self.rewind = Rewind(cast(Consumer, self.seeker), self.engine.scheduler, self.topic, start, reporter)

    def now(self) -> OffsetTracker:
        """The offset tracker that the partition has now."""
        return self.engine.scheduler.trackers[EVENTS]


def test_it_goes_on_at_the_record_that_came_and_commits_that_at_once() -> None:
    partition = Partition()
    fresh = partition.rewind.jumped(partition.tracker, 20, 20)
    assert fresh is not None
    assert (fresh.highest_seen, fresh.committed, fresh.paused) == (19, OFFSET_UNKNOWN, True)
    assert partition.engine.released() == {ReleaseReason.REWOUND: 2}
    assert partition.seeker.sought == []


def test_what_lies_unsettled_before_the_record_that_came_is_fetched_again() -> None:
    """A log that was cut, and KAFKA_AUTO_OFFSET_RESET=latest: the rest of it is still there."""
    partition = Partition()
    partition.tracker.epoch_is(2, 35)
    assert partition.rewind.jumped(partition.tracker, 80, 80) is None, "what was fetched comes again"
    assert partition.seeker.sought == [40]
    assert (partition.now().highest_seen, partition.now().epoch_before(40)) == (39, 2)


def test_what_was_read_with_the_record_that_came_is_fetched_again_too() -> None:
    """Offsets 50 to 100 and then 80 in one batch, of which the offset tracker has none yet."""
    partition = Partition()
    partition.engine.deliver_and_answer(DELIVERED)
    partition.engine.deliver_and_answer(DELIVERED)
    assert partition.rewind.jumped(partition.tracker, 80, lowest_unsettled=50) is None
    assert partition.seeker.sought == [50]
    assert partition.now().highest_seen == 49


def test_a_topic_that_was_created_again_is_begun_at_its_beginning() -> None:
    partition = Partition()
    partition.topic.present = ANOTHER_ID
    assert partition.rewind.jumped(partition.tracker, 80, 80) is None
    assert partition.seeker.sought == [OFFSET_BEGINNING]
    fresh = partition.now()
    assert (fresh.topic_id, fresh.highest_seen, fresh.committed) == (ANOTHER_ID, -1, OFFSET_UNKNOWN)


def test_while_kafka_does_not_let_us_seek_the_old_id_stays_so_that_it_is_found_out_again() -> None:
    partition = Partition()
    partition.topic.present = ANOTHER_ID
    partition.seeker.refuses = True
    assert not partition.rewind.recreated(partition.tracker, ANOTHER_ID)
    assert partition.now() is partition.tracker
    partition.rewind.jumped(partition.tracker, 20, 20)
    assert partition.now().topic_id == TOPIC_ID


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
def test_a_partition_that_librdkafka_has_stopped_goes_on_where_the_logs_part(
    why: str, log: tuple[int, int], offset: int
) -> None:
    partition = Partition()
    partition.seeker.log = log
    partition.rewind.lost_offset(partition.tracker, why)
    assert partition.seeker.assigned == [None, offset], "librdkafka refuses to seek in this state"
    assert (partition.now().highest_seen, partition.now().committed) == (offset - 1, OFFSET_UNKNOWN)
    assert not partition.now().paused


@pytest.mark.parametrize("reset", [OffsetReset.EARLIEST, OffsetReset.LATEST], ids=str)
def test_where_retention_has_passed_a_partition_what_is_left_is_consumed_and_what_is_held_is_kept(
    reset: OffsetReset,
) -> None:
    partition = Partition(reset)
    partition.seeker.log = (150, 200)
    partition.rewind.lost_offset(partition.tracker, "Broker: Offset out of range")
    assert partition.seeker.assigned == [None, 150]
    assert partition.now() is partition.tracker, "40 and 60 are in no log any more, only here"
    assert partition.engine.released() == {}
    assert not partition.now().paused


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
    partition = Partition()
    partition.tracker.epoch_is(2, 35)
    partition.tracker.epoch_is(4, 50)
    partition.seeker.log = log
    partition.rewind.lost_offset(partition.tracker, why)
    fresh = partition.now()
    assert partition.seeker.epochs == [epoch]
    assert fresh.epoch_before(fresh.highest_seen + 1) == epoch, "which is what is committed with it"


def test_what_is_settled_before_the_logs_part_is_not_delivered_again() -> None:
    partition = Partition()
    partition.seeker.log = (0, 200)
    partition.rewind.lost_offset(partition.tracker, TRUNCATED % (101, 62))
    claim = partition.now().previously_settled
    assert claim is not None
    assert [offset for offset in range(30, 110) if not claim.says_settled(offset)] == [
        *range(30, 41),
        60,
        *range(62, 110),
    ]


def test_a_stopped_partition_is_restarted_as_soon_as_kafka_answers() -> None:
    partition = Partition()
    partition.rewind.lost_offset(partition.tracker, NO_EPOCH)
    assert partition.now() is partition.tracker
    partition.seeker.log = (20, 200)
    partition.rewind.restart_stopped()
    partition.rewind.restart_stopped()
    assert partition.seeker.assigned == [None, 20]


def test_a_stopped_partition_that_has_gone_is_forgotten() -> None:
    partition = Partition()
    partition.rewind.lost_offset(partition.tracker, NO_EPOCH)
    partition.engine.scheduler.detach([EVENTS], ReleaseReason.LOST)
    partition.seeker.log = (20, 200)
    partition.rewind.restart_stopped()
    assert partition.seeker.assigned == []


def test_a_stopped_partition_of_a_topic_that_was_created_again_is_begun_at_its_beginning() -> None:
    partition = Partition()
    partition.topic.present = ANOTHER_ID
    partition.rewind.lost_offset(partition.tracker, "Broker: Offset out of range")
    assert partition.seeker.assigned == [None, OFFSET_BEGINNING]
    assert partition.now().topic_id == ANOTHER_ID


def test_a_topic_whose_id_could_not_be_had_is_compared_as_soon_as_it_can() -> None:
    """The id that the commit's metadata expects; a map that was written for it counts from then on."""
    partition = Partition()
    partition.tracker.unverified = claim = OffsetMap(TOPIC_ID, 40, 90, frozenset())
    partition.rewind.topic_seen(partition.tracker, TOPIC_ID)
    assert partition.tracker.previously_settled is claim
    partition.rewind.topic_seen(partition.tracker, ANOTHER_ID)
    assert partition.now().topic_id == ANOTHER_ID
    assert partition.seeker.sought == [OFFSET_BEGINNING]


def test_an_operator_who_wants_to_decide_is_asked() -> None:
    partition = Partition(OffsetReset.ERROR)
    with pytest.raises(ConfigurationError, match="created again"):
        partition.rewind.recreated(partition.tracker, ANOTHER_ID)
