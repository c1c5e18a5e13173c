"""The mapper and its plain form say the same, whatever the event."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given, settings

from consumer.enrolment.decision import Enrolled, Filtered
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.mapper import map_event
from consumer.enrolment.parts import Parts, read_parts
from consumer.enrolment.rules import Rules
from tests.enrolment.reference import mapper as reference
from tests.enrolment.test_properties import EVENTS, RULES


@settings(deadline=None, max_examples=500)  # the first country loads its tables
@given(rules=RULES, event=EVENTS)
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
