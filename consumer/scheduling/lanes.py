"""Order by contact: the lanes in which records with the same email or phone number wait for each other."""

from __future__ import annotations

from consumer.scheduling.task import Task


class Lanes:
    """One queue for each identity. A task stands in all the lanes of its identities and is ready when it is first in
    each. Tasks enter in the order in which they arrived, the same in every lane, so two can't wait for each other.

    Guarded by the scheduler's lock.
    """

    def __init__(self) -> None:
        self._lanes: dict[str, list[Task]] = {}  # most hold one task, for which a deque would take 600 bytes

    def __len__(self) -> int:
        return len(self._lanes)

    def enter(self, task: Task) -> bool:
        """Stand behind those who came before; true if the task is ready at once."""
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
        """Take the task out, from wherever it stands; gives those that have become first in all their lanes."""
        freed = []
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
        """How many records the longest lane holds: one contact's backlog."""
        return max(map(len, self._lanes.values()), default=0)
