"""The decisions of enrolment about a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec
import orjson
from msgspec import Struct

from consumer.enrolment.consent import Consent
from consumer.enrolment.contact import Contact
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.enrolment.note import Note
from consumer.enrolment.origin import FieldOrigin
from consumer.enrolment.traits import TraitValue


class Enrolled(msgspec.Struct, frozen=True, gc=False):
    """A contact to deliver. A msgspec Struct, as it costs a fifth of a dataclass and each contact has one.

    event      -- the enrolment event's name as the event has it; `Identify` for an identify
    identities -- ClickSend's match keys: the email, the phone number, or both
    payload    -- the body of the request: the contact as a JSON object in UTF-8
    notes      -- omitted and guessed values
    sources    -- the value that each field was read from, among other values
    """

    event: str
    identities: tuple[str, ...]
    payload: bytes
    notes: tuple[Note, ...]
    sources: Mapping[str, TraitValue]

    @property
    def contact(self) -> Contact:
        """Return the contact as a value, read from the payload."""
        return Contact(**orjson.loads(self.payload))

    @property
    def origins(self) -> tuple[FieldOrigin, ...]:
        """Return the origin of each field, in the order of the payload."""
        sources = ((field, self.sources.get(field)) for field in orjson.loads(self.payload))
        return tuple(FieldOrigin(field, *source[2:]) for field, source in sources if source is not None)


class Withheld(NamedTuple):
    """A contact that the consent policy leaves out.

    identities -- those that ClickSend could match on
    consent    -- what the record says
    origin     -- where it says so; None: nowhere
    notes      -- what was left out or had to be guessed
    """

    identities: tuple[str, ...]
    consent: Consent
    origin: FieldOrigin | None
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Filtered:
    """A record that needs no delivery. withheld -- the contact that the consent policy excludes (`no_consent`)."""

    reason: FilterReason
    withheld: Withheld | None = field(default=None, repr=False)


class Undeliverable(Struct, frozen=True):
    """A dead letter.

    detail   -- the cause, without any value of the record
    is_event -- whether the record is an event: then one record is at fault, not the input
    """

    reason: DeadLetterReason
    detail: str
    is_event: bool = False


Decision = Enrolled | Filtered | Undeliverable
