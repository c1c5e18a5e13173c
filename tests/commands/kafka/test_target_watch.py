from __future__ import annotations

import pytest
from confluent_kafka import KafkaError, KafkaException

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Outcome
from consumer.clicksend.probe import ProbeResult, ProbeStatus
from consumer.commands.kafka.target_watch import TargetWatch
from consumer.delivery.outcome_policy import Retry, Settle
from consumer.enrolment.disposition import DeadLetterReason, DeliveredReason
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Task
from tests.support.outcomes import DELIVERED, TIMEOUT, asked_to_wait
from tests.support.records import EVENTS, record
from tests.support.required_settings import settings_of

MAX_DELAY, PROBE_INTERVAL, TOTAL = 60.0, 30.0, 20.0


class Watched:
    """A watch at a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.watch = TargetWatch(settings_of(), lambda: self.now)
        self.task = Task(record(1), OffsetTracker(EVENTS, 0, 0), reason=DeadLetterReason.REJECTED)

    def fails(self, outcome: Outcome = TIMEOUT) -> None:
        self.watch.answered(self.task, outcome, Retry(0.0), 1.0)

    def delivers(self) -> None:
        self.watch.answered(self.task, DELIVERED, Settle(DeliveredReason.ACCEPTED), 1.0)

    def reason_at(self, now: float, fault: Fault | None = None) -> str | None:
        self.now = now
        return self.watch.reason(fault)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_while_nothing_is_tried_it_waits(watched: Watched) -> None:
    assert watched.reason_at(1e6) is None


def test_nothing_answered_for_the_longest_delay_is_enough(watched: Watched) -> None:
    watched.fails()
    assert watched.reason_at(MAX_DELAY - 1) is None
    watched.fails()
    assert "no record was settled for 60 s (timeout" in (watched.reason_at(MAX_DELAY) or "")


@pytest.mark.parametrize("end", ["delivered", "dead-lettered"])
def test_the_end_of_any_record_begins_the_wait_anew(watched: Watched, end: str) -> None:
    watched.fails()
    watched.now = MAX_DELAY - 1
    watched.delivers() if end == "delivered" else watched.watch.dead_letter_written(watched.task)
    assert watched.reason_at(MAX_DELAY * 9) is None
    watched.fails()
    assert watched.reason_at(MAX_DELAY * 10) is not None


def test_a_pause_that_was_asked_for_is_no_silence(watched: Watched) -> None:
    pause = 90.0
    watched.fails(asked_to_wait(pause, 429))
    assert watched.reason_at(MAX_DELAY + pause - 1) is None
    assert watched.reason_at(MAX_DELAY + pause) is not None


def test_a_refused_probe_is_enough_and_said_with_what_fixes_it(watched: Watched) -> None:
    watched.watch.probed(ProbeResult(ProbeStatus.UNDECIDED))
    watched.watch.probed(ProbeResult(ProbeStatus.FINE))
    assert watched.reason_at(0) is None
    watched.watch.probed(ProbeResult(ProbeStatus.REFUSED, Fault.UNAUTHORIZED, 401))
    assert Fault.UNAUTHORIZED.hint in (watched.reason_at(0) or "")


def test_a_forbidden_probe_is_enough_once_its_trial_was_in_vain(watched: Watched) -> None:
    forbidden = ProbeResult(ProbeStatus.REFUSED, Fault.FORBIDDEN, 403)
    watched.watch.probed(forbidden)
    assert watched.reason_at(0) is None
    watched.watch.probed(forbidden)
    assert watched.reason_at(0) is not None


def test_the_trials_of_a_mass_rejection_may_be_two_probe_intervals_apart(watched: Watched) -> None:
    watched.fails()
    assert watched.reason_at(2 * PROBE_INTERVAL + TOTAL - 1, Fault.MASS_REJECTION) is None
    why = watched.reason_at(2 * PROBE_INTERVAL + TOTAL, Fault.MASS_REJECTION)
    assert Fault.MASS_REJECTION.hint in (why or "")


def test_a_dead_letter_that_cant_be_written_is_no_end(watched: Watched) -> None:
    watched.watch.dead_letter_failed(watched.task, KafkaException(KafkaError(KafkaError._FAIL)), "create the topic")
    assert "create the topic" in (watched.reason_at(MAX_DELAY) or "")


def test_once_it_has_given_up_it_stays_so_and_says_why(watched: Watched) -> None:
    watched.fails()
    watched.now = MAX_DELAY
    assert watched.watch.gives_up(None)
    watched.delivers()
    assert watched.watch.gives_up(None)
    assert "no record was settled" in watched.watch.complaint(Fault.UNAUTHORIZED)


def test_a_halt_is_named_where_the_command_ends_by_itself(watched: Watched) -> None:
    assert not watched.watch.gives_up(Fault.UNAUTHORIZED)
    assert Fault.UNAUTHORIZED.hint in watched.watch.complaint(Fault.UNAUTHORIZED)
    assert watched.watch.complaint(None) == ""
