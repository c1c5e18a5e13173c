"""The outcome of one record, and why. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from consumer.commands.explain.unfilled import Fields, unfilled_fields
from consumer.commands.explain.unread import unread_identities
from consumer.enrolment.decision import Decision, Enrolled, Filtered, Withheld
from consumer.enrolment.disposition import DeadLetterReason, Disposition, FilterReason
from consumer.enrolment.head import read_event_header
from consumer.enrolment.origin import FieldOrigin

DELIVER = "deliver"  # ClickSend decides its outcome
LONGEST_NAME = 60
_NO_FIELDS: Fields = {}


class Decides(Protocol):
    """The interface of `Enroller` that an explanation needs."""

    def decide(self, value: bytes | None) -> Decision:
        """Return the outcome of a record with this value."""

    def event_in(self, value: bytes) -> object:
        """Return the event in a record's value: any JSON."""

    def identity_pointers(self, event: object) -> set[str]:
        """Return where emails and numbers are read in this event."""


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
    event_path -- ENROLMENT_EVENT_PATH; inside a wrapper record the event's name is not read
    fields     -- ENROLMENT_FIELDS
    """

    def __init__(self, enroller: Decides, max_age_ms: int, event_path: str | None, fields: Fields = _NO_FIELDS) -> None:
        self._enroller = enroller
        self._max_age_ms = max_age_ms
        self._wrapped = bool(event_path)
        self._fields = fields

    def explain(self, source: str, value: bytes | None, timestamp_ms: int = -1, now_ms: int = 0) -> Explanation:
        """Explain one record. timestamp_ms -- milliseconds since the epoch, -1 = none; now_ms -- the present."""
        if self._max_age_ms and 0 <= timestamp_ms < now_ms - self._max_age_ms:
            return Explanation(source, self._name(value), Disposition.FILTERED, FilterReason.TOO_OLD)
        decision = self._enroller.decide(value)
        if isinstance(decision, Enrolled):
            origins = _pointers(decision.origins)
            notes = (*map(str, decision.notes), *self._missed(value, decision.identities, origins))
            return Explanation(source, decision.event, DELIVER, None, decision.contact.fields(), notes, origins)
        name = self._name(value)
        if isinstance(decision, Filtered):
            missed = self._missed(value, (), {}) if decision.reason is FilterReason.NO_IDENTITY else ()
            notes = _of_withheld(decision.withheld) if decision.withheld is not None else missed
            return Explanation(source, name, Disposition.FILTERED, decision.reason, notes=notes)
        missed = self._missed(value, (), {}) if decision.reason is DeadLetterReason.UNMAPPABLE else ()
        return Explanation(source, name, Disposition.DEAD_LETTERED, decision.reason, notes=(decision.detail, *missed))

    def _missed(self, value: bytes | None, used: Collection[str], origins: Mapping[str, str]) -> tuple[str, ...]:
        """Return what the event has where nobody looks, and what it lacks where the operator's mapping looks."""
        event = self._enroller.event_in(value) if value else None
        unread = unread_identities(event, used, self._enroller.identity_pointers(event))
        return (*unfilled_fields(event, self._fields, origins), *unread)

    def _name(self, value: bytes | None) -> str | None:
        """Return the name of an event without a contact: it explains why the event was filtered."""
        head = read_event_header(value) if value and not self._wrapped else None
        if head is None:
            return None
        name = head.event if isinstance(head.event, str) and head.event else head.type
        return name[:LONGEST_NAME] if isinstance(name, str) else None


def _of_withheld(withheld: Withheld) -> tuple[str, ...]:
    origin = withheld.origin
    where = f"by {origin.pointer}" if origin is not None else "nothing in the event says so"
    return (f"custom_1 is {withheld.consent}: {where}", *map(str, withheld.notes))


def _pointers(origins: tuple[FieldOrigin, ...]) -> dict[str, str]:
    return {origin.field: origin.pointer for origin in origins}
