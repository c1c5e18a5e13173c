"""Whom the worker enrols, by their consent: a table of four rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from consumer.enrolment.consent import Consent
from consumer.enrolment.decision import Decision, Enrolled, Filtered, Undeliverable
from consumer.enrolment.disposition import FilterReason
from consumer.enrolment.rules import ConsentPolicy, Input, OptOuts, withheld_by

Decide = Callable[..., Decision]

ALL, OPTED_IN = ConsentPolicy.ALL, ConsentPolicy.OPTED_IN
IN, OUT, UNKNOWN = Consent.OPT_IN, Consent.OPT_OUT, Consent.UNKNOWN


def identify(consent: str, **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "traits": {"email": "jane@example.com", "marketing_opt_in": consent, **traits}}


@pytest.mark.parametrize(
    ("policy", "opt_outs", "enrolled"),
    [
        (ALL, OptOuts.DELIVERED, {IN, OUT, UNKNOWN}),
        (ALL, OptOuts.FILTERED, {IN, UNKNOWN}),
        (OPTED_IN, OptOuts.DELIVERED, {IN, OUT}),
        (OPTED_IN, OptOuts.FILTERED, {IN}),
    ],
)
def test_each_pair_of_the_two_settings(
    policy: ConsentPolicy, opt_outs: OptOuts, enrolled: set[Consent], decide: Decide
) -> None:
    rules = {"withheld": withheld_by(policy, opt_outs)}
    decisions = {consent: decide(identify(consent), **rules) for consent in Consent}
    assert {consent for consent, decision in decisions.items() if isinstance(decision, Enrolled)} == enrolled
    for consent in set(Consent) - enrolled:
        decision = decisions[consent]
        assert isinstance(decision, Filtered)
        assert decision.reason is FilterReason.NO_CONSENT


def test_who_is_left_out_is_told_with_where_it_says_so_and_no_value_in_a_log(decide: Decide) -> None:
    decision = decide(identify("no"), withheld=frozenset({OUT}))
    assert isinstance(decision, Filtered)
    assert decision.withheld is not None
    assert (decision.withheld.identities, decision.withheld.consent) == (("jane@example.com",), OUT)
    assert decision.withheld.origin is not None
    assert decision.withheld.origin.pointer == "/traits/marketing_opt_in"
    assert "jane" not in repr(decision)


def test_where_nothing_says_so_there_is_no_place(decide: Decide) -> None:
    decision = decide({"type": "identify", "traits": {"email": "j@example.com"}}, withheld=frozenset({UNKNOWN}))
    assert isinstance(decision, Filtered)
    assert decision.withheld is not None
    assert decision.withheld.origin is None


def test_a_contact_that_is_left_out_makes_no_dead_letter(decide: Decide) -> None:
    event = {"type": "identify", "traits": {"email": "no address", "phone": "12"}}
    assert isinstance(decide(event), Undeliverable)
    assert decide(event, withheld=frozenset({UNKNOWN})).__class__ is Filtered


def test_without_an_identity_that_is_the_reason(decide: Decide) -> None:
    decision = decide({"type": "identify", "traits": {"name": "Jane"}}, withheld=frozenset({UNKNOWN}))
    assert decision == Filtered(FilterReason.NO_IDENTITY)


def test_the_policy_holds_for_contacts_too(decide: Decide) -> None:
    rules = {"input": Input.CONTACT, "withheld": withheld_by(OPTED_IN, OptOuts.DELIVERED)}
    for consent, kind in ((IN, Enrolled), (OUT, Enrolled), (UNKNOWN, Filtered)):
        assert isinstance(decide({"email": "j@example.com", "custom_1": consent}, **rules), kind)
