"""Ordering by contact: records with the same email or phone number are delivered in sequence."""

from __future__ import annotations

from consumer.scheduling.task import Task


class Lanes:
    """One queue per identity. A task enters the lanes of all its identities and is ready when it is first in each.

    Tasks enter every lane in the same order, that of their arrival, so lanes cannot deadlock. Guarded by the
    scheduler's lock.
    """

    def __init__(self) -> None:
        self._lanes: dict[str, list[Task]] = {}  # most hold one task, for which a deque would take 600 bytes

    def __len__(self) -> int:
        return len(self._lanes)

    def enter(self, task: Task) -> bool:
        """Append the task to its lanes. Return whether it is ready at once."""
        ahead = 0
        for identity in task.identities:
            lane = self._lanes.get(identity)
            if lane is None:
                self._lanes[identity] = [task]
            else:
                lane.append(task)
                ahead += 1
        task.ahead = ahead
        return not ahead

    def leave(self, task: Task) -> list[Task]:
        """Remove the task from its lanes, unless it has left them. Return the tasks that became ready by this."""
        freed: list[Task] = []
        if task.ahead < 0:
            return freed
        task.ahead = -1
        for identity in task.identities:
            lane = self._lanes[identity]
            if lane[0] is not task:
                lane.remove(task)
                continue
            del lane[0]
            if not lane:
                del self._lanes[identity]
                continue
            lane[0].ahead -= 1
            if not lane[0].ahead:
                freed.append(lane[0])
        return freed

    def longest(self) -> int:
        """Return the number of records in the longest lane: one contact's backlog."""
        return max(map(len, self._lanes.values()), default=0)
