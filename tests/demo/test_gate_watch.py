from __future__ import annotations

import pytest

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.delivery.gate import Gate, Permit
from consumer.delivery.outcome_policy import OnConfigurationFault, OutcomePolicy
from consumer.delivery.retry import RetryPolicy
from consumer.demo.narrator import GateWatch
from consumer.scheduling.scheduler import Scheduler
from consumer.threads import OsThreads

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
