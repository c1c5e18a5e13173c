"""Where the fields of a contact stand in an event, place by place and name by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from consumer.enrolment.text import text_of, text_or_number

Object = dict[str, Any]


class TraitSource(NamedTuple):
    """An object of the event that may hold traits."""

    pointer: str
    values: Object


class TraitValues(NamedTuple):
    """The first non-empty value for a field. Its text is "" if all that was found is of a type that can't be text."""

    text: str
    place: str
    key: str


class Name(NamedTuple):
    """A key that stands for a field. Names sort by rank: the lowest of a field's names counts."""

    rank: int
    key: str
    field: str
    read: Callable[[object], str | None]


Names = Mapping[str, Name]


def _names(**keys_of: str) -> dict[str, Name]:
    reads = {"phone_number": text_or_number, "address_postal_code": text_or_number}
    pairs = [(key, field) for field, keys in keys_of.items() for key in keys.split()]
    return {key: Name(rank, key, field, reads.get(field, text_of)) for rank, (key, field) in enumerate(pairs)}


# Best first: Signal's names in snake_case and camelCase, ClickSend's own (a mapped contact maps to itself), and those
# that Segment's and OpenID Connect's specifications have for the same thing. `name` is no field of a contact.
_FLAT = _names(
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
_NESTED: Mapping[str, Names] = {
    "address": _names(
        address_city="city",
        address_state="state region province",
        address_postal_code="postal_code postalCode postcode zip zip_code zipCode",
        address_country="country country_code countryCode",
    ),
    "company": _names(organization_name="name"),
}


def inside(value: object, key: str) -> object:
    """Return the object's value under this key; None without the key, or if it is no object."""
    return value.get(key) if isinstance(value, dict) else None


def places_of(event: Object) -> list[TraitSource]:
    """The objects that may hold traits, in the order in which they count. One of another type counts as absent."""
    properties = event.get("properties")
    places = (
        ("/traits", event.get("traits")),
        ("/context/traits", inside(event.get("context"), "traits")),
        ("/options/traits", inside(event.get("options"), "traits")),
        ("/properties/traits", inside(properties, "traits")),
        ("/properties", properties),
    )
    return [TraitSource(pointer, values) for pointer, values in places if values and isinstance(values, dict)]


def find_all(places: list[TraitSource]) -> dict[str, TraitValues]:
    """The first non-empty value for each field (and for `name`). One of a wrong type hides none that comes later."""
    taken: dict[str, TraitValues] = {}
    for place, values in places:
        for key, names in _NESTED.items():
            held = values.get(key)
            if isinstance(held, dict):
                _take(taken, held, names, f"{place}/{key}")
        _take(taken, values, _FLAT, place)
    return taken


def _take(taken: dict[str, TraitValues], values: Object, names: Names, place: str) -> None:
    known = [names[key] for key in values if key in names]
    known.sort()
    for _, key, field, read in known:
        before = taken.get(field)
        if before is None or not before.text:
            text = read(values[key])
            if text or (text is None and before is None):
                taken[field] = TraitValues(text or "", place, key)
