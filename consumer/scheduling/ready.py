"""Queues of the tasks that are ready, fair to partitions, and of those whose retry is not due yet."""

from __future__ import annotations

import heapq
import math
from collections import deque
from itertools import count

from consumer.scheduling.task import Partition, Task


class ReadyQueue:
    """New tasks and due retries, taken in turn.

    Retries are the oldest tasks and hold the committable offset back, so they must not queue behind a full buffer.
    Alternating leaves every other turn to new tasks, however many contacts keep failing.

    new_first -- retries are taken only when there is no new task

    Guarded by the scheduler's lock.
    """

    def __init__(self) -> None:
        self.new_first = False
        self._new, self._again = _FairQueue(), _FairQueue()
        self._new_is_next = False

    def push(self, task: Task) -> None:
        """Append a new task."""
        self._new.push(task)

    def push_again(self, task: Task) -> None:
        """Append a retry."""
        self._again.push(task)

    def peek(self) -> Task | None:
        """Return what `pop` would return; None where there is none."""
        return self._next().peek()

    def pop(self) -> Task:
        """Remove and return the next task. Call only when there is one."""
        queue = self._next()
        self._new_is_next = queue is self._again
        return queue.pop()

    def drop(self, partition: Partition) -> None:
        """Forget a partition's tasks."""
        self._new.drop(partition)
        self._again.drop(partition)

    def _next(self) -> _FairQueue:
        again = self._again.turns and not (self._new.turns and (self._new_is_next or self.new_first))
        return self._again if again else self._new


class _FairQueue:
    """One FIFO queue per partition, served round-robin so that no partition starves.

    turns -- the partitions that have a task, in serving order
    """

    def __init__(self) -> None:
        self._queues: dict[Partition, deque[Task]] = {}
        self.turns: deque[Partition] = deque()

    def push(self, task: Task) -> None:
        """Append a task to its partition's queue."""
        partition = task.record.partition
        queue = self._queues.get(partition)
        if queue is None:
            queue = self._queues[partition] = deque()
        if not queue:
            self.turns.append(partition)
        queue.append(task)

    def peek(self) -> Task | None:
        """Return what `pop` would return; None where there is none."""
        return self._queues[self.turns[0]][0] if self.turns else None

    def pop(self) -> Task:
        """Remove and return the next task, round-robin by partition. Call only when there is one."""
        partition = self.turns.popleft()
        queue = self._queues[partition]
        task = queue.popleft()
        if queue:
            self.turns.append(partition)
        return task

    def drop(self, partition: Partition) -> None:
        """Forget a partition's tasks."""
        if self._queues.pop(partition, None):
            self.turns.remove(partition)


class RetryQueue:
    """Tasks in retry_wait, in a heap by due time.

    next_due -- monotonic seconds at which the first is due; infinite when empty

    Guarded by the scheduler's lock.
    """

    def __init__(self) -> None:
        self.next_due = math.inf
        self._heap: list[tuple[float, int, Task]] = []
        self._numbers = count()  # keeps equal times FIFO, and tasks out of the comparison

    def push(self, task: Task, due: float) -> None:
        """Add a task that is due at `due` (monotonic seconds)."""
        heapq.heappush(self._heap, (due, next(self._numbers), task))
        self._note_next()

    def pop_due(self, now: float) -> list[Task]:
        """Remove and return the due tasks, in the order of their due times."""
        due = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heapq.heappop(self._heap)[2])
        self._note_next()
        return due

    def drop(self, partition: Partition) -> None:
        """Forget a partition's tasks."""
        self._heap = [entry for entry in self._heap if entry[2].record.partition != partition]
        heapq.heapify(self._heap)
        self._note_next()

    def _note_next(self) -> None:
        self.next_due = self._heap[0][0] if self._heap else math.inf
