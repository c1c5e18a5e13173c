"""Records that can't be read yet: their partition is paused, and the poll loop keeps polling."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from confluent_kafka import Message
from msgspec import Struct, field

from consumer.formats.framing import Schemas
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Partition


class Missing(Enum):
    """The reason why a record waits."""

    SCHEMA = "schema"  # it is being fetched
    TURN = "turn"  # the time of this turn is used up, or the partition's buffer is full


class Waiting(Struct):
    """A partition's messages, from the first one that waits."""

    missing: Missing
    messages: list[Message] = field(default_factory=list)


class Deferred:
    """Keep each partition's messages from the first one that can't be read yet, in order.

    None of them counts as consumed, and none of their offsets is committed. A partition is paused while it waits, so it
    holds no more than was fetched at that moment: one poll's. For the poll thread only.

    schemas -- what decodes framed values; None in formats that need no schema
    is_full -- returns whether a partition has its share of the buffer
    """

    def __init__(
        self, schemas: Schemas | None = None, is_full: Callable[[OffsetTracker], bool] = lambda _tracker: False
    ) -> None:
        self.waiting: dict[OffsetTracker, Waiting] = {}  # mostly empty, which is all that the hot path checks
        self.is_full = is_full
        self._schemas = schemas
        self._changes = 0

    @property
    def fault(self) -> str:
        """Return why the registry can't be used, and the fix; empty while it can, or nothing waits for it."""
        return self._schemas.fault if self._schemas is not None and self.waiting_for_schema else ""

    @property
    def waiting_for_schema(self) -> frozenset[Partition]:
        """Return the partitions that wait for a schema."""
        return frozenset(tracker.partition for tracker, each in self.waiting.items() if each.missing is Missing.SCHEMA)

    @property
    def is_pressing(self) -> bool:
        """Return whether `ready` would return messages now, apart from schemas that have come."""
        return any(
            waiting.missing is Missing.TURN and not self.is_full(tracker) for tracker, waiting in self.waiting.items()
        )

    def defer(self, tracker: OffsetTracker, message: Message, missing: Missing) -> None:
        """Keep a message that can't be read yet, or one that follows it, for a later turn."""
        waiting = self.waiting.get(tracker)
        if waiting is None:
            waiting = self.waiting[tracker] = Waiting(missing)
            tracker.waits = True
            tracker.highest_seen = (message.offset() or 0) - 1  # it is not consumed, whatever the position says
        waiting.messages.append(message)

    def ready(self) -> list[Message]:
        """Return the messages that may be readable now.

        The caller reads them again before anything else of their partitions: those that still wait are deferred again.
        """
        if not self.waiting:
            return []
        changes = self._schemas.changes if self._schemas is not None else self._changes
        came, self._changes = changes != self._changes, changes
        messages: list[Message] = []
        for tracker, waiting in list(self.waiting.items()):
            if not tracker.live:  # revoked or restarted: they are fetched again
                del self.waiting[tracker]
            elif came if waiting.missing is Missing.SCHEMA else not self.is_full(tracker):
                del self.waiting[tracker]
                tracker.waits = False
                messages += waiting.messages
        return messages
