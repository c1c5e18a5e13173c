"""Marketing consent: a refusal counts before what can't be read, and that before a consent."""

from __future__ import annotations

import math
from typing import Any

import pytest

from consumer.enrolment.consent import Consent, ConsentReading, ConsentTrait, consent_reading
from consumer.enrolment.note import NoteKind
from consumer.enrolment.origin import FieldOrigin
from consumer.enrolment.parts import Parts, places_of
from consumer.enrolment.traits import find_all
from tests.enrolment.test_consent_answer import CONSENTED, NO, REFUSED, UNREADABLE, YES

CONTEXT = {"consent": {"canonical": {"marketing": True}}}


def reading(event: dict[str, Any]) -> ConsentReading:
    parts = Parts.of(event)
    consents = find_all(places_of(parts)).consents
    traits = [ConsentTrait(kind, value, FieldOrigin("custom_1", *where)) for kind, value, *where in consents]
    return consent_reading(traits, parts.context.consent if parts.context else None)


def of_traits(**traits: object) -> tuple[Consent, NoteKind | None]:
    """Return the consent and the note of an event with these traits, and with a yes in its context."""
    consent, _, note = reading({"traits": traits, "context": CONTEXT})
    return consent, note


def consent(event: dict[str, Any]) -> Consent:
    return reading(event).consent


OPT_IN, OPT_OUT = (Consent.OPT_IN, None), (Consent.OPT_OUT, None)
UNREADABLE_CONSENT = (Consent.UNKNOWN, NoteKind.UNREADABLE)
CONTRADICTORY = (Consent.UNKNOWN, NoteKind.CONTRADICTORY)
DIFFERING = (Consent.OPT_OUT, NoteKind.DIFFERING)


@pytest.mark.parametrize("value", [*YES, *CONSENTED], ids=ascii)
def test_a_yes_is_a_consent(value: object) -> None:
    assert consent({"traits": {"marketing_consent": value}}) is Consent.OPT_IN


@pytest.mark.parametrize("value", [*NO, *REFUSED], ids=ascii)
def test_a_no_or_a_word_of_refusal_is_a_refusal_whatever_the_context_says(value: object) -> None:
    assert of_traits(marketing_consent=value) == OPT_OUT


@pytest.mark.parametrize("value", UNREADABLE, ids=lambda each: ascii(each)[:40])
def test_what_cannot_be_read_never_lets_the_context_say_yes(value: object) -> None:
    assert of_traits(marketing_consent=value) == UNREADABLE_CONSENT
    assert of_traits(is_subscribed=value) == UNREADABLE_CONSENT
    assert of_traits(marketing_opt_out=value) == UNREADABLE_CONSENT


@pytest.mark.parametrize("value", [None, "", " "])
@pytest.mark.parametrize("key", ["marketing_consent", "is_subscribed", "opt_out", "consent"])
def test_an_empty_value_is_absent_so_the_context_is_asked(key: str, value: object) -> None:
    assert of_traits(**{key: value}) == OPT_IN


@pytest.mark.parametrize(
    "key", ["marketing_opt_out", "optOut", "unsubscribed", "do_not_contact", "do_not_sms", "suppressed"]
)
def test_a_key_of_refusal(key: str) -> None:
    for refusal in (True, 1, "yes", "true", "opted_out", "opt_out", "unsubscribed", "withdrawn", "STOP"):
        assert of_traits(**{key: refusal}) == OPT_OUT
    for neither in (False, 0, "no", "false", "0", "nein"):
        assert of_traits(**{key: neither}) == OPT_IN, "the context decides"
        assert consent({"traits": {key: neither}}) is Consent.UNKNOWN
    for word_of_consent in ("opted_in", "subscribed", "granted", "accepted"):
        assert of_traits(**{key: word_of_consent}) == CONTRADICTORY


@pytest.mark.parametrize(
    ("traits", "expected"),
    [
        ({"marketing_opt_in": True, "opt_out": True}, DIFFERING),
        ({"marketing_opt_in": True, "opt_out": False}, OPT_IN),
        ({"sms_opt_in": True, "email_opt_in": False}, DIFFERING),
        ({"sms_opt_in": False, "email_opt_in": True}, DIFFERING),
        ({"sms_opt_in": True, "email_opt_in": True}, OPT_IN),
        ({"sms_opt_in": False, "email_opt_in": False}, OPT_OUT),
        ({"sms_opt_in": True, "email_opt_in": None}, OPT_IN),
        ({"sms_opt_in": True, "email_opt_in": "cleaned"}, UNREADABLE_CONSENT),
        ({"sms_opt_in": False, "email_opt_in": "cleaned"}, OPT_OUT),
        ({"marketing_opt_in": True, "opt_out": "opted_in"}, CONTRADICTORY),
        ({"marketing_opt_in": False, "opt_out": "opted_in"}, OPT_OUT),
        ({"marketing_opt_in": True, "custom_1": "marketing_unknown"}, OPT_IN),
        ({"marketing_opt_in": True, "unsubscribed_at": "2026-01-31"}, UNREADABLE_CONSENT),
        ({"marketing_opt_in": True, "unsubscribed_at": None}, OPT_IN),
    ],
)
def test_of_several_traits_the_refusal_counts(traits: dict[str, object], expected: object) -> None:
    assert of_traits(**traits) == expected
    assert of_traits(**dict(reversed(traits.items()))) == expected


