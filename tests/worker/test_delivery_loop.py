"""The delivery loop on a scripted driver."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Outcome
from consumer.clicksend.probe import ProbeResult
from consumer.delivery.rate_limiter import CATCH_UP
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.task import Task
from consumer.worker.delivery_loop import SLICE, DeliveryLoop
from tests.support.engine import Engine
from tests.support.outcomes import DELIVERED, DOWN, FINE, REJECTED, UNAUTHORIZED, asked_to_wait
from tests.support.records import JANE, JOE


class HandDriver:
    """Virtual time; requests wait until they are answered."""

    def __init__(self, engine: Engine) -> None:
        self.requests: deque[tuple[bytes, Callable[[Outcome], None]]] = deque()
        self.probes: deque[Callable[[ProbeResult], None]] = deque()
        self.timers: list[HandTimer] = []
        self.turns = 0
        self.stopped = False
        self._engine = engine
        self._callbacks: deque[Callable[[], None]] = deque()

    def run(self) -> None:
        """Run what is due now."""
        while self._callbacks:
            self.turns += 1
            self._callbacks.popleft()()

    def answer(self, outcome: Outcome) -> None:
        """The oldest request ends so."""
        self.requests.popleft()[1](outcome)
        self.run()

    def answer_all(self, outcome: Outcome) -> None:
        """All requests in flight end so."""
        for _ in range(len(self.requests)):
            self.answer(outcome)

    def pass_time(self, seconds: float) -> None:
        """Let time pass, and fire what is due."""
        self._engine.now += seconds
        for timer in [each for each in self.timers if each.when <= self._engine.now]:
            self.timers.remove(timer)
            timer.callback()
        self.run()

    def start(self, on_crash: Callable[[BaseException], None]) -> None:
        pass

    def now(self) -> float:
        return self._engine.now

    def wake(self, callback: Callable[[], None]) -> None:
        self._callbacks.append(callback)

    def call_at(self, when: float, callback: Callable[[], None]) -> HandTimer:
        self.timers.append(HandTimer(self, when, callback))
        return self.timers[-1]

    def send(self, payload: bytes, on_outcome: Callable[[Outcome], None]) -> None:
        self.requests.append((payload, on_outcome))

    def probe(self, on_result: Callable[[ProbeResult], None]) -> None:
        self.probes.append(on_result)

    def stop(self) -> None:
        self.stopped = True

    def join(self, timeout: float) -> None:
        pass


class HandTimer:
    def __init__(self, driver: HandDriver, when: float, callback: Callable[[], None]) -> None:
        self.when = when
        self.callback = callback
        self._driver = driver

    def cancel(self) -> None:
        self._driver.timers.remove(self)


class DeadLetterRecorder:
    """Notes the dead letters that are handed over."""

    def __init__(self) -> None:
        self.written: list[Task] = []

    def write(self, task: Task) -> None:
        self.written.append(task)


class LoopHarness:
    def __init__(self, concurrency: int = 2, deduplicate: int = 0, requests_per_second: float = 0) -> None:
        self.engine = Engine(requests_per_second, deduplicate=deduplicate)
        self.driver = HandDriver(self.engine)
        self.dead_letters = DeadLetterRecorder()
        reporter = Reporter(CollectorRegistry(), None, time.monotonic)
        self.loop = DeliveryLoop(self.engine.scheduler, self.driver, self.dead_letters, reporter, concurrency, _raise)
        self.loop.start()
        self.driver.run()

    def arrive(self, count: int, first: int = 0) -> None:
        """Admit this many contacts."""
        for offset in range(first, first + count):
            self.engine.admit(offset, f"{offset}@example.com")
        self.driver.run()


def _raise(crash: BaseException) -> None:
    raise crash


@pytest.fixture
def harness() -> LoopHarness:
    return LoopHarness()


def test_as_many_requests_as_allowed_are_in_flight_and_no_more(harness: LoopHarness) -> None:
    harness.arrive(5)
    assert len(harness.driver.requests) == 2


def test_each_response_takes_the_next_work(harness: LoopHarness) -> None:
    harness.arrive(5)
    for _ in range(5):
        harness.driver.answer(DELIVERED)
    assert harness.engine.settled() == {"delivered accepted": 5}


def test_a_loop_that_waits_is_woken_by_what_arrives(harness: LoopHarness) -> None:
    harness.arrive(1)
    harness.driver.answer(DELIVERED)
    harness.arrive(1, first=1)
    assert len(harness.driver.requests) == 1


def test_a_retry_goes_out_when_its_timer_is_due(harness: LoopHarness) -> None:
    harness.arrive(1)
    harness.driver.answer(asked_to_wait(10, 500))
    assert [timer.when for timer in harness.driver.timers] == [harness.engine.now + 10]
    harness.driver.pass_time(10)
    assert len(harness.driver.requests) == 1


def test_one_timer_serves_all_that_wait_and_the_earliest_counts() -> None:
    harness = LoopHarness(concurrency=3)
    harness.arrive(3)
    for seconds in (30, 10, 20):
        harness.driver.answer(asked_to_wait(seconds, 500))
    assert [timer.when for timer in harness.driver.timers] == [harness.engine.now + 10]
    harness.driver.pass_time(10)
    assert (len(harness.driver.requests), len(harness.driver.timers)) == (1, 1)


def test_nothing_to_wait_for_needs_no_timer(harness: LoopHarness) -> None:
    harness.arrive(1)
    harness.driver.answer(DELIVERED)
    assert harness.driver.timers == []
    assert harness.engine.idle() == math.inf


def test_a_rejected_contact_is_handed_to_the_writer_of_dead_letters(harness: LoopHarness) -> None:
    harness.arrive(1)
    harness.driver.answer(REJECTED)
    assert [task.record.offset for task in harness.dead_letters.written] == [0]


def test_a_contact_waits_for_its_earlier_record(harness: LoopHarness) -> None:
    harness.engine.admit(0, JANE)
    harness.engine.admit(1, JANE)
    harness.engine.admit(2, JOE)
    harness.driver.run()
    assert len(harness.driver.requests) == 2
    harness.driver.answer(DOWN)
    assert len(harness.driver.requests) == 1, "the second of them waits for the retry of the first"


def test_a_duplicate_is_settled_without_a_request() -> None:
    harness = LoopHarness(deduplicate=10)
    harness.engine.admit(0, JANE)
    harness.driver.run()
    harness.driver.answer(DELIVERED)
    harness.engine.admit(1, JANE)
    harness.driver.run()
    assert not harness.driver.requests
    assert harness.engine.settled() == {"delivered accepted": 1, "filtered duplicate": 1}


def test_a_probe_runs_beside_the_loop_and_its_verdict_frees_one_trial(harness: LoopHarness) -> None:
    harness.arrive(3)
    harness.driver.answer(UNAUTHORIZED)
    harness.driver.answer(UNAUTHORIZED)
    assert harness.engine.gate.fault is Fault.UNAUTHORIZED
    harness.driver.pass_time(30)
    assert (len(harness.driver.probes), len(harness.driver.requests)) == (1, 0)
    harness.driver.probes.popleft()(FINE)
    assert len(harness.driver.requests) == 1
    harness.driver.answer(DELIVERED)
    assert len(harness.driver.requests) == 2


def test_where_requests_are_paced_the_timer_sends_several_at_one_wake_up_and_responses_none() -> None:
    harness = LoopHarness(concurrency=16, requests_per_second=100)
    harness.arrive(20)
    harness.driver.pass_time(0.035)
    assert len(harness.driver.requests) == 4
    harness.engine.now += 0.016
    harness.driver.answer_all(DELIVERED)
    assert not harness.driver.requests, "two slots of the limit have passed"
    harness.driver.pass_time(0)
    assert len(harness.driver.requests) == 2


def test_a_response_sends_what_its_timer_should_have_sent_before_a_slot_is_lost() -> None:
    harness = LoopHarness(concurrency=8, requests_per_second=100)
    harness.arrive(20)
    harness.engine.now += 0.009 + CATCH_UP
    harness.driver.answer(DELIVERED)
    assert len(harness.driver.requests) == 5


def test_where_the_slots_limit_more_than_the_rate_each_response_uses_its_slot_at_once() -> None:
    harness = LoopHarness(concurrency=8, requests_per_second=500)
    harness.arrive(30)
    harness.driver.pass_time(0.03)
    assert len(harness.driver.requests) == 8, "of sixteen that the rate allows"
    harness.engine.now += 0.1
    for passed in (0.0, 0.001, 0.002):  # the second one's slot waits for the rate
        harness.engine.now += passed
        harness.driver.answer(DELIVERED)
    assert len(harness.driver.requests) == 7


def test_what_a_paced_response_asks_for_is_done_at_once() -> None:
    harness = LoopHarness(concurrency=8, requests_per_second=100)
    harness.arrive(20)
    harness.driver.answer(REJECTED)
    assert [task.record.offset for task in harness.dead_letters.written] == [0]


def test_a_free_slot_of_the_limit_goes_to_the_record_that_a_response_frees() -> None:
    harness = LoopHarness(concurrency=8, requests_per_second=100)
    harness.engine.admit(0, JANE)
    harness.engine.admit(1, JANE)
    harness.driver.run()
    harness.engine.now += 0.015
    harness.driver.answer(DELIVERED)
    assert len(harness.driver.requests) == 1


def test_a_long_start_is_cut_into_slices_between_which_responses_get_their_turn() -> None:
    harness = LoopHarness(concurrency=10 * SLICE)
    before = harness.driver.turns
    harness.arrive(5 * SLICE)
    assert len(harness.driver.requests) == 5 * SLICE
    assert harness.driver.turns - before >= 5


def test_after_the_end_nothing_goes_out_and_what_is_in_flight_is_settled(harness: LoopHarness) -> None:
    harness.arrive(3)
    harness.engine.scheduler.close()
    harness.driver.answer(DELIVERED)
    assert len(harness.driver.requests) == 1
    harness.driver.answer(DELIVERED)
    assert (len(harness.driver.requests), harness.engine.settled()) == (0, {"delivered accepted": 2})
