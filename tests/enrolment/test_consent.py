"""Marketing consent: only a clear yes or no counts."""

from __future__ import annotations

from typing import Any

import pytest

from consumer.enrolment.consent import Consent, clear_answer, consent_of
from consumer.enrolment.origin import Origin
from consumer.enrolment.parts import Parts, places_of


def consent(event: dict[str, Any]) -> Consent:
    return consent_of(event, places_of(Parts.of(event)))[0]


@pytest.mark.parametrize(
    "value",
    [
        True,
        1,
        1.0,
        "true",
        "True",
        "yes",
        " YES ",
        "y",
        "1",
        "on",
        "opt_in",
        "opted_in",
        "Opted In",
        "opt-in",
        "marketing_opt_in",
        "granted",
        "subscribed",
    ],
)
def test_a_clear_yes(value: object) -> None:
    assert clear_answer(value) is True


@pytest.mark.parametrize(
    "value",
    [
        False,
        0,
        "false",
        "FALSE",
        "no",
        "n",
        "0",
        "off",
        "opt_out",
        "opted_out",
        "Opted-Out",
        "marketing_opt_out",
        "denied",
        "declined",
    ],
)
def test_a_clear_no(value: object) -> None:
    assert clear_answer(value) is False


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        " ",
        "maybe",
        "unknown",
        "marketing_unknown",
        "yes please",
        "null",
        2,
        -1,
        0.5,
        [],
        [True],
        {},
        "C0004",
        {"granted": True},
    ],
)
def test_anything_else_is_unclear(value: object) -> None:
    assert clear_answer(value) is None


@pytest.mark.parametrize(
    "key",
    [
        *("marketing_opt_in", "marketingOptIn", "marketing_opted_in", "marketingOptedIn"),
        *("marketing_consent", "marketingConsent", "accepts_marketing", "acceptsMarketing"),
        *("opt_in", "optIn", "opted_in", "optedIn", "custom_1"),
    ],
)
def test_an_explicit_trait_decides(key: str) -> None:
    context = {"consent": {"canonical": {"marketing": True}}}
    assert consent({"traits": {key: "yes"}}) is Consent.OPT_IN
    assert consent({"traits": {key: "no"}, "context": context}) is Consent.OPT_OUT
    assert consent({"traits": {key: "perhaps"}, "context": context}) is Consent.OPT_IN
    assert consent({"traits": {key: None}, "context": context}) is Consent.OPT_IN


@pytest.mark.parametrize("key", ["marketing_opt_out", "marketingOptOut", "opt_out", "optOut"])
def test_an_explicit_opt_out_comes_first_but_its_denial_is_no_consent(key: str) -> None:
    assert consent({"traits": {key: True}}) is Consent.OPT_OUT
    assert consent({"traits": {key: True, "marketing_opt_in": True}}) is Consent.OPT_OUT
    assert consent({"traits": {key: False}}) is Consent.UNKNOWN
    assert consent({"traits": {key: False, "marketing_opt_in": True}}) is Consent.OPT_IN


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
        ({"canonical": {"marketing": True}, "marketing": False}, Consent.OPT_IN),
        ({"canonical": {"marketing": "?"}, "marketing": False}, Consent.OPT_OUT),
        ({"canonical": {"marketing": None}, "marketing": True}, Consent.OPT_IN),
        ({"canonical": {"analytics": True}}, Consent.UNKNOWN),
        ({"canonical": True, "marketing": {"granted": True}}, Consent.UNKNOWN),
        ({"categories": {"C0004": True}}, Consent.UNKNOWN),
        ({}, Consent.UNKNOWN),
        ([True], Consent.UNKNOWN),
        (True, Consent.UNKNOWN),
        (None, Consent.UNKNOWN),
    ],
)
def test_the_canonical_consent_counts_before_the_older_one(given: object, expected: Consent) -> None:
    assert consent({"context": {"consent": given}}) is expected


def test_the_origin_tells_what_decided() -> None:
    def origin(event: dict[str, Any]) -> Origin | None:
        return consent_of(event, places_of(Parts.of(event)))[1]

    older = {"context": {"consent": {"marketing": True}}}
    canonical = {"context": {"consent": {"canonical": {"marketing": True}}}}
    assert origin({"traits": {"optIn": 1}}) == Origin("custom_1", "/traits", "optIn")
    assert origin({"properties": {"opt_out": 1}}) == Origin("custom_1", "/properties", "opt_out")
    assert origin(canonical) == Origin("custom_1", "/context/consent/canonical", "marketing")
    assert origin(older) == Origin("custom_1", "/context/consent", "marketing")
    assert origin({}) is None
