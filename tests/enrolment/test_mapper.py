"""From traits to a contact: each rule, and what is said about what was left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from consumer.enrolment.contact import Contact
from consumer.enrolment.decision import Enrolled, Filtered
from consumer.enrolment.disposition import FilterReason
from consumer.enrolment.note import Note, NoteKind
from consumer.enrolment.origin import FieldOrigin
from consumer.enrolment.phone_signs import PhoneCheck
from consumer.enrolment.text import LONGEST

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


@pytest.mark.parametrize("phone", [True, 415.5, 1e29, -14155550132, [["+14155550132"]], {"no": "+14155550132"}])
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


def test_a_country_that_is_not_recognised_leaves_the_international_form_only(enrol: Enrol) -> None:
    unrecognised = Note(NoteKind.UNRECOGNISED, "address_country")
    enrolled = enrol({**EMAIL, "phone": "06 12 34 56 78", "country": "Narnia"}, default_region="FR")
    assert enrolled.contact == Contact(**EMAIL)
    assert enrolled.notes == (unrecognised, Note(NoteKind.UNUSABLE, "phone_number"))
    enrolled = enrol({"phone": "+33 6 12 34 56 78", "country": "Narnia"}, default_region="US")
    assert enrolled.contact == Contact(phone_number="+33612345678")
    assert enrolled.notes == (unrecognised,)


@pytest.mark.parametrize(
    "traits",
    [
        {"country": "Narnia", "country_code": "FR"},
        {"country": "N/A", "country_code": "FR"},
        {"country": 33, "country_name": "France"},
        {"address": {"country": "?", "country_code": "fr"}, "country": "US"},
    ],
    ids=str,
)
def test_where_one_country_is_not_recognised_the_next_one_counts(traits: dict[str, Any], enrol: Enrol) -> None:
    enrolled = enrol({**traits, "phone": "06 12 34 56 78"}, default_region="US")
    assert enrolled.contact == Contact(phone_number="+33612345678", address_country="FR")


@pytest.mark.parametrize(
    ("traits", "contact"),
    [
        ({"phone": "N/A", "mobile": "+14155550132"}, Contact(phone_number="+14155550132")),
        ({"phone": "12", "mobile": "+14155550132"}, Contact(phone_number="+14155550132")),
        ({"phone": True, "mobile": "+14155550132"}, Contact(phone_number="+14155550132")),
        ({"phone": DIGEST, "mobile": "+14155550132"}, Contact(phone_number="+14155550132")),
        ({"email": "jane", "email_address": "jane@example.com"}, Contact(**EMAIL)),
        ({"email": ["jane"], "mail": "jane@example.com"}, Contact(**EMAIL)),
        ({"emails": ["jane", None, "jane@example.com", "joe@example.com"]}, Contact(**EMAIL)),
        ({"emails": [{"value": "joe@example.com"}, {"value": "jane@example.com", "primary": True}]}, Contact(**EMAIL)),
        ({"emails": [{"address": "jane@example.com"}]}, Contact(**EMAIL)),
        ({"emails": ["joe@example.com"], **EMAIL}, Contact(**EMAIL)),
        ({"phones": [{"number": "12", "primary": True}, "+14155550132"]}, Contact(phone_number="+14155550132")),
        (
            {"phoneNumbers": [{"type": "work", "value": 14155550132}], "country": "US"},
            Contact(phone_number="+14155550132", address_country="US"),
        ),
    ],
    ids=str,
)
def test_of_several_identities_the_first_usable_one_counts(
    traits: dict[str, Any], contact: Contact, enrol: Enrol
) -> None:
    assert enrol(traits).contact == contact


def test_the_first_usable_identity_may_be_in_another_place(decide: Callable[..., Any]) -> None:
    event = {
        "type": "identify",
        "traits": {"email": "jane", "phone": "unknown"},
        "context": {"traits": {"email": "jane@example.com"}},
        "properties": {"email": "joe@example.com", "phone": "+14155550132"},
    }
    enrolled = decide(event)
    assert enrolled.contact == Contact(**EMAIL, phone_number="+14155550132")
    assert enrolled.notes == (Note(NoteKind.UNUSABLE, "email"),)
    assert {origin.field: origin.pointer for origin in enrolled.origins} == {
        "email": "/context/traits/email",
        "phone_number": "/properties/phone",
    }


def test_identities_that_were_no_use_are_noted_once(enrol: Enrol) -> None:
    enrolled = enrol({**EMAIL, "phones": ["1", "2", "+14155550132"]})
    assert enrolled.notes == (Note(NoteKind.UNUSABLE, "phone_number"),)


@pytest.mark.parametrize(
    "email",
    [
        "ja\u200bne@example.com",
        "ja\x00ne@example.com",
        "jane@exa\u200fmple.com",
        "jane@exa\nmple.com",
        "jane@\ufeffexample.com",
    ],
    ids=ascii,
)
def test_an_email_with_an_invisible_character_inside_is_unusable(email: str, enrol: Enrol) -> None:
    enrolled = enrol({"email": email, "phone": "+14155550132"})
    assert enrolled.contact == Contact(phone_number="+14155550132")
    assert enrolled.notes == (Note(NoteKind.UNUSABLE, "email"),)


@pytest.mark.parametrize(
    "email", ["\u200bJane@Example.com\ufeff", "\x00jane@example.com\t", "jane@example.com."], ids=ascii
)
def test_around_an_email_it_does_not_matter(email: str, enrol: Enrol) -> None:
    enrolled = enrol({"email": email})
    assert enrolled.contact == Contact(**EMAIL)
    assert enrolled.identities == ("jane@example.com",)


PLACEHOLDERS = [
    "N/A",
    "n/a",
    "-",
    "--",
    "unknown",
    "UNKNOWN",
    "Other",
    "null",
    "NULL",
    "none",
    "None",
    "undefined",
    "n.a.",
]


@pytest.mark.parametrize("text", [*PLACEHOLDERS, " n/a ", "\u200bnull"])
def test_placeholders_count_as_absent(text: str, enrol: Enrol, decide: Callable[..., Any]) -> None:
    fields = ("phone", "fax", "first_name", "last_name", "name", "company", "street", "city", "state", "zip", "country")
    enrolled = enrol({**EMAIL, **dict.fromkeys((*fields, "custom_2"), text)})
    assert enrolled.contact == Contact(**EMAIL)
    assert enrolled.notes == ()
    assert decide({"type": "identify", "traits": {"email": text}}) == Filtered(FilterReason.NO_IDENTITY)


def test_a_placeholder_is_no_absent_consent(enrol: Enrol) -> None:
    enrolled = enrol({**EMAIL, "marketing_opt_in": "unknown"})
    assert enrolled.contact.custom_1 == "marketing_unknown"
    assert enrolled.notes == (Note(NoteKind.UNREADABLE, "custom_1"),)


@pytest.mark.parametrize(
    "key", ["$marketing_consent", "marketing.consent", "consent.marketing", "Email.Opt-In", "$sms_opt_in"]
)
def test_a_refusal_under_a_flattened_or_reserved_key_counts_before_the_context(
    key: str, decide: Callable[..., Any]
) -> None:
    event = {
        "type": "identify",
        "traits": {**EMAIL, key: False},
        "context": {"consent": {"canonical": {"marketing": True}}},
    }
    assert decide(event).contact.custom_1 == "marketing_opt_out"


@pytest.mark.parametrize("name", ["Nina", "Otherwise", "Nullarbor", "Na"])
def test_names_that_only_begin_like_a_placeholder_are_names(name: str, enrol: Enrol) -> None:
    assert enrol({**EMAIL, "first_name": name}).contact.first_name == name


@pytest.mark.parametrize(
    ("given", "country", "code"),
    [
        (6520, "US", "06520"),
        (501, "US", "00501"),
        (94105, "US", "94105"),
        (1067.0, "Germany", "01067"),
        (1000, "FR", "01000"),
        (600001, "JP", "0600001"),
        (1310100, "BR", "01310100"),
        (800, "AU", "0800"),
        (8001, "CH", "8001"),
        (1234, None, "1234"),
        (1234, "Narnia", "1234"),
        (12, "US", "12"),
        ("6520", "US", "6520"),
    ],
)
def test_a_postal_code_given_as_a_number_has_its_leading_zeros(
    given: object, country: str | None, code: str, enrol: Enrol
) -> None:
    enrolled = enrol({**EMAIL, "zip": given, "country": country})
    assert enrolled.contact.address_postal_code == code


def test_a_fax_number_is_sent_as_e_164_and_is_no_identity(enrol: Enrol, decide: Callable[..., Any]) -> None:
    enrolled = enrol({**EMAIL, "fax": "020 7946 0958", "country": "GB"})
    assert enrolled.contact.fax_number == "+442079460958"
    assert enrolled.identities == ("jane@example.com",)
    assert enrol({**EMAIL, "fax": "12"}).notes == (Note(NoteKind.UNUSABLE, "fax_number"),)
    assert decide({"type": "identify", "traits": {"fax": "+442079460958"}}) == Filtered(FilterReason.NO_IDENTITY)


def test_long_texts_are_cut_and_long_identities_are_unusable(enrol: Enrol) -> None:
    enrolled = enrol({**EMAIL, "company": "x" * 1_000_000, "phone": "+14155550132" + " 1" * 2_000})
    assert enrolled.contact == Contact(**EMAIL, organization_name="x" * LONGEST)
    assert enrolled.notes == (Note(NoteKind.UNUSABLE, "phone_number"),)


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
        **{"custom_2": "gold", "custom_3": 7, "Custom 4": True, "fax": "+14155550133", "street": "1 High St"},
        **{
            "line2": "Flat 3",
            "company": "Acme Inc",
            "last_name": "Doe",
            "first_name": "Zo\u00eb",
            "phone": "+14155550132",
        },
    }
    payload = enrol({**traits, **EMAIL}).payload
    assert tuple(orjson.loads(payload)) == Contact.__struct_fields__
    assert "Zo\u00eb".encode() in payload


def test_the_identities_are_email_and_phone_number(enrol: Enrol) -> None:
    phone = {"phone": "+14155550132"}
    assert enrol({**phone, **EMAIL}).identities == ("jane@example.com", "+14155550132")
    assert enrol({**phone, "email": "jane"}).identities == ("+14155550132",)
    assert enrol({**EMAIL, "phone": "12"}).identities == ("jane@example.com",)


def test_each_field_knows_its_origin(enrol: Enrol) -> None:
    enrolled = enrol({"email": "jane@example.com", "name": "Jane Doe", "address": {"country": "us"}, "optIn": True})
    assert enrolled.origins == (
        FieldOrigin("email", "/traits", "email"),
        FieldOrigin("first_name", "/traits", "name"),
        FieldOrigin("last_name", "/traits", "name"),
        FieldOrigin("address_country", "/traits/address", "country"),
        FieldOrigin("custom_1", "/traits", "optIn"),
    )
    assert enrolled.origins[3].pointer == "/traits/address/country"


@pytest.mark.parametrize("country", [840, True, 84.5, [840]])
def test_a_country_of_another_type_is_given_and_leaves_only_the_international_form(
    enrol: Enrol, country: object
) -> None:
    traits = {**EMAIL, "country": country}
    assert enrol({**traits, "phone": "07911 123456"}, default_region="GB").contact.phone_number is None
    assert enrol({**traits, "phone": "+447911123456"}, default_region="GB").contact.phone_number == "+447911123456"


@pytest.mark.parametrize("phone", ["\uff10\uff10447911123456", "\uff0b447911123456", "00447911123456"])
def test_an_international_number_in_full_width_digits_is_not_said_to_be_read_by_a_region(
    enrol: Enrol, phone: str
) -> None:
    assert enrol({"phone": phone}, default_region="DE").notes == ()


@pytest.mark.parametrize(("value", "text"), [(True, "true"), (False, "false"), (0, "0"), (1.5, None)])
def test_a_custom_field_may_be_a_truth_value(enrol: Enrol, value: object, text: str | None) -> None:
    assert enrol({**EMAIL, "custom_4": value}).contact.custom_4 == text
