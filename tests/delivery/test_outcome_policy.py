"""The action after each outcome."""

from __future__ import annotations

import pytest

from consumer.clicksend.fault import Fault, OnConfigurationFault
from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.clicksend.probe import ProbeResult
from consumer.delivery.attempts import Attempts
from consumer.delivery.gate import Gate, GateState, Permit
from consumer.delivery.outcome_policy import (
    RECENT_DELIVERY_SECONDS,
    Action,
    AwaitProbe,
    DeadLetter,
    OutcomePolicy,
    Retry,
    Settle,
)
from consumer.delivery.retry import RetryPolicy
from consumer.enrolment.disposition import DeadLetterReason, DeliveredReason
from tests.support.outcomes import (
    ALREADY_EXISTS,
    DELIVERED,
    DOWN,
    FINE,
    KEY_REFUSED,
    LIST_FORBIDDEN,
    LIST_NOT_FOUND,
    RATE_LIMITED,
    REJECTED,
    SUSPICIOUS,
    TIMEOUT,
    UNAUTHORIZED,
    UNDECIDED,
    asked_to_wait,
)

DAY = 86400.0
FAULTS = [SUSPICIOUS, UNAUTHORIZED]
HALT, DEAD_LETTER = OnConfigurationFault.HALT, OnConfigurationFault.DEAD_LETTER


class PolicyHarness:
    """A judge with a gate of its own and a clock, and the history of each contact's record."""

    def __init__(self, on_fault: OnConfigurationFault = HALT, max_age: float = DAY, limit: int = 20) -> None:
        policy = RetryPolicy(initial_delay=0.5, max_delay=60, max_age=max_age)
        self.gate = Gate(policy, requests_per_second=0, probe_interval=30)
        self.decide = OutcomePolicy(self.gate, policy, on_fault, limit)
        self.records: dict[str, Attempts] = {}
        self.now = 100.0

    def answer(self, outcome: Outcome, contact: str = "jane", permit: Permit = Permit.ORDINARY) -> Action:
        """The contact's request has ended so."""
        attempts = self.records.setdefault(contact, Attempts())
        return self.decide.decide(outcome, attempts, contact, permit, self.now - 0.1, self.now)

    def probe(self, finding: ProbeResult, contact: str = "jane") -> Action:
        """The probe has come back for this contact's suspicious answer."""
        return self.decide.decide_after_probe(finding, self.records[contact], contact, self.now)

    def delay(self, action: Action) -> float:
        """Expects a retry; gives how long the record waits of its own."""
        assert isinstance(action, Retry)
        return action.at - self.now


@pytest.fixture
def harness() -> PolicyHarness:
    return PolicyHarness()


# Answers that decide at once.


def test_a_delivered_contact_is_settled(harness: PolicyHarness) -> None:
    assert harness.answer(DELIVERED) == Settle(DeliveredReason.ACCEPTED)


def test_a_contact_that_exists_is_settled_and_counted_apart(harness: PolicyHarness) -> None:
    assert harness.answer(ALREADY_EXISTS) == Settle(DeliveredReason.ALREADY_EXISTS)


def test_a_rejected_contact_is_given_up(harness: PolicyHarness) -> None:
    assert harness.answer(REJECTED) == DeadLetter(DeadLetterReason.REJECTED)


def test_the_attempt_is_noted_in_the_records_history(harness: PolicyHarness) -> None:
    harness.answer(DOWN)
    harness.now = 105
    harness.answer(REJECTED)
    history = harness.records["jane"]
    assert (history.count, history.first_at, history.last_at, history.last) == (2, 99.9, 105, REJECTED)


# Transient answers.


def test_a_transient_failure_is_tried_again_after_a_growing_wait(harness: PolicyHarness) -> None:
    delay = [harness.delay(harness.answer(TIMEOUT)) for _ in range(60)]
    assert 0 <= delay[0] <= 0.5
    assert 0 <= delay[1] <= 1
    assert 30 < max(delay) <= 60


def test_a_record_waits_at_least_for_retry_after(harness: PolicyHarness) -> None:
    assert harness.delay(harness.answer(asked_to_wait(600, 500))) == 600


