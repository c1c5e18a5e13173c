from __future__ import annotations

import json

import pytest

from consumer.commands.explain.explanation import Explanation
from consumer.commands.explain.rendering import WORDS, ExplainSummary, Privacy, hidden, json_line, text
from consumer.enrolment.disposition import DeadLetterReason, FilterReason

CONTACT = {"email": "jane@example.com", "first_name": "Jane", "custom_1": "marketing_opt_in"}
DELIVER = Explanation(
    "line 1", "Signed Up", "deliver", None, CONTACT, ("a note",), {"email": "/traits/email"}, "gzip, json"
)
FILTERED = Explanation("line 2", "Product\x1b[2J Viewed", "filtered", "not_enrolment")


def test_an_operator_sees_fields_with_their_sources_and_no_personal_data() -> None:
    shown = text(DELIVER, Privacy.MASKED)
    assert shown.splitlines()[0] == "line 1  Signed Up  deliver"
    assert [line.split()[:3] for line in shown.splitlines()[1:2]] == [["email", "j***@example.com", "/traits/email"]]
    assert "jane" not in shown
    assert "Jane" not in shown
    assert shown.endswith("    format: gzip, json\n    note: a note\n")


def test_data_is_shown_in_full_when_that_is_asked_for() -> None:
    assert "jane@example.com" in text(DELIVER, Privacy.REVEALED)


def test_a_reason_is_put_into_words() -> None:
    assert "filtered: not_enrolment (not one of ENROLMENT_EVENTS)" in text(FILTERED, Privacy.MASKED)


def test_what_an_event_brings_cant_steer_the_terminal() -> None:
    hostile = Explanation("line 1", "e", "deliver", None, {"first_name": "\x1b[2Jx"})
    assert "\x1b" not in text(FILTERED, Privacy.MASKED) + text(hostile, Privacy.REVEALED)


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("email", "jane@example.com", "j***@example.com"),
        ("phone_number", "+14155550132", "+1415***0132"),
        ("address_city", "Paris", "P***"),
        ("address_country", "FR", "FR"),
        ("custom_1", "marketing_opt_out", "marketing_opt_out"),
    ],
)
def test_only_fields_that_identify_nobody_stay(field: str, value: str, shown: str) -> None:
    assert hidden(field, value) == shown


def test_json_has_the_contact_as_it_would_be_sent() -> None:
    assert json.loads(json_line(DELIVER)) == {
        "source": "line 1",
        "event": "Signed Up",
        "disposition": "deliver",
        "reason": None,
        "contact": CONTACT,
        "notes": ["a note"],
        "origins": {"email": "/traits/email"},
        "format": "gzip, json",
    }
    assert json_line(DELIVER).count("\n") == 1


def test_the_summary_counts_by_reason_the_most_frequent_first() -> None:
    summary = ExplainSummary()
    for each in (DELIVER, FILTERED, FILTERED):
        summary.add(each)
    lines = [line.split()[:3] for line in summary.text().splitlines()]
    assert lines == [["RECORDS", "DISPOSITION", "REASON"], ["2", "filtered", "not_enrolment"], ["1", "deliver", "-"]]


def test_no_events_are_said_to_be_none() -> None:
    assert ExplainSummary().text() == "No events.\n"


def test_every_reason_that_enrolment_gives_has_words() -> None:
    later = {FilterReason.DUPLICATE, DeadLetterReason.REJECTED, DeadLetterReason.RETRIES_EXHAUSTED}
    later |= {DeadLetterReason.CONFIGURATION_FAULT}
    assert set(WORDS) == {*FilterReason, *DeadLetterReason} - later
