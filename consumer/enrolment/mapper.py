"""From an enrolment event to a contact."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from consumer.enrolment.consent import ConsentReading, ConsentTrait, consent_reading
from consumer.enrolment.contact_input import own_fields
from consumer.enrolment.country import alpha_2, region_of
from consumer.enrolment.email import read_email
from consumer.enrolment.note import TEXTS, Note, NoteKind
from consumer.enrolment.origin import FieldOrigin
from consumer.enrolment.parts import Parts, places_of
from consumer.enrolment.person_name import split_name
from consumer.enrolment.phone import UNUSABLE, is_international, read_phone
from consumer.enrolment.phone_country import region_beside
from consumer.enrolment.postal_code import with_leading_zeros
from consumer.enrolment.rules import Input, Rules
from consumer.enrolment.text import WholeNumber, is_digest
from consumer.enrolment.traits import Object, TraitValue, TraitValues, find_all

_NAMES = ("first_name", "last_name")
_FAX = re.compile(r"^(?!.*(?:tel\b|phone|mob)).*\b(?:tele)?fax\b", re.IGNORECASE | re.DOTALL)
_CUSTOM = ("custom_2", "custom_3", "custom_4")
_TEXTS = tuple(field for field in TEXTS if field not in _CUSTOM)


class Mapped(Struct, gc=False):
    """The result of mapping an event.

    identities -- ClickSend's match keys; empty where none is usable: the notes show the cause
    fields     -- the contact's, in the order of the payload
    notes      -- omitted and guessed values
    sources    -- the value that each field was read from, among other values
    """

    identities: tuple[str, ...]
    fields: dict[str, str]
    notes: list[Note]
    sources: dict[str, TraitValue]


_Region = tuple[str | None, NoteKind]
"""The region for reading national numbers (None: they are not read), and the note about them."""


def map_event(event: Parts, rules: Rules) -> Mapped | None:
    """Map an enrolment event to the fields of a contact; None for an event that has neither email nor phone.

    The first usable email and phone count. An unusable value is omitted and noted. `name`
    is split only when there is neither a first nor a last name.
    """
    return _mapped(find_all(places_of(event)), None, _context_consent(event), rules)


def map_document(document: Object, rules: Rules) -> Mapped | None:
    """Map a fully decoded contact or event, custom fields included."""
    is_contact = rules.input is Input.CONTACT
    parts = Parts() if is_contact else Parts.of(document)
    sources = [("", document)] if is_contact else places_of(parts)
    found = values_in(document, rules)
    named = rules.custom.consent(sources, found) if rules.custom is not None else None
    return _mapped(found, named, _context_consent(parts), rules)


def values_in(document: Object, rules: Rules) -> TraitValues:
    """Return what an event or a contact holds for each field, with what the operator's own mapping finds."""
    if rules.input is Input.CONTACT:
        found = find_all([("", own_fields(document))])
    else:
        found = find_all(places_of(Parts.of(document)))
    if rules.custom is not None:
        rules.custom.add_fields(found, document)
    return found


def _context_consent(event: Parts) -> object:
    return event.context.consent if event.context is not None else None


def _mapped(found: TraitValues, named: ConsentReading | None, context_consent: object, rules: Rules) -> Mapped | None:
    """Return what these values map to. named -- what the operator's own consent traits say, before all others."""
    values = found.values
    if "email" not in values and "phone_number" not in values:
        return None
    fields: dict[str, str] = {}
    notes: list[Note] = []
    if "email" in values and (email := _email(found, notes)) is not None:
        fields["email"] = email
    country, region = _country(found, rules, notes)
    if "phone_number" in values and (phone := _phone(found, region, rules, notes)) is not None:
        fields["phone_number"] = phone
    identities = tuple(fields.values())
    if "fax_number" in values and (fax := _fax(values["fax_number"][1], region, rules, notes)) is not None:
        fields["fax_number"] = fax
    if "name" in values:
        _split_name(values)
    _take_texts(_TEXTS, values, fields, notes)
    postal_code = fields.get("address_postal_code")
    if isinstance(postal_code, WholeNumber):
        fields["address_postal_code"] = with_leading_zeros(str(postal_code), country)
    if country is not None:
        fields["address_country"] = country
    consent = named or consent_reading(_consent_traits(found) if found.consents else (), context_consent)
    fields["custom_1"] = _take_consent(consent, found, notes)
    _take_texts(_CUSTOM, values, fields, notes)
    if found.broken:
        notes.extend(Note(NoteKind.BROKEN, field) for field in _left_out(found.broken, fields))
    return Mapped(identities, fields, notes, values)


