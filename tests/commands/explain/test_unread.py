"""Identities at places that are not read."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.commands.explain.unread import unread_identities
from consumer.enrolment.custom_mapping import CustomMapping
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules

EMAIL, PHONE = "jane@example.com", "+14155550132"


def remarks(event: object, used: tuple[str, ...] = (), custom: CustomMapping | None = None) -> list[str]:
    read = Enroller(Rules.of(custom=custom)).identity_pointers(event)
    return list(unread_identities(event, used, read))


@pytest.mark.parametrize(
    ("event", "pointer", "what"),
    [
        ({"userId": EMAIL}, "/userId", "an email"),
        ({"userId": "Jane@Example.com "}, "/userId", "an email"),
        ({"user": {"phone": PHONE}}, "/user/phone", "a phone number"),
        ({"context": {"user": {"email": EMAIL}}}, "/context/user/email", "an email"),
        ({"traits": {"contact": {"mail": EMAIL}}}, "/traits/contact/mail", "an email"),
        ({"traits": {"emails": {"home": EMAIL}}}, "/traits/emails/home", "an email"),
        ({"traits": {"username": EMAIL}}, "/traits/username", "an email"),
        ({"properties": {"items": [{"to": "tel:+1 (415) 555-0132"}]}}, "/properties/items/0/to", "a phone number"),
    ],
    ids=str,
)
def test_an_identity_that_is_not_read_is_named_with_its_place(event: dict[str, Any], pointer: str, what: str) -> None:
    assert remarks(event) == [f"found {what} at {pointer}, which is not read"]


@pytest.mark.parametrize(
    "event",
    [
        {"traits": {"email": EMAIL, "phone": PHONE}},
        {"traits": {"emails": ["jane", EMAIL]}},
        {"context": {"traits": {"Email": EMAIL}}},
        {"userId": "4155550132", "anonymousId": "u-1@", "timestamp": "2026-01-15T10:00:00.000Z"},
        {},
        [EMAIL],
        EMAIL,
        None,
    ],
    ids=str,
)
def test_what_is_read_or_no_identity_is_not_named(event: object) -> None:
    assert remarks(event) == []


def test_the_contacts_own_identity_at_another_place_is_no_news() -> None:
    assert remarks({"userId": EMAIL, "user": {"phone": PHONE}}, (EMAIL, PHONE)) == []


def test_of_many_identities_some_are_named_and_each_once() -> None:
    assert len(remarks({"a": [EMAIL, EMAIL]})) == 1
    assert len(remarks({"a": [f"jane{number}@example.com" for number in range(50)]})) == 5


def test_a_key_that_is_somebodys_address_is_not_shown() -> None:
    assert remarks({"users": {EMAIL: {"email": EMAIL}}}) == ["found an email at /users/***/email, which is not read"]


def test_a_place_that_the_operator_names_is_read() -> None:
    event = {"traits": {"whatsapp": PHONE}, "userId": EMAIL}
    custom = CustomMapping.of({"phone_number": ("/traits/whatsapp",), "email": ("/userId", "/traits/x")}, ())
    assert remarks(event, custom=custom) == []
    assert len(remarks(event)) == 2
