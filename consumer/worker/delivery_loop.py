"""The delivery thread: take work while there is a free slot, send it, report the outcome."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Protocol

from consumer.clicksend.outcome import Outcome
from consumer.clicksend.probe import ProbeResult
from consumer.delivery.outcome_policy import Settle
from consumer.delivery.rate_limiter import CATCH_UP
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.task import Task
from consumer.scheduling.work import Deliver, Duplicate, Paced, Probe, Stop, Wait, WriteDeadLetter

SLICE = 64  # work begun between two turns of the event loop: below 5 ms
SOON = 0.4 * CATCH_UP  # seconds from a timer's time: then even a timer that is late keeps the requests' slots


class DeadLetterWriter(Protocol):
    """Writes dead letters and reports the broker's response to the scheduler."""

    def write(self, task: Task) -> None:
        """Produce the task's dead letter. Never raises; a failure reaches the scheduler as `dead_letter_failed`."""


class Timer(Protocol):
    """A scheduled callback."""

    def cancel(self) -> None:
        """Prevent it from running, if it has not run yet."""


class Driver(Protocol):
    """The delivery loop's thread, time, timers and requests: asyncio in a worker, virtual time in a simulation.

    Callbacks run on the loop's thread, one after the other. Only `wake`, `start`, `stop` and `join` may be called from
    other threads.
    """

    def start(self, on_crash: Callable[[BaseException], None]) -> None:
        """Start the thread. Pass an exception that escapes a callback to `on_crash`."""

    def now(self) -> float:
        """Return the time, in monotonic seconds."""

    def wake(self, callback: Callable[[], None]) -> None:
        """Run the callback soon. Any thread may ask, also after `stop`: then it does not run."""

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Run the callback at `when` (monotonic seconds) or a little later."""

    def send(self, payload: bytes, on_outcome: Callable[[Outcome], None]) -> None:
        """POST one contact, once. `on_outcome` is called exactly once, after this call has returned."""

    def probe(self, on_result: Callable[[ProbeResult], None]) -> None:
        """Reload the credentials and probe, outside the loop. `on_result` is called once, later."""

    def stop(self) -> None:
        """End the thread and close every connection. Thread-safe."""

    def join(self, timeout: float) -> None:
        """Wait for the thread's end, at most `timeout` seconds."""


class DeliveryLoop:
    """Keep up to `concurrency` requests in flight. A driver provides the thread, the clock and the network.

    A response frees a slot and takes the next work at once, without another thread. One timer serves gate and retries.
    Where requests are paced, the timer takes the next work, and several at once: a wake-up costs more than a request.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        driver: Driver,
        dead_letters: DeadLetterWriter,
        reporter: Reporter,
        concurrency: int,
        on_crash: Callable[[BaseException], None],
    ) -> None:
        self._scheduler = scheduler
        self._driver = driver
        self._dead_letters = dead_letters
        self._reporter = reporter
        self._concurrency = concurrency
        self._on_crash = on_crash
        # The rest is for the loop's thread.
        self._requests = 0  # in flight
        self._timer: Timer | None = None
        self._timer_at = math.inf
        self._paced = False  # the timer is for the rate limit

    def start(self) -> None:
        """Start delivering."""
        self._driver.start(self._on_crash)
        self._scheduler.on_work(partial(self._driver.wake, self._pump))
        self._driver.wake(self._pump)

    def stop(self, timeout: float) -> None:
        """Stop the loop of a closed scheduler. Wait for its thread at most `timeout` seconds."""
        self._driver.stop()
        self._driver.join(timeout)

    def _pump(self) -> None:
        """Begin all work that can begin now."""
        scheduler, driver = self._scheduler, self._driver
        for _ in range(SLICE):
            if self._requests >= self._concurrency:
                return
            work = scheduler.take(now := driver.now())
            if type(work) is Deliver:
                self._requests += 1
                driver.send(work.task.payload, partial(self._ended, work))
                continue
            match work:
                case Wait(until):
                    self._paced = type(work) is Paced
                    self._wait(until, now)
                    return
                case Stop():
                    return
                case WriteDeadLetter(task):
                    self._dead_letters.write(task)
                case Duplicate(task):
                    self._reporter.duplicate(task)
                case Probe():
                    driver.probe(self._probed)
        driver.wake(self._pump)

    def _wait(self, until: float, now: float) -> None:
        """Pump again at `until`. An earlier timer pumps, too, so it may stay."""
        if until >= self._timer_at and self._timer_at > now:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer, self._timer_at = None, math.inf
        if until < math.inf:
            self._timer, self._timer_at = self._driver.call_at(until, self._timer_is_due), until

    def _timer_is_due(self) -> None:
        self._timer, self._timer_at = None, math.inf
        self._pump()

    def _ended(self, sent: Deliver, outcome: Outcome) -> None:
        self._requests -= 1
        now = self._driver.now()
        action = self._scheduler.complete(sent, outcome, now)
        self._reporter.answered(sent.task, outcome, action, now - sent.sent_at)
        self._reporter.gate(self._scheduler.gate.fault)
        if not (isinstance(action, Settle) and self._timer_begins_all(now)):
            self._pump()

    def _timer_begins_all(self, now: float) -> bool:
        """Return whether the timer will begin, soon and within the free slots, all that the rate limit allows by then.

        Else the slots are what limits, and each has to be used at once.
        """
        if not self._paced or abs(now - self._timer_at) >= SOON:
            return False
        return self._requests + self._scheduler.gate.rate * CATCH_UP < self._concurrency

    def _probed(self, result: ProbeResult) -> None:
        self._scheduler.probed(result, self._driver.now())
        self._reporter.probed(result)
        self._reporter.gate(self._scheduler.gate.fault)
        self._pump()
