"""An enrolment event with something broken in it enrols by the rest, and what was touched is noted."""

from __future__ import annotations

import pytest

from consumer.enrolment.contact import Contact
from consumer.enrolment.decision import Enrolled, Undeliverable
from consumer.enrolment.disposition import DeadLetterReason
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.note import Note, NoteKind
from consumer.enrolment.rules import Rules

BROKEN = {
    "NaN": b"NaN",
    "infinity": b"-Infinity",
    "too large a number": b"1e400",
    "too long a number": b"9" * 5000,
    "half an emoji": b'"Jane \\ud83d"',
    "half an emoji, raw": b'"Jane \xed\xa0\xbd"',
    "latin-1": b'"Jos\xe9"',
    "a control character": b'"Jane\x01"',
}


def decide(traits: bytes, rest: bytes = b'"x":1', **rules: str) -> object:
    return Enroller(Rules.of(**rules)).decide(b'{"type":"identify","traits":{' + traits + b"}," + rest + b"}")  # type: ignore[arg-type]  # all are texts


def enrolled(traits: bytes, rest: bytes = b'"x":1') -> Enrolled:
    decision = decide(traits, rest)
    assert isinstance(decision, Enrolled)
    return decision


@pytest.mark.parametrize("broken", BROKEN.values(), ids=list(BROKEN))
class TestWhatIsBroken:
    def test_in_a_place_that_nobody_needs_changes_nothing(self, broken: bytes) -> None:
        for place in (b'"x":' + broken, b'"context":{"page":' + broken + b"}", b'"properties":{"x":' + broken + b"}"):
            decision = enrolled(b'"email":"jane@example.com","first_name":"Jane"', place)
            assert decision.contact == Contact(email="jane@example.com", first_name="Jane")
            assert decision.notes == ()

    def test_in_a_plain_field_is_left_out_and_noted(self, broken: bytes) -> None:
        decision = enrolled(b'"email":"jane@example.com","first_name":' + broken + b',"last_name":"Doe"')
        assert decision.contact == Contact(email="jane@example.com", last_name="Doe")
        assert decision.notes == (Note(NoteKind.BROKEN, "first_name"),)

    def test_in_a_plain_field_hides_no_later_one(self, broken: bytes) -> None:
        decision = enrolled(b'"email":"jane@example.com","city":' + broken, b'"properties":{"city":"Leeds"}')
        assert decision.contact == Contact(email="jane@example.com", address_city="Leeds")
        assert decision.notes == ()

    def test_in_an_identity_is_unusable(self, broken: bytes) -> None:
        decision = enrolled(b'"email":"jane@example.com","phone":' + broken)
        assert decision.contact == Contact(email="jane@example.com")
        assert Note(NoteKind.UNUSABLE, "phone_number") in decision.notes
        alone = decide(b'"email":' + broken)
        assert isinstance(alone, Undeliverable)
        assert alone.reason is DeadLetterReason.UNMAPPABLE

    def test_in_a_consent_is_unreadable_and_never_lets_the_context_say_yes(self, broken: bytes) -> None:
        context = b'"context":{"consent":{"canonical":{"marketing":true}}}'
        decision = enrolled(b'"email":"jane@example.com","marketing_opt_in":' + broken, context)
        assert decision.contact.custom_1 == "marketing_unknown"
        assert decision.notes == (Note(NoteKind.UNREADABLE, "custom_1"),)

    def test_in_the_context_s_consent_is_unreadable(self, broken: bytes) -> None:
        context = b'"context":{"consent":{"canonical":{"marketing":' + broken + b'},"marketing":true}}'
        assert enrolled(b'"email":"jane@example.com"', context).contact.custom_1 == "marketing_unknown"

    def test_in_a_wrapped_event_is_the_same(self, broken: bytes) -> None:
        value = b'{"payload":{"type":"identify","traits":{"email":"jane@example.com","city":' + broken + b"}}}"
        decision = Enroller(Rules.of(event_path="/payload")).decide(value)
        assert isinstance(decision, Enrolled)
        assert decision.notes == (Note(NoteKind.BROKEN, "address_city"),)


def test_an_email_that_a_broken_byte_touches_is_not_guessed() -> None:
    decision = decide(b'"email":"jos\xe9@example.com"')
    assert isinstance(decision, Undeliverable)
    assert decision.is_event


def test_a_byte_order_mark_is_skipped() -> None:
    decision = Enroller(Rules.of()).decide(b'\xef\xbb\xbf{"type":"identify","traits":{"email":"jane@example.com"}}')
    assert isinstance(decision, Enrolled)


def test_a_number_beside_one_of_too_many_digits_is_still_a_phone_number() -> None:
    value = b'"phone":14155550132,"country":"US","x":' + b"9" * 5000
    assert enrolled(value).contact.phone_number == "+14155550132"
