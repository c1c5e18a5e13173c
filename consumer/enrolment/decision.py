"""What enrolment says about a record."""

from __future__ import annotations

from dataclasses import dataclass

from consumer.enrolment.contact import Contact
from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.enrolment.note import Note
from consumer.enrolment.origin import Origin


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The contact is to be delivered.

    event   -- the enrolment event's name as the event has it; `Identify` for an identify
    notes   -- what was left out or had to be guessed
    origins -- where each field came from
    """

    contact: Contact
    event: str
    notes: tuple[Note, ...]
    origins: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class Filtered:
    """None of ClickSend's business."""

    reason: FilterReason


@dataclass(frozen=True, slots=True)
class Undeliverable:
    """A dead letter. `detail` says what is wrong, without any value of the record."""

    reason: DeadLetterReason
    detail: str


Decision = Enrolled | Filtered | Undeliverable
