"""ClickSend rejects many contacts in a row: a broken mapping or list, or many bad contacts. Time is virtual."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Outcome
from consumer.delivery.gate import Permit
from consumer.delivery.retry import RetryPolicy
from consumer.scheduling.back_pressure import Caps, pressure
from consumer.scheduling.work import Deliver, Duplicate, Probe, Stop, Wait, WriteDeadLetter
from tests.support.engine import Engine
from tests.support.outcomes import DELIVERED, FINE, REJECTED, SUSPICIOUS
from tests.support.records import ANN, EVENTS, JANE, JOE, KIM, LEE

LIMIT = 20
HOUR = 3600.0


class Run:
    """A worker with one partition: records are taken in as far as the caps allow, and answered at once."""

    def __init__(self, answer: Callable[[int], Outcome], records: int, concurrency: int = 16) -> None:
        self.engine = Engine(mass_rejection_limit=LIMIT, policy=RetryPolicy(0.5, 60, 86_400))
        self.began = self.engine.now
        self.delivered_at: list[float] = []
        self.dead_lettered_at: list[float] = []
        self.tried: list[int] = []  # offsets, in the order of their requests
        self._answer = answer
        self._records, self._taken_in = records, 0
        self._concurrency = concurrency

    def until(self, seconds: float, over: Callable[[], bool] = lambda: False) -> None:
        """Go on for so long, or until it is over."""
        engine = self.engine
        end = self.began + seconds
        while engine.now < end and not over():
            self._take_in()
            until = self._send_what_can_go()
            self._regulate()
            if engine.tracker.paused or self._taken_in == self._records:  # else there is more to take in right now
                engine.now = min(until, end)

    @property
    def dead_letters(self) -> int:
        return len(self.dead_lettered_at)

    def _take_in(self) -> None:
        while not self.engine.tracker.paused and self._taken_in < self._records:
            self.engine.admit(self._taken_in, f"{self._taken_in}@example.com")
            self._taken_in += 1
            self._regulate()

    def _regulate(self) -> None:
        decision = pressure([self.engine.tracker], Caps())
        for tracker in decision.pause:
            tracker.paused = True
        for tracker in decision.resume:
            tracker.paused = False

    def _send_what_can_go(self) -> float:
        engine, sent = self.engine, list[Deliver]()
        while True:
            match engine.take():
                case Deliver() as work:
                    sent.append(work)
                    if len(sent) == self._concurrency:
                        self._end(sent)
                case WriteDeadLetter(task):
                    self._dead_letter(task.record.offset)
                    engine.scheduler.dead_letter_written(task)
                case Probe():
                    engine.probed(FINE)
                case Wait(until):
                    if not sent:
                        return until
                    self._end(sent)
                case Duplicate() | Stop():
                    raise AssertionError

    def _end(self, sent: list[Deliver]) -> None:
        for work in sent:
            offset = work.task.record.offset
            self.tried.append(offset)
            outcome = self._answer(offset)
            self.engine.scheduler.complete(work, outcome, self.engine.now)
            if outcome is DELIVERED:
                self.delivered_at.append(self.engine.now)
        sent.clear()

    def _dead_letter(self, offset: int) -> None:
        assert self._answer(offset) is not DELIVERED, "a good contact"
        self.dead_lettered_at.append(self.engine.now)


@pytest.mark.parametrize("refusal", [REJECTED, SUSPICIOUS], ids=["400", "403 with a fine probe"])
def test_good_contacts_behind_a_bots_bad_ones_are_delivered_within_an_hour(refusal: Outcome) -> None:
    run = Run(lambda offset: refusal if offset < 1200 else DELIVERED, records=2200)
    run.until(HOUR, over=lambda: len(run.delivered_at) == 1000 and run.dead_letters == 1200)
    assert len(run.delivered_at) == 1000
    assert run.dead_letters == 1200


def test_a_broken_mapping_dead_letters_two_thousand_and_then_one_at_each_probe() -> None:
    run = Run(lambda _: REJECTED, records=10_000)
    run.until(6 * HOUR)
    quick = sum(1 for at in run.dead_lettered_at if at < run.began + HOUR)
    assert 1900 <= quick <= 100 * LIMIT + LIMIT + HOUR / 30
    late = sum(1 for at in run.dead_lettered_at if at >= run.began + 5 * HOUR)
    assert late <= HOUR / 30 + 1
    assert run.engine.gate.fault is Fault.MASS_REJECTION


def test_the_first_delivery_opens_the_gate_at_once() -> None:
    run = Run(lambda offset: REJECTED if offset < 40 else DELIVERED, records=300)
    run.until(HOUR, over=lambda: len(run.delivered_at) == 260)
    first, last = run.delivered_at[0], run.delivered_at[-1]
    assert last == first
    assert run.engine.gate.fault is None


def test_trials_go_to_contacts_never_tried_before() -> None:
    run = Run(lambda _: REJECTED, records=200)
    run.until(200)
    assert len(set(run.tried)) == len(run.tried)


def test_a_refused_trial_is_followed_by_another_before_the_next_probe() -> None:
    engine = Engine(mass_rejection_limit=3)
    for offset, contact in enumerate([JANE, JOE, ANN]):
        engine.admit(offset, contact)
        engine.deliver_and_answer(REJECTED)
    engine.admit(3, KIM)
    last = engine.admit(4, LEE)
    engine.now += 30
    engine.probe(FINE)
    engine.deliver_and_answer(REJECTED)
    assert engine.idle() == engine.now + 15, "half the interval of the probes"
    engine.now += 15
    assert engine.deliver() is last
    assert engine.permit(last) is Permit.HALT_TRIAL


def test_those_refused_before_the_halt_are_tried_when_no_new_contact_is_left() -> None:
    run = Run(lambda _: REJECTED, records=60)
    run.until(HOUR, over=lambda: run.dead_letters == 60)
    assert run.dead_letters == 60
    assert not len(run.engine.tracker)


def test_while_it_is_halted_offsets_are_committed_no_further_than_what_is_settled() -> None:
    run = Run(lambda _: REJECTED, records=100)
    run.until(30)
    lowest = min((task.record.offset for task in run.engine.tracker), default=100)
    assert run.engine.committable_offset() == lowest
    assert run.engine.scheduler.in_flight([EVENTS]) == 0
