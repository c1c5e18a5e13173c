"""The keys of a contact's fields: ours, and those of common specifications.

Signal's schema, Segment's and RudderStack's reserved traits, mParticle's reserved attributes (`$FirstName`), Google's
user-provided data, Shopify's customer and address, schema.org's Person and PostalAddress, SCIM, and the OpenID Connect
claims. Keys with `sha256_` hold digests and are left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum, auto
from functools import lru_cache
from typing import NamedTuple

from consumer.enrolment.consent_key import ConsentKey, consent_key
from consumer.enrolment.contact import Contact
from consumer.enrolment.identity_filter import normalised_name
from consumer.enrolment.text import email_text, phone_text, postal_text, scalar_text, text_of, text_or_number

LONGEST_KEY = 64  # characters; longer keys have no meaning
_PUNCTUATION = re.compile(r"[^\w\s.-]+")  # invisible characters, too
Read = Callable[[object], str | None]


class Shape(Enum):
    """The reading of an object or a list under a key."""

    ADDRESS = auto()
    OTHER_ADDRESS = auto()  # maybe of another contact
    COMPANY = auto()
    PERSON_NAME = auto()
    COUNTRY = auto()
    VALUES = auto()  # a list of the field's values


class Meaning(NamedTuple):
    """The meaning of a key.

    rank    -- the key of the lowest rank counts, among a field's keys in one place
    field   -- of the contact; `name`, `phone_country` and "" (none) are no fields of a contact
    read    -- converts the value to text
    shape   -- how an object or a list is read; None: it is a value of a wrong type
    consent -- the meaning of a yes or no, for a key about consent
    """

    rank: int
    field: str
    read: Read = text_of
    shape: Shape | None = None
    consent: ConsentKey | None = None


_READS: Mapping[str, Read] = {
    "email": email_text,
    "phone_number": phone_text,
    "fax_number": phone_text,
    "address_postal_code": postal_text,
    **dict.fromkeys(("custom_2", "custom_3", "custom_4"), scalar_text),
    "phone_country": text_or_number,
}
_CITY = "city locality town"
_STATE = "state region province state_code province_code region_code administrative_area state_province"
_POSTAL_CODE = "postal_code postalCode postcode post_code zip zip_code zipCode zip_postal_code"
_COUNTRY = "country country_code countryCode country_name country_region country_iso country_code_v2"
_LINE_1 = "street street_address address1 address_1 line1 line_1 street1 street_line_1 thoroughfare address_line"
_LINE_2 = "address2 address_2 line2 line_2 street2 street_line_2 street_address_2 apartment suite"


def _meanings(first_rank: int, **keys_of: str) -> dict[str, Meaning]:
    """Return the best key of a field first."""
    pairs = [(key, field) for field, keys in keys_of.items() for key in keys.split()]
    return {
        key: Meaning(rank, field, _READS.get(field, text_of)) for rank, (key, field) in enumerate(pairs, first_rank)
    }


def _with_shape(shape: Shape, keys: str, field: str = "", rank: int = 0) -> dict[str, Meaning]:
    return {key: Meaning(rank, field, _READS.get(field, text_of), shape) for key in keys.split()}


# They include ClickSend's names, so a mapped contact maps to itself. Snake case precedes camel case.
_FLAT = _meanings(
    300,
    email="email email_address emailAddress mail user_email primary_email customer_email contact_email",
    phone_number="phone phone_number phoneNumber mobile mobile_phone mobilePhone mobile_number mobileNumber telephone"
    " tel cell cell_phone cell_number cell_phone_number mobile_phone_number telephone_number primary_phone"
    " primary_phone_number user_phone customer_phone contact_phone phone_mobile",
    fax_number="fax_number fax fax_no",
    first_name="first_name firstName firstname given_name givenName fname forename name_first",
    last_name="last_name lastName lastname family_name familyName surname lname name_last",
    name="name full_name fullName",
    organization_name="organization_name organizationName company company_name companyName organization organisation"
    " organisation_name business_name employer company_organization works_for affiliation",
    address_line_1=f"address_line_1 address_line1 address_street {_LINE_1} address full_address",
    address_line_2=f"address_line_2 address_line2 address_street_2 {_LINE_2}",
    address_city=f"address_city addressCity {_CITY} address_locality",
    address_state=f"address_state addressState {_STATE} address_region address_province",
    address_postal_code=f"address_postal_code addressPostalCode {_POSTAL_CODE} address_zip address_postcode"
    " address_zip_code",
    address_country=f"address_country addressCountry {_COUNTRY} address_country_code country_iso_code nation"
    " mailing_country billing_country shipping_country",
    phone_country="phone_country phone_country_code phone_country_iso phone_country_name phone_region phone_iso"
    " phone_prefix phone_code dial_code dialing_code dialling_code calling_code country_calling_code country_dial_code"
    " mobile_country mobile_country_code",
    custom_2="custom_2",
    custom_3="custom_3",
    custom_4="custom_4",
)
_FLAT |= _with_shape(Shape.ADDRESS, "address", "address_line_1", _FLAT["address"].rank)
_FLAT |= _with_shape(Shape.ADDRESS, "default_address addresses postal_address mailing_address home_address")
_FLAT |= _with_shape(Shape.OTHER_ADDRESS, "billing_address shipping_address")
_FLAT |= {
    key: _FLAT[key]._replace(shape=Shape.COMPANY)
    for key in ("company", "organization", "organisation", "employer", "works_for", "affiliation")
}
_FLAT |= {"name": _FLAT["name"]._replace(shape=Shape.PERSON_NAME)}
_FLAT |= {key: _FLAT[key]._replace(shape=Shape.COUNTRY) for key in ("country", "address_country", "addressCountry")}
_FLAT |= {
    key: meaning._replace(shape=Shape.VALUES)
    for key, meaning in _FLAT.items()
    if meaning.field in ("email", "phone_number")
}
_FLAT |= _with_shape(Shape.VALUES, "emails email_addresses", "email", 900)
_FLAT |= _with_shape(Shape.VALUES, "phones phone_numbers mobiles mobile_numbers telephones", "phone_number", 950)

_ADDRESS = _meanings(
    0,
    address_line_1=f"{_LINE_1} address_line_1 address_line1 formatted formatted_address full_address",
    address_line_2=f"{_LINE_2} address_line_2 address_line2 extended_address unit",
    address_city=f"{_CITY} address_locality address_city",
    address_state=f"{_STATE} address_region address_state",
    address_postal_code=f"{_POSTAL_CODE} address_postal_code",
    address_country=f"{_COUNTRY} address_country",
)
_ADDRESS |= {key: _ADDRESS[key]._replace(shape=Shape.COUNTRY) for key in ("country", "address_country")}
# A name beside an address precedes the one inside it.
_NAMES = _meanings(
    800,
    first_name="first_name given_name firstname",
    last_name="last_name family_name surname",
    name="name full_name",
    organization_name="company company_name organization organization_name",
)
_WITHIN: Mapping[Shape, Mapping[str, Meaning]] = {
    Shape.ADDRESS: _ADDRESS | _NAMES,
    Shape.OTHER_ADDRESS: {
        key: meaning._replace(rank=meaning.rank + 850) for key, meaning in _ADDRESS.items()
    },  # behind the flat keys
    Shape.COMPANY: _meanings(200, organization_name="name company_name organization_name legal_name"),
    Shape.PERSON_NAME: _meanings(
        220,
        first_name="first first_name given given_name",
        last_name="last last_name family family_name surname",
        name="formatted full full_name name",
    ),
    Shape.COUNTRY: _meanings(90, address_country="code iso_code country_code alpha2 alpha_2 iso2 name"),
}
ELEMENT_KEYS = ("value", "address", "email", "email_address", "number", "phone", "phone_number")
"""The key of the value in an object inside a list of emails or phones."""


def _by_plain(meanings: Mapping[str, Meaning]) -> dict[str, Meaning]:
    """Return the meanings by normalised key. Two spellings have the rank of the later one."""
    return {normalised_name(key): meaning for key, meaning in meanings.items()}


_PLAIN = _by_plain(_FLAT)
_PLAIN_WITHIN: Mapping[Shape | None, dict[str, Meaning]] = {
    shape: _by_plain(meanings) for shape, meanings in _WITHIN.items()
}
KNOWN: Mapping[str, Meaning] = _FLAT
"""The usual spellings, found with one dictionary access."""
TEXT_RANKS: Mapping[str, tuple[int, str]] = {
    key: (meaning.rank, meaning.field) for key, meaning in KNOWN.items() if meaning.field
}
"""Rank and field of those that have a field: a pair is read faster than a `Meaning`, once for each key of a contact."""

_NAMED_SHAPES = {
    "email": Shape.VALUES,
    "phone_number": Shape.VALUES,
    "organization_name": Shape.COMPANY,
    "address_country": Shape.COUNTRY,
}
NAMED: Mapping[str, Meaning] = {
    field: _FLAT[field]._replace(rank=0, shape=_NAMED_SHAPES.get(field))
    for field in Contact.__struct_fields__
    if field in _FLAT
}
"""The fields of the contact that an operator may map, and how a value for each is read. `custom_1` is consent's."""


