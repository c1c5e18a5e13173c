"""The demo's fictional visitors.

Email domains are reserved for examples (RFC 2606). Phone numbers are from the ranges that regulators reserve for
fiction: NANPA 555-01xx, Ofcom 07700 900xxx, BNetzA (0)30 23125xxx, ARCEP 06 39 98 xx xx, PTS 070-174 06xx.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

FIRST_NAMES = (
    *("Ada", "Ben", "Chloe", "David", "Elif", "Freya", "Gustav", "Hana", "Ines", "Jonas", "Karim", "Lena"),
    *("Milan", "Nora", "Oscar", "Petra", "Quinn", "Rosa", "Sven", "Tara", "Ursula", "Victor", "Wanda", "Yusuf"),
)
LAST_NAMES = ("Berg", "Carter", "Dubois", "Evans", "Fischer", "Garcia", "Hughes", "Iversen", "Keller", "Laurent")
DOMAINS = ("example.com", "example.org", "example.net")


@dataclass(frozen=True, slots=True)
class Country:
    """The address and number formats of a country.

    names               -- values of a country trait
    national, international -- a phone number, with `{n:02}` for its last two digits
    numbers             -- the last two digits in the reserved range
    """

    names: tuple[str, ...]
    national: str
    international: str
    numbers: range
    city: str
    state: str | None
    postal_code: str


COUNTRIES = (
    Country(("US", "USA"), "(415) 555-01{n:02}", "+1 415-555-01{n:02}", range(100), "San Francisco", "CA", "94107"),
    Country(("GB", "United Kingdom"), "07700 9001{n:02}", "+44 7700 9001{n:02}", range(100), "Leeds", None, "LS1 4AP"),
    Country(("DE", "Germany", "deu"), "030 231251{n:02}", "+49 30 231251{n:02}", range(100), "Berlin", None, "10115"),
    Country(("FR", "France"), "06 39 98 01 {n:02}", "0033 6 39 98 01 {n:02}", range(100), "Lyon", None, "69002"),
    Country(("SE", "Sweden"), "070-174 06 {n:02}", "+46 70 174 06 {n:02}", range(5, 100), "Malmö", None, "211 20"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """A visitor who signs up. `number`: the last two digits of the phone number."""

    first_name: str
    last_name: str
    email: str
    country: Country
    number: int

    @property
    def national_phone(self) -> str:
        """Return the number in national form."""
        return self.country.national.format(n=self.number)

    @property
    def international_phone(self) -> str:
        """Return the number in international form."""
        return self.country.international.format(n=self.number)


class People:
    """Generates people, the same ones for the same seed. Emails are unique, phone numbers repeat late."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._met = 0

    def next(self) -> Person:
        """Return a new person."""
        self._met += 1
        country = COUNTRIES[self._met % len(COUNTRIES)]
        first, last = self._random.choice(FIRST_NAMES), self._random.choice(LAST_NAMES)
        email = f"{first}.{last}{self._met}@{self._random.choice(DOMAINS)}"
        return Person(first, last, email, country, country.numbers[self._met // len(COUNTRIES) % len(country.numbers)])
