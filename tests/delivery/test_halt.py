"""The halt: nothing goes out until a probe and one delivered contact say that the fault is mended."""

from __future__ import annotations

import math

import pytest

from consumer.clicksend.fault import Fault
from consumer.clicksend.probe import ProbeVerdict
from consumer.delivery.halt import Halt
from tests.delivery.answers import EVERY_FINDING, FINE, KEY_REFUSED, LIST_FORBIDDEN, LIST_NOT_FOUND, UNDECIDED


@pytest.fixture
def halt() -> Halt:
    return Halt(interval=30)


@pytest.fixture
def halted(halt: Halt) -> Halt:
    """Halted at second 100 for a refused key."""
    halt.begin(Fault.UNAUTHORIZED, now=100)
    return halt


def test_without_a_fault_no_probe_is_due_and_no_trial_is_free(halt: Halt) -> None:
    assert halt.fault is None
    assert halt.probe_at == math.inf
    assert not halt.take_trial()


@pytest.mark.parametrize("finding", EVERY_FINDING, ids=lambda finding: f"{finding.result}-{finding.status}")
def test_a_probe_for_a_single_suspect_starts_no_halt_and_no_probing(halt: Halt, finding: ProbeVerdict) -> None:
    """Else the time of a probe that nobody wants would keep a waiting thread awake for ever."""
    halt.begin_probe(now=100)
    halt.probed(finding)
    assert (halt.fault, halt.probe_at) == (None, math.inf)
    assert not halt.take_trial()


def test_the_first_probe_is_due_an_interval_after_the_fault(halted: Halt) -> None:
    assert (halted.fault, halted.since, halted.probe_at) == (Fault.UNAUTHORIZED, 100, 130)


def test_the_next_probe_is_due_an_interval_after_the_last_began(halted: Halt) -> None:
    halted.begin_probe(now=131)
    assert halted.probe_at == 161


def test_a_further_fault_renames_the_halt_and_postpones_nothing(halted: Halt) -> None:
    halted.begin(Fault.PAYMENT_REQUIRED, now=120)
    assert (halted.fault, halted.since, halted.probe_at) == (Fault.PAYMENT_REQUIRED, 100, 130)


@pytest.mark.parametrize("finding", [FINE, LIST_FORBIDDEN], ids=["fine", "only reading the list is forbidden"])
def test_a_probe_that_allows_it_frees_exactly_one_trial(halted: Halt, finding: ProbeVerdict) -> None:
    halted.probed(finding)
    assert halted.take_trial()
    assert not halted.take_trial()
    assert halted.fault is Fault.UNAUTHORIZED, "only a delivered contact ends it"


@pytest.mark.parametrize("finding", [UNDECIDED, KEY_REFUSED, LIST_NOT_FOUND], ids=["undecided", "key", "list"])
def test_any_other_probe_frees_none(halted: Halt, finding: ProbeVerdict) -> None:
    halted.probed(FINE)
    halted.probed(finding)
    assert not halted.take_trial()


def test_a_fault_withdraws_a_free_trial(halted: Halt) -> None:
    halted.probed(FINE)
    halted.begin(Fault.UNAUTHORIZED, now=131)
    assert not halted.take_trial()


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
def test_the_probe_tells_what_is_at_fault_now(halted: Halt, finding: ProbeVerdict, named: Fault) -> None:
    halted.probed(finding)
    assert halted.fault is named


def test_a_delivered_trial_ends_it(halted: Halt) -> None:
    halted.probed(FINE)
    halted.end()
    assert (halted.fault, halted.probe_at) == (None, math.inf)
    assert not halted.take_trial()


def test_the_next_halt_begins_anew(halted: Halt) -> None:
    halted.end()
    halted.begin(Fault.TLS, now=500)
    assert (halted.fault, halted.since, halted.probe_at) == (Fault.TLS, 500, 530)