@lru_cache(maxsize=4096)
def similar(key: str) -> Meaning | None:
    """Return the meaning of a key in any spelling: without case, spaces, `_`, `-`, and the decoration of tools.

    These are a `$` before it (mParticle), Salesforce's `namespace__` and `__c`, and the punctuation of form labels.

    key -- at most LONGEST_KEY characters: it is cached
    """
    key = _undecorated(key)
    meaning = _PLAIN.get(normalised_name(key))
    if meaning is not None:
        return meaning
    outer, _, inner = key.partition(".")  # flattened by a tool: `address.street`
    holder = _PLAIN.get(normalised_name(outer)) if inner else None
    if holder is not None and holder.shape is not None and holder.shape is not Shape.VALUES:
        return within(holder.shape, inner)
    consent = consent_key(key.replace(".", "_"))
    return None if consent is None else Meaning(0, "custom_1", consent=consent)


@lru_cache(maxsize=1024)
def plain_key(key: str) -> str:
    """Return a key for comparison with another: without case, spaces, `_`, `-`, and the decoration of tools.

    key -- at most LONGEST_KEY characters: it is cached
    """
    return normalised_name(_undecorated(key))


def _undecorated(key: str) -> str:
    if key.endswith("__c"):
        key = key.removesuffix("__c").rpartition("__")[2]
    return _PUNCTUATION.sub("", key)


def within(shape: Shape | None, key: str) -> Meaning | None:
    """Return the meaning of a key inside an object of this shape, in any spelling."""
    return _PLAIN_WITHIN.get(shape, {}).get(normalised_name(key)) if len(key) <= LONGEST_KEY else None
