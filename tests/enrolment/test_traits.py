"""The places of the contact's fields."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.enrolment.consent_key import ConsentKey
from consumer.enrolment.contact import Contact
from consumer.enrolment.parts import Parts, places_of
from consumer.enrolment.traits import MOST_KEYS, TraitValue, find_all


def found_in(event: dict[str, Any]) -> dict[str, TraitValue]:
    return find_all(places_of(Parts.of(event))).values


def texts(event: dict[str, Any]) -> dict[str, str]:
    return {field: text for field, (_, text, _, _) in found_in(event).items()}


@pytest.mark.parametrize(
    ("field", "keys"),
    [
        ("email", ["email", "email_address", "emailAddress"]),
        ("phone_number", ["phone", "phone_number", "phoneNumber", "mobile", "mobile_phone", "mobilePhone"]),
        ("phone_number", ["mobile_number", "mobileNumber", "telephone"]),
        ("first_name", ["first_name", "firstName", "firstname", "given_name", "givenName"]),
        ("last_name", ["last_name", "lastName", "lastname", "family_name", "familyName", "surname"]),
        ("name", ["name", "full_name", "fullName"]),
        ("organization_name", ["organization_name", "organizationName", "company", "company_name", "companyName"]),
        ("organization_name", ["organization", "organisation"]),
        ("address_city", ["address_city", "addressCity", "city"]),
        ("address_state", ["address_state", "addressState", "state", "region", "province"]),
        ("address_postal_code", ["address_postal_code", "addressPostalCode", "postal_code", "postalCode", "postcode"]),
        ("address_postal_code", ["zip", "zip_code", "zipCode"]),
        ("address_country", ["address_country", "addressCountry", "country", "country_code", "countryCode"]),
    ],
)
def test_a_field_goes_by_many_names_the_earlier_ones_first(field: str, keys: list[str]) -> None:
    for key in keys:
        assert texts({"traits": {key: "x"}}) == {field: "x"}
    traits = {key: str(number) for number, key in reversed(list(enumerate(keys)))}
    assert texts({"traits": traits}) == {field: "0"}


@pytest.mark.parametrize(
    ("field", "keys"),
    [
        ("address_city", ["city"]),
        ("address_state", ["state", "region", "province"]),
        ("address_postal_code", ["postal_code", "postalCode", "postcode", "zip", "zip_code", "zipCode"]),
        ("address_country", ["country", "country_code", "countryCode"]),
    ],
)
def test_the_address_may_be_an_object(field: str, keys: list[str]) -> None:
    for key in keys:
        assert texts({"traits": {"address": {key: "x"}}}) == {field: "x"}


def test_the_address_object_counts_before_the_flat_fields_beside_it() -> None:
    traits = {"city": "Geneva", "state": "GE", "address": {"city": "Bern", "state": " "}}
    assert texts({"traits": traits}) == {"address_city": "Bern", "address_state": "GE"}


def test_the_company_may_be_an_object() -> None:
    assert texts({"traits": {"company": {"name": "Acme Inc", "id": 7}}}) == {"organization_name": "Acme Inc"}


def test_clicksends_own_names_are_understood() -> None:
    fields = [name for name in Contact.__struct_fields__ if name != "custom_1"]
    assert texts({"traits": dict.fromkeys(fields, "x")}) == dict.fromkeys(fields, "x")


PLACES: list[dict[str, Any]] = [
    {"traits": {"email": "0"}},
    {"context": {"traits": {"email": "1"}}},
    {"options": {"traits": {"email": "2"}}},
    {"properties": {"traits": {"email": "3"}, "email": "4"}},
    {"properties": {"email": "4"}},
]


@pytest.mark.parametrize("first", range(len(PLACES)))
def test_the_places_count_in_their_order(first: int) -> None:
    event = {key: value for place in reversed(PLACES[first:]) for key, value in place.items()}
    assert texts(event) == {"email": str(first)}


@pytest.mark.parametrize("blank", [None, "", "  ", "\u200b", [], {}], ids=repr)
def test_a_blank_value_lets_the_next_place_count(blank: object) -> None:
    assert texts({"traits": {"email": blank}, "properties": {"email": "x"}}) == {"email": "x"}
    assert texts({"traits": {"email": blank, "emailAddress": "x"}}) == {"email": "x"}
    assert texts({"traits": {"email": blank}}) == {}


@pytest.mark.parametrize("wrong", [True, False, 7, 1.5, {"x": 1}], ids=repr)
def test_a_wrong_type_hides_no_later_value_but_is_remembered(wrong: object) -> None:
    assert texts({"traits": {"email": wrong}, "properties": {"email": "x"}}) == {"email": "x"}
    found = found_in({"traits": {"email": wrong}, "properties": {"email": wrong}})
    assert found["email"][1:] == ("", "/traits", "email")


def test_numbers_are_text_for_phone_and_postal_code_only() -> None:
    traits = {"phone": 4155550132, "zip": 94105.0, "city": 7, "first_name": 7, "address": {"zip": 1234}}
    assert texts({"traits": traits}) == {
        "phone_number": "4155550132",
        "address_postal_code": "1234",
        "address_city": "",
        "first_name": "",
    }


def test_each_field_is_looked_for_on_its_own() -> None:
    event = {
        "traits": {"email": "a", "address": {"city": "b"}},
        "context": {"traits": {"email": "-", "phone": "c"}},
        "options": {"traits": {"first_name": "d"}},
        "properties": {"traits": {"address": {"city": "-", "country": "e"}}, "company": "f", "method": "email"},
    }
    assert {field: f"{place}/{key}={text}" for field, (_, text, place, key) in found_in(event).items()} == {
        "email": "/traits/email=a",
        "address_city": "/traits/address/city=b",
        "phone_number": "/context/traits/phone=c",
        "first_name": "/options/traits/first_name=d",
        "address_country": "/properties/traits/address/country=e",
        "organization_name": "/properties/company=f",
    }


@pytest.mark.parametrize("wrong", [None, True, 7, "x", [1, 2], [{"email": "a"}]], ids=repr)
@pytest.mark.parametrize("key", ["traits", "context", "options", "properties"])
def test_a_place_of_another_type_counts_as_absent(key: str, wrong: object) -> None:
    assert places_of(Parts.of({key: wrong})) == []


@pytest.mark.parametrize("wrong", [None, True, 7, [1, 2], [{"email": "a"}]], ids=repr)
def test_an_address_of_another_type_counts_as_absent(wrong: object) -> None:
    found = texts({"traits": {"address": wrong, "email": "x"}})
    assert {field: text for field, text in found.items() if text} == {"email": "x"}


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        ({"email": ["a@b.co", "c@d.co"]}, {"email": "a@b.co"}),
        ({"email": {"value": "a@b.co"}}, {"email": "a@b.co"}),
        ({"phone": [{"value": "1", "primary": False}, {"value": "2", "primary": True}]}, {"phone_number": "2"}),
        ({"emails": [{"value": "a"}, {"value": "b", "Primary": "true"}]}, {"email": "b"}),
        ({"emails": [{"value": "a"}, {"value": "b", "isDefault": 1}]}, {"email": "b"}),
        ({"phones": [{"value": "", "number": "2"}]}, {"phone_number": "2"}),
        ({"phones": [{"number": 4155550132.0}]}, {"phone_number": "4155550132"}),
        ({"phones": [{"type": "fax", "number": "1"}, {"type": "mobile", "number": "2"}]}, {"phone_number": "2"}),
    ],
    ids=str,
)
def test_a_list_or_an_object_holds_the_values_of_a_field(traits: dict[str, Any], expected: dict[str, str]) -> None:
    assert texts({"traits": traits}) == expected


def test_several_keys_of_an_element_are_tried() -> None:
    found = find_all([("/traits", {"phones": [{"value": "mobile", "number": "+14155550132"}]})])
    assert [value[1] for value in found.all_of("phone_number")] == ["mobile", "+14155550132"]


@pytest.mark.parametrize("key", ["Email__c", "ns1__Email__c", "Email?", "E-Mail:", "$Email", "email\u200b", "(email)"])
def test_the_decoration_of_other_tools_does_not_hide_a_key(key: str) -> None:
    assert texts({"traits": {key: "a@b.co"}}) == {"email": "a@b.co"}


def test_of_very_many_nested_keys_not_all_are_looked_at_and_consent_is_unreadable() -> None:
    """Each key is split into the words of consent: a record of them would keep the poll thread for half a second."""
    carts = {f"cart {number}": {f"sms email to {number} {each}": 1 for each in range(50)} for number in range(100)}
    found = find_all([("/traits", {"email": "x", **carts})])
    assert found.consents[0][0] is ConsentKey.ELSEWHERE
    assert found.consents[0][3] == "*"
    assert found.keys <= MOST_KEYS + 100 * 50
    few = find_all([("/traits", {"email": "x", **dict(list(carts.items())[:10])})])
    assert few.consents == []
