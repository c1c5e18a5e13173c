"""The gate: whether a request may be sent now, and if not, until when and why."""

from __future__ import annotations

import math

import pytest

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Outcome
from consumer.clicksend.probe import ProbeResult, ProbeStatus
from consumer.delivery.gate import Closed, Gate, GateReport, GateState, Permit
from consumer.delivery.retry import RetryPolicy
from tests.support.outcomes import (
    ALREADY_EXISTS,
    DELIVERED,
    DOWN,
    FINE,
    KEY_REFUSED,
    LIST_FORBIDDEN,
    RATE_LIMITED,
    REJECTED,
    SUSPICIOUS,
    TIMEOUT,
    UNAUTHORIZED,
    asked_to_wait,
)

POLICY = RetryPolicy(initial_delay=0.5, max_delay=60)


@pytest.fixture
def gate() -> Gate:
    return Gate(POLICY, requests_per_second=0, probe_interval=30)


@pytest.fixture
def down(gate: Gate) -> Gate:
    """Its breaker has opened at second 100."""
    for contact in "abcab":
        answer(gate, DOWN, now=100, contact=contact)
    return gate


@pytest.fixture
def halted(gate: Gate) -> Gate:
    """Halted at second 100."""
    gate.halt(Fault.UNAUTHORIZED, now=100)
    return gate


def answer(
    gate: Gate, outcome: Outcome, now: float, contact: str = "a", permit: Permit = Permit.ORDINARY, took: float = 0
) -> None:
    gate.observe(outcome, contact, permit, now - took, now)


def closed_until(gate: Gate, now: float, state: GateState) -> float:
    """Asks, and expects to be turned away for this reason; gives until when."""
    answer = gate.ask(now)
    assert isinstance(answer, Closed)
    assert answer.state is state
    assert answer.until > now, "a time that has passed would have the asker ask again at once, for ever"
    return answer.until


# Open, and limited.


def test_an_untroubled_gate_allows_everything(gate: Gate) -> None:
    assert [gate.ask(100) for _ in range(100)] == [Permit.ORDINARY] * 100
    assert gate.report(100).state is GateState.OPEN
    assert gate.rate == math.inf


def test_a_fixed_limit_closes_it_until_the_next_turn() -> None:
    gate = Gate(POLICY, requests_per_second=4, probe_interval=30)
    assert gate.rate == 4
    assert gate.ask(100) is Permit.ORDINARY
    assert closed_until(gate, 100, GateState.LIMITED) == 100.25
    assert gate.report(100).state is GateState.LIMITED
    assert gate.ask(100.25) is Permit.ORDINARY


