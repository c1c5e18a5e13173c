"""What becomes of a record, from its bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from consumer.enrolment.contact import Contact
from consumer.enrolment.custom_mapping import CustomMapping
from consumer.enrolment.decision import Decision, Enrolled, Filtered, Undeliverable
from consumer.enrolment.decode import NotJson
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Input, Rules
from consumer.enrolment.schema import Schema
from tests.support.events import connector_example

Decide = Callable[..., Decision]

NOT_ENROLMENT = Filtered(FilterReason.NOT_ENROLMENT)
NO_IDENTITY = Filtered(FilterReason.NO_IDENTITY)
PAGE_PAYLOAD = (
    b'{"email":"jane.doe@example.com","phone_number":"+14155550132","first_name":"Jane","last_name":"Doe",'
    b'"organization_name":"Acme Inc","custom_1":"marketing_opt_in"}'
)


@pytest.mark.parametrize("place", ["traits", "context", "options"])
def test_the_product_pages_example_becomes_the_payload_printed_there(place: str, decide: Decide) -> None:
    decision = decide(connector_example(place))
    assert isinstance(decision, Enrolled)
    assert decision.payload == PAGE_PAYLOAD
    assert decision.event == "Signed Up"
    assert decision.notes == ()


def test_a_whole_contact(decide: Decide) -> None:
    event = {
        "type": "identify",
        "traits": {
            "email": " JANE@EXAMPLE.COM ",
            "phone": "07911 123456",
            "name": "Jane van Doe",
            "company": {"name": "Acme Ltd"},
            "address": {"city": "Leeds", "state": "West Yorkshire", "postalCode": "LS1 1BA", "country": "uk"},
            "marketingOptIn": "no",
        },
    }
    decision = decide(event)
    assert isinstance(decision, Enrolled)
    assert decision.contact == Contact(
        email="jane@example.com",
        phone_number="+447911123456",
        first_name="Jane",
        last_name="van Doe",
        organization_name="Acme Ltd",
        address_city="Leeds",
        address_state="West Yorkshire",
        address_postal_code="LS1 1BA",
        address_country="GB",
        custom_1="marketing_opt_out",
    )


@pytest.mark.parametrize("value", [None, b""])
def test_a_record_without_a_value_is_a_tombstone(value: bytes | None) -> None:
    assert Enroller(Rules.of()).decide(value) == Filtered(FilterReason.TOMBSTONE)


@pytest.mark.parametrize("value", [b"null", b"7", b'"identify"', b"[]", b'[{"type":"identify"}]', b"true", b"0.5"])
def test_json_that_is_no_object_is_undecodable(value: bytes) -> None:
    decision = Enroller(Rules.of()).decide(value)
    assert isinstance(decision, Undeliverable)
    assert decision.reason is DeadLetterReason.UNDECODABLE
    assert decision.detail.startswith("not a JSON object: ")
    assert not decision.is_event


def test_what_is_no_json_is_undecodable() -> None:
    decision = Enroller(Rules.of()).decide(b'{"type":')
    assert isinstance(decision, Undeliverable)
    assert decision.reason is DeadLetterReason.UNDECODABLE
    assert decision.detail.startswith("not JSON: ")


def test_browsing_events_are_filtered_without_being_looked_at(decide: Decide) -> None:
    odd = {"traits": [1], "context": 7, "properties": True, "options": "x"}
    assert decide({"type": "page", "name": "Home", **odd}) is decide({"type": "track", "event": "Product Viewed"})
    assert decide({"type": "page", "name": "Home", **odd}) == NOT_ENROLMENT
    assert decide({"event": "Signed Up", **odd}) == NOT_ENROLMENT, "a text under type or event makes an event"


@pytest.mark.parametrize(
    "traits",
    [
        {},
        {"first_name": "Jane"},
        {"email": None, "phone": ""},
        {"email": "  ", "phone": []},
        {"anonymousId": "x", "userId": "jane@example.com"},
    ],
)
def test_an_enrolment_event_without_an_identity_is_filtered(traits: dict[str, Any], decide: Decide) -> None:
    assert decide({"type": "identify", "traits": traits}) == NO_IDENTITY
    assert decide({"type": "identify", "traits": None}) == NO_IDENTITY


@pytest.mark.parametrize(
    ("traits", "detail"),
    [
        ({"email": "jane"}, "email unusable"),
        ({"phone": "415 555 0132"}, "phone_number unusable"),
        ({"email": "jane", "phone": "12"}, "email unusable, phone_number unusable"),
        ({"email": "a1" * 32, "phone": "B2" * 32}, "email hashed, phone_number hashed"),
        ({"email": True}, "email unusable"),
        ({"email": {"name": "jane@example.com"}, "phone": None}, "email unusable"),
        ({"email": [["jane@example.com"]]}, "email unusable"),
        ({"email": ["jane"]}, "email unusable"),
        ({"phone": 0}, "phone_number unusable"),
        ({"email": "jane", "country": "Narnia"}, "address_country unrecognised, email unusable"),
    ],
)
def test_identities_that_cannot_be_used_make_a_dead_letter(traits: dict[str, Any], detail: str, decide: Decide) -> None:
    decision = decide({"type": "identify", "traits": traits})
    assert isinstance(decision, Undeliverable)
    assert decision.reason is DeadLetterReason.UNMAPPABLE
    assert set(decision.detail.split(", ")) == set(detail.split(", "))


@pytest.mark.parametrize("wrong", [[1, 2], 7, "x", True, None])
@pytest.mark.parametrize("key", ["context", "options", "properties", "event", "userId", "timestamp"])
def test_a_wrong_type_where_nothing_is_needed_still_delivers(key: str, wrong: object, decide: Decide) -> None:
    decision = decide({"type": "identify", "traits": {"email": "jane@example.com"}, key: wrong})
    assert isinstance(decision, Enrolled)
    assert decision.contact == Contact(email="jane@example.com")


def test_deep_nesting_where_nothing_is_needed_still_delivers() -> None:
    deep = b'{"a":' * 1000 + b"1" + b"}" * 1000
    decision = Enroller(Rules.of()).decide(b'{"type":"identify","traits":{"email":"j@example.com"},"x":' + deep + b"}")
    assert isinstance(decision, Enrolled)


def test_a_value_of_five_megabytes_is_delivered() -> None:
    event = {"type": "identify", "traits": {"email": "j@example.com", "phone": "1" * 2_500_000}, "x": "y" * 2_500_000}
    decision = Enroller(Rules.of()).decide(orjson.dumps(event))
    assert isinstance(decision, Enrolled)
    assert decision.contact == Contact(email="j@example.com")


def test_the_event_is_taken_out_of_its_wrapper(decide: Decide) -> None:
    event = {"type": "identify", "traits": {"email": "jane@example.com"}}
    for payload in (event, orjson.dumps(event).decode()):
        decision = decide({"meta": {}, "payload": [payload]}, event_path="/payload/0")
        assert isinstance(decision, Enrolled)
    assert decide({"payload": []}, event_path="/payload/0") == Undeliverable(
        DeadLetterReason.UNRECOGNISED,
        "no event at /payload/0: JSON without a text under type or event; compare KAFKA_TOPIC",
    )


def test_the_event_schema_is_asked_about_enrolment_events_only() -> None:
    nothing = Schema({"required": ["messageId"]})
    enroller = Enroller(Rules.of(), event_schema=nothing)
    assert enroller.decide(b'{"type":"page"}') == NOT_ENROLMENT
    assert enroller.decide(b'{"type":"identify"}') == Undeliverable(
        DeadLetterReason.UNDECODABLE, "against the event schema: required", is_event=True
    )


def test_a_contact_against_the_schema_does_not_leave() -> None:
    strict = Schema({"properties": {"email": {"maxLength": 5}}})
    decision = Enroller(Rules.of(), contact_schema=strict).decide(
        b'{"type":"identify","traits":{"email":"j@example.com"}}'
    )
    expected = "against the contact schema: email/maxLength"
    assert decision == Undeliverable(DeadLetterReason.UNMAPPABLE, expected, is_event=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(b'{"message":{"type":"identify"}}', {"type": "identify"}, id="wrapped"),
        pytest.param(b'{"message":5}', 5, id="of another type"),
        pytest.param(b'{"type":"identify"}', None, id="not there"),
    ],
)
def test_the_event_alone_is_read_as_well(value: bytes, expected: object) -> None:
    assert Enroller(Rules.of(event_path="/message")).event_in(value) == expected


def test_of_what_is_no_json_there_is_no_event() -> None:
    assert isinstance(Enroller(Rules.of()).event_in(b"{broken"), NotJson)


@pytest.mark.parametrize(
    ("rules", "event", "pointers"),
    [
        pytest.param(
            Rules.of(),
            {"traits": {"email": "a", "phone": "1"}, "userId": "b"},
            {"/traits/email", "/traits/phone"},
            id="event",
        ),
        pytest.param(
            Rules.of(custom=CustomMapping.of({"email": ("/userId",)}, ())),
            {"traits": {"email": "a"}, "userId": "b"},
            {"/traits/email", "/userId"},
            id="named",
        ),
        pytest.param(Rules.of(input=Input.CONTACT), {"email": "a", "mail": "b"}, {"/email"}, id="contact"),
        pytest.param(Rules.of(), ["email"], set(), id="no object"),
    ],
)
def test_the_places_that_are_read_are_told_also_those_not_used(rules: Rules, event: object, pointers: set[str]) -> None:
    assert Enroller(rules).identity_pointers(event) == pointers


@pytest.mark.parametrize(
    "event",
    [
        {"traits": '{"email":"jane@example.com"}'},
        {"context": '{"traits":{"email":"jane@example.com"}}'},
        {"context": {"traits": ' {"email":"jane@example.com"}'}},
        {"options": {"traits": '{"email":"jane@example.com"}'}},
        {"properties": '{"traits":{"email":"jane@example.com"}}'},
    ],
    ids=str,
)
def test_traits_that_were_encoded_twice_are_read(event: dict[str, Any]) -> None:
    decision = Enroller(Rules.of()).decide(orjson.dumps({"type": "identify", **event}))
    assert isinstance(decision, Enrolled)
    assert decision.contact.email == "jane@example.com"


@pytest.mark.parametrize("traits", ['{"email":', "[]", "jane@example.com", [{}], "{" * 30_000, 7])
def test_traits_that_are_no_object_in_any_form_count_as_absent(traits: object) -> None:
    decision = Enroller(Rules.of()).decide(orjson.dumps({"type": "identify", "traits": traits}))
    assert decision == Filtered(FilterReason.NO_IDENTITY)
