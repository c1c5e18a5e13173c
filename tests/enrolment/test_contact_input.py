"""Records that are contacts already, under ClickSend's names."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import pytest

from consumer.enrolment.custom_mapping import CustomMapping
from consumer.enrolment.decision import Decision, Enrolled, Filtered, Undeliverable
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Input, Rules

Decide = Callable[..., Decision]

CONTACT = {
    "email": "jane.doe@example.com",
    "phone_number": "+14155550132",
    "fax_number": "+14155550133",
    "first_name": "Jane",
    "last_name": "Doe",
    "organization_name": "Acme Inc",
    "address_line_1": "12 High Street",
    "address_line_2": "Flat 3",
    "address_city": "San Francisco",
    "address_state": "CA",
    "address_postal_code": "94105",
    "address_country": "US",
    "custom_1": "marketing_opt_in",
    "custom_2": "gold",
    "custom_3": "Leeds",
    "custom_4": "x",
}
EVENT = {"type": "identify", "traits": {"email": "jane@example.com"}}


@pytest.fixture
def read(decide: Decide) -> Decide:
    return partial(decide, input=Input.CONTACT)


def fields_of(decision: Decision) -> dict[str, str]:
    assert isinstance(decision, Enrolled)
    return decision.contact.fields()


def test_a_mapped_contact_maps_to_itself(read: Decide) -> None:
    decision = read(CONTACT)
    assert fields_of(decision) == CONTACT
    assert isinstance(decision, Enrolled)
    assert (decision.event, decision.notes) == ("Contact", ())
    assert [origin.pointer for origin in decision.origins] == [f"/{field}" for field in CONTACT]


def test_values_are_read_as_those_of_an_event_are(read: Decide) -> None:
    contact = {
        "email": " Jane.Doe@EXAMPLE.com",
        "phone_number": "07911 123456",
        "address_country": "United Kingdom",
        "address_postal_code": 12345,
        "first_name": " N/A ",
        "custom_1": "unsubscribed",
        "custom_2": True,
        "list_id": 428,
    }
    assert fields_of(read(contact)) == {
        "email": "jane.doe@example.com",
        "phone_number": "+447911123456",
        "address_postal_code": "12345",
        "address_country": "GB",
        "custom_1": "marketing_opt_out",
        "custom_2": "true",
    }


@pytest.mark.parametrize("given", [{}, {"custom_1": None}, {"custom_1": "marketing_unknown"}, {"custom_1": "maybe"}])
def test_consent_is_custom_1_and_unknown_without_a_clear_one(given: dict[str, Any], read: Decide) -> None:
    others = {"marketing_opt_in": True, "context": {"consent": {"marketing": True}}}
    assert fields_of(read({"email": "j@example.com", **others, **given}))["custom_1"] == "marketing_unknown"


def test_only_clicksends_own_names_are_read(read: Decide) -> None:
    contact = {"email": "j@example.com", "phone": "+14155550132", "city": "Leeds", "Custom_2": "x", "name": "Jane Doe"}
    assert fields_of(read(contact)) == {"email": "j@example.com", "custom_1": "marketing_unknown"}


@pytest.mark.parametrize("as_text", [False, True])
def test_a_contact_is_taken_out_of_its_wrapper(as_text: bool, read: Decide) -> None:
    payload = orjson.dumps(CONTACT).decode() if as_text else CONTACT
    record = {"type": "delivery", "integration": "clicksend", "payload": payload}
    assert fields_of(read(record, event_path="/payload")) == CONTACT


@pytest.mark.parametrize("value", [None, b""])
def test_a_record_without_a_value_is_a_tombstone(value: bytes | None) -> None:
    assert Enroller(Rules.of(input=Input.CONTACT)).decide(value) == Filtered(FilterReason.TOMBSTONE)


@pytest.mark.parametrize("contact", [{"first_name": "Jane"}, {"email": None, "phone_number": ""}, {"email": []}])
def test_a_contact_without_an_identity_is_filtered(contact: dict[str, Any], read: Decide) -> None:
    assert read(contact) == Filtered(FilterReason.NO_IDENTITY)


@pytest.mark.parametrize(
    "contact", [{"email": "jane"}, {"phone_number": "12"}, {"email": {"a": 1}}, {"phone_number": 7.5}, {"email": True}]
)
def test_an_unusable_contact_is_unmappable_and_no_wrong_input(contact: dict[str, Any], read: Decide) -> None:
    decision = read(contact)
    assert isinstance(decision, Undeliverable)
    assert (decision.reason, decision.is_event) == (DeadLetterReason.UNMAPPABLE, True)


def test_the_operators_own_mapping_points_into_the_contact(read: Decide) -> None:
    custom = CustomMapping.of({"custom_2": ("/tier",), "email": ("/user/mail",)}, ["vip_texts"])
    assert fields_of(read({"email": "a@example.com", "tier": "gold"}, custom=custom))["custom_2"] == "gold"
    assert fields_of(read({"user": {"mail": "b@example.com"}}, custom=custom))["email"] == "b@example.com"
    assert read({"order": 7}, custom=custom).__class__ is Undeliverable
    assert read({"user": {"mail": "b@example.com"}, "type": "identify"}, custom=custom).__class__ is Undeliverable


def test_a_named_consent_trait_stands_beside_the_contacts_own_keys(read: Decide) -> None:
    custom = CustomMapping.of({}, ["vip_texts"])
    contact = {"email": "a@example.com", "custom_1": "marketing_opt_in", "vip_texts": "no"}
    assert fields_of(read(contact, custom=custom))["custom_1"] == "marketing_opt_out"


EVENT_TEXT = orjson.dumps(EVENT).decode()
CONTACT_TEXT = orjson.dumps(CONTACT).decode()
UNWRAPPED = "leave ENROLMENT_EVENT_PATH out, the record itself is one"


@pytest.mark.parametrize(
    ("record", "path", "detail"),
    [
        (EVENT, None, "an event; set ENROLMENT_INPUT=event"),
        ({"event": "Signed Up", **CONTACT}, None, "an event; set ENROLMENT_INPUT=event"),
        (
            {"data": EVENT},
            None,
            "an event inside a wrapper; set ENROLMENT_INPUT=event and ENROLMENT_EVENT_PATH=/data",
        ),
        ({"payload": CONTACT}, None, "a contact inside a wrapper; set ENROLMENT_EVENT_PATH=/payload"),
        (
            {"payload": {"body": CONTACT_TEXT}},
            None,
            "a contact inside a wrapper; set ENROLMENT_EVENT_PATH=/payload/body",
        ),
        ({"payload": "hello"}, None, "JSON without a contact field under ClickSend's name; compare KAFKA_TOPIC"),
        ({"payload": "{broken"}, None, "JSON without a contact field under ClickSend's name; compare KAFKA_TOPIC"),
        ({"order": 7}, None, "JSON without a contact field under ClickSend's name; compare KAFKA_TOPIC"),
        ({"list_id": 7}, None, "JSON without a contact field under ClickSend's name; compare KAFKA_TOPIC"),
        ({}, None, "JSON without a contact field under ClickSend's name; compare KAFKA_TOPIC"),
        ({"x": EVENT}, "/x", "no contact at /x: an event; set ENROLMENT_INPUT=event"),
        ({"x": 7}, "/x", "no contact at /x: JSON without a contact field under ClickSend's name; compare KAFKA_TOPIC"),
        ({"x": {}}, "/x", "no contact at /x: JSON without a contact field under ClickSend's name; compare KAFKA_TOPIC"),
        (CONTACT, "/x", f"no contact at /x: a contact under ClickSend's own names; {UNWRAPPED}"),
        ({"specversion": "1.0", "data": CONTACT}, None, "a CloudEvent; set ENROLMENT_EVENT_PATH=/data"),
        (
            {"specversion": "1.0", "data": EVENT},
            None,
            "a CloudEvent; set ENROLMENT_INPUT=event and ENROLMENT_EVENT_PATH=/data",
        ),
        ({"specversion": "1.0", **CONTACT}, None, "a CloudEvent that holds no contact"),
    ],
    ids=str,
)
def test_what_is_no_contact_meets_the_input_guard(
    record: dict[str, Any], path: str | None, detail: str, read: Decide
) -> None:
    assert read(record, event_path=path) == Undeliverable(DeadLetterReason.UNRECOGNISED, detail)


@pytest.mark.parametrize("value", [b"{broken", b"[]", b"7", b"\x00\x00\x00\x00\x07x"])
def test_what_is_no_json_object_is_undecodable(value: bytes) -> None:
    decision = Enroller(Rules.of(input=Input.CONTACT)).decide(value)
    assert isinstance(decision, Undeliverable)
    assert (decision.reason, decision.is_event) == (DeadLetterReason.UNDECODABLE, False)


@pytest.mark.parametrize(
    ("record", "path", "detail"),
    [
        (CONTACT, None, "a contact under ClickSend's own names; set ENROLMENT_INPUT=contact"),
        ({**CONTACT, "list_id": 428}, None, "a contact under ClickSend's own names; set ENROLMENT_INPUT=contact"),
        (
            {"payload": CONTACT},
            None,
            "a contact inside a wrapper; set ENROLMENT_INPUT=contact and ENROLMENT_EVENT_PATH=/payload",
        ),
        (
            {"payload": CONTACT_TEXT},
            None,
            "a contact inside a wrapper; set ENROLMENT_INPUT=contact and ENROLMENT_EVENT_PATH=/payload",
        ),
        ({"x": CONTACT}, "/x", "no event at /x: a contact under ClickSend's own names; set ENROLMENT_INPUT=contact"),
        ({"x": 7}, "/x", "no event at /x: JSON without a text under type or event; compare KAFKA_TOPIC"),
        (EVENT, "/x", f"no event at /x: an event; {UNWRAPPED}"),
    ],
    ids=str,
)
def test_contacts_where_events_are_wanted_say_so(
    record: dict[str, Any], path: str | None, detail: str, decide: Decide
) -> None:
    assert decide(record, event_path=path) == Undeliverable(DeadLetterReason.UNRECOGNISED, detail)
