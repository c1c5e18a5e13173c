"""What would become of one record, and why. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from consumer.commands.explain.unread import unread_identities
from consumer.commands.readings import reading_of
from consumer.enrolment.decision import Enrolled, Filtered
from consumer.enrolment.disposition import DeadLetterReason, Disposition, FilterReason
from consumer.enrolment.head import read_event_header
from consumer.enrolment.origin import FieldOrigin
from consumer.formats.decider import Decider, HeadersOf
from consumer.formats.value_format import Layer

DELIVER = "deliver"  # the outcome of it then, ClickSend decides
LONGEST_NAME = 60
PLAIN = (Layer.JSON,)
UNREAD_MATTERS = (FilterReason.NO_IDENTITY, DeadLetterReason.UNMAPPABLE)  # it may be elsewhere in the event


@dataclass(frozen=True, slots=True)
class Explanation:
    """One record explained.

    source      -- its position: `line 3`, `raw-events-0@17`
    event       -- the event's name, else its type; None where it has none that can be read
    disposition -- `deliver`, `filtered` or `dead_lettered`
    reason      -- of the last two
    contact     -- what ClickSend would get
    notes       -- what was left out or guessed; of a dead letter, what is wrong
    origins     -- where each field of the contact came from, as a JSON pointer into the event
    format      -- what its value is, from the outside in: `gzip, json`
    """

    source: str
    event: str | None
    disposition: str
    reason: str | None = None
    contact: Mapping[str, str] | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()
    origins: Mapping[str, str] = field(default_factory=dict)
    format: str = ""


class Explainer:
    """Explains records as the worker would treat them.

    decider    -- the worker's own
    max_age_ms -- ENROLMENT_MAX_EVENT_AGE in milliseconds, 0 = off; only records from Kafka have an age
    wrapped    -- whether the event lies inside a wrapper record, where its name is not looked for
    """

    def __init__(self, decider: Decider, max_age_ms: int, event_path: str | None) -> None:
        self._decider = decider
        self._max_age_ms = max_age_ms
        self._wrapped = bool(event_path)

    def explain(
        self,
        source: str,
        value: bytes | None,
        timestamp_ms: int = -1,
        now_ms: int = 0,
        headers: HeadersOf = lambda: None,
    ) -> Explanation:
        """timestamp_ms -- of the record, since the epoch, -1 = none; now_ms -- the present."""
        if self._max_age_ms and 0 <= timestamp_ms < now_ms - self._max_age_ms:
            return Explanation(source, self._name(value), Disposition.FILTERED, FilterReason.TOO_OLD)
        reading = reading_of(self._decider, value, headers)
        decision, form = reading.decision, ", ".join(reading.layers)
        if isinstance(decision, Enrolled):
            notes = (*map(str, decision.notes), *unread_identities(reading.event(), decision.identities))
            fields, origins = decision.contact.fields(), _pointers(decision.origins)
            return Explanation(source, decision.event, DELIVER, None, fields, notes, origins, form)
        name = self._name(value) if reading.layers in ((), PLAIN) else self._name_in(reading.event())
        unread = tuple(unread_identities(reading.event(), ())) if decision.reason in UNREAD_MATTERS else ()
        if isinstance(decision, Filtered):
            return Explanation(source, name, Disposition.FILTERED, decision.reason, notes=unread, format=form)
        notes = (decision.detail, *unread)
        return Explanation(source, name, Disposition.DEAD_LETTERED, decision.reason, notes=notes, format=form)

    def _name(self, value: bytes | None) -> str | None:
        """Return the event's name for an event that has no contact: it tells why it was filtered."""
        head = read_event_header(value) if value and not self._wrapped else None
        if head is None:
            return None
        return _shortened(head.event, head.type)

    def _name_in(self, event: object) -> str | None:
        return (
            _shortened(event.get("event"), event.get("type")) if isinstance(event, dict) and not self._wrapped else None
        )


def _shortened(event: object, kind: object) -> str | None:
    name = event if isinstance(event, str) and event else kind
    return name[:LONGEST_NAME] if isinstance(name, str) else None


def _pointers(origins: tuple[FieldOrigin, ...]) -> dict[str, str]:
    return {origin.field: origin.pointer for origin in origins}
