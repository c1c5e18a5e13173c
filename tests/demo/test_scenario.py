"""The demo's scenario and its visitors."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from random import Random

import phonenumbers
import pytest

from consumer.demo.events import Emission
from consumer.demo.scenario import REJECTED, Chapter, Scenario
from consumer.demo.visitors import COUNTRIES, Country, People
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.enrolment.enroller import Enrolled, Enroller, Filtered
from consumer.enrolment.rules import Rules


def records(chapters: list[Chapter]) -> list[Emission]:
    return [emission for chapter in chapters for emission in chapter.records]


@pytest.fixture
def round_one() -> list[Chapter]:
    return list(Scenario(outage=5).once())


def test_the_story_is_the_same_every_time(round_one: list[Chapter]) -> None:
    assert list(Scenario(outage=5).once()) == round_one


def test_a_further_round_brings_new_people() -> None:
    chapters = list(islice(Scenario(outage=5).endless(), 8))
    assert [chapter.title for chapter in chapters[:4]] == [chapter.title for chapter in chapters[4:]]
    first, second = ({emission.value for emission in records(half)} for half in (chapters[:4], chapters[4:]))
    assert not first & second


def test_every_way_of_a_record_is_in_it(round_one: list[Chapter]) -> None:
    enroller = Enroller(Rules.of())
    endings: Counter[str] = Counter()
    for emission in records(round_one):
        decision = enroller.decide(emission.value)
        endings["enrolled" if isinstance(decision, Enrolled) else decision.reason] += 1
    assert endings.keys() == {
        "enrolled",
        FilterReason.NOT_ENROLMENT,
        FilterReason.NO_IDENTITY,
        DeadLetterReason.UNDECODABLE,
        DeadLetterReason.UNMAPPABLE,
    }
    assert not any(isinstance(enroller.decide(e.value), Filtered) for e in round_one[2].records)


def test_one_contact_says_yes_and_then_no(round_one: list[Chapter]) -> None:
    enroller = Enroller(Rules.of())
    consents_by_email: dict[str, list[str]] = {}
    keys: dict[str, set[str | None]] = {}
    for emission in round_one[0].records:
        decision = enroller.decide(emission.value)
        if isinstance(decision, Enrolled) and decision.contact.email:
            consents_by_email.setdefault(decision.contact.email, []).append(decision.contact.custom_1)
            keys.setdefault(decision.contact.email, set()).add(emission.visitor)
    (twice,) = [email for email, consents in consents_by_email.items() if len(consents) > 1]
    assert consents_by_email[twice] == ["marketing_opt_in", "marketing_opt_out"]
    assert len(keys[twice]) == 1


def test_clicksend_rejects_one_contact_in_every_weather(round_one: list[Chapter]) -> None:
    for chapter in round_one:
        rule = chapter.faults.rules[0]
        assert (rule.contact, rule.status) == ((REJECTED,), 400)
    assert any(REJECTED.encode() in emission.value for emission in round_one[0].records)


def test_the_weather_is_an_outage_and_then_a_rate_limit(round_one: list[Chapter]) -> None:
    _, outage, rush = round_one
    (down,) = outage.faults.rules[1:]
    assert (down.status, down.until) == (503, 5)
    (limit,) = rush.faults.rules[1:]
    assert (limit.status, limit.retry_after) == (429, 1)


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
