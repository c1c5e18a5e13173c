from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest

from consumer.commands.explain.explanation import Explainer, Explanation
from consumer.enrolment.consent import Consent
from consumer.enrolment.custom_mapping import CustomMapping
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Input, Rules
from consumer.formats.decider import Decider

SIGN_UP = {
    "type": "track",
    "event": "Signed Up",
    "traits": {"email": "Jane.Doe@example.com", "phone": "0415 555 0132", "country": "US"},
    "context": {"consent": {"marketing": True}},
}


def explain(event: object, **age: Any) -> Explanation:
    value = event if isinstance(event, bytes) else orjson.dumps(event)
    return next(Explainer(Decider(Enroller(Rules.of())), 60_000, None).explanations("line 1", value, **age))


def test_a_contact_is_shown_with_the_place_of_each_field_and_how_its_phone_was_read() -> None:
    found = explain({**SIGN_UP, "traits": {**SIGN_UP["traits"], "phone": "(415) 555-0132"}})  # type: ignore[dict-item]  # an object
    assert (found.disposition, found.reason, found.event) == ("deliver", None, "Signed Up")
    assert found.contact == {
        "email": "jane.doe@example.com",
        "phone_number": "+14155550132",
        "address_country": "US",
        "custom_1": "marketing_opt_in",
    }
    assert found.origins == {
        "email": "/traits/email",
        "phone_number": "/traits/phone",
        "address_country": "/traits/country",
        "custom_1": "/context/consent/marketing",
    }
    assert found.notes == ("phone_number read_by_country",)


@pytest.mark.parametrize(
    ("event", "disposition", "reason", "name"),
    [
        ({"type": "track", "event": "Product Viewed"}, "filtered", "not_enrolment", "Product Viewed"),
        ({"type": "page", "name": "Home"}, "filtered", "not_enrolment", "page"),
        ({"type": "identify", "traits": {"name": "Jane"}}, "filtered", "no_identity", "identify"),
        ({"type": "identify", "traits": {"phone": "12"}}, "dead_lettered", "unmappable", "identify"),
        (b"{broken", "dead_lettered", "undecodable", None),
        (b"[]", "filtered", "not_enrolment", None),
        (b"[7]", "dead_lettered", "undecodable", None),
        ({"payload": {"type": "identify"}}, "dead_lettered", "unrecognised", None),
        ({}, "dead_lettered", "unrecognised", None),
    ],
)
def test_what_has_no_contact_says_why(event: object, disposition: str, reason: str, name: str | None) -> None:
    found = explain(event)
    assert (found.disposition, found.reason, found.event, found.contact) == (disposition, reason, name, None)


def test_a_dead_letter_says_what_is_wrong_with_it() -> None:
    assert explain({"type": "identify", "traits": {"phone": "12"}}).notes == ("phone_number unusable",)


def test_a_record_that_is_too_old_is_filtered_as_the_worker_would() -> None:
    assert explain(SIGN_UP, timestamp_ms=1_000, now_ms=62_000).reason == "too_old"
    assert explain(SIGN_UP, timestamp_ms=2_000, now_ms=62_000).disposition == "deliver"


def test_without_a_time_nothing_is_too_old() -> None:
    assert explain(SIGN_UP, timestamp_ms=-1, now_ms=62_000).disposition == "deliver"


def test_a_name_inside_a_wrapper_is_not_guessed() -> None:
    wrapped = Explainer(Decider(Enroller(Rules.of(event_path="/payload"))), 0, "/payload")
    found = next(wrapped.explanations("line 1", b'{"type":"wrapper","payload":{"type":"page"}}'))
    assert (found.reason, found.event) == ("not_enrolment", None)


def test_an_explanation_in_a_log_shows_no_contact() -> None:
    assert "example.com" not in repr(explain(SIGN_UP))


FIELDS = {
    "custom_2": ("/traits/loyalty_tier",),
    "custom_3": ("/traits/store", "/context/campaign/source"),
    "phone_number": ("/traits/whatsapp", "/traits/phone"),
}


def explain_mapped(event: object) -> Explanation:
    decider = Decider(Enroller(Rules.of(custom=CustomMapping.of(FIELDS, ["vip_texts"]))))
    return next(Explainer(decider, 0, None, FIELDS).explanations("line 1", orjson.dumps(event)))


def test_the_pointer_that_gave_a_value_is_shown() -> None:
    traits = {"email": "j@example.com", "loyalty_tier": "gold", "whatsapp": ["+14155550132"], "vip_texts": True}
    found = explain_mapped({"type": "identify", "traits": traits, "context": {"campaign": {"source": "spring"}}})
    assert found.origins == {
        "email": "/traits/email",
        "phone_number": "/traits/whatsapp/0",
        "custom_1": "/traits/vip_texts",
        "custom_2": "/traits/loyalty_tier",
        "custom_3": "/context/campaign/source",
    }
    assert found.notes == ()


