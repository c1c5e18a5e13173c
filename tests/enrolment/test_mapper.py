"""From traits to a contact: each rule, and what is said about what was left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from consumer.enrolment.contact import Contact
from consumer.enrolment.decision import Enrolled
from consumer.enrolment.note import Note, NoteKind
from consumer.enrolment.origin import Origin
from consumer.enrolment.rules import PhoneCheck

Enrol = Callable[..., Enrolled]

EMAIL = {"email": "jane@example.com"}
DIGEST = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"


def names(contact: Contact) -> tuple[str | None, str | None]:
    return contact.first_name, contact.last_name


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Jane Doe", "Jane", "Doe"),
        ("  Jane\t Doe ", "Jane", "Doe"),
        ("Cher", "Cher", None),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Mary  Jane Watson", "Mary", "Jane Watson"),
        ("李 小龍", "李", "小龍"),
        (" ", None, None),
        (["Jane", "Doe"], None, None),
        (f"Jane {DIGEST}", "Jane", None),
    ],
)
def test_a_name_is_split_at_its_first_white_space(
    name: object, first: str | None, last: str | None, enrol: Enrol
) -> None:
    assert names(enrol({**EMAIL, "name": name}).contact) == (first, last)


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        ({"name": "Jane Doe", "first_name": "Janet"}, ("Janet", None)),
        ({"name": "Jane Doe", "lastName": "Smith"}, (None, "Smith")),
        ({"name": "Jane Doe", "first_name": "", "last_name": None}, ("Jane", "Doe")),
        ({"name": "Jane Doe", "first_name": 7, "last_name": ["x"]}, ("Jane", "Doe")),
        ({"name": "Jane Doe", "first_name": DIGEST}, (None, None)),
    ],
)
def test_a_name_is_split_only_without_first_and_last_name(
    traits: dict[str, Any], expected: tuple[str | None, str | None], enrol: Enrol
) -> None:
    assert names(enrol({**EMAIL, **traits}).contact) == expected


def test_fields_of_other_types_are_left_out(enrol: Enrol) -> None:
    wrong = {"first_name": 7, "last_name": True, "company": ["Acme"], "city": {"a": 1}, "state": 1.5, "country": 840}
    assert enrol({**EMAIL, **wrong}).contact == Contact(**EMAIL)


def test_a_postal_code_may_be_a_number(enrol: Enrol) -> None:
    assert enrol({**EMAIL, "zip": 94105}).contact.address_postal_code == "94105"
    assert enrol({**EMAIL, "zip": 94105.0}).contact.address_postal_code == "94105"
    assert enrol({**EMAIL, "zip": "01234"}).contact.address_postal_code == "01234"
    assert enrol({**EMAIL, "address": {"postalCode": 1234}}).contact.address_postal_code == "1234"


@pytest.mark.parametrize(
    ("phone", "number"),
    [(14155550132, "+14155550132"), (14155550132.0, "+14155550132"), (4155550132, "+14155550132")],
)
def test_a_phone_number_may_be_a_number(phone: float, number: str, enrol: Enrol) -> None:
    assert enrol({"phone": phone, "country": "US"}).contact.phone_number == number


@pytest.mark.parametrize("phone", [True, 415.5, 1e29, -14155550132, ["+14155550132"], {"number": "+14155550132"}])
def test_a_phone_number_of_another_type_is_noted(phone: object, enrol: Enrol) -> None:
    enrolled = enrol({**EMAIL, "phone": phone})
    assert enrolled.contact == Contact(**EMAIL)
    assert enrolled.notes == (Note(NoteKind.UNUSABLE, "phone_number"),)


@pytest.mark.parametrize("country", ["FR", "fr", "fra", "France", "FRANCE", "French Republic"])
def test_the_country_trait_is_the_phone_numbers_region(country: str, enrol: Enrol) -> None:
    enrolled = enrol({"phone": "06 12 34 56 78", "address": {"country": country}}, default_region="US")
    assert enrolled.contact == Contact(phone_number="+33612345678", address_country="FR")
    assert enrolled.notes == (Note(NoteKind.READ_BY_COUNTRY, "phone_number"),)


def test_without_a_country_the_default_region_counts(enrol: Enrol) -> None:
    enrolled = enrol({"phone": "06 12 34 56 78"}, default_region="FR")
    assert enrolled.contact == Contact(phone_number="+33612345678")
    assert enrolled.notes == (Note(NoteKind.READ_BY_DEFAULT_REGION, "phone_number"),)


def test_an_unrecognised_country_is_left_out_and_the_default_region_counts(enrol: Enrol) -> None:
    enrolled = enrol({"phone": "06 12 34 56 78", "country": "Narnia"}, default_region="FR")
    assert enrolled.contact == Contact(phone_number="+33612345678")
    assert enrolled.notes == (
        Note(NoteKind.UNRECOGNISED, "address_country"),
        Note(NoteKind.READ_BY_DEFAULT_REGION, "phone_number"),
    )


def test_an_international_number_is_read_without_the_country(enrol: Enrol) -> None:
    enrolled = enrol({"phone": "+44 20 7946 0958", "country": "US"})
    assert enrolled.contact == Contact(phone_number="+442079460958", address_country="US")
    assert enrolled.notes == ()


def test_a_bad_phone_with_a_good_email_enrols_by_email(enrol: Enrol) -> None:
    enrolled = enrol({**EMAIL, "phone": "12"})
    assert enrolled.contact == Contact(**EMAIL)
    assert enrolled.notes == (Note(NoteKind.UNUSABLE, "phone_number"),)


def test_a_bad_email_with_a_good_phone_enrols_by_phone(enrol: Enrol) -> None:
    enrolled = enrol({"email": "jane at example.com", "phone": "+14155550132"})
    assert enrolled.contact == Contact(phone_number="+14155550132")
    assert enrolled.notes == (Note(NoteKind.UNUSABLE, "email"),)


@pytest.mark.parametrize("digest", [DIGEST, DIGEST.upper(), f"  {DIGEST}\n"], ids=["lower", "upper", "spaces"])
def test_digests_are_left_out_and_noted(digest: str, enrol: Enrol) -> None:
    enrolled = enrol({"email": digest, "phone": "+14155550132", "first_name": digest, "city": digest})
    assert enrolled.contact == Contact(phone_number="+14155550132")
    assert enrolled.notes == (
        Note(NoteKind.HASHED, "email"),
        Note(NoteKind.HASHED, "first_name"),
        Note(NoteKind.HASHED, "address_city"),
    )
    assert enrol({**EMAIL, "phone": digest}).notes == (Note(NoteKind.HASHED, "phone_number"),)


def test_the_valid_check_is_a_setting(enrol: Enrol) -> None:
    traits = {**EMAIL, "phone": "+1 222 555 0132"}
    assert enrol(traits).contact.phone_number == "+12225550132"
    assert enrol(traits, phone_check=PhoneCheck.VALID).contact.phone_number is None


def test_the_payload_holds_the_fields_in_the_contacts_order_as_utf_8(enrol: Enrol) -> None:
    traits = {
        "address": {"country": "us", "zip": "94105", "state": "CA", "city": "San Francisco"},
        **{"company": "Acme Inc", "last_name": "Doe", "first_name": "Zo\u00eb", "phone": "+14155550132"},
    }
    payload = enrol({**traits, **EMAIL}).payload
    assert tuple(orjson.loads(payload)) == Contact.__slots__
    assert "Zo\u00eb".encode() in payload


def test_the_identities_are_email_and_phone_number(enrol: Enrol) -> None:
    phone = {"phone": "+14155550132"}
    assert enrol({**phone, **EMAIL}).identities == ("jane@example.com", "+14155550132")
    assert enrol({**phone, "email": "jane"}).identities == ("+14155550132",)
    assert enrol({**EMAIL, "phone": "12"}).identities == ("jane@example.com",)


def test_each_field_knows_its_origin(enrol: Enrol) -> None:
    enrolled = enrol({"email": "jane@example.com", "name": "Jane Doe", "address": {"country": "us"}, "optIn": True})
    assert enrolled.origins == (
        Origin("email", "/traits", "email"),
        Origin("first_name", "/traits", "name"),
        Origin("last_name", "/traits", "name"),
        Origin("address_country", "/traits/address", "country"),
        Origin("custom_1", "/traits", "optIn"),
    )
    assert enrolled.origins[3].pointer == "/traits/address/country"
