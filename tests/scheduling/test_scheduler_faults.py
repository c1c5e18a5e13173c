"""The scheduler under faults: suspicious responses and the probe, halts, outages."""

from __future__ import annotations

import math

import pytest

from consumer.clicksend.fault import Fault, OnConfigurationFault
from consumer.clicksend.outcome import Outcome
from consumer.clicksend.probe import ProbeResult
from consumer.delivery.gate import Permit
from consumer.delivery.outcome_policy import AwaitProbe
from consumer.enrolment.disposition import DeadLetterReason
from consumer.scheduling.task import Stage, Task
from consumer.scheduling.work import Probe
from tests.support.engine import Engine
from tests.support.outcomes import (
    DELIVERED,
    DOWN,
    FINE,
    KEY_REFUSED,
    LIST_FORBIDDEN,
    REJECTED,
    SUSPICIOUS,
    TIMEOUT,
    UNAUTHORIZED,
    UNDECIDED,
)
from tests.support.records import ANN, JANE, JOE, KIM, LEE

# A suspicious answer: the record's fault, or the configuration's?


def test_a_suspicious_answer_calls_for_a_probe_at_once(engine: Engine) -> None:
    engine.admit(0, JANE)
    suspect = engine.deliver()
    assert engine.answer(suspect, SUSPICIOUS) == AwaitProbe()
    assert engine.take() == Probe()


def test_during_the_probe_other_contacts_are_delivered_and_the_suspicious_one_waits(engine: Engine) -> None:
    engine.admit(0, JANE)
    engine.admit(1, JANE)
    other = engine.admit(2, JOE)
    engine.answer(engine.deliver(), SUSPICIOUS)
    engine.take()
    assert engine.deliver() is other
    assert engine.idle() == math.inf


def test_only_one_probe_is_out_and_later_suspicious_records_wait_for_the_next(engine: Engine) -> None:
    engine.admit(0, JANE)
    engine.admit(1, JOE)
    sent = [engine.deliver(), engine.deliver()]
    engine.answer(sent[0], SUSPICIOUS)
    assert engine.take() == Probe()
    engine.answer(sent[1], SUSPICIOUS)
    assert engine.idle() == math.inf
    engine.probed(UNDECIDED)
    assert sent[1].stage is Stage.AWAITING_PROBE
    assert engine.take() == Probe()


def test_a_suspicious_record_is_rejected_where_the_probe_is_fine_and_others_are_delivered(engine: Engine) -> None:
    suspect = engine.admit(0, JANE)
    engine.admit(1, JOE)
    sent = [engine.deliver(), engine.deliver()]
    engine.answer(sent[1], DELIVERED)
    engine.answer(suspect, SUSPICIOUS)
    engine.probe(FINE)
    assert engine.dead_letter_work() is suspect
    engine.scheduler.dead_letter_written(suspect)
    assert engine.settled() == {"delivered accepted": 1, "dead_lettered rejected": 1}


@pytest.mark.parametrize("finding", [FINE, UNDECIDED], ids=["nobody was delivered", "the probe failed"])
def test_else_the_suspect_waits_and_another_contact_is_tried(engine: Engine, finding: ProbeResult) -> None:
    suspect, other = engine.admit(0, JANE), engine.admit(1, JOE)
    engine.deliver_and_answer(SUSPICIOUS)
    engine.probe(finding)
    assert engine.deliver_and_answer(DELIVERED) is other
    engine.now = engine.idle()
    assert engine.deliver() is suspect


def test_a_refused_probe_halts_and_keeps_the_suspect(engine: Engine) -> None:
    suspect = engine.admit(0, JANE)
    engine.deliver_and_answer(SUSPICIOUS)
    engine.probe(KEY_REFUSED)
    assert engine.gate.fault is Fault.UNAUTHORIZED
    assert suspect.stage is Stage.READY
    assert engine.idle() == engine.now + 30


def test_a_probe_for_suspicious_records_leaves_no_thread_awake_afterwards(engine: Engine) -> None:
    engine.admit(0, JANE)
    engine.deliver_and_answer(SUSPICIOUS)
    engine.probe(UNDECIDED)
    engine.now = engine.idle()
    engine.deliver_and_answer(DELIVERED)
    assert engine.idle() == math.inf
    engine.now += 3600
    assert engine.idle() == math.inf


# The halt.


@pytest.fixture
def halted(engine: Engine) -> Engine:
    """The key was refused; four contacts wait."""
    for offset, contact in enumerate([JANE, JOE, ANN, KIM]):
        engine.admit(offset, contact)
    engine.deliver_and_answer(UNAUTHORIZED)
    return engine


def test_a_halt_sends_nothing_and_waits_for_its_probe(halted: Engine) -> None:
    assert halted.gate.fault is Fault.UNAUTHORIZED
    assert halted.idle() == halted.now + 30
    halted.now += 30
    assert halted.take() == Probe()


def test_no_second_probe_goes_out_however_late_the_first_is(halted: Engine) -> None:
    halted.now += 30
    assert halted.take() == Probe()
    halted.now += 100
    assert halted.idle() == math.inf


