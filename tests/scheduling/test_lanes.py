"""Order by contact: lanes, and the tasks that are ready."""

from __future__ import annotations

import pytest

from consumer.scheduling.lanes import Lanes
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Task
from tests.support.records import EVENTS, JANE, JOE, PHONE, task

TRACKER = OffsetTracker(EVENTS, 0, 0)


@pytest.fixture
def lanes() -> Lanes:
    return Lanes()


def arrive(lanes: Lanes, *identities: str) -> tuple[Task, bool]:
    """A task enters; gives it, and whether it is ready at once."""
    arrived = task(TRACKER, 0, *identities)
    return arrived, lanes.enter(arrived)


def test_the_first_of_a_lane_is_ready_at_once_and_the_second_when_it_has_gone(lanes: Lanes) -> None:
    first, first_is_ready = arrive(lanes, JANE)
    second, second_is_ready = arrive(lanes, JANE)
    assert (first_is_ready, second_is_ready) == (True, False)
    assert lanes.leave(first) == [second]


def test_a_task_that_is_first_in_one_lane_only_is_not_ready(lanes: Lanes) -> None:
    first, _ = arrive(lanes, JANE)
    both, ready = arrive(lanes, JANE, PHONE)
    assert not ready
    assert lanes.leave(first) == [both]


@pytest.mark.parametrize("last", [0, 1])
def test_a_task_waits_until_it_is_first_in_each_of_its_lanes(lanes: Lanes, last: int) -> None:
    ahead = [arrive(lanes, JANE)[0], arrive(lanes, PHONE)[0]]
    both, _ = arrive(lanes, JANE, PHONE)
    assert lanes.leave(ahead[1 - last]) == []
    assert lanes.leave(ahead[last]) == [both]


def test_one_that_goes_may_free_one_in_each_of_its_lanes(lanes: Lanes) -> None:
    both, _ = arrive(lanes, JANE, PHONE)
    followers = [arrive(lanes, JANE)[0], arrive(lanes, PHONE)[0]]
    assert lanes.leave(both) == followers


def test_the_same_two_identities_behind_each_other_free_one_at_a_time(lanes: Lanes) -> None:
    tasks = [arrive(lanes, JANE, PHONE)[0] for _ in range(3)]
    assert lanes.leave(tasks[0]) == [tasks[1]]
    assert lanes.leave(tasks[1]) == [tasks[2]]


def test_one_may_leave_from_the_middle_and_the_others_keep_their_order(lanes: Lanes) -> None:
    first, _ = arrive(lanes, JANE)
    middle, _ = arrive(lanes, JANE, PHONE)
    last, _ = arrive(lanes, JANE)
    assert lanes.leave(middle) == []
    assert lanes.leave(first) == [last]


def test_one_that_leaves_a_lane_from_behind_frees_those_behind_it_in_another(lanes: Lanes) -> None:
    arrive(lanes, JANE)
    both, _ = arrive(lanes, JANE, PHONE)
    behind, ready = arrive(lanes, PHONE)
    assert not ready
    assert lanes.leave(both) == [behind]


def test_a_task_without_identities_never_waits(lanes: Lanes) -> None:
    hopeless, ready = arrive(lanes)
    assert ready
    assert lanes.leave(hopeless) == []


def test_a_lane_is_forgotten_when_its_last_task_has_gone(lanes: Lanes) -> None:
    tasks = [arrive(lanes, JANE, PHONE)[0], arrive(lanes, JANE)[0], arrive(lanes, JOE)[0]]
    assert len(lanes) == 3
    for leaving in tasks:
        lanes.leave(leaving)
    assert len(lanes) == 0


def test_the_longest_lane_is_reported(lanes: Lanes) -> None:
    assert lanes.longest() == 0
    first, _ = arrive(lanes, JANE, PHONE)
    arrive(lanes, JANE)
    arrive(lanes, JOE)
    assert lanes.longest() == 2
    lanes.leave(first)
    assert lanes.longest() == 1


def test_one_that_has_left_its_lanes_may_leave_again(lanes: Lanes) -> None:
    first, _ = arrive(lanes, JANE)
    second, _ = arrive(lanes, JANE)
    assert lanes.leave(first) == [second]
    assert lanes.leave(first) == []
    assert lanes.leave(second) == []
    assert len(lanes) == 0
