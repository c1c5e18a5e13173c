"""For ordinary sign-ups, the mapper matches a plain reference: field by field, source by source."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from consumer.enrolment.decision import Enrolled, Filtered
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.mapper import map_event
from consumer.enrolment.parts import Parts, read_parts
from consumer.enrolment.rules import Rules
from tests.enrolment.reference import mapper as reference
from tests.enrolment.test_properties import EVENTS, RULES

WORDS = st.sampled_from(["Jane", "Doe", "Acme Inc", "San Francisco", "李", "a1" * 32, " Zoë "])
EMAILS = st.emails() | st.sampled_from(["Jane@Example.com", "jane", "a1" * 32])
NUMBERS = st.sampled_from(["+14155550132", "+44 20 7946 0958", "020 7946 0958", "(415) 555-0132", "12", 14155550132])
HELD = {
    **dict.fromkeys(("city", "state", "region", "zip", "postalCode"), WORDS),
    **dict.fromkeys(("country", "country_code"), st.sampled_from(["us", "GBR", "Italy"])),
}
TRAITS = st.fixed_dictionaries(
    {},
    optional={
        **HELD,
        **dict.fromkeys(
            ("first_name", "lastName", "surname", "organization_name"), WORDS | st.sampled_from([7, None, []])
        ),
        **dict.fromkeys(("marketing_opt_in", "optOut"), st.booleans() | st.sampled_from(["yes", "?", None])),
        "email": EMAILS,
        "phone": NUMBERS,
        "name": st.sampled_from(["Jane Doe", "Cher", "Ludwig van Beethoven"]),
        "company": WORDS | st.fixed_dictionaries({"name": WORDS, "id": st.integers()}),
        "address": st.fixed_dictionaries({}, optional=HELD),
        "plan": WORDS,
    },
)
PLACES = st.sampled_from(["traits", "context", "options", "properties"])


@st.composite
def sign_ups(draw: st.DrawFn) -> dict[str, Any]:
    """Sign-ups with traits in one place: what is tried next where an identity is no use is tested elsewhere."""
    traits, place = draw(TRAITS), draw(PLACES)
    context = {"consent": {"canonical": {"marketing": draw(st.booleans() | st.none())}}}
    event: dict[str, Any] = {"type": "identify", "context": context}
    if place == "traits":
        return {**event, "traits": traits}
    return {**event, place: {**event.get(place, {}), "traits": traits}}


@settings(deadline=None, max_examples=500)  # the first country loads its tables
@given(rules=RULES, event=sign_ups())
def test_the_mapper_says_what_its_plain_form_says(rules: Rules, event: dict[str, Any]) -> None:
    expected = reference.map_event(event, rules)
    actual = map_event(Parts.of(event), rules)
    if expected is None:
        assert actual is None
        return
    assert actual is not None
    contact, notes, origins = expected
    assert actual.fields == contact.fields()
    assert actual.identities == tuple(each for each in (contact.email, contact.phone_number) if each)
    assert tuple(actual.notes) == notes
    for field, place, key in origins:
        assert actual.sources[field][2:] == (place, key)


@settings(deadline=None, max_examples=300)  # the same
@given(event=EVENTS)
def test_the_parts_are_those_of_the_whole_event(event: dict[str, Any]) -> None:
    rules = Rules.of(default_region="DE")
    value = orjson.dumps(event)
    parts = read_parts(value)
    whole = map_event(Parts.of(orjson.loads(value)), rules)
    assert parts is None or map_event(parts, rules) == whole
    decision = Enroller(rules).decide(value)
    assert isinstance(decision, Filtered) if whole is None else not isinstance(decision, Filtered)
    if isinstance(decision, Enrolled):
        assert whole is not None
        assert decision.payload == orjson.dumps(whole.fields)
