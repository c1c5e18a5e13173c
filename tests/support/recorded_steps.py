"""Steps of a worker for Hypothesis: arrivals, ends of requests, revoked partitions."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from hypothesis import strategies as st

from consumer.clicksend.outcome import Outcome
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from tests.support.outcomes import ALREADY_EXISTS, DELIVERED, DOWN, EVERY_ANSWER, REJECTED, asked_to_wait
from tests.support.records import ANN, JANE, JOE, KIM

PHONES = ["+14155550132", "+14155550133"]


class Person(NamedTuple):
    """A contact's identities, and which of its payloads comes."""

    identities: tuple[str, ...]
    version: int

    @property
    def payload(self) -> bytes:
        return repr(self).encode()


class Leave(Enum):
    """The reasons for a release."""

    BEGINS = "its revoke begins, and ends some time later"
    REVOKED = "committed, and revoked"
    LOST = "lost, with what was settled since the last commit"
    BACK_AT_ONCE = "lost, and assigned again at once"
    REWOUND = "its offsets jump backwards inside one assignment"


Arrival = Person | FilterReason | DeadLetterReason  # a contact, or why it is none

emails, phones = st.sampled_from([JANE, JOE, ANN, KIM]), st.sampled_from(PHONES)
identities = st.one_of(st.tuples(emails), st.tuples(phones), st.tuples(emails, phones))
contacts = st.builds(Person, identities, st.integers(1, 2))
others = st.sampled_from([FilterReason.NOT_ENROLMENT, DeadLetterReason.UNDECODABLE])
arrivals: st.SearchStrategy[Arrival] = st.one_of(contacts, contacts, contacts, others)
answers = st.sampled_from([*EVERY_ANSWER, DELIVERED, DOWN, asked_to_wait(20, 429), asked_to_wait(20, 503)])
Step = tuple[int, Outcome | None] | Leave | None  # a payload and its request's end; a partition leaves; one comes
changes = st.tuples(st.integers(1, 2), st.sampled_from([DELIVERED, DELIVERED, ALREADY_EXISTS, REJECTED, None]))
steps = st.one_of(changes, changes, changes, st.sampled_from([Leave.LOST, Leave.REVOKED]), st.none())
numbers = st.integers(0, 99)  # one of however many there are
