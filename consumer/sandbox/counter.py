"""Counts by name in bounded memory."""

from __future__ import annotations

from collections import OrderedDict


class BoundedCounter:
    """Counts for at most `limit` names; the oldest name is evicted first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._counts: OrderedDict[str, int] = OrderedDict()  # a dict is slow at removing its first entry

    def add(self, name: str) -> int:
        """Count one more, and return the new count."""
        count = self._counts.get(name, 0) + 1
        self._counts[name] = count
        if len(self._counts) > self._limit:
            self._counts.popitem(last=False)
        return count

    def __getitem__(self, name: str) -> int:
        return self._counts.get(name, 0)
