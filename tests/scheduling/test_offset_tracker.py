"""What of a partition is unsettled, and how far its offset may be committed."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.scheduling.offset_map import CommitMap, decode
from consumer.scheduling.offset_tracker import OFFSET_UNKNOWN, Ledger
from consumer.scheduling.task import Task
from tests.scheduling.builders import EVENTS, TOPIC_ID, record, task


@pytest.fixture
def ledger() -> Ledger:
    """Consumed from offset 100, which is what the group has committed."""
    return Ledger(EVENTS, 100, 100, TOPIC_ID)


def see(ledger: Ledger, *offsets: int) -> list[Task]:
    """Records arrive that are to be delivered."""
    tasks = [task(ledger, offset) for offset in offsets]
    for arrived in tasks:
        ledger.highest_seen = arrived.record.offset
        ledger.admit(arrived)
    return tasks


# How far may be committed.


def test_before_anything_was_seen_the_frontier_is_where_it_starts(ledger: Ledger) -> None:
    assert ledger.frontier(OFFSET_UNKNOWN) == 100


def test_a_partition_without_a_committed_offset_has_its_start_to_commit() -> None:
    """With `latest`, a crash before the first commit would otherwise lose what came in between."""
    ledger = Ledger(EVENTS, 100, OFFSET_UNKNOWN)
    assert ledger.frontier(OFFSET_UNKNOWN) > ledger.committed


def test_the_frontier_stays_at_the_lowest_unsettled_offset(ledger: Ledger) -> None:
    first, second, third = see(ledger, 100, 101, 102)
    frontiers = []
    for settled in (third, first, second):
        ledger.settle(settled)
        frontiers.append(ledger.frontier(OFFSET_UNKNOWN))
    assert frontiers == [100, 101, 103]


def test_gaps_between_offsets_are_passed(ledger: Ledger) -> None:
    """Compaction and transaction markers: offsets that never come."""
    first, second = see(ledger, 105, 200)
    assert ledger.frontier(OFFSET_UNKNOWN) == 105
    ledger.settle(first)
    assert ledger.frontier(OFFSET_UNKNOWN) == 200
    ledger.settle(second)
    assert ledger.frontier(OFFSET_UNKNOWN) == 201


def test_what_was_seen_and_filtered_is_passed(ledger: Ledger) -> None:
    ledger.highest_seen = 150
    assert ledger.frontier(OFFSET_UNKNOWN) == 151


def test_trailing_markers_are_passed_once_everything_is_settled(ledger: Ledger) -> None:
    """Else the lag never came down to 0."""
    (only,) = see(ledger, 100)
    assert ledger.frontier(position=102) == 100
    ledger.settle(only)
    assert ledger.frontier(position=102) == 102
    assert ledger.frontier(position=50) == 101, "a position from before says nothing"


# What it holds.


def test_it_counts_records_and_bytes_until_they_are_settled(ledger: Ledger) -> None:
    tasks = [Task(record(100, key=b"key", value=b"12345"), ledger), Task(record(101, value=None), ledger)]
    for arrived in tasks:
        ledger.admit(arrived)
    assert (len(ledger), ledger.bytes, list(ledger)) == (2, 8, tasks)
    ledger.settle(tasks[0])
    assert (len(ledger), ledger.bytes, list(ledger)) == (1, 0, [tasks[1]])


def test_the_oldest_is_the_lowest_unsettled(ledger: Ledger) -> None:
    assert ledger.oldest() is None
    first, second, _ = see(ledger, 100, 101, 102)
    assert ledger.oldest() is first
    ledger.settle(first)
    assert ledger.oldest() is second


def test_one_record_that_waits_for_ever_does_not_make_the_settled_ones_stay_in_memory(ledger: Ledger) -> None:
    see(ledger, 100)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for offset in range(101, 20_101):
            ledger.settle(*see(ledger, offset))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 20_000, "less than a byte a record"


# What is committed beside the offset, so that a crash repeats only what is unsettled.


def claims(ledger: Ledger) -> CommitMap | None:
    return decode(ledger.commit_map(ledger.frontier(OFFSET_UNKNOWN)))


def test_what_is_settled_beyond_the_frontier_is_claimed(ledger: Ledger) -> None:
    _, second, _, fourth = see(ledger, 100, 101, 102, 110)
    ledger.settle(second)
    ledger.settle(fourth)
    assert claims(ledger) == CommitMap(TOPIC_ID, 100, 111, frozenset({100, 102}))


def test_where_all_is_settled_there_is_nothing_to_claim(ledger: Ledger) -> None:
    for settled in see(ledger, 100, 101):
        ledger.settle(settled)
    assert decode(ledger.commit_map(ledger.frontier(OFFSET_UNKNOWN))) == CommitMap(TOPIC_ID, 102, 102, frozenset())
    assert decode(ledger.commit_map(ledger.frontier(position=105))) == CommitMap(TOPIC_ID, 105, 105, frozenset())


def test_an_earlier_owners_claims_that_still_lie_ahead_are_handed_on(ledger: Ledger) -> None:
    ledger.settled_before = CommitMap(TOPIC_ID, 100, 120, frozenset({100, 103, 110}))
    ledger.settle(*see(ledger, 100))
    assert ledger.frontier(OFFSET_UNKNOWN) == 101
    assert claims(ledger) == CommitMap(TOPIC_ID, 101, 120, frozenset({103, 110}))
    see(ledger, 103)
    assert claims(ledger) == CommitMap(TOPIC_ID, 103, 120, frozenset({103, 110}))


def test_claims_that_have_been_passed_are_not_repeated(ledger: Ledger) -> None:
    ledger.settled_before = CommitMap(TOPIC_ID, 100, 104, frozenset({100, 102}))
    first, _ = see(ledger, 100, 102)
    ledger.highest_seen = 103  # consumed again, and skipped
    assert claims(ledger) == CommitMap(TOPIC_ID, 100, 104, frozenset({100, 102}))
    ledger.settle(first)
    assert claims(ledger) == CommitMap(TOPIC_ID, 102, 104, frozenset({102}))


def test_the_map_is_made_again_only_when_something_has_changed(ledger: Ledger) -> None:
    """The committer asks four times a second, of every partition."""
    first, _, third, last = see(ledger, 100, 101, 110, 112)
    ledger.settle(last)
    made = ledger.commit_map(100)
    assert ledger.commit_map(100) is made
    ledger.settle(first)
    assert decode(ledger.commit_map(101)) == CommitMap(TOPIC_ID, 101, 113, frozenset({101, 110}))
    ledger.settle(third)
    assert decode(ledger.commit_map(101)) == CommitMap(TOPIC_ID, 101, 113, frozenset({101}))
    ledger.highest_seen = 115
    assert decode(ledger.commit_map(101)) == CommitMap(TOPIC_ID, 101, 116, frozenset({101}))
    ledger.settled_before = CommitMap(TOPIC_ID, 101, 130, frozenset({101, 120}))
    assert decode(ledger.commit_map(101)) == CommitMap(TOPIC_ID, 101, 130, frozenset({101, 120}))


@given(st.data())
def test_an_owner_after_any_crash_is_told_of_exactly_what_was_settled(data: st.DataObject) -> None:
    """Owner after owner: each sees a part, settles some of it, commits, and is gone."""
    settled: set[int] = set()
    ledger = Ledger(EVENTS, 0, 0, TOPIC_ID)
    for _ in range(data.draw(st.integers(1, 5), label="owners")):
        start = ledger.frontier(OFFSET_UNKNOWN)
        before = decode(ledger.commit_map(start))
        assert all(offset in settled for offset in range(start))
        assert {offset for offset in range(200) if before and before.says_settled(offset)} == {
            offset for offset in settled if offset >= start
        }
        ledger = Ledger(EVENTS, start, start, TOPIC_ID)
        ledger.settled_before = before
        for offset in range(start, start + data.draw(st.integers(0, 30), label="consumed")):
            ledger.highest_seen = offset
            if before is None or not before.says_settled(offset):
                ledger.admit(task(ledger, offset))
        for unsettled in list(ledger):
            if data.draw(st.booleans(), label=f"{unsettled.record.offset} is settled"):
                ledger.settle(unsettled)
                settled.add(unsettled.record.offset)


# Leader epochs.


def test_the_epoch_before_an_offset_is_the_one_of_the_last_record_before_it(ledger: Ledger) -> None:
    ledger.epoch_is(2, 99)  # of the committed offset
    ledger.epoch_is(2, 100)
    ledger.epoch_is(5, 104)
    assert [ledger.epoch_before(offset) for offset in (99, 100, 104, 105, 200)] == [None, 2, 2, 5, 5]


def test_records_of_a_newer_epoch_end_what_an_earlier_owner_has_claimed(ledger: Ledger) -> None:
    ledger.settled_before = claim = CommitMap(TOPIC_ID, 100, 200, frozenset(), leader_epoch=4)
    ledger.epoch_is(4, 100)
    assert ledger.settled_before is claim
    ledger.epoch_is(5, 110)
    assert ledger.settled_before is None


def test_a_map_has_the_newest_epoch_that_it_claims_anything_of(ledger: Ledger) -> None:
    first, second = see(ledger, 100, 101)
    ledger.epoch_is(3, 100)
    ledger.settle(second)
    assert written(ledger).leader_epoch == 3
    ledger.settled_before = CommitMap(TOPIC_ID, 100, 200, frozenset(), leader_epoch=4)
    assert (written(ledger).leader_epoch, written(ledger).reach) == (4, 200)
    assert first in list(ledger)


def test_the_partition_count_that_the_group_began_with_is_passed_on(ledger: Ledger) -> None:
    ledger.partition_count = 4
    assert written(ledger).partition_count == 4


@pytest.mark.parametrize(
    ("present", "counts"), [(TOPIC_ID, True), (bytes(20), False)], ids=["of this topic", "of another"]
)
def test_a_claim_that_could_not_be_verified_counts_once_the_topics_id_is_known(
    ledger: Ledger, present: bytes, counts: bool
) -> None:
    ledger.unverified = CommitMap(TOPIC_ID, 100, 200, frozenset())
    ledger.verify(present)
    assert (ledger.settled_before is not None) is counts
    assert (ledger.topic_id, ledger.unverified is None) == (present, True)


def written(ledger: Ledger) -> CommitMap:
    found = decode(ledger.commit_map(ledger.frontier(OFFSET_UNKNOWN)))
    assert found is not None
    return found
