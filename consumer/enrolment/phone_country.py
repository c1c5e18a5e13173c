"""The country given beside a phone number, in a trait or in an element of a list."""

from __future__ import annotations

from collections.abc import Mapping

from consumer.enrolment.country import alpha_2, region_of
from consumer.enrolment.identity_filter import normalised_name
from consumer.enrolment.numbering_plan import MAIN_REGIONS
from consumer.enrolment.phone import is_international, read_phone
from consumer.enrolment.phone_signs import PhoneCheck
from consumer.enrolment.text import text_or_number

_KEYS = frozenset(
    "country country_code country_iso country_iso_code calling_code country_calling_code dial_code dialing_code"
    " dialling_code phone_country phone_country_code".replace("_", "").split()
)
_LONGEST = 100  # characters of a country
UNUSABLE = b""  # no text: counts as a value of a wrong type


def region_beside(text: str) -> str | None:
    """Return the region that a calling code (`+1`, `0044`), a country code or a country name means, else None."""
    text = text.strip()[:_LONGEST]
    digits = text.removeprefix("+").removeprefix("00")
    return MAIN_REGIONS.get(digits) if digits.isdecimal() else alpha_2(text) or region_of(text)


def with_country(number: object, element: Mapping[str, object]) -> object:
    """Return the phone number of an element, in E.164 if the element names its country.

    A national number with an unrecognised country is unusable: the default region would be a wrong guess.
    """
    text = text_or_number(number)
    if not text or is_international(text):
        return number
    given = [text_or_number(value) for key, value in element.items() if normalised_name(key) in _KEYS]
    countries = [country for country in given if country != ""]
    if not countries:
        return number
    regions = {region_beside(country) if country else None for country in countries}
    region = regions.pop() if len(regions) == 1 else None
    read = read_phone(text, region, PhoneCheck.POSSIBLE) if region is not None else None
    return read.number if read is not None and read.number is not None else UNUSABLE
