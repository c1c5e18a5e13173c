"""From an enrolment event to a contact."""

from __future__ import annotations

from typing import NamedTuple

from consumer.enrolment.consent import consent_reading
from consumer.enrolment.country import alpha_2
from consumer.enrolment.email import read_email
from consumer.enrolment.note import Note, NoteKind
from consumer.enrolment.parts import Parts, places_of
from consumer.enrolment.phone import is_international, read_phone
from consumer.enrolment.rules import Rules
from consumer.enrolment.text import is_digest
from consumer.enrolment.traits import TraitValue, find_all

_NAMES = ("first_name", "last_name")
_TEXTS = (*_NAMES, "organization_name", "address_city", "address_state", "address_postal_code")


class Mapped(NamedTuple):
    """What an event maps to.

    identities -- what ClickSend matches on; none where none that was given is usable: the notes say why
    fields     -- the contact's, in the order in which they are sent
    notes      -- what was left out or had to be guessed
    sources    -- what each field was taken from, among other values
    """

    identities: tuple[str, ...]
    fields: dict[str, str]
    notes: list[Note]
    sources: dict[str, TraitValue]


def map_event(event: Parts, rules: Rules) -> Mapped | None:
    """Map an enrolment event to the fields of a contact; None for an event that has neither email nor phone.

    A value that can't be used is left out and noted. `name` is split, at its first white space, only when there is
    neither a first nor a last name.
    """
    places = places_of(event)
    found = find_all(places)
    if "email" not in found and "phone_number" not in found:
        return None
    fields: dict[str, str] = {}
    notes: list[Note] = []
    if "email" in found and (email := _email(found["email"][1], notes)) is not None:
        fields["email"] = email
    country = _country(found["address_country"][1], notes) if "address_country" in found else None
    if "phone_number" in found and (phone := _phone(found["phone_number"][1], country, rules, notes)) is not None:
        fields["phone_number"] = phone
    identities = tuple(fields.values())
    _split_name(found)
    _take_texts(found, fields, notes)
    if country is not None:
        fields["address_country"] = country
    context = event.context
    consent, origin, note = consent_reading({"context": {"consent": context.consent}} if context else {}, places)
    fields["custom_1"] = consent.value
    if origin is not None:
        found["custom_1"] = (0, consent.value, origin.place, origin.key)
    if note is not None:
        notes.append(Note(note, "custom_1"))
    return Mapped(identities, fields, notes, found)


def _email(text: str, notes: list[Note]) -> str | None:
    email = read_email(text)
    if email is None:
        notes.append(Note(NoteKind.HASHED if is_digest(text) else NoteKind.UNUSABLE, "email"))
    return email


def _country(text: str, notes: list[Note]) -> str | None:
    """Return the country's code, which is the phone number's region, too."""
    code = alpha_2(text) if text else None
    if text and code is None:
        notes.append(Note(NoteKind.UNRECOGNISED, "address_country"))
    return code


def _phone(text: str, country: str | None, rules: Rules, notes: list[Note]) -> str | None:
    """Read a phone number. In national form it is one of the country's; without a country, of the default region's."""
    if is_digest(text):
        notes.append(Note(NoteKind.HASHED, "phone_number"))
        return None
    number, note = read_phone(text, country or rules.default_region, rules.phone_check)
    if note is not None or number is None:
        notes.append(Note(note or NoteKind.UNUSABLE, "phone_number"))
    if number is not None and text[0] != "+" and not is_international(text):
        kind = NoteKind.READ_BY_COUNTRY if country else NoteKind.READ_BY_DEFAULT_REGION
        notes.append(Note(kind, "phone_number"))
    return number


def _split_name(found: dict[str, TraitValue]) -> None:
    """Let the parts of `name` be the first and the last name, where there is neither."""
    name = found.get("name")
    if name is None or any(field in found and found[field][1] for field in _NAMES):
        return
    for field, part in zip(_NAMES, name[1].split(None, 1), strict=False):
        found[field] = (name[0], part, name[2], name[3])


def _take_texts(found: dict[str, TraitValue], fields: dict[str, str], notes: list[Note]) -> None:
    """Take texts over as they are. A digest is none."""
    for field in _TEXTS:
        if field in found:
            text = found[field][1]
            if is_digest(text):
                notes.append(Note(NoteKind.HASHED, field))
            elif text:
                fields[field] = text
