"""The number of messages that one poll reads."""

from __future__ import annotations

import pytest

from consumer.scheduling.back_pressure import Caps
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Task
from consumer.worker.slices import CONTACTS, MOST_CONTACTS, MOST_MESSAGES, Slices
from tests.support.records import EVENTS, record

NOTHING_UNSETTLED = [OffsetTracker(EVENTS, 0, 0)]


def holding(records: int, size: int = 100) -> list[OffsetTracker]:
    """A partition with so many unsettled records of so many bytes."""
    tracker = OffsetTracker(EVENTS, 0, 0)
    for offset in range(records):
        tracker.admit(Task(record(offset, value=bytes(size)), tracker))
    return [tracker]


def running(caps: Caps | None = None) -> Slices:
    """Slices of a worker whose last poll had contacts of 100 bytes only."""
    slices = Slices(caps or Caps())
    slices.polled(10, 10, holding(10))
    return slices


def test_the_loop_runs_after_few_contacts_while_it_has_something_to_do() -> None:
    slices = running()
    assert slices.size(holding(1)) == CONTACTS
    assert slices.size(NOTHING_UNSETTLED) == MOST_CONTACTS


@pytest.mark.parametrize(
    ("contacts", "messages"),
    [(100, CONTACTS), (50, 2 * CONTACTS), (10, 10 * CONTACTS), (1, MOST_MESSAGES), (0, MOST_MESSAGES)],
)
def test_only_contacts_count(contacts: int, messages: int) -> None:
    slices = running()
    slices.polled(100, contacts, holding(contacts))
    assert slices.size(holding(1)) == messages


def test_events_of_batches_are_contacts() -> None:
    slices = running()
    slices.polled(1, 100, holding(1))
    assert slices.size(holding(1)) == 2


@pytest.mark.parametrize(
    ("caps", "messages"),
    [(Caps(records=10), 10), (Caps(size=1_000), 10), (Caps(size=1), 2), (Caps(records=1), 2), (Caps(), MOST_CONTACTS)],
)
def test_one_poll_holds_no_more_than_the_buffer(caps: Caps, messages: int) -> None:
    assert running(caps).size(NOTHING_UNSETTLED) == messages