def test_of_several_places_the_refusal_counts() -> None:
    event = {"traits": {"opt_in": True}, "properties": {"opt_in": False}}
    assert reading(event) == (Consent.OPT_OUT, FieldOrigin("custom_1", "/properties", "opt_in"), NoteKind.DIFFERING)


@pytest.mark.parametrize("value", [True, "yes", "granted", {"marketing": True}])
@pytest.mark.parametrize("key", ["consent", "can_receive_sms"])
def test_a_yes_that_does_not_say_to_what_counts_as_absent(key: str, value: object) -> None:
    assert of_traits(**{key: value}) == OPT_IN
    assert consent({"traits": {key: value}}) is Consent.UNKNOWN


@pytest.mark.parametrize("value", [["email"], "?", {}, {"version": 3}, "pending", math.nan, "marketing:false"])
@pytest.mark.parametrize("key", ["consent", "can_receive_sms", "consented", "marketing_email"])
def test_a_value_that_cannot_be_read_under_such_a_key_is_unreadable_too(key: str, value: object) -> None:
    assert of_traits(**{key: value}) == UNREADABLE_CONSENT


@pytest.mark.parametrize("value", [{"utm_source": "x"}, "spring", ["a"], True])
def test_a_key_that_may_be_about_anything_says_only_no(value: object) -> None:
    assert of_traits(marketing=value) == OPT_IN
    assert of_traits(marketing=False) == of_traits(werbung="nein") == OPT_OUT


@pytest.mark.parametrize(
    "traits",
    [
        {"consent": {"marketing": False}},
        {"marketing": {"email": False, "sms": False}},
        {"consent": {"gdpr": {"marketing": {"consented": False}}}},  # mParticle
        {"marketing_consent": {"state": "unsubscribed"}},
        {"marketing": {"channels": {"sms": "unsubscribed"}}},
        {"marketing": {"channels": {"sms": False}}},
        {"consent": {"sources": {"web_form": "withdrawn"}}},
        {"subscriptions": {"email": {"marketing": {"consent": "UNSUBSCRIBED"}}}},  # Klaviyo
        {"defaultEmailAddress": {"marketingState": "UNSUBSCRIBED"}},  # Shopify
    ],
    ids=lambda each: next(iter(each)),
)
def test_a_refusal_inside_an_object_counts(traits: dict[str, object]) -> None:
    assert of_traits(**traits) == OPT_OUT


@pytest.mark.parametrize(
    "traits",
    [
        {"preferences": {"marketing": False}},
        {"customer": {"accepts_marketing": False}},
        {"attributes": {"marketing_opt_in": "?"}},
        {"consent": {"marketing": {"sms": "maybe"}}},
    ],
    ids=lambda each: next(iter(each)),
)
def test_doubt_inside_an_object_never_lets_the_context_say_yes(traits: dict[str, object]) -> None:
    assert of_traits(**traits) == UNREADABLE_CONSENT


@pytest.mark.parametrize(
    "traits",
    [
        {"preferences": {"marketing": True, "theme": {"dark": False}}},
        {"cookies": {"marketing": False}},
        {"push_settings": {"marketing": False, "consent": False}},
        {"settings": {"consent": None, "a": {"b": {"c": {"d": {"opt_in": False}}}}}},
    ],
    ids=lambda each: next(iter(each)),
)
def test_a_yes_or_another_purpose_inside_an_object_changes_nothing(traits: dict[str, object]) -> None:
    assert of_traits(**traits) == OPT_IN
    assert consent({"traits": traits}) is Consent.UNKNOWN


@pytest.mark.parametrize("value", [False, "no", "withdrawn", "denied"])
@pytest.mark.parametrize("key", ["consent", "can_receive_sms"])
def test_a_no_to_everything_is_a_refusal(key: str, value: object) -> None:
    assert of_traits(**{key: value}) == OPT_OUT


def test_a_status_that_may_be_of_a_payment_or_an_address_counts_only_as_a_word_of_refusal() -> None:
    assert of_traits(subscription_status="unsubscribed") == OPT_OUT
    assert of_traits(email_status="opted_out") == OPT_OUT
    for value in ("active", "canceled", "none", False, "past_due", "verified", "subscribed"):
        assert of_traits(subscription_status=value) == OPT_IN


@pytest.mark.parametrize(
    "traits",
    [
        {"cookie_consent": {"C0004": False}},
        {"subscription_plan": "none"},
        {"opt_in_date": "2026-01-31"},
        {"email_opt_in_source": "no"},
        {"push_opt_in": False},
    ],
    ids=str,
)
def test_other_traits_leave_the_decision_to_the_context(traits: dict[str, object]) -> None:
    assert of_traits(**traits) == OPT_IN


