"""The keys of the contact's fields."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.enrolment.consent_key import consent_key
from consumer.enrolment.contact import Contact
from consumer.enrolment.parts import Parts, places_of
from consumer.enrolment.trait_names import KNOWN, LONGEST_KEY
from consumer.enrolment.traits import MOST_KEYS, find_all


def texts(traits: dict[str, Any]) -> dict[str, str]:
    found = find_all(places_of(Parts.of({"traits": traits}))).values
    return {field: text for field, (_, text, _, _) in found.items() if text}


@pytest.mark.parametrize(
    ("field", "keys"),
    [
        ("email", "Email EMAIL e-mail E_Mail email_address EmailAddress $email mail"),
        ("phone_number", "Phone PHONE phoneNumber tel Telephone $phone $Mobile cellPhone mobile-phone"),
        ("fax_number", "fax Fax fax_number faxNumber"),
        ("first_name", "FIRSTNAME First-Name firstName $FirstName $first_name given_name givenName"),
        ("last_name", "LASTNAME last_name $LastName family_name familyName Surname"),
        ("organization_name", "Company COMPANY_NAME organisation organizationName employer"),
        ("address_line_1", "address street Street address1 Address1 address_line_1 line1 street_address $Address"),
        ("address_line_2", "address2 address_line_2 Line2 street2 apartment"),
        ("address_city", "City address_city locality addressLocality $City town"),
        ("address_state", "State region province province_code addressRegion $State $region"),
        ("address_postal_code", "zip zipcode ZipCode ZIP_CODE postcode postal_code postalCode postalcode $Zip"),
        ("address_country", "Country country_code CountryCode addressCountry $country_code country_name"),
        ("custom_2", "custom_2 custom2 Custom-2"),
        ("custom_4", "custom_4"),
    ],
)
def test_a_key_is_known_in_any_spelling(field: str, keys: str) -> None:
    for key in keys.split():
        assert texts({key: "x"}) == {field: "x"}, key
    assert texts({" ".join(keys.split(maxsplit=1)[0]): "x"}) == {field: "x"}


STREET = {"address_line_1": "1 High St", "address_city": "Leeds", "address_state": "YK", "address_postal_code": "LS1"}


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        pytest.param(
            {"address": {"street": "1 High St", "city": "Leeds", "state": "YK", "postalCode": "LS1", "country": "GB"}},
            {**STREET, "address_country": "GB"},
            id="Segment",
        ),
        pytest.param(
            {"address": {"street": "1 High St", "city": "Leeds", "state": "YK", "postalcode": "LS1", "country": "GB"}},
            {**STREET, "address_country": "GB"},
            id="RudderStack",
        ),
        pytest.param(
            {
                "$FirstName": "J",
                "$LastName": "D",
                "$Mobile": "1",
                "$Address": "1 High St",
                "$City": "Leeds",
                "$State": "YK",
                "$Zip": "LS1",
                "$Country": "GB",
            },
            {**STREET, "first_name": "J", "last_name": "D", "phone_number": "1", "address_country": "GB"},
            id="mParticle",
        ),
        pytest.param(
            {
                "email_address": "j",
                "phone_number": "1",
                "sha256_email_address": "x",
                "address": [
                    {
                        "first_name": "J",
                        "last_name": "D",
                        "street": "1 High St",
                        "city": "Leeds",
                        "region": "YK",
                        "postal_code": "LS1",
                        "country": "GB",
                        "sha256_street": "x",
                    }
                ],
            },
            {**STREET, "email": "j", "phone_number": "1", "first_name": "J", "last_name": "D", "address_country": "GB"},
            id="Google's user-provided data",
        ),
        pytest.param(
            {
                "default_address": {
                    "first_name": "J",
                    "last_name": "D",
                    "company": "Acme",
                    "address1": "1 High St",
                    "address2": "Flat 3",
                    "city": "Leeds",
                    "province": None,
                    "province_code": "YK",
                    "zip": "LS1",
                    "country_code": "GB",
                    "country_name": "United Kingdom",
                    "phone": "555-625-1199",
                    "default": True,
                }
            },
            {
                **STREET,
                "first_name": "J",
                "last_name": "D",
                "organization_name": "Acme",
                "address_line_2": "Flat 3",
                "address_country": "GB",
            },
            id="Shopify",
        ),
        pytest.param(
            {
                "givenName": "J",
                "familyName": "D",
                "telephone": "1",
                "faxNumber": "2",
                "worksFor": {"name": "Acme"},
                "address": {
                    "@type": "PostalAddress",
                    "streetAddress": "1 High St",
                    "addressLocality": "Leeds",
                    "addressRegion": "YK",
                    "postalCode": "LS1",
                    "addressCountry": "GB",
                },
            },
            {
                **STREET,
                "first_name": "J",
                "last_name": "D",
                "phone_number": "1",
                "fax_number": "2",
                "organization_name": "Acme",
                "address_country": "GB",
            },
            id="schema.org",
        ),
        pytest.param(
            {
                "given_name": "J",
                "family_name": "D",
                "phone_number": "1",
                "address": {
                    "formatted": "1 High St\nLeeds",
                    "street_address": "1 High St",
                    "locality": "Leeds",
                    "region": "YK",
                    "postal_code": "LS1",
                    "country": "GB",
                },
            },
            {**STREET, "first_name": "J", "last_name": "D", "phone_number": "1", "address_country": "GB"},
            id="OpenID Connect",
        ),
        pytest.param(
            {
                "name": {"givenName": "J", "familyName": "D", "formatted": "x"},
                "emails": [{"value": "j"}],
                "phoneNumbers": [{"value": "1", "type": "mobile"}],
                "addresses": [
                    {"locality": "York"},
                    {
                        "streetAddress": "1 High St",
                        "locality": "Leeds",
                        "region": "YK",
                        "postalCode": "LS1",
                        "primary": True,
                    },
                ],
            },
            {**STREET, "first_name": "J", "last_name": "D", "name": "x", "email": "j", "phone_number": "1"},
            id="SCIM",
        ),
        pytest.param(
            {"address": {"addressCountry": {"@type": "Country", "name": "GB"}}},
            {"address_country": "GB"},
            id="a country as an object",
        ),
        pytest.param({"country": {"name": "Kosovo", "code": "XK"}}, {"address_country": "XK"}, id="its code first"),
        pytest.param({"affiliation": {"name": "Acme"}}, {"organization_name": "Acme"}, id="an affiliation"),
        pytest.param(
            {
                "address.street": "1 High St",
                "Address.City": "Leeds",
                "address.state": "YK",
                "address.postalCode": "LS1",
            },
            STREET,
            id="a flattened address",
        ),
        pytest.param(
            {"company.name": "Acme", "name.given": "J", "name.family": "D"},
            {"organization_name": "Acme", "first_name": "J", "last_name": "D"},
            id="a flattened company and name",
        ),
        pytest.param(
            {"emails.0": "x", "address.x": "x", "x.city": "x", ".city": "x", "city.": "x"}, {}, id="other dots"
        ),
        pytest.param({"organization": {"name": "Acme"}}, {"organization_name": "Acme"}, id="an organization"),
        pytest.param(
            {"address": {"formatted": "1 High St\nLeeds"}}, {"address_line_1": "1 High St Leeds"}, id="formatted"
        ),
        pytest.param(
            {"billing_address": {"city": "York"}, "city": "Leeds"}, {"address_city": "Leeds"}, id="flat before billing"
        ),
        pytest.param(
            {"shipping_address": {"first_name": "Joe", "city": "York"}}, {"address_city": "York"}, id="somebody else's"
        ),
        pytest.param(
            {"first_name": "Jane", "address": {"given_name": "Joe"}}, {"first_name": "Jane"}, id="a name beside counts"
        ),
        pytest.param({"sha256_email_address": "x", "hashed_phone": "x"}, {}, id="digests"),
    ],
)
def test_what_specifications_call_a_field_is_read(traits: dict[str, Any], expected: dict[str, str]) -> None:
    assert texts(traits) == expected


def test_clicksends_own_names_are_known() -> None:
    assert set(Contact.__struct_fields__) - {"custom_1"} <= {meaning.field for meaning in KNOWN.values()}
    for field in set(Contact.__struct_fields__) - {"custom_1"}:
        assert texts({field: "x"}) == {field: "x"}


def test_no_key_is_about_consent_and_a_field_as_well() -> None:
    assert not [key for key in KNOWN if consent_key(key) is not None]


def test_a_long_key_means_nothing() -> None:
    assert texts({"email" + "_" * LONGEST_KEY: "x"}) == {}


def test_of_too_many_keys_only_the_usual_spellings_are_looked_for_and_consent_cannot_be_read() -> None:
    traits = {**{f"key {number}": 1 for number in range(MOST_KEYS)}, "email": "x", "Phone Number": "y"}
    found = find_all(places_of(Parts.of({"traits": traits})))
    assert {field: value[1] for field, value in found.values.items()} == {"email": "x"}
    assert [value for _, value, _, _ in found.consents] == [traits]
