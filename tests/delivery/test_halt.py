"""The halt: nothing is sent until a probe and one delivery show that the fault is fixed."""

from __future__ import annotations

import math

import pytest

from consumer.clicksend.fault import Fault
from consumer.clicksend.probe import ProbeResult
from consumer.delivery.halt import Halt
from tests.support.outcomes import EVERY_FINDING, FINE, KEY_REFUSED, LIST_FORBIDDEN, LIST_NOT_FOUND, UNDECIDED


@pytest.fixture
def halt() -> Halt:
    return Halt(interval=30, most_refused_trials=10)


@pytest.fixture
def halted(halt: Halt) -> Halt:
    """Halted at second 100 for a refused key."""
    halt.begin(Fault.UNAUTHORIZED, now=100)
    return halt


def test_without_a_fault_no_probe_is_due_and_no_trial_is_free(halt: Halt) -> None:
    assert halt.fault is None
    assert halt.probe_at == math.inf
    assert halt.trial_at == math.inf


@pytest.mark.parametrize("finding", EVERY_FINDING, ids=lambda finding: f"{finding.result}-{finding.status}")
def test_a_probe_for_a_single_suspect_starts_no_halt_and_no_probing(halt: Halt, finding: ProbeResult) -> None:
    """Else the time of a probe that nobody wants would keep a waiting thread awake for ever."""
    halt.begin_probe(now=100)
    halt.probed(finding)
    assert (halt.fault, halt.probe_at) == (None, math.inf)
    assert halt.trial_at == math.inf


def test_the_first_probe_is_due_an_interval_after_the_fault(halted: Halt) -> None:
    assert (halted.fault, halted.probe_at) == (Fault.UNAUTHORIZED, 130)


def test_the_next_probe_is_due_an_interval_after_the_last_began(halted: Halt) -> None:
    halted.begin_probe(now=131)
    assert halted.probe_at == 161


def test_a_further_fault_renames_the_halt_and_postpones_nothing(halted: Halt) -> None:
    halted.begin(Fault.PAYMENT_REQUIRED, now=120)
    assert (halted.fault, halted.probe_at) == (Fault.PAYMENT_REQUIRED, 130)


@pytest.mark.parametrize("finding", [FINE, LIST_FORBIDDEN], ids=["fine", "only reading the list is forbidden"])
def test_a_probe_that_allows_it_frees_exactly_one_trial(halted: Halt, finding: ProbeResult) -> None:
    halted.probed(finding)
    assert halted.trial_at == -math.inf
    halted.begin_trial()
    assert halted.trial_at == math.inf
    halted.trial_unanswered(now=135)
    assert halted.trial_at == math.inf, "the next probe frees the next one"
    assert halted.fault is Fault.UNAUTHORIZED, "only a delivered contact ends it"


@pytest.mark.parametrize("finding", [UNDECIDED, KEY_REFUSED, LIST_NOT_FOUND], ids=["undecided", "key", "list"])
def test_any_other_probe_frees_none(halted: Halt, finding: ProbeResult) -> None:
    halted.probed(FINE)
    halted.probed(finding)
    assert halted.trial_at == math.inf


def test_a_fault_withdraws_a_free_trial(halted: Halt) -> None:
    halted.probed(FINE)
    halted.begin(Fault.UNAUTHORIZED, now=131)
    assert halted.trial_at == math.inf


@pytest.mark.parametrize(
    ("finding", "named"),
    [
        (LIST_NOT_FOUND, Fault.LIST_NOT_FOUND),
        (LIST_FORBIDDEN, Fault.UNAUTHORIZED),
        (UNDECIDED, Fault.UNAUTHORIZED),
        (FINE, Fault.UNAUTHORIZED),
    ],
    ids=["list not found", "forbidden decides nothing", "undecided", "fine"],
)
def test_the_probe_tells_what_is_at_fault_now(halted: Halt, finding: ProbeResult, named: Fault) -> None:
    halted.probed(finding)
    assert halted.fault is named


def test_a_delivered_trial_ends_it(halted: Halt) -> None:
    halted.probed(FINE)
    halted.end()
    assert (halted.fault, halted.probe_at) == (None, math.inf)
    assert halted.trial_at == math.inf


def test_the_next_halt_begins_anew(halted: Halt) -> None:
    halted.end()
    halted.begin(Fault.TLS, now=500)
    assert (halted.fault, halted.probe_at) == (Fault.TLS, 530)


# A mass rejection: trials go on between the probes.


@pytest.fixture
def rejecting(halt: Halt) -> Halt:
    """Halted at second 100 for a mass rejection, with a fine probe at second 130."""
    halt.begin(Fault.MASS_REJECTION, now=100)
    halt.begin_probe(now=130)
    halt.probed(FINE)
    return halt


def test_without_a_fine_probe_no_contact_is_tried(halt: Halt) -> None:
    halt.begin(Fault.MASS_REJECTION, now=100)
    assert halt.trial_at == math.inf
    halt.probed(UNDECIDED)
    assert halt.trial_at == math.inf


def test_one_trial_is_in_flight_at_a_time(rejecting: Halt) -> None:
    rejecting.begin_trial()
    assert rejecting.trial_at == math.inf


def test_the_time_between_trials_halves_with_each_refusal_down_to_a_second(rejecting: Halt) -> None:
    now, waits = 130.0, []
    for _ in range(7):
        rejecting.begin_trial()
        rejecting.trial_refused(now)
        waits.append(rejecting.trial_at - now)
        now = rejecting.trial_at
    assert waits == [15, 7.5, 3.75, 1.875, 1, 1, 1]


def test_after_very_many_refusals_it_is_the_interval_of_the_probes_again(rejecting: Halt) -> None:
    """A broken mapping must not empty the topic into the dead-letter topic."""
    for _ in range(10):
        rejecting.begin_trial()
        rejecting.trial_refused(now=200)
    assert rejecting.trial_at == 230


def test_a_trial_without_an_answer_does_not_hasten_the_next(rejecting: Halt) -> None:
    rejecting.begin_trial()
    rejecting.trial_unanswered(now=140)
    assert rejecting.trial_at == 170


def test_a_further_rejection_changes_nothing_about_the_trials(rejecting: Halt) -> None:
    rejecting.begin_trial()
    rejecting.trial_refused(now=140)
    rejecting.begin(Fault.MASS_REJECTION, now=141)
    assert (rejecting.trial_at, rejecting.probe_at) == (155, 160)


@pytest.mark.parametrize("finding", [UNDECIDED, KEY_REFUSED, LIST_NOT_FOUND], ids=["undecided", "key", "list"])
def test_a_probe_that_is_not_fine_ends_the_trials(rejecting: Halt, finding: ProbeResult) -> None:
    rejecting.probed(finding)
    assert rejecting.trial_at == math.inf


def test_after_another_fault_the_next_mass_rejection_begins_slowly_again(rejecting: Halt) -> None:
    rejecting.begin_trial()
    rejecting.trial_refused(now=140)
    rejecting.probed(KEY_REFUSED)
    rejecting.begin(Fault.MASS_REJECTION, now=300)
    rejecting.probed(FINE)
    rejecting.begin_trial()
    rejecting.trial_refused(now=310)
    assert rejecting.trial_at == 325