@pytest.mark.parametrize("value", ["marketing_opt_in", "marketing_opt_out", "marketing_unknown"])
def test_a_mapped_contact_keeps_its_consent(value: str) -> None:
    assert of_traits(custom_1=value) == (Consent(value), None)


@pytest.mark.parametrize(
    "event",
    [
        {"traits": {"marketing_opt_in": False}},
        {"context": {"traits": {"marketing_opt_in": False}}},
        {"options": {"traits": {"marketing_opt_in": False}}},
        {"properties": {"traits": {"marketing_opt_in": False}}},
        {"properties": {"marketing_opt_in": False}},
        {"context": {"consent": {"canonical": {"marketing": False}}}},
        {"context": {"consent": {"marketing": False}}},
    ],
    ids=["traits", "context.traits", "options.traits", "properties.traits", "properties", "canonical", "older"],
)
def test_consent_is_found_wherever_it_may_be(event: dict[str, Any]) -> None:
    assert consent(event) is Consent.OPT_OUT


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"canonical": {"marketing": True}, "marketing": False}, OPT_IN),
        ({"canonical": {"marketing": "granted"}}, OPT_IN),
        ({"canonical": {"marketing": "denied"}, "marketing": True}, OPT_OUT),
        ({"canonical": {"marketing": "?"}, "marketing": False}, OPT_OUT),
        ({"canonical": {"marketing": "?"}, "marketing": True}, UNREADABLE_CONSENT),
        ({"canonical": {"marketing": "pending"}}, UNREADABLE_CONSENT),
        ({"canonical": {"marketing": None}, "marketing": True}, OPT_IN),
        ({"canonical": {"analytics": True}}, (Consent.UNKNOWN, None)),
        ({"canonical": True, "marketing": {"granted": True}}, UNREADABLE_CONSENT),
        ({"canonical": "denied", "marketing": True}, UNREADABLE_CONSENT),
        ({"canonical": False, "marketing": True}, UNREADABLE_CONSENT),
        ({"canonical": ["marketing"], "marketing": False}, OPT_OUT),
        ({"canonical": None, "marketing": True}, OPT_IN),
        ({"categories": {"C0004": True}}, (Consent.UNKNOWN, None)),
        ({}, (Consent.UNKNOWN, None)),
        ([True], (Consent.UNKNOWN, None)),
        (True, (Consent.UNKNOWN, None)),
        (None, (Consent.UNKNOWN, None)),
    ],
)
def test_the_canonical_consent_counts_before_the_older_one(given: object, expected: object) -> None:
    consent, _, note = reading({"context": {"consent": given}})
    assert (consent, note) == expected


def test_the_origin_tells_what_decided() -> None:
    def origin(event: dict[str, Any]) -> FieldOrigin | None:
        return reading(event).origin

    older = {"context": {"consent": {"marketing": True}}}
    canonical = {"context": {"consent": {"canonical": {"marketing": True}}}}
    assert origin({"traits": {"optIn": 1}}) == FieldOrigin("custom_1", "/traits", "optIn")
    assert origin({"properties": {"opt_out": 1}}) == FieldOrigin("custom_1", "/properties", "opt_out")
    assert origin({"traits": {"Has Marketing-Consent": "?"}}) == FieldOrigin(
        "custom_1", "/traits", "Has Marketing-Consent"
    )
    assert origin(canonical) == FieldOrigin("custom_1", "/context/consent/canonical", "marketing")
    assert origin(older) == FieldOrigin("custom_1", "/context/consent", "marketing")
    unread = {"context": {"consent": {"canonical": "?", "marketing": True}}}
    assert origin(unread) == FieldOrigin("custom_1", "/context/consent", "canonical")
    assert origin({}) is None


@pytest.mark.parametrize(
    "key",
    [
        *("Do_Not_Contact__c", "HasOptedOutOfEmail__c", "et4ae5__HasOptedOutOfMobile__c", "Email_Opt_Out__c"),
        *("Do Not Contact?", "Opt-Out?", "unsubscribed?", "never_contact", "opt_out\u200b"),
    ],
)
def test_a_refusal_counts_under_the_keys_of_other_tools(key: str) -> None:
    assert of_traits(**{key: True}) == OPT_OUT


@pytest.mark.parametrize("key", ["Marketing_Opt_In__c", "Marketing Opt-in (SMS)", "can_be_contacted", "contact_by_sms"])
def test_a_no_counts_under_the_keys_of_other_tools(key: str) -> None:
    assert of_traits(**{key: False}) == OPT_OUT


def test_our_own_unknown_is_undecided_under_every_key() -> None:
    assert of_traits(opt_out="marketing_unknown") == of_traits(consent="marketing_unknown") == (Consent.UNKNOWN, None)


@pytest.mark.parametrize("value", ["!yes", "! true", "y\u0336e\u0336s\u0336"])
def test_a_negated_or_struck_through_yes_is_unreadable(value: str) -> None:
    assert of_traits(marketing_opt_in=value) == UNREADABLE_CONSENT
    assert of_traits(marketing_opt_in="yes!") == OPT_IN
