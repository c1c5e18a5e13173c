from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from consumer.enrolment.disposition import DeadLetterReason, DeliveredReason, FilterReason, Reason
from consumer.monitoring.debugger.entry import Standing
from consumer.monitoring.debugger.ring import Ring
from consumer.scheduling.counts import ReleaseReason
from tests.monitoring.debugger.builders import EPOCH, entry
from tests.support.records import EVENTS, MORE_EVENTS

DELIVERED = (Standing.DELIVERED, DeliveredReason.ACCEPTED)
REJECTED = (Standing.DEAD_LETTERED, DeadLetterReason.REJECTED)
BROWSING = (Standing.FILTERED, FilterReason.NOT_ENROLMENT)
NAMELESS = (Standing.FILTERED, FilterReason.NO_IDENTITY)


def offsets(ring: Ring) -> set[int]:
    return {each.offset for each in ring.since(0)[0]}


def test_the_oldest_of_a_kind_makes_room() -> None:
    ring = Ring(capacity=2)
    for offset in range(4):
        ring.put(entry(offset, *DELIVERED))
    assert offsets(ring) == {2, 3}


@pytest.mark.parametrize(
    ("capacity", "kept", "flood"),
    [
        pytest.param(2, REJECTED, DELIVERED, id="deliveries leave the dead letters alone"),
        pytest.param(
            2 * len(FilterReason), NAMELESS, BROWSING, id="browsing events leave those without an identity alone"
        ),
    ],
)
def test_a_flood_of_one_kind_leaves_others_alone(
    capacity: int, kept: tuple[Standing, Reason], flood: tuple[Standing, Reason]
) -> None:
    ring = Ring(capacity)
    ring.put(entry(0, *kept))
    for offset in range(1, 50):
        ring.put(entry(offset, *flood))
    assert offsets(ring) == {0, 48, 49}


def test_a_change_comes_first_and_the_revision_asks_for_what_is_new() -> None:
    ring = Ring(capacity=10)
    for offset in range(3):
        ring.put(entry(offset))
    _, seen = ring.since(0)
    assert ring.change((EVENTS, 1), lambda before: before.ended(*DELIVERED, EPOCH))
    changed, now = ring.since(seen)
    assert [(each.offset, each.standing) for each in changed] == [(1, Standing.DELIVERED)]
    assert ring.since(now) == ([], now)
    assert [each.offset for each in ring.since(0)[0]] == [1, 2, 0]


def test_what_is_not_remembered_is_not_changed() -> None:
    assert not Ring(capacity=1).change((EVENTS, 1), lambda before: before)


def test_what_is_in_progress_of_a_partition_changes_together() -> None:
    ring = Ring(capacity=10)
    for each in (entry(0), entry(1, *DELIVERED), entry(2), entry(3, partition=MORE_EVENTS)):
        ring.put(each)
    ring.change_unsettled({EVENTS}, lambda before: before.ended(Standing.RELEASED, ReleaseReason.LOST, EPOCH))
    found = {each.offset: each.standing for each in ring.since(0)[0]}
    assert found == {
        0: Standing.RELEASED,
        1: Standing.DELIVERED,
        2: Standing.RELEASED,
        3: Standing.IN_PROGRESS,
    }


steps = st.tuples(st.integers(0, 30), st.sampled_from([DELIVERED, REJECTED, BROWSING, NAMELESS, None]))


@given(st.integers(1, 7), st.lists(steps, max_size=200))
def test_it_never_holds_more_than_its_kinds_may(capacity: int, come: list[tuple[int, object]]) -> None:
    ring = Ring(capacity)
    for offset, end in come:
        ring.put(entry(offset) if end is None else replace(entry(offset), standing=end[0], reason=end[1]))  # type: ignore[index]
    by_group: dict[str, int] = {}
    for each in ring.since(0)[0]:
        by_group[each.group] = by_group.get(each.group, 0) + 1
    assert sum(by_group.values()) == len(ring)
    for group, number in by_group.items():
        assert number <= (max(1, capacity // len(FilterReason)) if group.startswith("filtered") else capacity)
