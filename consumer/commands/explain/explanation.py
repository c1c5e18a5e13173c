"""The outcome of one record, and why. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from consumer.commands.explain.unread import unread_identities
from consumer.enrolment.decision import Decision, Enrolled, Filtered
from consumer.enrolment.disposition import DeadLetterReason, Disposition, FilterReason
from consumer.enrolment.head import read_event_header
from consumer.enrolment.origin import FieldOrigin

DELIVER = "deliver"  # ClickSend decides its outcome
LONGEST_NAME = 60


class Decides(Protocol):
    """The interface of `Enroller` that an explanation needs."""

    def decide(self, value: bytes | None) -> Decision:
        """Return the outcome of a record with this value."""

    def event_in(self, value: bytes) -> object:
        """Return the event in a record's value: any JSON."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One record explained.

    source      -- its position: `line 3`, `raw-events-0@17`
    event       -- the event's name, else its type; None: neither is readable
    disposition -- `deliver`, `filtered` or `dead_lettered`
    reason      -- why it is filtered or dead-lettered
    contact     -- the fields that ClickSend would receive
    notes       -- omissions and guesses; for a dead letter, its fault
    origins     -- the source of each contact field, as a JSON pointer into the event
    """

    source: str
    event: str | None
    disposition: str
    reason: str | None = None
    contact: Mapping[str, str] | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)


class Explainer:
    """Explains records as the worker would treat them.

    enroller   -- the worker's own
    max_age_ms -- ENROLMENT_MAX_EVENT_AGE in milliseconds, 0 = off; only records from Kafka have an age
    wrapped    -- whether a wrapper record holds the event, whose name is then not read
    """

    def __init__(self, enroller: Decides, max_age_ms: int, event_path: str | None) -> None:
        self._decide, self._event_in = enroller.decide, enroller.event_in
        self._max_age_ms = max_age_ms
        self._wrapped = bool(event_path)

    def explain(self, source: str, value: bytes | None, timestamp_ms: int = -1, now_ms: int = 0) -> Explanation:
        """Explain one record. timestamp_ms -- milliseconds since the epoch, -1 = none; now_ms -- the present."""
        if self._max_age_ms and 0 <= timestamp_ms < now_ms - self._max_age_ms:
            return Explanation(source, self._name(value), Disposition.FILTERED, FilterReason.TOO_OLD)
        decision = self._decide(value)
        if isinstance(decision, Enrolled):
            notes = (*map(str, decision.notes), *self._unread(value, decision.identities))
            fields = decision.contact.fields()
            return Explanation(source, decision.event, DELIVER, None, fields, notes, _pointers(decision.origins))
        name = self._name(value)
        if isinstance(decision, Filtered):
            unread = self._unread(value, ()) if decision.reason is FilterReason.NO_IDENTITY else ()
            return Explanation(source, name, Disposition.FILTERED, decision.reason, notes=unread)
        unread = self._unread(value, ()) if decision.reason is DeadLetterReason.UNMAPPABLE else ()
        return Explanation(source, name, Disposition.DEAD_LETTERED, decision.reason, notes=(decision.detail, *unread))

    def _unread(self, value: bytes | None, used: Collection[str]) -> tuple[str, ...]:
        return tuple(unread_identities(self._event_in(value), used)) if value else ()

    def _name(self, value: bytes | None) -> str | None:
        """Return the name of an event without a contact: it explains why the event was filtered."""
        head = read_event_header(value) if value and not self._wrapped else None
        if head is None:
            return None
        name = head.event if isinstance(head.event, str) and head.event else head.type
        return name[:LONGEST_NAME] if isinstance(name, str) else None


def _pointers(origins: tuple[FieldOrigin, ...]) -> dict[str, str]:
    return {origin.field: origin.pointer for origin in origins}
