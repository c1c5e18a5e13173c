"""The pipeline from a record's bytes to a contact: decode, identity filter, mapper, consent policy."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from consumer.enrolment.consent import FIELD, Consent
from consumer.enrolment.contact_input import is_contact
from consumer.enrolment.decision import Decision, Enrolled, Filtered, Undeliverable, Withheld
from consumer.enrolment.decode import NotJson, decode, find_event
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.enrolment.head import read_event_header
from consumer.enrolment.identity_filter import enrolment_name
from consumer.enrolment.mapper import Mapped, map_document, map_event, values_in
from consumer.enrolment.origin import FieldOrigin
from consumer.enrolment.parts import object_in, read_parts
from consumer.enrolment.pointer import Pointer
from consumer.enrolment.recognition import hint_at, is_event, look_of
from consumer.enrolment.rules import Input, Rules
from consumer.enrolment.schema import Schema, load_schema
from consumer.enrolment.shared_context import SharedContext
from consumer.enrolment.traits import Object

__all__ = ["Decision", "Enrolled", "Enroller", "Filtered", "Undeliverable"]

# orjson's bytes hold a buffer of 4 KB each, and thousands of them wait in memory.
_ENCODE = msgspec.json.Encoder().encode

_IDENTITIES = ("email", "phone_number", "fax_number")
CONTACT_NAME = "Contact"  # in place of an event's name
_TOMBSTONE = Filtered(FilterReason.TOMBSTONE)
_NOT_ENROLMENT = Filtered(FilterReason.NOT_ENROLMENT)
_NO_IDENTITY = Filtered(FilterReason.NO_IDENTITY)
_WITHOUT_NAME = frozenset({"page", "screen", "group", "alias", "identify"})  # the types of events without `event`
_DATA = b'"data'  # `data` or `data_base64`, the content of a CloudEvent's envelope


class Enroller:
    """Decide the disposition of records. Stateless, so any thread may call it.

    rules          -- the operator's settings
    event_schema   -- the schema of enrolment events; None: `schemas/event.schema.json`
    contact_schema -- the schema of contacts, checked before delivery; None: `schemas/contact.schema.json`
    shared         -- what a batch says for each of its events
    """

    def __init__(
        self,
        rules: Rules,
        event_schema: Schema | None = None,
        contact_schema: Schema | None = None,
        shared: SharedContext | None = None,
    ) -> None:
        self._rules = rules
        self._shared = shared
        self._path = Pointer.parse(rules.event_path or "")
        self.wrapped = bool(self._path.tokens)  # records hold their event at ENROLMENT_EVENT_PATH
        self.decides_first = self.wrapped or rules.input is Input.CONTACT  # only a decision tells a batch from those
        self._plain = not self.wrapped and rules.input is Input.EVENT
        self._may_be_envelope = False  # the record's headers may say so
        self._event_schema = event_schema or load_schema("event")
        self._contact_schema = contact_schema or load_schema("contact")
        self._valid_types = {kind for kind in ("track", "identify") if self._event_schema.is_valid({"type": kind})}

    def inside(self, path: str) -> Enroller:
        """Return an enroller for records that hold this one's records at a JSON pointer."""
        return self._at(path + (self._rules.event_path or ""))

    def unwrapped(self) -> Enroller:
        """Return an enroller for what this one finds at ENROLMENT_EVENT_PATH."""
        return self._at(None)

    def around(self, key: str) -> Enroller | None:
        """Return an enroller for the object whose `key` ENROLMENT_EVENT_PATH leads to; None if it ends otherwise."""
        path, _, last = (self._rules.event_path or "").rpartition("/")
        return self._at(path) if self.wrapped and last == key else None

    def sharing(self, context: object) -> Enroller:
        """Return an enroller for the events of a batch with this context."""
        return Enroller(self._rules, self._event_schema, self._contact_schema, SharedContext.of(context))

    def before_headers(self) -> Enroller:
        """Return an enroller whose `glance` does not decide what the record's headers may declare a CloudEvent."""
        found = self._at(self._rules.event_path)
        found._may_be_envelope = True
        return found

    def _at(self, path: str | None) -> Enroller:
        rules = replace(self._rules, event_path=path)
        return Enroller(rules, self._event_schema, self._contact_schema, self._shared)

    def decide(self, value: bytes | None) -> Decision:
        """Decide the disposition of a record with this value. Never raises, whatever the bytes."""
        decision = self.glance(value)
        return decision if decision is not None else self.decide_in_full(value or b"")[0]

    def decide_in_full(self, value: bytes) -> tuple[Decision, object]:
        """Decide as `decide` where `glance` returns None, and return the event as well. Never raises."""
        return self.decide_document(decode(value), value)

    def decide_document(self, document: object, value: bytes = b"") -> tuple[Decision, object]:
        """Decide a decoded record, and return the event as well. Never raises.

        value -- the record's bytes, for the hint of what it looks like
        """
        event = self._event_of(document)
        return self._decide_event(event) or self._unread(value, document, event), event

    def glance(self, value: bytes | None) -> Decision | None:
        """Return the decision on an event in plain JSON. None: `decide` has to read the record in full.

        The filter comes first, since most records are browsing events. Only enrolment events are read in full and
        validated.
        """
        if not value:
            return _TOMBSTONE
        if not self._plain:
            return None
        head = read_event_header(value)
        if head is None or not head.is_event:
            return None
        name = enrolment_name(head.type, head.event, self._rules.events)
        if name is None:
            if head.event is not None or head.type in _WITHOUT_NAME:
                return _NOT_ENROLMENT
            return None if head.may_be_batch or (self._may_be_envelope and _DATA in value) else _NOT_ENROLMENT
        if head.event is None and self._may_be_envelope and _DATA in value:
            return None
        parts = read_parts(value) if self._rules.custom is None else None
        if parts is None:
            return None
        own = parts.context.consent if parts.context is not None else None
        return self._fault_of(head.type) or self._decision(map_event(parts, self._rules), name, own)

    def event_in(self, value: bytes) -> object:
        """Return the event in a record's value as JSON, or `NotJson`. Never raises."""
        return self._event_of(decode(value))

    def identity_pointers(self, event: object) -> set[str]:
        """Return where emails, phone and fax numbers are read in this event: JSON pointers, also of those not used."""
        if not isinstance(event, dict):
            return set()
        found = values_in(event, self._rules)
        return {f"{place}/{key}" for field in _IDENTITIES for _, _, place, key in found.all_of(field)}

    def _event_of(self, document: object) -> object:
        return document if isinstance(document, NotJson) else find_event(document, self._path)

    def _decide_event(self, event: object) -> Decision | None:
        """Decide an event or a contact, read in full; None: it is neither."""
        if not isinstance(event, dict):
            return None
        if self._rules.input is Input.CONTACT:
            if not is_contact(event, self._rules.custom):
                return None
            return self._decision(map_document(event, self._rules), CONTACT_NAME)
        if not is_event(event):
            return None
        kind = event.get("type")
        name = enrolment_name(kind, event.get("event"), self._rules.events)
        if name is None:
            return _NOT_ENROLMENT
        own = _own_consent(event)
        if self._shared is not None and self._rules.custom is not None:
            event = self._shared.beside(event)
        return self._fault_of(kind) or self._decision(map_document(event, self._rules), name, own)

    def _unread(self, value: bytes, document: object, event: object) -> Undeliverable:
        """Return why this is neither an event nor a contact, judged by the record's form."""
        kind = self._rules.input
        hint = look_of(value, document, kind).hint
        if isinstance(event, NotJson):
            return Undeliverable(DeadLetterReason.UNDECODABLE, f"{event.why}; {hint}" if hint else event.why)
        if not isinstance(event, dict) and not self.wrapped:
            return Undeliverable(DeadLetterReason.UNDECODABLE, f"not a JSON object: {hint}")
        if self.wrapped:
            hint = f"no {kind} at {self._rules.event_path}: {hint_at(event, kind) or hint}"
        return Undeliverable(DeadLetterReason.UNRECOGNISED, hint)

    def _fault_of(self, kind: object) -> Undeliverable | None:
        fault = None if kind in self._valid_types else self._event_schema.fault({"type": kind})
        if fault is None:
            return None
        return Undeliverable(DeadLetterReason.UNDECODABLE, f"against the event schema: {fault}", is_event=True)

    def _decision(self, mapped: Mapped | None, name: str, own_consent: object = None) -> Decision:
        if mapped is None:
            return _NO_IDENTITY
        identities, fields = mapped.identities, mapped.fields
        if self._shared is not None and FIELD not in mapped.sources:
            fields[FIELD] = self._shared.consent_beside(own_consent)
        if self._rules.withheld and fields[FIELD] in self._rules.withheld:
            return Filtered(FilterReason.NO_CONSENT, _withheld(mapped))
        if not identities:
            return Undeliverable(DeadLetterReason.UNMAPPABLE, ", ".join(map(str, mapped.notes)), is_event=True)
        if not self._contact_schema.is_valid(fields):
            fault = self._contact_schema.fault(fields)
            return Undeliverable(DeadLetterReason.UNMAPPABLE, f"against the contact schema: {fault}", is_event=True)
        return Enrolled(name, identities, _ENCODE(fields), tuple(mapped.notes), mapped.sources)


def _own_consent(event: Object) -> object:
    """Return what the event's own context holds as consent; of a context that is unreadable, the context."""
    context = event.get("context")
    held = object_in(context)
    return context if held is None else held.get("consent")


def _withheld(mapped: Mapped) -> Withheld:
    source = mapped.sources.get(FIELD)
    origin = FieldOrigin(FIELD, *source[2:]) if source is not None else None
    return Withheld(mapped.identities, Consent(mapped.fields[FIELD]), origin, tuple(mapped.notes))
