"""The outcome of one record, and why. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from consumer.commands.explain.unfilled import Fields, unfilled_fields
from consumer.commands.explain.unread import unread_identities
from consumer.commands.readings import found_in
from consumer.enrolment.decision import Enrolled, Filtered, Withheld
from consumer.enrolment.disposition import DeadLetterReason, Disposition, FilterReason
from consumer.enrolment.head import read_event_header
from consumer.enrolment.origin import FieldOrigin
from consumer.formats.decider import Decider, HeadersOf
from consumer.formats.documents import Reading
from consumer.formats.value_format import Layer

DELIVER = "deliver"  # ClickSend decides its outcome
LONGEST_NAME = 60
PLAIN = (Layer.JSON,)
UNREAD_MATTERS = (FilterReason.NO_IDENTITY, DeadLetterReason.UNMAPPABLE)  # the identity may be elsewhere in the event
_NO_FIELDS: Fields = {}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One record explained.

    source      -- its position: `line 3`, `raw-events-0@17`, `raw-events-0@17 event 2` in a record with several
    event       -- the event's name, else its type; None: neither is readable
    disposition -- `deliver`, `filtered` or `dead_lettered`
    reason      -- why it is filtered or dead-lettered
    contact     -- the fields that ClickSend would receive
    notes       -- omissions and guesses; for a dead letter, its fault
    origins     -- the source of each contact field, as a JSON pointer into the event
    format      -- the layers of its value, outermost first: `gzip, json`
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
    event_path -- ENROLMENT_EVENT_PATH; inside a wrapper record the event's name is not read
    fields     -- ENROLMENT_FIELDS
    """

    def __init__(self, decider: Decider, max_age_ms: int, event_path: str | None, fields: Fields = _NO_FIELDS) -> None:
        self._decider = decider
        self._max_age_ms = max_age_ms
        self._wrapped = bool(event_path)
        self._fields = fields

    def explanations(
        self,
        source: str,
        value: bytes | None,
        timestamp_ms: int = -1,
        now_ms: int = 0,
        headers: HeadersOf = lambda: None,
    ) -> Iterator[Explanation]:
        """Explain a record, or each of its events.

        timestamp_ms -- milliseconds since the epoch, -1 = none
        now_ms       -- the present
        """
        if self._max_age_ms and 0 <= timestamp_ms < now_ms - self._max_age_ms:
            yield Explanation(source, self._name(value), Disposition.FILTERED, FilterReason.TOO_OLD)
            return
        found = found_in(self._decider, value, headers)
        if isinstance(found, Reading):
            yield self._explanation(source, value, found)
            return
        for index, event in enumerate(found.values):
            reading = found.read(event)
            layers = (*found.layers, *(each for each in reading.layers if each is not Layer.JSON))
            yield self._explanation(f"{source} event {index}", None, reading._replace(layers=layers))
        if not found.values:
            reason = FilterReason.NOT_ENROLMENT
            yield Explanation(source, None, Disposition.FILTERED, reason, notes=("an empty batch",))

    def _explanation(self, source: str, value: bytes | None, reading: Reading) -> Explanation:
        decision, form = reading.decision, ", ".join(reading.layers)
        if isinstance(decision, Enrolled):
            origins = _pointers(decision.origins)
            notes = (*map(str, decision.notes), *self._missed(reading, decision.identities, origins))
            return Explanation(source, decision.event, DELIVER, None, decision.contact.fields(), notes, origins, form)
        name = self._name(value) if reading.layers in ((), PLAIN) else self._name_in(reading.event())
        missed = self._missed(reading, (), {}) if decision.reason in UNREAD_MATTERS else ()
        if isinstance(decision, Filtered):
            notes = _of_withheld(decision.withheld) if decision.withheld is not None else missed
            return Explanation(source, name, Disposition.FILTERED, decision.reason, notes=notes, format=form)
        notes = (decision.detail, *missed)
        return Explanation(source, name, Disposition.DEAD_LETTERED, decision.reason, notes=notes, format=form)

    def _missed(self, reading: Reading, used: Collection[str], origins: Mapping[str, str]) -> tuple[str, ...]:
        """Return identities at places that are not read, and custom fields without a value."""
        event = reading.event()
        unread = unread_identities(event, used, self._decider.identity_pointers(event))
        return (*unfilled_fields(event, self._fields, origins), *unread)

    def _name(self, value: bytes | None) -> str | None:
        """Return the name of an event without a contact: it explains why the event was filtered."""
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


def _of_withheld(withheld: Withheld) -> tuple[str, ...]:
    origin = withheld.origin
    where = f"by {origin.pointer}" if origin is not None else "nothing in the event says so"
    return (f"custom_1 is {withheld.consent}: {where}", *map(str, withheld.notes))


def _pointers(origins: tuple[FieldOrigin, ...]) -> dict[str, str]:
    return {origin.field: origin.pointer for origin in origins}
