"""What the demo's journal may show of a record."""

from __future__ import annotations

from queue import SimpleQueue

import orjson
import pytest

from consumer.demo.observer import DeadLetterWritten, DemoObserver, Observation, WasFiltered
from consumer.enrolment.disposition import FilterReason
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Record, Task
from tests.support.records import EVENTS

NAMES = pytest.mark.parametrize("name", ["Signed Up jane@example.com", "Call +1 415 555 0132"])


def record(name: str) -> Record:
    value = orjson.dumps({"type": "track", "event": name})
    return Record(partition=EVENTS, offset=1, timestamp_ms=0, key=None, value=value, headers=[])


@NAMES
def test_an_identity_in_the_name_of_a_filtered_event_is_masked(name: str) -> None:
    observations: SimpleQueue[Observation] = SimpleQueue()
    DemoObserver(observations).filtered(record(name), FilterReason.NOT_ENROLMENT)
    told = observations.get_nowait()
    assert isinstance(told, WasFiltered)
    assert "***" in told.about.event
    assert "example.com" not in told.about.event
    assert "0132" not in told.about.event


@NAMES
def test_an_identity_in_the_name_of_a_dead_lettered_event_is_masked(name: str) -> None:
    observations: SimpleQueue[Observation] = SimpleQueue()
    DemoObserver(observations).dead_letter_written(Task(record(name), OffsetTracker(EVENTS, 0, 0), event=name))
    told = observations.get_nowait()
    assert isinstance(told, DeadLetterWritten)
    assert "***" in told.about.event
    assert "example.com" not in told.about.event
    assert "0132" not in told.about.event
