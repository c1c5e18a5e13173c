"""A bounded memory of the last records, per kind: a flood of one kind evicts no other."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection

from consumer.enrolment.disposition import FilterReason
from consumer.monitoring.debugger.entry import Entry, Standing
from consumer.scheduling.task import Partition

Key = tuple[Partition, int]


class Ring:
    """Thread-safe. Entries are values: a change is a new entry under the old key.

    Delivered records evict delivered ones, dead letters evict dead letters. Filtered records share one capacity by
    reason, so browsing events don't evict those without an identity.

    capacity -- records of each standing
    entries  -- by record; any thread may read, as reading a dict is atomic
    """

    def __init__(self, capacity: int) -> None:
        self._lock = threading.Lock()
        self.entries: dict[Key, Entry] = {}  # changed under the lock
        self._changed: dict[Key, int] = {}  # the revision with which each was put
        self._groups: dict[str, OrderedDict[Key, None]] = {}  # in each the oldest first
        self._capacity = capacity
        self._revision = 0

    def __len__(self) -> int:
        return len(self.entries)

    def get(self, key: Key) -> Entry | None:
        """Return the entry of a record. Lock-free."""
        return self.entries.get(key)

    def put(self, entry: Entry) -> None:
        """Add or replace an entry."""
        with self._lock:
            self._put(entry)

    def change(self, key: Key, change: Callable[[Entry], Entry]) -> bool:
        """Apply a change to an entry. Return False if there is none."""
        with self._lock:
            before = self.entries.get(key)
            if before is None:
                return False
            self._put(change(before))
            return True

    def change_unsettled(self, partitions: Collection[Partition], change: Callable[[Entry], Entry]) -> None:
        """Apply a change to all entries of these partitions in progress."""
        with self._lock:
            for key in list(self._groups.get(Standing.IN_PROGRESS, ())):
                if key[0] in partitions:
                    self._put(change(self.entries[key]))

    def since(self, revision: int) -> tuple[list[Entry], int]:
        """Return the entries changed since the revision, the last change first, and the present revision."""
        with self._lock:
            changed = sorted((-at, key) for key, at in self._changed.items() if at > revision)
            return [self.entries[key] for _, key in changed], self._revision

    def _put(self, entry: Entry) -> None:
        self._revision += 1
        key, name = entry.key, entry.group
        before = self.entries.get(key)
        self.entries[key] = entry
        self._changed[key] = self._revision
        if before is not None:
            if before.group == name:
                return
            del self._groups[before.group][key]
        group = self._groups.setdefault(name, OrderedDict())
        group[key] = None
        if len(group) > self._capacity_for(entry):
            oldest, _ = group.popitem(last=False)
            del self.entries[oldest], self._changed[oldest]

    def _capacity_for(self, entry: Entry) -> int:
        if entry.standing is Standing.FILTERED:
            return max(1, self._capacity // len(FilterReason))
        return self._capacity
