"""Where the fields of a contact stand in an event, and under which names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from consumer.enrolment.text import phone_text, text_of, text_or_number

Object = dict[str, Any]


Place = tuple[str, Object]
"""An object of the event that may hold traits: its JSON pointer, and what it holds."""

TraitValue = tuple[int, str, str, str]
"""A text for a field: its order (the lowest counts), the text, the pointer of the object that holds it, its key there.

The text is "" where the value is of a type that can't be text. A plain tuple: a contact takes a dozen of them.
"""

_PLACE = 1_000  # more than there are names in one place


class Name(NamedTuple):
    """A key that names a field. Of a field's names in one place, the one with the lowest rank counts."""

    rank: int
    field: str
    read: Callable[[object], str | None]


Names = Mapping[str, Name]


def _names(first_rank: int, **keys_of: str) -> dict[str, Name]:
    reads = {"phone_number": phone_text, "address_postal_code": text_or_number}
    pairs = [(key, field) for field, keys in keys_of.items() for key in keys.split()]
    return {key: Name(rank, field, reads.get(field, text_of)) for rank, (key, field) in enumerate(pairs, first_rank)}


# Best first: Signal's names in snake_case and camelCase, ClickSend's own (a mapped contact maps to itself), and those
# that Segment's and OpenID Connect's specifications have for the same thing. `name` is no field of a contact.
_FLAT = _names(
    100,
    email="email email_address emailAddress",
    phone_number="phone phone_number phoneNumber mobile mobile_phone mobilePhone mobile_number mobileNumber telephone",
    first_name="first_name firstName firstname given_name givenName",
    last_name="last_name lastName lastname family_name familyName surname",
    name="name full_name fullName",
    organization_name="organization_name organizationName company company_name companyName organization organisation",
    address_city="address_city addressCity city",
    address_state="address_state addressState state region province",
    address_postal_code="address_postal_code addressPostalCode postal_code postalCode postcode zip zip_code zipCode",
    address_country="address_country addressCountry country country_code countryCode",
)
# What an object under one of these keys holds; it counts before the flat keys beside it.
_NESTED: dict[str, Names] = {
    "address": _names(
        0,
        address_city="city",
        address_state="state region province",
        address_postal_code="postal_code postalCode postcode zip zip_code zipCode",
        address_country="country country_code countryCode",
    ),
    "company": _names(50, organization_name="name"),
}


def inside(value: object, key: str) -> object:
    """Return what an object holds under this key; None without such a key, or for what is no object."""
    return value.get(key) if isinstance(value, dict) else None


def find_all(places: list[Place]) -> dict[str, TraitValue]:
    """Return the first non-empty text for each field (and for `name`). A wrong type hides none that comes later."""
    found: dict[str, TraitValue] = {}
    order = 0
    for pointer, values in places:
        for key, names in _NESTED.items():
            if key in values and isinstance(values[key], dict):
                _find(found, values[key], names, order, f"{pointer}/{key}")
        _find(found, values, _FLAT, order, pointer)
        order += _PLACE
    return found


def _find(found: dict[str, TraitValue], values: Object, names: Names, order: int, pointer: str) -> None:
    """Add what one object holds. The commonest of all is a text without anything to clean."""
    for key, value in values.items():
        name = names.get(key)
        if name is None:
            continue
        rank, field, read = name
        text: str | None
        if isinstance(value, str):
            text = value.strip()
            if value[:1] == " " or not text.isprintable():  # a phone number's space may have been a plus sign
                text = read(value)
        else:
            text = read(value)
        if text == "":
            continue
        rank += order
        before = found.get(field)
        if before is None or (text and (not before[1] or rank < before[0])) or not (before[1] or rank > before[0]):
            found[field] = (rank, text or "", pointer, key)
