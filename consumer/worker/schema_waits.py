"""Records that wait for a schema: their partition is paused, and the poll loop keeps polling."""

from __future__ import annotations

from confluent_kafka import Message

from consumer.formats.framing import Schemas
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Partition


class SchemaWaits:
    """Hold each partition's messages from the first one whose schema is not cached yet, in order.

    None of them counts as consumed, and none of their offsets is committed. A partition is paused while it waits, so it
    holds no more than was fetched at that moment: a batch. For the poll thread only.

    schemas -- what decodes framed values; None in formats that need no schema
    """

    def __init__(self, schemas: Schemas | None = None) -> None:
        self.held: dict[OffsetTracker, list[Message]] = {}  # mostly empty, which is all that the hot path checks
        self._schemas = schemas
        self._changes = 0

    @property
    def fault(self) -> str:
        """Return why the registry can't be used, and the fix; empty while it can, or nothing waits for it."""
        return self._schemas.fault if self._schemas is not None and self.held else ""

    @property
    def partitions(self) -> frozenset[Partition]:
        """Return the partitions that wait."""
        return frozenset(tracker.partition for tracker in self.held)

    def hold(self, tracker: OffsetTracker, message: Message) -> None:
        """Hold a message whose schema is not here yet, or one that follows it."""
        messages = self.held.get(tracker)
        if messages is None:
            messages = self.held[tracker] = []
            tracker.waits = True
            tracker.highest_seen = (message.offset() or 0) - 1  # it is not consumed, whatever the position says
        messages.append(message)

    def ready(self) -> list[Message]:
        """Return all held messages if a schema has come or was refused since the last call, else none.

        The caller reads them again before anything else of their partitions: those that still wait are held again.
        """
        if self._schemas is None or not self.held:
            return []
        for tracker in [each for each in self.held if not each.live]:
            del self.held[tracker]  # revoked or restarted: they are fetched again
        changes = self._schemas.changes
        if changes == self._changes:
            return []
        self._changes = changes
        held = dict(self.held)
        self.held.clear()
        for tracker in held:
            tracker.waits = False
        return [message for messages in held.values() for message in messages]
