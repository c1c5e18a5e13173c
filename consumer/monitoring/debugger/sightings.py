"""What was seen of records since the last look, before it is masked and remembered.

The threads that work note a record here, which costs next to nothing; the thread that serves the page makes entries of
what is left. Of each kind only the newest are kept, so a flood costs no more than a trickle.
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
    """A record as it was seen, and what has happened to it since.

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
        """Note what has happened to the record."""
        if len(self.changes) < MOST_CHANGES:
            self.changes.append(change)


class Sightings:
    """The newest of one kind. No lock: each step is one operation of a dict, and those are whole."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, Sighting] = OrderedDict()

    def __contains__(self, key: Key) -> bool:
        return key in self._kept

    def get(self, key: Key) -> Sighting | None:
        """What was seen of a record."""
        return self._kept.get(key)

    def add(self, key: Key, sighting: Sighting, most: int) -> None:
        """Keep one more, and so many in all: the oldest are passed over."""
        kept = self._kept
        kept[key] = sighting
        if len(kept) > most:
            kept.popitem(last=False)

    def remove(self, key: Key) -> None:
        """Keep it no longer."""
        self._kept.pop(key, None)

    def items(self) -> list[tuple[Key, Sighting]]:
        """All, the oldest first."""
        return list(self._kept.items())
