"""From an enrolment event to a contact, field by field: the plain form of what the mapper does in one pass."""

from __future__ import annotations

from typing import NamedTuple

from consumer.enrolment.consent import ConsentTrait, consent_reading
from consumer.enrolment.consent_key import consent_key
from consumer.enrolment.contact import Contact
from consumer.enrolment.country import alpha_2
from consumer.enrolment.email import read_email
from consumer.enrolment.note import Note, NoteKind
from consumer.enrolment.origin import FieldOrigin
from consumer.enrolment.phone import is_international, read_phone
from consumer.enrolment.rules import Rules
from consumer.enrolment.text import is_digest
from tests.enrolment.reference.traits import Object, TraitValues, find_all, inside, places_of


class Mapped(NamedTuple):
    """The result of an event. The contact has no identity if none is usable: the notes show the cause."""

    contact: Contact
    notes: tuple[Note, ...]
    origins: tuple[FieldOrigin, ...]


def map_event(event: Object, rules: Rules) -> Mapped | None:
    """The contact of an enrolment event; None for an event that gives neither email nor phone.

    A value that can't be used is left out and noted. `name` is split, at its first white space, only when there is
    neither a first nor a last name.
    """
    places = places_of(event)
    found = find_all(places)
    if "email" not in found and "phone_number" not in found:
        return None
    draft = _Draft(found)
    draft.email()
    draft.phone(draft.country(), rules)
    draft.names()
    for field in ("organization_name", "address_city", "address_state", "address_postal_code"):
        draft.text(field)
    consent, origin, note = consent_reading(
        [
            ConsentTrait(kind, value, FieldOrigin("custom_1", place, key))
            for place, values in places
            for key, value in values.items()
            if (kind := consent_key(key)) is not None
        ],
        inside(event.get("context"), "consent"),
    )
    if origin is not None:
        draft.origins.append(origin)
    if note is not None:
        draft.notes.append(Note(note, "custom_1"))
    return Mapped(Contact(**draft.values, custom_1=consent.value), tuple(draft.notes), tuple(draft.origins))


class _Draft:
    """A contact that is being filled in from what was found."""

    __slots__ = ("_found", "notes", "origins", "values")

    def __init__(self, found: dict[str, TraitValues]) -> None:
        self._found = found
        self.values: dict[str, str] = {}
        self.notes: list[Note] = []
        self.origins: list[FieldOrigin] = []

    def email(self) -> None:
        found = self._found.get("email")
        if found is not None:
            self._identity("email", found, read_email(found.text))

    def phone(self, country: str | None, rules: Rules) -> None:
        """In national form, the number is one of the country's; without a country, one of the default region's."""
        found = self._found.get("phone_number")
        if found is None:
            return
        reading = read_phone(found.text, country or rules.default_region, rules.phone_check)
        number, note = reading.number, reading.note
        if note is not None and not is_digest(found.text):
            self.notes.append(Note(note, "phone_number"))
        if number is not None or note is None or is_digest(found.text):
            self._identity("phone_number", found, number)
        if number is not None and not is_international(found.text):
            kind = NoteKind.READ_BY_COUNTRY if country else NoteKind.READ_BY_DEFAULT_REGION
            self.notes.append(Note(kind, "phone_number"))

    def country(self) -> str | None:
        """The country's code, which is the phone number's region, too."""
        found = self._found.get("address_country")
        if found is None or not found.text:
            return None
        code = alpha_2(found.text)
        if code is None:
            self.notes.append(Note(NoteKind.UNRECOGNISED, "address_country"))
        else:
            self._keep("address_country", code, found)
        return code

    def names(self) -> None:
        """The first and last name; `name`, split, where there is neither."""
        given = [self.text("first_name"), self.text("last_name")]
        name = self._found.get("name")
        if name is not None and not any(given):
            for field, part in zip(("first_name", "last_name"), name.text.split(None, 1), strict=False):
                self._take(field, part, name)

    def text(self, field: str) -> bool:
        """Takes a field over as it is. Says whether the event gives it."""
        found = self._found.get(field)
        if found is None or not found.text:
            return False
        self._take(field, found.text, found)
        return True

    def _take(self, field: str, text: str, found: TraitValues) -> None:
        if is_digest(text):
            self.notes.append(Note(NoteKind.HASHED, field))
        else:
            self._keep(field, text, found)

    def _identity(self, field: str, found: TraitValues, value: str | None) -> None:
        if is_digest(found.text):
            self.notes.append(Note(NoteKind.HASHED, field))
        elif value is None:
            self.notes.append(Note(NoteKind.UNUSABLE, field))
        else:
            self._keep(field, value, found)

    def _keep(self, field: str, value: str, found: TraitValues) -> None:
        self.values[field] = value
        self.origins.append(FieldOrigin(field, found.place, found.key))