def test_a_429_waits_too_and_is_no_reason_to_stop_everybody(harness: PolicyHarness) -> None:
    assert harness.delay(harness.answer(asked_to_wait(7, 429))) == 7
    assert not harness.gate.outage()


def test_in_an_outage_it_is_the_gate_that_holds_records_back(harness: PolicyHarness) -> None:
    """A wait of their own would only delay them after the outage, and must not grow by it."""
    for contact in ("joe", "ann", "kim", "joe"):
        harness.answer(DOWN, contact)
    assert harness.delay(harness.answer(DOWN)) == 0
    assert harness.gate.outage()
    assert harness.records["jane"].backoff == 0
    assert harness.records["joe"].backoff == 2


# The age at which a failing record is given up.


def fail_while_others_succeed(harness: PolicyHarness, outcome: Outcome = TIMEOUT) -> Action:
    """A minute passes, another contact is delivered, and Jane's record fails again."""
    harness.now += 60
    harness.answer(DELIVERED, "joe")
    return harness.answer(outcome)


def test_a_record_that_fails_for_long_while_others_succeed_is_given_up() -> None:
    harness = PolicyHarness(max_age=300)
    harness.answer(TIMEOUT)
    actions = [fail_while_others_succeed(harness) for _ in range(5)]
    assert all(isinstance(action, Retry) for action in actions[:4])
    assert actions[4] == DeadLetter(DeadLetterReason.RETRIES_EXHAUSTED)


def test_an_age_of_zero_gives_nothing_up() -> None:
    harness = PolicyHarness(max_age=0)
    assert all(isinstance(fail_while_others_succeed(harness), Retry) for _ in range(1000))


def test_a_record_does_not_age_without_other_deliveries() -> None:
    harness = PolicyHarness(max_age=300)
    for _ in range(100):
        harness.now += 60
        assert isinstance(harness.answer(TIMEOUT), Retry)


def test_an_outage_does_not_count_against_records_and_dead_letters_none() -> None:
    harness = PolicyHarness(max_age=300)
    for contact in ("joe", "ann", "kim", "joe", "jane"):
        harness.answer(DOWN, contact)
    harness.now += DAY
    harness.gate.ask(harness.now)
    harness.answer(DELIVERED, "joe", Permit.BREAKER_TRIAL)
    assert isinstance(harness.answer(TIMEOUT), Retry)


@pytest.mark.parametrize("first", FAULTS, ids=lambda outcome: outcome.result)
def test_age_counts_from_the_first_attempt_whatever_its_answer(first: Outcome) -> None:
    """Not from the worker's start: else one answer of this kind and one timeout would bury a record a day later."""
    harness = PolicyHarness(max_age=DAY)
    harness.answer(DELIVERED, "joe")
    harness.now += 7 * DAY
    harness.answer(first)
    harness.now += 60
    harness.answer(DELIVERED, "joe")
    assert isinstance(harness.answer(TIMEOUT), Retry)


# Configuration faults.


def test_a_configuration_fault_halts_and_keeps_the_record(harness: PolicyHarness) -> None:
    assert harness.delay(harness.answer(UNAUTHORIZED)) == 0
    assert harness.gate.fault is Fault.UNAUTHORIZED


def test_a_suspicious_answer_awaits_a_probe_and_does_not_halt(harness: PolicyHarness) -> None:
    assert harness.answer(SUSPICIOUS) == AwaitProbe()
    assert harness.gate.fault is None


@pytest.mark.parametrize("outcome", FAULTS, ids=lambda outcome: outcome.result)
def test_with_dead_letter_configured_faults_become_dead_letters(outcome: Outcome) -> None:
    harness = PolicyHarness(on_fault=DEAD_LETTER)
    assert harness.answer(outcome) == DeadLetter(DeadLetterReason.CONFIGURATION_FAULT)
    assert harness.gate.fault is None


# Suspicious answers, once the probe has come back.


