from __future__ import annotations

from collections.abc import Collection
from queue import SimpleQueue
from typing import cast

import pytest
from confluent_kafka import Message

from consumer.demo.observer import DemoObserver
from consumer.enrolment.disposition import FilterReason
from consumer.enrolment.enroller import Enrolled, Enroller, Undeliverable
from consumer.enrolment.rules import Rules
from consumer.formats.decider import Decider
from consumer.monitoring.observer import RecordObserver, combined
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Record, Task
from consumer.worker.intake import Intake
from tests.support.records import EVENTS, TIMESTAMP_MS, Consumed

BROWSING, NAMELESS, JANES = (
    b'{"type":"page"}',
    b'{"type":"identify"}',
    b'{"type":"identify","traits":{"email":"j@x.io"}}',
)


class Listener(DemoObserver):
    """Wants so many filtered records of a batch, and notes what it hears."""

    def __init__(self, wanted: int) -> None:
        super().__init__(SimpleQueue())
        self.wanted = wanted
        self.calls: list[tuple[int, str]] = []

    def filtered_wanted(self) -> int:
        return self.wanted

    def filtered(self, record: Record, reason: FilterReason) -> None:
        self.calls.append((record.offset, reason))

    def mapped(self, task: Task, decision: Enrolled | Undeliverable) -> None:
        self.calls.append((task.record.offset, type(decision).__name__))


def read(observer: RecordObserver | None, *values: bytes) -> dict[str, int]:
    """The journal hears of a batch with these values; gives how many records were filtered, by reason."""
    trackers = {EVENTS: OffsetTracker(EVENTS, 0, 0)}
    intake = Intake(Decider(Enroller(Rules.of())), trackers, lambda tracker, *_: tracker, 0, observer)
    messages = [cast(Message, Consumed(offset, value)) for offset, value in enumerate(values)]
    batch, errors = intake.read(messages, TIMESTAMP_MS)
    assert errors == []
    return {str(reason): number for reason, number in batch.filtered.items()}


@pytest.mark.parametrize("wanted", [0, 1])
def test_of_some_reasons_it_may_observe_every_filtered_record(wanted: int) -> None:
    class Tracing(Listener):
        def filtered_in_full(self) -> Collection[FilterReason]:
            return (FilterReason.NO_IDENTITY,)

    tracing = Tracing(wanted)
    read(combined([Listener(0), tracing]), NAMELESS, BROWSING, NAMELESS, BROWSING)
    identities = [call for call in tracing.calls if call[1] == "no_identity"]
    assert identities == [(0, "no_identity"), (2, "no_identity")]
    assert len(tracing.calls) == 2 + wanted


def test_it_observes_the_last_filtered_records_of_each_reason_and_all_are_counted() -> None:
    listener = Listener(wanted=2)
    filtered = read(listener, NAMELESS, *[BROWSING] * 5)
    assert filtered == {"no_identity": 1, "not_enrolment": 5}
    assert listener.calls == [(0, "no_identity"), (4, "not_enrolment"), (5, "not_enrolment")]


def test_it_observes_every_record_that_is_not_filtered() -> None:
    listener = Listener(wanted=0)
    read(listener, JANES, BROWSING, b"oops", JANES)
    assert listener.calls == [(0, "Enrolled"), (2, "Undeliverable"), (3, "Enrolled")]


@pytest.mark.parametrize("wanted", [0, 3])
def test_several_observers_are_called_alike(wanted: int) -> None:
    one, other = Listener(wanted), Listener(wanted=1)
    read(combined([one, other]), BROWSING, BROWSING, JANES)
    assert one.calls == other.calls
    assert len(one.calls) == 1 + min(2, max(wanted, 1))


def test_without_observers_none_is_returned() -> None:
    assert combined([]) is None
    assert read(None, BROWSING) == {"not_enrolment": 1}


def test_a_single_observer_is_returned_unchanged() -> None:
    listener = Listener(wanted=1)
    assert combined([listener]) is listener
