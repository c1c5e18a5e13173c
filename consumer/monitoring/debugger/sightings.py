"""Records observed since the last look, before they are masked and stored.

Worker threads only append here, which is cheap; the monitor's thread makes the entries. Only the newest of each kind
are kept, so the cost does not grow with the traffic.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from consumer.enrolment.decision import Enrolled, Undeliverable
from consumer.monitoring.debugger.entry import Entry
from consumer.scheduling.task import Partition, Record, Task

MOST_CHANGES = 1000  # of one record, until the next look

Key = tuple[Partition, int]
Change = Callable[[Entry], Entry]


class Sighting(NamedTuple):
    """An observed record and its changes since.

    at       -- seconds since the epoch
    task     -- None of a filtered record
    decision -- None where its notes are not known
    """

    record: Record
    at: float
    task: Task | None
    decision: Enrolled | Undeliverable | None
    changes: list[Change]

    def change(self, change: Change) -> None:
        """Append a change of the record."""
        if len(self.changes) < MOST_CHANGES:
            self.changes.append(change)


class Sightings:
    """The newest of one kind. Lock-free: each step is one atomic dict operation."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, Sighting] = OrderedDict()

    def __contains__(self, key: Key) -> bool:
        return key in self._kept

    def get(self, key: Key) -> Sighting | None:
        """Return the sighting of a record."""
        return self._kept.get(key)

    def add(self, key: Key, sighting: Sighting, most: int) -> None:
        """Add a sighting; keep at most `most` and drop the oldest."""
        kept = self._kept
        kept[key] = sighting
        if len(kept) > most:
            kept.popitem(last=False)

    def remove(self, key: Key) -> None:
        """Remove a sighting."""
        self._kept.pop(key, None)

    def items(self) -> list[tuple[Key, Sighting]]:
        """Return all, oldest first."""
        return list(self._kept.items())