@pytest.mark.parametrize(
    ("finding", "fault"),
    [
        (KEY_REFUSED, Fault.UNAUTHORIZED),
        (LIST_FORBIDDEN, Fault.FORBIDDEN),
        (LIST_NOT_FOUND, Fault.LIST_NOT_FOUND),
    ],
    ids=["key", "forbidden", "list"],
)
def test_a_refused_probe_halts_and_keeps_the_record(harness: PolicyHarness, finding: ProbeResult, fault: Fault) -> None:
    harness.answer(DELIVERED, "joe")
    harness.answer(SUSPICIOUS)
    assert harness.delay(harness.probe(finding)) == 0
    assert harness.gate.fault is fault


def test_a_fine_probe_and_another_contact_delivered_make_it_the_records_fault(harness: PolicyHarness) -> None:
    harness.answer(DELIVERED, "joe")
    harness.answer(SUSPICIOUS)
    harness.now += RECENT_DELIVERY_SECONDS
    assert harness.probe(FINE) == DeadLetter(DeadLetterReason.REJECTED)


def test_a_delivery_of_long_ago_proves_nothing(harness: PolicyHarness) -> None:
    harness.answer(DELIVERED, "joe")
    harness.answer(SUSPICIOUS)
    harness.now += RECENT_DELIVERY_SECONDS + 0.1
    assert harness.delay(harness.probe(FINE)) <= 0.5
    assert harness.gate.fault is None


def test_a_delivery_of_the_same_contact_proves_nothing(harness: PolicyHarness) -> None:
    harness.answer(DELIVERED)
    harness.answer(SUSPICIOUS)
    assert isinstance(harness.probe(FINE), Retry)


def test_another_contacts_delivery_is_remembered_behind_the_same_contacts(harness: PolicyHarness) -> None:
    harness.answer(DELIVERED, "joe")
    for _ in range(5):
        harness.answer(DELIVERED)
    harness.answer(SUSPICIOUS)
    assert harness.probe(FINE) == DeadLetter(DeadLetterReason.REJECTED)


def test_a_probe_that_fails_itself_decides_nothing(harness: PolicyHarness) -> None:
    harness.answer(DELIVERED, "joe")
    harness.answer(SUSPICIOUS)
    assert harness.delay(harness.probe(UNDECIDED)) <= 0.5
    assert harness.gate.fault is None


# Many rejections with no delivery between them.


def reject(harness: PolicyHarness, number: int) -> list[Action]:
    """Reject this many different contacts."""
    return [harness.answer(REJECTED, f"contact {contact}") for contact in range(number)]


def test_twenty_contacts_rejected_in_a_row_halt_and_keep_the_last(harness: PolicyHarness) -> None:
    *believed, last = reject(harness, 20)
    assert believed == [DeadLetter(DeadLetterReason.REJECTED)] * 19
    assert harness.delay(last) <= 0.5
    assert harness.gate.fault is Fault.MASS_REJECTION


def test_a_delivery_between_them_makes_the_count_start_over(harness: PolicyHarness) -> None:
    reject(harness, 19)
    harness.answer(DELIVERED)
    assert reject(harness, 19) == [DeadLetter(DeadLetterReason.REJECTED)] * 19


def test_the_same_contact_counts_once(harness: PolicyHarness) -> None:
    assert [harness.answer(REJECTED) for _ in range(50)] == [DeadLetter(DeadLetterReason.REJECTED)] * 50


def test_it_can_be_switched_off() -> None:
    harness = PolicyHarness(limit=0)
    assert reject(harness, 100) == [DeadLetter(DeadLetterReason.REJECTED)] * 100


def test_suspicious_contacts_count_too_where_the_probe_is_fine() -> None:
    harness = PolicyHarness(limit=3)
    for contact in ("joe", "ann", "kim"):
        harness.answer(SUSPICIOUS, contact)
        assert isinstance(harness.probe(FINE, contact), Retry)
    assert harness.gate.fault is Fault.MASS_REJECTION


def test_a_suspicious_trial_of_a_mass_rejection_with_a_fine_probe_is_rejected() -> None:
    harness = PolicyHarness(limit=3)
    reject(harness, 3)
    harness.gate.probed(FINE, harness.now)
    assert harness.gate.ask(harness.now) is Permit.HALT_TRIAL
    assert harness.answer(SUSPICIOUS, permit=Permit.HALT_TRIAL) == AwaitProbe()
    assert harness.probe(FINE) == DeadLetter(DeadLetterReason.REJECTED)


