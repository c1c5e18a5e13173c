"""Unsettled records of a partition, and its committable offset."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.scheduling.offset_map import OffsetMap, decode
from consumer.scheduling.offset_tracker import OFFSET_UNKNOWN, OffsetTracker
from consumer.scheduling.task import Task
from tests.support.records import EVENTS, TOPIC_ID, record, task


@pytest.fixture
def tracker() -> OffsetTracker:
    """Consumed from offset 100, which is what the group has committed."""
    return OffsetTracker(EVENTS, 100, 100, TOPIC_ID)


def see(tracker: OffsetTracker, *offsets: int) -> list[Task]:
    """Records arrive that are to be delivered."""
    tasks = [task(tracker, offset) for offset in offsets]
    for arrived in tasks:
        tracker.highest_seen = arrived.record.offset
        tracker.admit(arrived)
    return tasks


# How far may be committed.


def test_before_the_first_record_the_committable_offset_is_the_start(tracker: OffsetTracker) -> None:
    assert tracker.committable_offset(OFFSET_UNKNOWN) == 100


def test_a_partition_without_a_committed_offset_has_its_start_to_commit() -> None:
    """With `latest`, a crash before the first commit would otherwise lose what came in between."""
    tracker = OffsetTracker(EVENTS, 100, OFFSET_UNKNOWN)
    assert tracker.committable_offset(OFFSET_UNKNOWN) > tracker.committed


def test_the_committable_offset_stays_at_the_lowest_unsettled_offset(tracker: OffsetTracker) -> None:
    first, second, third = see(tracker, 100, 101, 102)
    committable_offsets = []
    for settled in (third, first, second):
        tracker.settle(settled)
        committable_offsets.append(tracker.committable_offset(OFFSET_UNKNOWN))
    assert committable_offsets == [100, 101, 103]


def test_gaps_between_offsets_are_passed(tracker: OffsetTracker) -> None:
    """Compaction and transaction markers: offsets that never come."""
    first, second = see(tracker, 105, 200)
    assert tracker.committable_offset(OFFSET_UNKNOWN) == 105
    tracker.settle(first)
    assert tracker.committable_offset(OFFSET_UNKNOWN) == 200
    tracker.settle(second)
    assert tracker.committable_offset(OFFSET_UNKNOWN) == 201


def test_what_was_seen_and_filtered_is_passed(tracker: OffsetTracker) -> None:
    tracker.highest_seen = 150
    assert tracker.committable_offset(OFFSET_UNKNOWN) == 151


def test_trailing_markers_are_passed_once_everything_is_settled(tracker: OffsetTracker) -> None:
    """Else the lag never came down to 0."""
    (only,) = see(tracker, 100)
    assert tracker.committable_offset(position=102) == 100
    tracker.settle(only)
    assert tracker.committable_offset(position=102) == 102
    assert tracker.committable_offset(position=50) == 101, "a position from before says nothing"


# What it holds.


def test_it_counts_records_and_bytes_until_they_are_settled(tracker: OffsetTracker) -> None:
    tasks = [Task(record(100, key=b"key", value=b"12345"), tracker), Task(record(101, value=None), tracker)]
    for arrived in tasks:
        tracker.admit(arrived)
    assert (len(tracker), tracker.bytes, list(tracker)) == (2, 8, tasks)
    tracker.settle(tasks[0])
    assert (len(tracker), tracker.bytes, list(tracker)) == (1, 0, [tasks[1]])


def test_the_oldest_is_the_lowest_unsettled(tracker: OffsetTracker) -> None:
    assert tracker.oldest() is None
    first, second, _ = see(tracker, 100, 101, 102)
    assert tracker.oldest() is first
    tracker.settle(first)
    assert tracker.oldest() is second


def test_one_record_that_waits_forever_does_not_make_the_settled_ones_stay_in_memory(tracker: OffsetTracker) -> None:
    see(tracker, 100)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for offset in range(101, 20_101):
            tracker.settle(*see(tracker, offset))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 20_000, "less than a byte a record"


# What is committed beside the offset, so that a crash repeats only what is unsettled.


def claims(tracker: OffsetTracker) -> OffsetMap | None:
    return decode(tracker.offset_map(tracker.committable_offset(OFFSET_UNKNOWN)))


def test_records_settled_beyond_the_committable_offset_are_in_the_map(tracker: OffsetTracker) -> None:
    _, second, _, fourth = see(tracker, 100, 101, 102, 110)
    tracker.settle(second)
    tracker.settle(fourth)
    assert claims(tracker) == OffsetMap(TOPIC_ID, 100, 111, frozenset({100, 102}))


def test_where_all_is_settled_there_is_nothing_to_claim(tracker: OffsetTracker) -> None:
    for settled in see(tracker, 100, 101):
        tracker.settle(settled)
    assert decode(tracker.offset_map(tracker.committable_offset(OFFSET_UNKNOWN))) == OffsetMap(
        TOPIC_ID, 102, 102, frozenset()
    )
    assert decode(tracker.offset_map(tracker.committable_offset(position=105))) == OffsetMap(
        TOPIC_ID, 105, 105, frozenset()
    )


def test_an_earlier_owners_claims_that_still_lie_ahead_are_handed_on(tracker: OffsetTracker) -> None:
    tracker.previously_settled = OffsetMap(TOPIC_ID, 100, 120, frozenset({100, 103, 110}))
    tracker.settle(*see(tracker, 100))
    assert tracker.committable_offset(OFFSET_UNKNOWN) == 101
    assert claims(tracker) == OffsetMap(TOPIC_ID, 101, 120, frozenset({103, 110}))
    see(tracker, 103)
    assert claims(tracker) == OffsetMap(TOPIC_ID, 103, 120, frozenset({103, 110}))


def test_claims_that_have_been_passed_are_not_repeated(tracker: OffsetTracker) -> None:
    tracker.previously_settled = OffsetMap(TOPIC_ID, 100, 104, frozenset({100, 102}))
    first, _ = see(tracker, 100, 102)
    tracker.highest_seen = 103  # consumed again, and skipped
    assert claims(tracker) == OffsetMap(TOPIC_ID, 100, 104, frozenset({100, 102}))
    tracker.settle(first)
    assert claims(tracker) == OffsetMap(TOPIC_ID, 102, 104, frozenset({102}))


def test_the_map_is_made_again_only_when_something_has_changed(tracker: OffsetTracker) -> None:
    """The committer asks four times a second, of every partition."""
    first, _, third, last = see(tracker, 100, 101, 110, 112)
    tracker.settle(last)
    made = tracker.offset_map(100)
    assert tracker.offset_map(100) is made
    tracker.settle(first)
    assert decode(tracker.offset_map(101)) == OffsetMap(TOPIC_ID, 101, 113, frozenset({101, 110}))
    tracker.settle(third)
    assert decode(tracker.offset_map(101)) == OffsetMap(TOPIC_ID, 101, 113, frozenset({101}))
    tracker.highest_seen = 115
    assert decode(tracker.offset_map(101)) == OffsetMap(TOPIC_ID, 101, 116, frozenset({101}))
    tracker.previously_settled = OffsetMap(TOPIC_ID, 101, 130, frozenset({101, 120}))
    assert decode(tracker.offset_map(101)) == OffsetMap(TOPIC_ID, 101, 130, frozenset({101, 120}))


@given(st.data())
def test_an_owner_after_any_crash_receives_exactly_the_settled_offsets(data: st.DataObject) -> None:
    """Owner after owner: each sees a part, settles some of it, commits, and is gone."""
    settled: set[int] = set()
    tracker = OffsetTracker(EVENTS, 0, 0, TOPIC_ID)
    for _ in range(data.draw(st.integers(1, 5), label="owners")):
        start = tracker.committable_offset(OFFSET_UNKNOWN)
        before = decode(tracker.offset_map(start))
        assert all(offset in settled for offset in range(start))
        assert {offset for offset in range(200) if before and before.says_settled(offset)} == {
            offset for offset in settled if offset >= start
        }
        tracker = OffsetTracker(EVENTS, start, start, TOPIC_ID)
        tracker.previously_settled = before
        for offset in range(start, start + data.draw(st.integers(0, 30), label="consumed")):
            tracker.highest_seen = offset
            if before is None or not before.says_settled(offset):
                tracker.admit(task(tracker, offset))
        for unsettled in list(tracker):
            if data.draw(st.booleans(), label=f"{unsettled.record.offset} is settled"):
                tracker.settle(unsettled)
                settled.add(unsettled.record.offset)


# Leader epochs.


def test_the_epoch_before_an_offset_is_the_one_of_the_last_record_before_it(tracker: OffsetTracker) -> None:
    tracker.epoch_is(2, 99)  # of the committed offset
    tracker.epoch_is(2, 100)
    tracker.epoch_is(5, 104)
    assert [tracker.epoch_before(offset) for offset in (99, 100, 104, 105, 200)] == [None, 2, 2, 5, 5]


def test_records_of_a_newer_epoch_end_what_an_earlier_owner_has_claimed(tracker: OffsetTracker) -> None:
    tracker.previously_settled = claim = OffsetMap(TOPIC_ID, 100, 200, frozenset(), leader_epoch=4)
    tracker.epoch_is(4, 100)
    assert tracker.previously_settled is claim
    tracker.epoch_is(5, 110)
    assert tracker.previously_settled is None


def test_a_map_has_the_newest_epoch_that_it_claims_anything_of(tracker: OffsetTracker) -> None:
    first, second = see(tracker, 100, 101)
    tracker.epoch_is(3, 100)
    tracker.settle(second)
    assert written(tracker).leader_epoch == 3
    tracker.previously_settled = OffsetMap(TOPIC_ID, 100, 200, frozenset(), leader_epoch=4)
    assert (written(tracker).leader_epoch, written(tracker).reach) == (4, 200)
    assert first in list(tracker)


def test_the_partition_count_that_the_group_began_with_is_passed_on(tracker: OffsetTracker) -> None:
    tracker.partition_count = 4
    assert written(tracker).partition_count == 4


@pytest.mark.parametrize(
    ("present", "counts"), [(TOPIC_ID, True), (bytes(20), False)], ids=["of this topic", "of another"]
)
def test_a_claim_that_could_not_be_verified_counts_once_the_topics_id_is_known(
    tracker: OffsetTracker, present: bytes, counts: bool
) -> None:
    tracker.unverified = OffsetMap(TOPIC_ID, 100, 200, frozenset())
    tracker.verify(present)
    assert (tracker.previously_settled is not None) is counts
    assert (tracker.topic_id, tracker.unverified is None) == (present, True)


def written(tracker: OffsetTracker) -> OffsetMap:
    found = decode(tracker.offset_map(tracker.committable_offset(OFFSET_UNKNOWN)))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("committed", "end", "lag"),
    [
        pytest.param(100, 130, 30, id="both known"),
        pytest.param(100, 100, 0, id="nothing waits"),
        pytest.param(100, 90, 0, id="an end from before"),
        pytest.param(OFFSET_UNKNOWN, 130, None, id="nothing committed"),
        pytest.param(100, OFFSET_UNKNOWN, None, id="no end heard"),
    ],
)
def test_the_lag_is_known_once_both_offsets_are(committed: int, end: int, lag: int | None) -> None:
    tracker = OffsetTracker(EVENTS, 100, committed)
    tracker.end = end
    assert tracker.lag == lag