def test_pointers_that_gave_no_value_are_told() -> None:
    traits = {"email": "j@example.com", "mobile": "+14155550132", "store": {"name": "Leeds"}}
    found = explain_mapped({"type": "identify", "traits": traits})
    assert found.notes == (
        "custom_2: nothing at /traits/loyalty_tier",
        "custom_3: no usable value at /traits/store",
        "phone_number: nothing at /traits/whatsapp, /traits/phone",
    )


@pytest.mark.parametrize(
    ("traits", "reason"), [({"name": "Jane"}, "no_identity"), ({"whatsapp": "12"}, "unmappable")], ids=str
)
def test_they_are_told_where_there_is_no_contact_too(traits: dict[str, str], reason: str) -> None:
    found = explain_mapped({"type": "identify", "traits": traits})
    assert found.reason == reason
    assert "custom_2: nothing at /traits/loyalty_tier" in found.notes


@pytest.mark.parametrize(
    ("traits", "notes"),
    [
        ({}, ("custom_1 is marketing_unknown: nothing in the event says so",)),
        ({"do_not_sms": True}, ("custom_1 is marketing_opt_out: by /traits/do_not_sms",)),
        (
            {"marketing_opt_in": "pending"},
            ("custom_1 is marketing_unknown: by /traits/marketing_opt_in", "custom_1 unreadable"),
        ),
    ],
)
def test_whom_the_consent_policy_leaves_out_is_told_why(traits: dict[str, object], notes: tuple[str, ...]) -> None:
    decider = Decider(Enroller(Rules.of(withheld=frozenset({Consent.UNKNOWN, Consent.OPT_OUT}))))
    event = {"type": "identify", "traits": {"email": "j@example.com", **traits}}
    found = next(Explainer(decider, 0, None).explanations("line 1", orjson.dumps(event)))
    assert (found.disposition, found.reason, found.contact) == ("filtered", "no_consent", None)
    assert found.notes == notes


def test_a_contact_is_explained_as_one() -> None:
    explainer = Explainer(Decider(Enroller(Rules.of(input=Input.CONTACT))), 0, None)
    found = next(
        explainer.explanations("line 1", b'{"email":"j@example.com","phone_number":"+14155550132","x":"k@example.com"}')
    )
    assert (found.disposition, found.event) == ("deliver", "Contact")
    assert found.origins == {"email": "/email", "phone_number": "/phone_number"}
    assert found.notes == ("found an email at /x, which is not read",)
    assert next(explainer.explanations("line 2", b'{"type":"identify"}')).notes == (
        "an event; set ENROLMENT_INPUT=event",
    )


def test_the_format_is_named_and_the_event_inside_it() -> None:
    framed = explain(b"\0\0\0\0\7" + orjson.dumps(SIGN_UP))
    assert (framed.disposition, framed.event, framed.format) == ("deliver", "Signed Up", "framing, json")
    assert framed.origins["email"] == "/traits/email"
    page = {"specversion": "1.0", "type": "com.example.page", "data": {"type": "track", "event": "Product Viewed"}}
    assert (explain(page).event, explain(page).format) == ("Product Viewed", "cloudevents_structured, json")
    assert explain(b"\0\0\0\0\7\2").event is None
    by_header = explain(SIGN_UP, headers=lambda: [("ce_specversion", b"1.0")])
    assert by_header.format == "cloudevents_binary, json"
    assert explain(SIGN_UP).format == "json"


def test_the_own_mapping_is_explained_inside_another_format() -> None:
    decider = Decider(Enroller(Rules.of(custom=CustomMapping.of(FIELDS, ()))))
    traits = {"email": "j@example.com", "whatsapp": "+14155550132", "loyalty_tier": "gold"}
    value = {"specversion": "1.0", "data": {"type": "identify", "traits": traits}}
    found = next(Explainer(decider, 0, None, FIELDS).explanations("line 1", gzip.compress(orjson.dumps(value))))
    assert found.format == "gzip, cloudevents_structured, json"
    assert found.origins["custom_2"] == "/traits/loyalty_tier"
    assert found.origins["phone_number"] == "/traits/whatsapp"
    assert found.notes == ("custom_3: nothing at /traits/store, /context/campaign/source",)


@pytest.mark.parametrize("kind", [{}, {"type": "batch"}], ids=["no-type", "type"])
def test_each_event_of_a_record_is_explained(kind: dict[str, str]) -> None:
    value = orjson.dumps({**kind, "batch": [SIGN_UP, {"type": "page"}, 7]})
    found = list(Explainer(Decider(Enroller(Rules.of())), 0, None).explanations("events-0@17", value))
    assert [each.source for each in found] == [f"events-0@17 event {index}" for index in range(3)]
    assert [each.disposition for each in found] == ["deliver", "filtered", "dead_lettered"]
    assert {each.format for each in found} == {"json, batch"}
    assert found[0].origins["email"] == "/traits/email"


def test_an_empty_batch_is_explained() -> None:
    found = explain([])
    assert (found.disposition, found.notes) == ("filtered", ("an empty batch",))
