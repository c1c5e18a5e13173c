from __future__ import annotations

from random import Random

import orjson
import pytest

from consumer.demo.events import Emission, Events, flat_traits, name_only_traits, nested_traits
from consumer.demo.visitors import COUNTRIES, Person
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.enrolment.enroller import Decision, Enrolled, Enroller, Filtered, Undeliverable
from consumer.enrolment.rules import Rules

DE = COUNTRIES[2]
PERSON = Person("Hana", "Keller", "Hana.Keller1@example.org", DE, 7)


@pytest.fixture
def events() -> Events:
    return Events(Random(1))


def decided(emission: Emission) -> Decision:
    return Enroller(Rules.of()).decide(emission.value)


def contact(emission: Emission) -> dict[str, str]:
    decision = decided(emission)
    assert isinstance(decision, Enrolled)
    return decision.contact.fields()


def test_the_connector_pages_example_becomes_the_payload_that_is_printed_there(events: Events) -> None:
    decision = decided(events.example())
    assert isinstance(decision, Enrolled)
    assert decision.payload == (
        b'{"email":"jane.doe@example.com","phone_number":"+14155550132","first_name":"Jane","last_name":"Doe",'
        b'"organization_name":"Acme Inc","custom_1":"marketing_opt_in"}'
    )


def test_events_have_the_shape_of_signals_schema(events: Events) -> None:
    event = orjson.loads(events.browsing("v-1").value)
    assert {"type", "context", "timestamp", "messageId", "anonymousId"} <= event.keys()
    assert {"page", "device", "consent"} <= event["context"].keys()
    assert event["anonymousId"] == "v-1"
    assert event["timestamp"].startswith("2026-01-15T09:00:0")
    assert event["timestamp"].endswith("Z")


def test_browsing_is_filtered(events: Events) -> None:
    for _ in range(50):
        assert decided(events.browsing("v")) == Filtered(FilterReason.NOT_ENROLMENT)


def test_a_sign_up_form_with_a_phone_number_in_national_form(events: Events) -> None:
    assert contact(events.signed_up("v", flat_traits(PERSON), marketing=True)) == {
        "email": "hana.keller1@example.org",
        "phone_number": "+493023125107",
        "first_name": "Hana",
        "last_name": "Keller",
        "address_city": "Berlin",
        "address_postal_code": "10115",
        "address_country": "DE",
        "custom_1": "marketing_opt_in",
    }


def test_an_account_in_camel_case(events: Events) -> None:
    assert contact(events.identify("v", nested_traits(PERSON), marketing=False)) == {
        "email": "hana.keller1@example.org",
        "phone_number": "+493023125107",
        "first_name": "Hana",
        "last_name": "Keller",
        "address_city": "Berlin",
        "address_postal_code": "10115",
        "address_country": "DE",
        "custom_1": "marketing_opt_out",
    }


def test_a_name_in_one_piece(events: Events) -> None:
    assert contact(events.identify("v", name_only_traits(PERSON))) == {
        "email": "hana.keller1@example.org",
        "first_name": "Hana",
        "last_name": "Keller",
        "custom_1": "marketing_unknown",
    }


def test_a_broken_record_is_not_json(events: Events) -> None:
    decision = decided(events.broken("v"))
    assert isinstance(decision, Undeliverable)
    assert decision.reason is DeadLetterReason.UNDECODABLE