@pytest.mark.parametrize(
    ("demand", "least", "most"),
    [(2.0, 0.95, 1.0), (1.01, 0.95, 1.0), (0.5, 0.0, 0.0)],
    ids=["twice the rate", "just above the rate", "half of it"],
)
def test_it_is_limited_all_the_time_for_senders_above_the_rate_and_never_for_others(
    demand: float, least: float, most: float
) -> None:
    """The scaler and an alert go by the share of time. A timer wakes the sender late."""
    gate = Gate(POLICY, requests_per_second=200, probe_interval=30)
    looks: list[bool] = []
    due, wakes_at = 100.0, 100.0
    for step in range(40_000):
        now = 100 + step / 4000
        while max(due, wakes_at) <= now:
            match gate.ask(now):
                case Closed(_, until):
                    wakes_at = until + 0.04
                case _:
                    due += 1 / (200 * demand)
        looks.append(gate.report(now).state is GateState.LIMITED)
    looks = looks[len(looks) // 5 :]  # the first requests may be early
    assert least <= sum(looks) / len(looks) <= most


def test_a_429_teaches_a_rate(gate: Gate) -> None:
    answer(gate, DELIVERED, now=100)
    answer(gate, RATE_LIMITED, now=100, took=0.1)
    assert gate.rate < math.inf


@pytest.mark.parametrize("outcome", [REJECTED, ALREADY_EXISTS, DELIVERED], ids=lambda outcome: outcome.result)
def test_every_taken_request_ends_a_refusal_and_a_failure_does_not(gate: Gate, outcome: Outcome) -> None:
    answer(gate, DELIVERED, now=100)
    answer(gate, RATE_LIMITED, now=100)
    answer(gate, DOWN, now=101)
    assert "429" in gate.report(102).why
    answer(gate, outcome, now=102)
    assert "429" not in gate.report(103).why


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_closes_the_gate_for_all_requests(gate: Gate, status: int) -> None:
    answer(gate, asked_to_wait(20, status), now=100)
    assert closed_until(gate, 101, GateState.LIMITED) == 120
    assert gate.report(119).state is GateState.LIMITED
    assert gate.ask(120) is Permit.ORDINARY


def test_the_longest_retry_after_holds(gate: Gate) -> None:
    answer(gate, asked_to_wait(20, 503), now=100)
    answer(gate, asked_to_wait(5, 503), now=101)
    assert closed_until(gate, 102, GateState.LIMITED) == 120


def test_retry_after_of_another_status_is_for_its_own_record(gate: Gate) -> None:
    answer(gate, asked_to_wait(20, 500), now=100)
    assert gate.ask(100) is Permit.ORDINARY


# The breaker.


def test_an_outage_closes_it_until_a_trial_is_due(down: Gate) -> None:
    assert down.outage()
    assert down.report(100).state is GateState.BREAKER
    due = closed_until(down, 100, GateState.BREAKER)
    assert down.ask(due) is Permit.BREAKER_TRIAL


def test_while_the_trial_is_out_only_its_end_opens_the_gate(down: Gate) -> None:
    assert down.ask(200) is Permit.BREAKER_TRIAL
    assert closed_until(down, 10_000, GateState.BREAKER) == math.inf


def test_a_failed_trial_leaves_it_closed_until_the_next(down: Gate) -> None:
    down.ask(200)
    answer(down, TIMEOUT, now=200.1, permit=Permit.BREAKER_TRIAL)
    due = closed_until(down, 200.1, GateState.BREAKER)
    assert down.ask(due) is Permit.BREAKER_TRIAL


@pytest.mark.parametrize(
    "outcome", [DELIVERED, ALREADY_EXISTS, REJECTED, SUSPICIOUS, RATE_LIMITED], ids=lambda outcome: outcome.result
)
def test_a_trial_that_shows_clicksend_at_work_opens_it(down: Gate, outcome: Outcome) -> None:
    down.ask(200)
    answer(down, outcome, now=201, permit=Permit.BREAKER_TRIAL)
    assert not down.outage()
    assert down.ask(300) is Permit.ORDINARY


def test_answers_to_older_requests_do_not_open_it(down: Gate) -> None:
    answer(down, DELIVERED, now=100)
    assert down.report(100).state is GateState.BREAKER


def test_a_429_is_no_outage(gate: Gate) -> None:
    for contact in "abcdefgh":
        answer(gate, RATE_LIMITED, now=100, contact=contact)
    assert not gate.outage()


def test_a_trial_keeps_to_the_rate_and_to_retry_after(down: Gate) -> None:
    answer(down, asked_to_wait(600, 503), now=100)
    assert closed_until(down, 300, GateState.LIMITED) == 700
    assert down.ask(700) is Permit.BREAKER_TRIAL


# The halt.


def test_a_halt_closes_it_until_a_probe_has_come_back(halted: Gate) -> None:
    assert (halted.fault, halted.probe_at) == (Fault.UNAUTHORIZED, 130)
    assert halted.outage()
    assert halted.report(100).state is GateState.HALTED
    assert closed_until(halted, 100, GateState.HALTED) == math.inf


def test_a_probe_that_is_late_gives_nobody_a_time_in_the_past(halted: Gate) -> None:
    halted.begin_probe(130)
    assert closed_until(halted, 170, GateState.HALTED) == math.inf


def test_a_fine_probe_allows_one_trial(halted: Gate) -> None:
    halted.begin_probe(130)
    halted.probed(FINE, now=131)
    assert halted.ask(131) is Permit.HALT_TRIAL
    closed_until(halted, 131, GateState.HALTED)


def test_a_refused_probe_allows_nothing(halted: Gate) -> None:
    halted.begin_probe(130)
    halted.probed(KEY_REFUSED, now=131)
    closed_until(halted, 131, GateState.HALTED)
    assert halted.probe_at == 160


@pytest.mark.parametrize("outcome", [DELIVERED, ALREADY_EXISTS], ids=lambda outcome: outcome.result)
def test_a_delivered_trial_opens_it_fully(halted: Gate, outcome: Outcome) -> None:
    halted.probed(LIST_FORBIDDEN, now=131)
    halted.ask(131)
    answer(halted, outcome, now=132, permit=Permit.HALT_TRIAL)
    assert halted.fault is None
    assert halted.probe_at == math.inf
    assert halted.ask(132) is Permit.ORDINARY


@pytest.mark.parametrize(
    "outcome", [REJECTED, SUSPICIOUS, UNAUTHORIZED, DOWN, RATE_LIMITED], ids=lambda outcome: outcome.result
)
def test_a_trial_that_was_not_delivered_does_not(halted: Gate, outcome: Outcome) -> None:
    halted.probed(FINE, now=131)
    halted.ask(131)
    answer(halted, outcome, now=132, permit=Permit.HALT_TRIAL)
    assert halted.fault is Fault.UNAUTHORIZED


def test_a_request_from_before_the_halt_does_not_end_it(halted: Gate) -> None:
    answer(halted, DELIVERED, now=101)
    assert halted.fault is Fault.UNAUTHORIZED


def test_the_trial_of_a_halt_waits_for_retry_after_and_is_not_lost(halted: Gate) -> None:
    answer(halted, asked_to_wait(100, 503), now=100)
    halted.probed(FINE, now=131)
    assert closed_until(halted, 131, GateState.HALTED) == 200
    assert halted.ask(200) is Permit.HALT_TRIAL


def test_the_halt_is_the_strongest_reason(down: Gate) -> None:
    down.halt(Fault.TLS, now=100)
    assert down.report(100).state is GateState.HALTED
    down.probed(FINE, now=131)
    assert down.ask(131) is Permit.HALT_TRIAL
    answer(down, DELIVERED, now=132, permit=Permit.HALT_TRIAL)
    assert down.ask(132) is Permit.BREAKER_TRIAL, "the outage has to show its own end"


# How long it has been open: the time that may count against a failing record.


def test_open_time_runs_from_the_first_event(gate: Gate) -> None:
    assert gate.open_seconds(100) == 0
    assert gate.open_seconds(107) == 7


def test_an_outage_is_no_open_time(gate: Gate) -> None:
    gate.open_seconds(90)
    for contact in "abcab":
        answer(gate, DOWN, now=100, contact=contact)
    assert gate.open_seconds(1100) == 10
    assert gate.ask(1100) is Permit.BREAKER_TRIAL
    answer(gate, DELIVERED, now=1110, permit=Permit.BREAKER_TRIAL)
    assert gate.open_seconds(1115) == 15


def test_a_halt_is_no_open_time(gate: Gate) -> None:
    gate.open_seconds(90)
    gate.halt(Fault.UNAUTHORIZED, now=100)
    gate.probed(FINE, now=500)
    gate.ask(500)
    answer(gate, DELIVERED, now=501, permit=Permit.HALT_TRIAL)
    assert gate.open_seconds(506) == 15


def test_a_pause_that_the_vendor_asked_for_is_no_open_time(gate: Gate) -> None:
    gate.open_seconds(90)
    answer(gate, asked_to_wait(20, 503), now=100)
    assert gate.open_seconds(110) == 10
    assert gate.open_seconds(125) == 15


# What it tells a person.


def test_an_open_gate_reports_no_reason(gate: Gate) -> None:
    assert gate.report(100) == GateReport(GateState.OPEN, 100, "nothing holds requests back")


def test_a_fixed_limit_is_reported_with_its_pace() -> None:
    gate = Gate(POLICY, requests_per_second=4, probe_interval=30)
    gate.ask(100)
    assert gate.report(100) == GateReport(GateState.OPEN, 100.25, "requests are paced, 4 a second", rate=4)
    closed_until(gate, 100, GateState.LIMITED)
    assert gate.report(100) == GateReport(GateState.LIMITED, 100.25, "requests are paced, 4 a second", rate=4)
    assert gate.report(101).state is GateState.OPEN


def test_a_pause_is_reported_until_its_end(gate: Gate) -> None:
    answer(gate, asked_to_wait(20, 503), now=100)
    report = gate.report(110)
    assert (report.state, report.until) == (GateState.LIMITED, 120)
    assert "Retry-After" in report.why


def test_429s_are_reported_until_a_request_is_taken(gate: Gate) -> None:
    answer(gate, DELIVERED, now=100)
    answer(gate, RATE_LIMITED, now=100)
    assert "429" in gate.report(100).why
    answer(gate, DELIVERED, now=101)
    assert "paced" in gate.report(102).why


def test_an_outage_is_reported_until_the_next_trial_and_during_it_without_an_end(down: Gate) -> None:
    report = down.report(100)
    assert (report.state, report.until) == (GateState.BREAKER, closed_until(down, 100, GateState.BREAKER))
    down.ask(200)
    assert down.report(201).until == math.inf


def test_a_halt_is_reported_until_the_next_probe_with_its_hint(halted: Gate) -> None:
    report = halted.report(100)
    assert (report.state, report.until) == (GateState.HALTED, 130)
    assert Fault.UNAUTHORIZED.hint in report.why


# Probes are requests, too.


def test_a_probe_uses_up_a_turn_of_the_limit() -> None:
    gate = Gate(POLICY, requests_per_second=4, probe_interval=30)
    gate.begin_probe(100)
    assert gate.ask(100) == Closed(GateState.LIMITED, 100.25)


def test_a_probe_waits_for_its_turn() -> None:
    gate = Gate(POLICY, requests_per_second=4, probe_interval=30)
    gate.ask(100)
    assert gate.ready_at == 100.25


def test_a_retry_after_of_a_probe_applies_to_all_requests(gate: Gate) -> None:
    gate.begin_probe(100)
    gate.probed(ProbeResult(ProbeStatus.UNDECIDED, status=503, retry_after=20), 100)
    assert gate.ask(110) == Closed(GateState.LIMITED, 120)


def test_a_probe_that_meets_the_limit_teaches_it(gate: Gate) -> None:
    gate.begin_probe(100)
    gate.probed(ProbeResult(ProbeStatus.UNDECIDED, status=429), 100.1)
    assert isinstance(gate.ask(100.1), Closed)
