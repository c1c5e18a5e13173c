"""The country beside a phone number decides how its national form is read."""

from __future__ import annotations

import pytest

from consumer.enrolment.note import Note, NoteKind
from consumer.enrolment.phone_country import UNUSABLE, countries_in, region_beside, with_country
from tests.enrolment.conftest import Enrol

NATIONAL, INTERNATIONAL = "4155550132", "+14155550132"


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("+1", "US"),
        ("0044", "GB"),
        ("49", "DE"),
        ("us", "US"),
        ("United States", "US"),
        ("999", None),
        ("Narnia", None),
    ],
)
def test_a_country_is_a_calling_code_or_a_name(text: str, region: str | None) -> None:
    assert region_beside(text) == region


@pytest.mark.parametrize(
    "element",
    [{"country_code": "1"}, {"countryCode": 1}, {"calling_code": "+1"}, {"country": "US"}, {"Dial Code": "001"}],
    ids=str,
)
def test_a_national_number_is_read_in_the_country_of_its_element(element: dict[str, object]) -> None:
    countries = countries_in(element.items())
    assert with_country(NATIONAL, countries) == INTERNATIONAL
    assert with_country(4155550132, countries) == INTERNATIONAL
    assert with_country("1" + NATIONAL, countries) == INTERNATIONAL


@pytest.mark.parametrize("element", [{}, {"country": None}, {"country": ""}, {"type": "mobile"}], ids=str)
def test_without_a_country_the_number_stays(element: dict[str, object], enrol: Enrol) -> None:
    assert countries_in(element.items()) == []
    enrolled = enrol({"phones": [{"number": NATIONAL, **element}]}, default_region="US")
    assert enrolled.contact.phone_number == INTERNATIONAL


@pytest.mark.parametrize(
    "element", [{"country": "Narnia"}, {"country": True}, {"country": "DE", "dial_code": "1"}], ids=str
)
def test_with_an_unrecognised_country_a_national_number_is_unusable(element: dict[str, object]) -> None:
    countries = countries_in(element.items())
    assert with_country(NATIONAL, countries) == UNUSABLE
    assert with_country(INTERNATIONAL, countries) == INTERNATIONAL


def test_a_number_that_the_country_cannot_have_is_unusable() -> None:
    assert with_country("12", ["US"]) == UNUSABLE
    wrong_type = True
    assert with_country(wrong_type, ["US"]) is wrong_type


@pytest.mark.parametrize("key", ["phone_country_code", "dial_code", "calling_code", "phone_prefix", "phone_country"])
def test_a_trait_with_the_phones_country_precedes_the_default_region(key: str, enrol: Enrol) -> None:
    value = "US" if key == "phone_country" else "+1"
    enrolled = enrol({"phone": NATIONAL, key: value}, default_region="DE")
    assert enrolled.contact.phone_number == INTERNATIONAL
    assert enrolled.notes == (Note(NoteKind.READ_BY_COUNTRY, "phone_number"),)


def test_an_unrecognised_phone_country_leaves_the_international_form_only(enrol: Enrol) -> None:
    email = {"email": "jane@example.com", "phone_country": "Narnia"}
    assert enrol({**email, "phone": NATIONAL}, default_region="US").contact.phone_number is None
    assert enrol({**email, "phone": INTERNATIONAL}, default_region="US").contact.phone_number == INTERNATIONAL


def test_a_phone_of_a_list_is_read_in_its_own_country(enrol: Enrol) -> None:
    enrolled = enrol({"phones": [{"country_code": "1", "number": NATIONAL}]}, default_region="DE")
    assert enrolled.contact.phone_number == INTERNATIONAL


@pytest.mark.parametrize("text", ["Fax: 030 1234567", "030 1234567 (Fax)", "Telefax 030 1234567"])
def test_a_fax_number_is_no_phone_number(text: str, enrol: Enrol) -> None:
    enrolled = enrol({"email": "jane@example.com", "phone": text}, default_region="DE")
    assert enrolled.contact.phone_number is None
    assert enrol({"phone": "Tel./Fax: 030 1234567"}, default_region="DE").contact.phone_number == "+49301234567"
