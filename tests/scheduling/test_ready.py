"""Ready tasks, fair by partition, and tasks in retry_wait."""

from __future__ import annotations

import math

import pytest

from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.ready import ReadyQueue, RetryQueue
from consumer.scheduling.task import Partition, Task
from tests.support.records import task

TRACKERS = [OffsetTracker(Partition("events", number), 0, 0) for number in range(3)]


@pytest.fixture
def ready() -> ReadyQueue:
    return ReadyQueue()


def push(ready: ReadyQueue, *numbers: int) -> None:
    """One task for each partition number, with the place in this list as its offset."""
    for offset, number in enumerate(numbers):
        ready.push(task(TRACKERS[number], offset))


def partitions(ready: ReadyQueue) -> list[int]:
    """Empties the queue; gives the partition numbers in the order in which they came out."""
    numbers = []
    while ready.peek() is not None:
        numbers.append(ready.pop().record.partition.number)
    return numbers


def test_peeking_changes_nothing(ready: ReadyQueue) -> None:
    push(ready, 0, 0, 1)
    looked_at = []
    while ready.peek() is not None:
        first = ready.peek()
        assert first is not None
        assert ready.peek() is first
        assert ready.pop() is first
        looked_at.append(first.record.partition.number)
    assert looked_at == [0, 1, 0]


def test_an_empty_queue_returns_none(ready: ReadyQueue) -> None:
    assert ready.peek() is None
    push(ready, 0)
    assert ready.peek() is not None


def test_within_a_partition_the_first_comes_first(ready: ReadyQueue) -> None:
    push(ready, 0, 0, 0)
    assert [ready.pop().record.offset for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("pushed", "popped"),
    [
        ([0, 0, 0, 0, 1, 2, 1], [0, 1, 2, 0, 1, 0, 0]),
        ([2, 1, 0], [2, 1, 0]),
        ([1, 1, 0, 0], [1, 0, 1, 0]),
    ],
    ids=["a long backlog", "one each", "two each"],
)
def test_partitions_take_turns(ready: ReadyQueue, pushed: list[int], popped: list[int]) -> None:
    push(ready, *pushed)
    assert partitions(ready) == popped


def test_what_is_tried_again_does_not_wait_behind_all_the_others(ready: ReadyQueue) -> None:
    push(ready, *[0] * 100)
    first = ready.pop()
    ready.push_again(first)
    assert ready.pop() is first


def test_retries_and_new_records_take_turns(ready: ReadyQueue) -> None:
    """Else contacts that fail again and again would starve the others."""
    push(ready, *[0] * 6)
    tried = [ready.pop(), ready.pop(), ready.pop()]
    order = []
    for _ in range(6):
        while tried:
            ready.push_again(tried.pop(0))
        task = ready.pop()
        order.append(task.record.offset)
        if task.record.offset < 3:
            tried.append(task)  # it has failed once more
    assert order == [0, 3, 1, 4, 2, 5]


def test_partitions_take_turns_in_retries(ready: ReadyQueue) -> None:
    push(ready, 0, 0, 1)
    for each in [ready.pop() for _ in range(3)]:
        ready.push_again(each)
    ready.push_again(task(TRACKERS[0], 3))
    assert partitions(ready) == [0, 1, 0, 0]


def test_peeking_includes_retries(ready: ReadyQueue) -> None:
    push(ready, 0, 0)
    first = ready.pop()
    ready.push_again(first)
    assert ready.peek() is first
    assert ready.pop() is first
    assert ready.pop().record.offset == 1


def test_a_partition_that_was_empty_gets_its_turn_again(ready: ReadyQueue) -> None:
    push(ready, 0)
    ready.pop()
    push(ready, 1, 0, 0)
    assert partitions(ready) == [1, 0, 0]


def test_a_dropped_partition_is_forgotten_and_may_come_back(ready: ReadyQueue) -> None:
    push(ready, 0, 1, 0, 1)
    ready.drop(TRACKERS[0].partition)
    ready.drop(TRACKERS[2].partition)
    assert partitions(ready) == [1, 1]
    ready.drop(TRACKERS[1].partition)
    push(ready, 0, 1)
    ready.push_again(task(TRACKERS[0], 9))
    ready.drop(TRACKERS[0].partition)
    assert partitions(ready) == [1]


def parked(*dues: float) -> tuple[RetryQueue, list[Task]]:
    """One task for each time, by turns of two partitions."""
    waiting = RetryQueue()
    tasks = [task(TRACKERS[place % 2], place) for place in range(len(dues))]
    for each, due in zip(tasks, dues, strict=True):
        waiting.push(each, due)
    return waiting, tasks


def test_when_none_waits_the_next_time_is_never() -> None:
    waiting, _ = parked()
    assert waiting.next_due == math.inf
    assert waiting.pop_due(1e12) == []


def test_due_tasks_are_returned_in_the_order_of_their_due_times() -> None:
    waiting, tasks = parked(30, 10, 40, 20)
    assert waiting.next_due == 10
    assert waiting.pop_due(30) == [tasks[1], tasks[3], tasks[0]]
    assert waiting.next_due == 40


def test_equal_times_keep_the_order_in_which_they_came() -> None:
    waiting, tasks = parked(*[7] * 20)
    assert waiting.pop_due(7) == tasks


def test_those_of_a_dropped_partition_are_forgotten() -> None:
    waiting, tasks = parked(10, 40, 30, 20, 50)
    waiting.drop(TRACKERS[0].partition)
    assert waiting.next_due == 20
    assert waiting.pop_due(100) == [tasks[3], tasks[1]]
