"""The demo's observer shows no personal data, and its gate watch reports each change once."""

from __future__ import annotations

from queue import SimpleQueue

import orjson
import pytest

from consumer.clicksend.fault import Fault, OnConfigurationFault
from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.delivery.gate import Gate, Permit
from consumer.delivery.outcome_policy import OutcomePolicy
from consumer.delivery.retry import RetryPolicy
from consumer.demo.narrator import GateWatch
from consumer.demo.observer import DeadLetterWritten, DemoObserver, Observation, WasFiltered
from consumer.enrolment.disposition import FilterReason
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.task import Record, Task
from consumer.threads import OsThreads
from tests.support.records import EVENTS


def record(name: str) -> Record:
    value = orjson.dumps({"type": "track", "event": name})
    return Record(partition=EVENTS, offset=1, timestamp_ms=0, key=None, value=value, headers=[])


@pytest.mark.parametrize("name", ["Signed Up jane@example.com", "Call +1 415 555 0132"])
@pytest.mark.parametrize("end", [WasFiltered, DeadLetterWritten], ids=["filtered", "dead-lettered"])
def test_an_identity_in_the_name_of_an_event_is_masked(end: type[WasFiltered | DeadLetterWritten], name: str) -> None:
    observations: SimpleQueue[Observation] = SimpleQueue()
    observer = DemoObserver(observations)
    if end is WasFiltered:
        observer.filtered(record(name), FilterReason.NOT_ENROLMENT)
    else:
        observer.dead_letter_written(Task(record(name), OffsetTracker(EVENTS, 0, 0), event=name))
    observation = observations.get_nowait()
    assert isinstance(observation, end)
    assert "***" in observation.about.event
    assert "example.com" not in observation.about.event
    assert "0132" not in observation.about.event


NOW = 1_000.0
DOWN = Outcome(Result.TRANSIENT, 503, cause=Cause.UNAVAILABLE)
FINE = Outcome(Result.DELIVERED, 200)


@pytest.fixture
def gate() -> Gate:
    return Gate(RetryPolicy(), 0, 30)


@pytest.fixture
def watch(gate: Gate) -> GateWatch:
    policy = RetryPolicy()
    return GateWatch(Scheduler(gate, OutcomePolicy(gate, policy, OnConfigurationFault.HALT, 20), policy, OsThreads()))


def test_an_open_gate_is_no_news(watch: GateWatch) -> None:
    assert watch.look(NOW) is None


def test_the_breaker_is_news_when_it_opens_and_when_it_closes(gate: Gate, watch: GateWatch) -> None:
    for number in range(5):
        gate.observe(DOWN, f"contact {number}", Permit.ORDINARY, NOW, NOW)
    assert "Circuit breaker open" in (watch.look(NOW) or "")
    assert watch.look(NOW) is None
    assert gate.ask(NOW + 100) is Permit.BREAKER_TRIAL
    gate.observe(FINE, "contact 0", Permit.BREAKER_TRIAL, NOW + 100, NOW + 100)
    assert "ClickSend responds again" in (watch.look(NOW + 100) or "")


def test_a_halt_names_the_fix(gate: Gate, watch: GateWatch) -> None:
    gate.halt(Fault.UNAUTHORIZED, NOW)
    assert Fault.UNAUTHORIZED.hint in (watch.look(NOW) or "")
