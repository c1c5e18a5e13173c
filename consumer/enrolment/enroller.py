"""The way of a record from its bytes to a contact: decode, identity filter, mapper."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from consumer.enrolment.decision import Decision, Enrolled, Filtered, Undeliverable
from consumer.enrolment.decode import NotJson, decode, find_event
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.enrolment.head import read_event_header
from consumer.enrolment.identity_filter import enrolment_name
from consumer.enrolment.mapper import map_event
from consumer.enrolment.parts import Parts, read_parts
from consumer.enrolment.pointer import Pointer
from consumer.enrolment.recognition import is_event, look_of
from consumer.enrolment.rules import Rules
from consumer.enrolment.schema import Schema, load_schema

__all__ = ["Decision", "Enrolled", "Enroller", "Filtered", "Undeliverable"]

# orjson's bytes hold a buffer of 4 KB each, and thousands of them wait in memory.
_ENCODE = msgspec.json.Encoder().encode

_TOMBSTONE = Filtered(FilterReason.TOMBSTONE)
_NOT_ENROLMENT = Filtered(FilterReason.NOT_ENROLMENT)
_NO_IDENTITY = Filtered(FilterReason.NO_IDENTITY)


class Enroller:
    """Decide the disposition of records. Holds no state: any thread may ask.

    rules          -- the operator's settings
    event_schema   -- what an enrolment event has to satisfy; None: `schemas/event.schema.json`
    contact_schema -- what a contact has to satisfy before it leaves; None: `schemas/contact.schema.json`
    """

    def __init__(self, rules: Rules, event_schema: Schema | None = None, contact_schema: Schema | None = None) -> None:
        self._rules = rules
        self._path = Pointer.parse(rules.event_path or "")
        self.wrapped = bool(self._path.tokens)  # records hold their event at ENROLMENT_EVENT_PATH
        self._event_schema = event_schema or load_schema("event")
        self._contact_schema = contact_schema or load_schema("contact")

    def inside(self, path: str) -> Enroller:
        """Return an enroller for records that hold at this JSON pointer what is a record to this one."""
        rules = replace(self._rules, event_path=path + (self._rules.event_path or ""))
        return Enroller(rules, self._event_schema, self._contact_schema)

    def decide(self, value: bytes | None) -> Decision:
        """Decide the disposition of a record with this value. Never raises, whatever the bytes."""
        decision = self.glance(value)
        return decision if decision is not None else self._decide_slowly(value or b"")

    def glance(self, value: bytes | None) -> Decision | None:
        """Return the decision on an event in plain JSON; None for all else, which `decide` reads in full.

        The filter comes first and only what is to be enrolled is read in full and validated: most records are browsing
        events.
        """
        if not value:
            return _TOMBSTONE
        if self.wrapped:
            return None
        head = read_event_header(value)
        if head is None or not head.is_event:
            return None
        name = enrolment_name(head.type, head.event, self._rules.events)
        if name is None:
            return _NOT_ENROLMENT
        parts = read_parts(value)
        return self._enrol(parts, head.type, name) if parts is not None else None

    def event_in(self, value: bytes) -> object:
        """Return the event in a record's value, whatever JSON it is, or `NotJson`. Never raises."""
        return self._event_of(decode(value))

    def _event_of(self, document: object) -> object:
        return document if isinstance(document, NotJson) else find_event(document, self._path)

    def _decide_slowly(self, value: bytes) -> Decision:
        """Read the event in full: it lies inside a wrapper record, or is not what an event should be."""
        document = decode(value)
        event = self._event_of(document)
        if isinstance(event, dict) and is_event(event):
            kind = event.get("type")
            name = enrolment_name(kind, event.get("event"), self._rules.events)
            return _NOT_ENROLMENT if name is None else self._enrol(Parts.of(event), kind, name)
        hint = look_of(value, document).hint
        if isinstance(event, NotJson):
            return Undeliverable(DeadLetterReason.UNDECODABLE, f"{event.why}; {hint}" if hint else event.why)
        if not isinstance(event, dict) and not self.wrapped:
            return Undeliverable(DeadLetterReason.UNDECODABLE, f"not a JSON object: {hint}")
        missing = f"no event at {self._rules.event_path}: " if self.wrapped else ""
        return Undeliverable(DeadLetterReason.UNRECOGNISED, missing + hint)

    def _enrol(self, parts: Parts, kind: object, name: str) -> Decision:
        if fault := self._event_schema.fault({"type": kind}):
            return Undeliverable(DeadLetterReason.UNDECODABLE, f"against the event schema: {fault}", is_event=True)
        mapped = map_event(parts, self._rules)
        if mapped is None:
            return _NO_IDENTITY
        identities, fields, notes, sources = mapped
        if not identities:
            return Undeliverable(DeadLetterReason.UNMAPPABLE, ", ".join(map(str, notes)), is_event=True)
        if fault := self._contact_schema.fault(fields):
            return Undeliverable(DeadLetterReason.UNMAPPABLE, f"against the contact schema: {fault}", is_event=True)
        return Enrolled(name, identities, _ENCODE(fields), tuple(notes), sources)
