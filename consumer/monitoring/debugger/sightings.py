"""Records observed since the last look, before they are masked and stored.

Worker threads only append here, which is cheap; the monitor's thread makes the entries. Only the newest of each kind
are kept, so making entries costs the same at any traffic. Of deliverable records under load, most are not even added.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from msgspec import Struct

from consumer.enrolment.decision import Enrolled, Undeliverable
from consumer.monitoring.debugger.entry import Entry
from consumer.scheduling.task import Partition, Record, Task

MOST_CHANGES = 1000  # of one record, until the next look
STRIDE = 8  # under load, one of so many deliverable records is added

Key = tuple[Partition, int]
Change = Callable[[Entry], Entry]


class Sighting(Struct, frozen=True, gc=False):
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
    """The newest of one kind. Lock-free: each step is one atomic dict operation.

    kept -- by record, oldest first; any thread may read
    """

    def __init__(self) -> None:
        self.kept: OrderedDict[Key, Sighting] = OrderedDict()
        self._passed_over = 0  # for the thread that adds

    def wants(self, most: int) -> bool:
        """Return whether to add the next one: while fewer than `most` are kept each, then one of `STRIDE`."""
        if len(self.kept) < most:
            return True
        self._passed_over += 1
        return not self._passed_over % STRIDE

    def add(self, key: Key, sighting: Sighting, most: int) -> None:
        """Add a sighting; keep at most `most` and drop the oldest."""
        kept = self.kept
        kept[key] = sighting
        if len(kept) > most:
            kept.popitem(last=False)

    def remove(self, key: Key) -> None:
        """Remove a sighting."""
        self.kept.pop(key, None)

    def items(self) -> list[tuple[Key, Sighting]]:
        """Return all, oldest first."""
        return list(self.kept.items())