def _consent_traits(found: TraitValues) -> list[ConsentTrait]:
    return [ConsentTrait(kind, value, FieldOrigin("custom_1", *where)) for kind, value, *where in found.consents]


def _email(found: TraitValues, notes: list[Note]) -> str | None:
    for value in found.all_of("email"):
        email = read_email(value[1])
        if email is not None:
            found.values["email"] = value
            return email
        _note(notes, NoteKind.HASHED if is_digest(value[1].strip()) else NoteKind.UNUSABLE, "email")
    return None


def _country(found: TraitValues, rules: Rules, notes: list[Note]) -> tuple[str | None, _Region]:
    """Return the country's code and the phone number's region.

    With an unrecognised country only the international form is read: the default region would be a wrong guess.
    """
    given = False
    for value in found.all_of("address_country"):
        text = value[1]  # "" for an unreadable type: a number may be a code of another list
        given = True
        code = alpha_2(text)
        region = code or region_of(text)
        if region is not None:
            found.values["address_country"] = value
            return code, (region, NoteKind.READ_BY_COUNTRY)
    if given:
        notes.append(Note(NoteKind.UNRECOGNISED, "address_country"))
        return None, (None, NoteKind.READ_BY_COUNTRY)
    return None, (rules.default_region, NoteKind.READ_BY_DEFAULT_REGION)


def _phone(found: TraitValues, region: _Region, rules: Rules, notes: list[Note]) -> str | None:
    """Read the phone number. The national form belongs to the phone's country, the contact's, or the default region."""
    if "phone_country" in found.values:
        region = (region_beside(found.values["phone_country"][1]), NoteKind.READ_BY_COUNTRY)
    for value in found.all_of("phone_number"):
        text = "" if _is_fax(value[1]) else value[1]
        number = _number("phone_number", text, region, rules, notes)
        if number is not None:
            found.values["phone_number"] = value
            if not _is_international(value[1]):
                notes.append(Note(region[1], "phone_number"))
            return number
    return None


def _is_fax(text: str) -> bool:
    """Return whether the text says that its number is one of a fax, without the search in most texts."""
    return ("x" in text or "X" in text) and _FAX.search(text) is not None


def _is_international(text: str) -> bool:
    """Return `is_international`, without the call for most texts."""
    if text[0] in "0123456789" and text[:2] != "00" and "+" not in text:
        return False
    return text[0] == "+" or is_international(text)


def _fax(text: str, region: _Region, rules: Rules, notes: list[Note]) -> str | None:
    return _number("fax_number", text, region, rules, notes)


def _number(field: str, text: str, region: _Region, rules: Rules, notes: list[Note]) -> str | None:
    if is_digest(text):
        _note(notes, NoteKind.HASHED, field)
        return None
    reading = read_phone(text, region[0], rules.phone_check) if text else UNUSABLE
    if reading.number is None or reading.note is not None:
        _note(notes, reading.note or NoteKind.UNUSABLE, field)
    return reading.number


def _note(notes: list[Note], kind: NoteKind, field: str) -> None:
    """Add a note once, for any number of values."""
    note = Note(kind, field)
    if note not in notes:
        notes.append(note)


def _split_name(values: dict[str, TraitValue]) -> None:
    """Split `name` into first and last name where both are absent."""
    if any(field in values and values[field][1] for field in _NAMES):
        return
    order, text, place, key = values["name"]
    for field, part in zip(_NAMES, split_name(text), strict=True):
        if part:
            values[field] = (order, part, place, key)


def _take_texts(names: Iterable[str], values: dict[str, TraitValue], fields: dict[str, str], notes: list[Note]) -> None:
    """Copy texts unchanged, except digests."""
    for field in names:
        if field in values:
            text = values[field][1]
            if len(text) == 64 and is_digest(text):
                notes.append(Note(NoteKind.HASHED, field))
            elif text:
                fields[field] = text


def _take_consent(reading: ConsentReading, found: TraitValues, notes: list[Note]) -> str:
    """Return the consent, and record the deciding value as the source of `custom_1`."""
    consent, origin, note = reading
    text = str(consent)  # `value` is a slow property
    if origin is not None:
        found.values["custom_1"] = (0, text, origin.place, origin.key)
    if note is not None:
        notes.append(Note(note, "custom_1"))
    return text


def _left_out(broken: set[str], fields: dict[str, str]) -> list[str]:
    """Return the fields that are absent because of broken values; a broken `name` counts as first name."""
    names = {"first_name" if field == "name" else field for field in broken}
    return sorted(names - fields.keys())
