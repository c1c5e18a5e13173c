from __future__ import annotations

from random import Random

import phonenumbers
import pytest

from consumer.demo.visitors import COUNTRIES, Country, People

BY_REGION = dict(zip(("US", "GB", "DE", "FR", "SE"), COUNTRIES, strict=True))


@pytest.mark.parametrize(("region", "country"), BY_REGION.items(), ids=BY_REGION)
def test_both_forms_of_a_phone_number_are_the_same_possible_number(region: str, country: Country) -> None:
    for number in country.numbers:
        national = phonenumbers.parse(country.national.format(n=number), region)
        international = country.international.format(n=number)
        if international.startswith("00"):
            international = f"+{international[2:]}"
        assert phonenumbers.is_possible_number(national)
        assert phonenumbers.parse(international) == national


def test_a_seed_gives_the_same_people() -> None:
    first, second = People(Random(1)), People(Random(1))
    assert [first.next() for _ in range(20)] == [second.next() for _ in range(20)]


def test_nobody_shares_an_email_or_a_phone_number_for_a_long_time() -> None:
    people = People(Random(1))
    met = [people.next() for _ in range(400)]
    assert len({person.email for person in met}) == 400
    assert len({person.international_phone for person in met}) == 400
    assert {person.email.rpartition("@")[2] for person in met} == {"example.com", "example.org", "example.net"}
