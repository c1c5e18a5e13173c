"""Delivered contacts by number, one byte each: a log of millions would fill the memory."""

from __future__ import annotations

import re
from typing import NamedTuple

_NUMBER = re.compile(rb'"email": ?"[a-z]+(\d+)@')
_MOST = 255


class Count(NamedTuple):
    """missing -- contacts that were never delivered; twice -- deliveries beyond the first of a contact."""

    missing: int
    twice: int


class Tally:
    """The contacts of `events.sign_up`, by number."""

    def __init__(self, expected: int) -> None:
        self._times = bytearray(expected)

    def add(self, request: bytes) -> None:
        """Count a delivered contact. Raises ValueError for one that nobody expects."""
        found = _NUMBER.search(request)
        if found is None or int(found[1]) >= len(self._times):
            raise ValueError("an unexpected contact")
        number = int(found[1])
        self._times[number] = min(self._times[number] + 1, _MOST)

    def count(self) -> Count:
        """Return what is missing, and what came more than once."""
        missing = self._times.count(0)
        return Count(missing, sum(self._times) - (len(self._times) - missing))
