"""Pausing and resuming partitions."""

from __future__ import annotations

import pytest
from confluent_kafka import TopicPartition

from consumer.scheduling.back_pressure import MAX_UNSETTLED, Caps, Pressure, pressure
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Partition, Task
from tests.support.records import record

CAPS = Caps(records=100, size=10_000)
GO_ON = Pressure(pause=[], resume=[])


def holding(records: int, size: int = 0, number: int = 0) -> OffsetTracker:
    """A offset tracker with so many unsettled records, of so many bytes in all."""
    tracker = OffsetTracker(Partition("events", number), 0, 0)
    for offset in range(records):
        tracker.admit(Task(record(offset, value=bytes(size if not offset else 0)), tracker))
    return tracker


def paused(records: int, size: int = 0) -> OffsetTracker:
    tracker = holding(records, size)
    tracker.paused = True
    return tracker


@pytest.mark.parametrize(("records", "size"), [(100, 0), (101, 0), (1, 10_000)], ids=["records", "beyond", "bytes"])
def test_a_partition_at_its_cap_is_paused(records: int, size: int) -> None:
    tracker = holding(records, size)
    assert pressure([tracker], CAPS) == Pressure(pause=[tracker], resume=[])


def test_a_partition_below_its_caps_is_not_paused() -> None:
    assert pressure([holding(99, 9_999)], CAPS) == GO_ON


def test_a_paused_partition_resumes_well_below_its_caps() -> None:
    tracker = paused(90, 9_000)
    assert pressure([tracker], CAPS) == Pressure(pause=[], resume=[tracker])


@pytest.mark.parametrize(
    ("records", "size"),
    [(91, 0), (1, 9_001), (100, 10_000)],
    ids=["too many records", "too many bytes", "at its caps"],
)
def test_until_then_it_stays_paused(records: int, size: int) -> None:
    assert pressure([paused(records, size)], CAPS) == GO_ON


def test_a_partition_whose_position_is_not_compared_with_the_log_yet_stays_paused() -> None:
    tracker = paused(0)
    tracker.unchecked = TopicPartition("events", 0, 40, leader_epoch=3)
    assert pressure([tracker], CAPS) == GO_ON
    tracker.unchecked = None
    assert pressure([tracker], CAPS).resume == [tracker]


def test_the_caps_are_shared_equally_so_that_no_partition_crowds_out_another() -> None:
    full, free = holding(50), holding(49, number=1)
    assert pressure([full, free], CAPS) == Pressure(pause=[full], resume=[])
    heavy, light = holding(1, 5_000), holding(1, 4_999, number=1)
    assert pressure([heavy, light], CAPS) == Pressure(pause=[heavy], resume=[])


def test_a_partition_that_leaves_makes_room_for_the_others() -> None:
    tracker = paused(50)
    assert pressure([tracker, holding(0, number=1)], CAPS) == GO_ON
    assert pressure([tracker], CAPS).resume == [tracker]


def test_however_large_the_caps_no_partition_holds_more_than_the_commit_metadata_can_list() -> None:
    tracker = holding(MAX_UNSETTLED)
    assert pressure([tracker], Caps(records=1_000_000)).pause == [tracker]


def test_with_more_partitions_than_records_and_bytes_to_hold_each_still_gets_one_at_a_time() -> None:
    many = [holding(0, number=number) for number in range(50)]
    tiny = Caps(records=10, size=10)
    assert pressure(many, tiny) == GO_ON
    full = holding(1, 1)
    assert pressure([*many, full], tiny).pause == [full]
    emptied = paused(0)
    assert pressure([*many, emptied], tiny).resume == [emptied]


def test_without_partitions_there_is_nothing_to_do() -> None:
    assert pressure([], CAPS) == GO_ON