def test_suspicious_contacts_do_not_count_where_the_probe_failed() -> None:
    harness = PolicyHarness(limit=3)
    for contact in ("joe", "ann", "kim"):
        harness.answer(SUSPICIOUS, contact)
        harness.probe(UNDECIDED, contact)
    assert harness.gate.fault is None


# While halted.


def test_a_rejection_that_comes_back_during_a_halt_is_ignored(harness: PolicyHarness) -> None:
    harness.answer(UNAUTHORIZED, "joe")
    assert isinstance(harness.answer(REJECTED), Retry)


def test_the_trial_of_a_halt_is_kept_when_it_is_rejected(harness: PolicyHarness) -> None:
    harness.answer(UNAUTHORIZED, "joe")
    harness.gate.probed(FINE, harness.now)
    assert harness.gate.ask(harness.now) is Permit.HALT_TRIAL
    assert isinstance(harness.answer(REJECTED, permit=Permit.HALT_TRIAL), Retry)
    assert harness.gate.fault is Fault.UNAUTHORIZED


def test_a_late_trial_is_kept_even_if_the_halt_has_ended(harness: PolicyHarness) -> None:
    assert isinstance(harness.answer(REJECTED, permit=Permit.HALT_TRIAL), Retry)


def test_a_transient_failure_during_a_halt_waits_for_the_gate_alone(harness: PolicyHarness) -> None:
    harness.answer(UNAUTHORIZED, "joe")
    assert harness.delay(harness.answer(RATE_LIMITED)) == 0


# Answers that nobody understands.


NOT_CLICKSENDS = Outcome(Result.TRANSIENT, 200, cause=Cause.UNINTELLIGIBLE)
NO_HTTP = Outcome(Result.TRANSIENT, cause=Cause.MALFORMED)


@pytest.mark.parametrize("outcome", [NOT_CLICKSENDS, NO_HTTP], ids=["success without JSON", "no HTTP"])
@pytest.mark.parametrize("on_fault", OnConfigurationFault)
def test_five_contacts_in_a_row_halt(outcome: Outcome, on_fault: OnConfigurationFault) -> None:
    harness = PolicyHarness(on_fault)
    for contact in "abcd":
        assert isinstance(harness.answer(outcome, contact), Retry)
        assert harness.gate.fault is None
    assert isinstance(harness.answer(outcome, "e"), Retry)
    assert harness.gate.fault is Fault.UNINTELLIGIBLE


def test_ten_answers_halt_however_few_the_contacts(harness: PolicyHarness) -> None:
    for _ in range(9):
        harness.answer(NOT_CLICKSENDS)
        assert harness.gate.fault is None
    harness.answer(NO_HTTP)
    assert harness.gate.fault is Fault.UNINTELLIGIBLE


def test_a_delivery_between_them_begins_the_row_anew(harness: PolicyHarness) -> None:
    for contact in "abcd":
        harness.answer(NOT_CLICKSENDS, contact)
    harness.answer(DELIVERED, "f")
    for contact in "abcd":
        harness.answer(NOT_CLICKSENDS, contact)
    assert harness.gate.fault is None


def test_no_number_of_them_is_treated_as_an_outage(harness: PolicyHarness) -> None:
    for contact in "abc":
        for _ in range(3):
            harness.answer(NO_HTTP, contact)
    assert harness.gate.report(harness.now).state is GateState.OPEN


def test_the_trial_of_such_a_halt_that_is_not_understood_either_keeps_it(harness: PolicyHarness) -> None:
    for contact in "abcde":
        harness.answer(NOT_CLICKSENDS, contact)
    harness.gate.probed(FINE, harness.now)
    assert isinstance(harness.answer(NOT_CLICKSENDS, permit=Permit.HALT_TRIAL), Retry)
    assert harness.gate.fault is Fault.UNINTELLIGIBLE
    assert harness.answer(DELIVERED, permit=Permit.HALT_TRIAL) == Settle(DeliveredReason.ACCEPTED)
    assert harness.gate.fault is None