def test_a_refused_probe_is_repeated_after_the_interval(halted: Engine) -> None:
    halted.now += 30
    halted.probe(KEY_REFUSED)
    assert halted.idle() == halted.now + 30
    halted.now += 30
    halted.probe(KEY_REFUSED)


@pytest.mark.parametrize("finding", [FINE, LIST_FORBIDDEN], ids=["fine", "only reading the list is forbidden"])
def test_after_a_good_probe_one_contact_is_tried_and_its_delivery_resumes(halted: Engine, finding: ProbeResult) -> None:
    halted.now += 30
    halted.probe(finding)
    trial = halted.deliver()
    assert halted.permit(trial) is Permit.HALT_TRIAL
    halted.idle()
    halted.answer(trial, DELIVERED)
    assert halted.gate.fault is None
    assert [halted.permit(halted.deliver()) for _ in range(3)] == [Permit.ORDINARY] * 3
    assert halted.idle() == math.inf


def test_a_failed_trial_waits_for_the_next_probe_and_another_contact_is_tried(halted: Engine) -> None:
    halted.now += 30
    halted.probe(FINE)
    first = halted.deliver_and_answer(REJECTED)
    assert halted.gate.fault is Fault.UNAUTHORIZED
    halted.now += 30
    halted.probe(FINE)
    assert halted.deliver() is not first
    assert halted.settled() == {}, "nothing is given up for a fault of the configuration"


def test_a_suspicious_record_of_the_trial_waits_for_the_halts_next_probe(halted: Engine) -> None:
    halted.now += 30
    halted.probe(FINE)
    suspect = halted.deliver_and_answer(SUSPICIOUS)
    assert halted.scheduler.snapshot().stages[Stage.AWAITING_PROBE] == 1
    assert halted.idle() == halted.now + 30
    halted.now += 30
    halted.probe(UNDECIDED)
    assert suspect.stage is Stage.RETRY_WAIT


def test_retries_that_fall_due_in_a_halt_wait_for_its_end(engine: Engine) -> None:
    engine.admit(0, JANE)
    engine.admit(1, JOE)
    sent = [engine.deliver(), engine.deliver()]
    engine.answer(sent[0], TIMEOUT)
    engine.answer(sent[1], UNAUTHORIZED)
    engine.now += 29
    assert engine.idle() == engine.now + 1


def test_many_rejections_in_a_row_halt_and_the_last_record_is_kept() -> None:
    engine = Engine(mass_rejection_limit=3)
    for offset, contact in enumerate([JANE, JOE, ANN, KIM]):
        engine.admit(offset, contact)
    rejected = [engine.deliver_and_answer(REJECTED) for _ in range(3)]
    assert engine.gate.fault is Fault.MASS_REJECTION
    assert [task.stage for task in rejected] == [
        Stage.DEAD_LETTER_IN_FLIGHT,
        Stage.DEAD_LETTER_IN_FLIGHT,
        Stage.RETRY_WAIT,
    ]
    assert engine.idle() <= engine.now + 30


@pytest.mark.parametrize("outcome", [UNAUTHORIZED, SUSPICIOUS], ids=["401", "403"])
def test_with_dead_letter_configured_faults_become_dead_letters(outcome: Outcome) -> None:
    engine = Engine(on_fault=OnConfigurationFault.DEAD_LETTER)
    engine.admit(0, JANE)
    bad = engine.deliver_and_answer(outcome)
    engine.scheduler.dead_letter_written(bad)
    assert engine.settled() == {f"dead_lettered {DeadLetterReason.CONFIGURATION_FAULT}": 1}
    assert engine.idle() == math.inf


# The outage.


@pytest.fixture
def down(engine: Engine) -> Engine:
    """ClickSend is down: five requests have failed, and a sixth record waits."""
    for offset, contact in enumerate([JANE, JOE, ANN, KIM, LEE, "max.doe@example.com"]):
        engine.admit(offset, contact)
    for sent in [engine.deliver() for _ in range(5)]:
        engine.answer(sent, DOWN)
    return engine


def trial(engine: Engine) -> Task:
    """Waits for the breaker's trial."""
    sent = engine.deliver_when_due()
    assert engine.permit(sent) is Permit.BREAKER_TRIAL
    return sent


def test_in_an_outage_one_record_at_a_time_finds_out_whether_it_is_over(down: Engine) -> None:
    for _ in range(8):
        sent = trial(down)
        assert down.idle() == math.inf
        down.answer(sent, TIMEOUT)
    assert down.settled() == {}
    assert down.scheduler.snapshot().in_progress == 6


def test_the_trials_are_of_different_contacts(down: Engine) -> None:
    """A contact that always fails must not keep the breaker open."""
    tried = []
    for _ in range(6):
        tried.append(trial(down))
        down.answer(tried[-1], DOWN)
    assert len(set(tried)) == 6


def test_after_the_outage_everything_goes_out_at_once(down: Engine) -> None:
    down.answer(trial(down), DELIVERED)
    for sent in [down.deliver() for _ in range(5)]:
        down.answer(sent, DELIVERED)
    assert down.settled() == {"delivered accepted": 6}
