"""The tasks that may be taken, fairly by partition, and those that wait for their time."""

from __future__ import annotations

import heapq
import math
from collections import deque
from itertools import count

from consumer.scheduling.task import Partition, Task


class ReadyQueue:
    """The new tasks, and those whose time to be tried again has come. The two take turns.

    Tasks that are tried again are the oldest, and hold their partition's frontier back: behind a full buffer one would
    wait for as long as the buffer lasts. Contacts that fail again and again still leave every other turn to the others.

    new_first -- those that are tried again wait until there is no new one

    Guarded by the scheduler's lock.
    """

    def __init__(self) -> None:
        self.new_first = False
        self._new, self._again = _FairQueue(), _FairQueue()
        self._new_is_next = False

    def push(self, task: Task) -> None:
        """Put a new task behind the new ones of its partition."""
        self._new.push(task)

    def push_again(self, task: Task) -> None:
        """Put a task that has been tried behind those of its partition that are tried again."""
        self._again.push(task)

    def peek(self) -> Task | None:
        """Return what `pop` would return; None where there is none."""
        return self._next().peek()

    def pop(self) -> Task:
        """The next task. Only when there is one."""
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
    """First come, first served within a partition; the partitions take turns, so that none starves.

    turns -- the partitions that have a task, in the order of their turns
    """

    def __init__(self) -> None:
        self._queues: dict[Partition, deque[Task]] = {}
        self.turns: deque[Partition] = deque()

    def push(self, task: Task) -> None:
        """Put a task at the end of its partition's queue."""
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
        """The next task of the partition whose turn it is. Only when there is one."""
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


class ParkedTasks:
    """Tasks with a time, in a heap.

    next_due -- when the first is due, in monotonic seconds; infinite when none waits

    Guarded by the scheduler's lock.
    """

    def __init__(self) -> None:
        self.next_due = math.inf
        self._heap: list[tuple[float, int, Task]] = []
        self._numbers = count()  # keeps equal times in their order, and tasks out of the comparison

    def push(self, task: Task, due: float) -> None:
        """Keep the task until `due`, in monotonic seconds."""
        heapq.heappush(self._heap, (due, next(self._numbers), task))
        self._note_next()

    def pop_due(self, now: float) -> list[Task]:
        """Those whose time has come, in the order of their times."""
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
