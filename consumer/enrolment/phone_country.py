"""The country given beside a phone number, in a trait or in an element of a list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
UNUSABLE = b""  # no text: counts as a value of a wrong type


def region_beside(text: str) -> str | None:
    """Return the region that a calling code (`+1`, `0044`), a country code or a country name means, else None."""
    text = text.strip()
    digits = text.removeprefix("+").removeprefix("00")
    return MAIN_REGIONS.get(digits) if digits.isdecimal() else alpha_2(text) or region_of(text)


def countries_in(values: Iterable[tuple[str, object]]) -> list[str | None]:
    """Return the countries among an element's keys and values; None for one that is no text."""
    given = [text_or_number(value) for key, value in values if normalised_name(key) in _KEYS]
    return [country for country in given if country != ""]


def with_country(number: object, countries: Sequence[str | None]) -> object:
    """Return the phone number of an element in E.164, read in its countries, of which there is at least one.

    A national number with an unrecognised country is unusable: the default region would be a wrong guess.
    """
    text = text_or_number(number)
    if not text or is_international(text):
        return number
    regions = {region_beside(country) if country else None for country in countries}
    region = regions.pop() if len(regions) == 1 else None
    read = read_phone(text, region, PhoneCheck.POSSIBLE) if region is not None else None
    return read.number if read is not None and read.number is not None else UNUSABLE
