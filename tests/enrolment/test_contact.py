"""The fields of a contact."""

from __future__ import annotations

from consumer.enrolment.contact import Contact


def test_absent_fields_are_left_out() -> None:
    assert Contact(email="jane@example.com").fields() == {
        "email": "jane@example.com",
        "custom_1": "marketing_unknown",
    }


def test_fields_have_the_order_of_the_product_page() -> None:
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
    assert list(contact.fields()) == [
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
