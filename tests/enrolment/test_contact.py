"""The payload and the identities of a contact."""

from __future__ import annotations

import orjson

from consumer.enrolment.contact import Contact


def test_absent_fields_are_left_out_of_the_payload() -> None:
    assert Contact(email="jane@example.com").payload() == b'{"email":"jane@example.com","custom_1":"marketing_unknown"}'


def test_fields_are_sent_in_the_order_of_the_product_page() -> None:
    contact = Contact(
        custom_1="marketing_opt_in",
        address_country="US",
        address_postal_code="94105",
        address_state="CA",
        address_city="San Francisco",
        organization_name="Acme Inc",
        last_name="Doe",
        first_name="Jane",
        phone_number="+14155550132",
        email="jane.doe@example.com",
    )
    assert list(orjson.loads(contact.payload())) == [
        "email",
        "phone_number",
        "first_name",
        "last_name",
        "organization_name",
        "address_city",
        "address_state",
        "address_postal_code",
        "address_country",
        "custom_1",
    ]


def test_the_payload_is_plain_utf_8() -> None:
    assert "Zoë".encode() in Contact(email="zoe@example.com", first_name="Zoë").payload()


def test_the_identities_are_email_and_phone_number() -> None:
    assert Contact(email="a@example.com", phone_number="+14155550132").identities == ("a@example.com", "+14155550132")
    assert Contact(phone_number="+14155550132").identities == ("+14155550132",)
    assert Contact(first_name="Jane").identities == ()
