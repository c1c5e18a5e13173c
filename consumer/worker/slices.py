"""The size of a poll: poll thread and delivery loop share the interpreter."""

from __future__ import annotations

from collections.abc import Collection

from consumer.scheduling.back_pressure import Caps
from consumer.scheduling.offset_tracker import OffsetTracker

MOST_MESSAGES = 500
CONTACTS = 24  # about so many are mapped within 2 ms
MOST_CONTACTS = 250  # while the loop has nothing to do


class Slices:
    """Size the polls by the contacts among their messages. For the poll thread.

    While records are unsettled, the loop gets the interpreter within 2 ms. While none are, it waits for nothing, and a
    poll reads ten times as much: to pass the interpreter to the other thread and back takes as long as mapping some
    ten contacts.
    """

    def __init__(self, caps: Caps) -> None:
        self._caps = caps
        # Of the last poll.
        self._messages = 1.0  # for each contact
        self._size = 0.0  # bytes of an unsettled record

    def size(self, trackers: Collection[OffsetTracker]) -> int:
        """Return how many messages to poll now."""
        contacts = CONTACTS if any(map(len, trackers)) else self._room()
        return min(MOST_MESSAGES, max(2, int(contacts * self._messages)))

    def polled(self, messages: int, contacts: int, trackers: Collection[OffsetTracker]) -> None:
        """Note what a poll has read; its records are admitted."""
        self._messages = messages / max(1, contacts)
        self._size = sum(each.bytes for each in trackers) / max(1, sum(map(len, trackers)))

    def _room(self) -> int:
        """Return how many contacts an empty buffer takes, at most `MOST_CONTACTS`."""
        return min(MOST_CONTACTS, self._caps.records, int(self._caps.size / max(1.0, self._size)))
