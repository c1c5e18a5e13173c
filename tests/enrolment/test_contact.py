"""A contact: its fields, its person's name, and the notes on what was changed."""

from __future__ import annotations

import pytest

from consumer.enrolment.contact import Contact
from consumer.enrolment.note import POSSIBLE_NOTES, Note, NoteKind
from consumer.enrolment.person_name import split_name


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


# First and last names out of one text.


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Jane Doe", "Jane", "Doe"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
        ("Cher", "Cher", ""),
        ("李小龍", "李小龍", ""),
        ("Doe, Jane", "Jane", "Doe"),
        ("Doe,Jane", "Jane", "Doe"),
        ("van Beethoven, Ludwig", "Ludwig", "van Beethoven"),
        ("García Márquez, Gabriel José", "Gabriel José", "García Márquez"),
        ("山田，太郎", "太郎", "山田"),
        ("Doe, Jane, Jr.", "Jane", "Doe Jr."),
        ("Doe, Jr., Jane", "Jane", "Doe Jr."),
        ("Jane Doe, Jr.", "Jane", "Doe, Jr."),
        ("Jane Doe, PhD", "Jane", "Doe, PhD"),
        ("Jane Doe Jr.", "Jane", "Doe Jr."),
        ("Martin Luther King, Jr", "Martin", "Luther King, Jr"),
        ("Doe,", "Doe", ""),
        (", Jane", "Jane", ""),
        ("Doe, Jane, Leeds", "Doe,", "Jane, Leeds"),
        ("", "", ""),
        (",", "", ""),
    ],
)
def test_a_name_is_split(name: str, first: str, last: str) -> None:
    assert split_name(name) == (first, last)


# Notes are a closed list.


def test_a_note_reads_as_a_remark() -> None:
    assert str(Note(NoteKind.HASHED, "email")) == "email hashed"


def test_the_possible_notes_are_about_fields_and_use_every_kind() -> None:
    assert len(set(POSSIBLE_NOTES)) == len(POSSIBLE_NOTES)
    assert {note.kind for note in POSSIBLE_NOTES} == set(NoteKind)
    assert {note.field for note in POSSIBLE_NOTES} <= set(Contact.__struct_fields__)
