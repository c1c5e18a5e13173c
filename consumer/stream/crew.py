"""The delivery threads: each takes work from the scheduler, does its I/O, and reports back."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from consumer.clicksend.client import Client
from consumer.delivery.judge import GiveUp
from consumer.stream.record import Task
from consumer.stream.reporter import Reporter
from consumer.stream.scheduler import Scheduler
from consumer.stream.work import Bury, Deliver, Duplicate, Probe, Stop, Wait, Work


class DeadLetterWriter(Protocol):
    """Writes dead letters; reports to the scheduler when the broker has answered."""

    def write(self, task: Task) -> None:
        """Hand the task's dead letter over. Never raises; a failure reaches the scheduler as `bury_failed`."""


class Crew:
    """A fixed number of delivery threads, each with a client of its own.

    Waiting costs nothing: one thread, the lookout, waits with the time of the next event, the others until they are
    woken; whoever finds work wakes the next. An unexpected exception in any thread is given to `on_crash`.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        clients: Callable[[], Client],
        dead_letters: DeadLetterWriter,
        reload_credentials: Callable[[], None],
        reporter: Reporter,
        clock: Callable[[], float],
        on_crash: Callable[[BaseException], None],
    ) -> None:
        self._scheduler = scheduler
        self._clients = clients
        self._dead_letters = dead_letters
        self._reload_credentials = reload_credentials
        self._reporter = reporter
        self._clock = clock
        self._on_crash = on_crash
        self._lookout_until = math.inf  # guarded by the scheduler's lock; infinite: nobody looks out
        self._threads: list[threading.Thread] = []

    def start(self, size: int) -> None:
        """Start so many threads."""
        for number in range(size):
            # Daemons: a request that hangs must not keep a process alive that has decided to end.
            thread = threading.Thread(target=self._run, name=f"delivery-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def join(self, timeout: float) -> None:
        """Wait, at most `timeout` seconds in all, for the threads to end after the scheduler was closed."""
        deadline = self._clock() + timeout
        for thread in self._threads:
            thread.join(max(0.0, deadline - self._clock()))

    def _run(self) -> None:
        try:
            client = self._clients()
            try:
                while not isinstance(work := self._next(), Stop):
                    self._do(work, client)
            finally:
                client.close()
        except BaseException as crash:  # whatever it is, the worker must not live on with a thread less
            self._on_crash(crash)

    def _next(self) -> Work:
        """Wait for work. Wakes another thread on the way where there may be more."""
        scheduler = self._scheduler
        with scheduler.changed:
            looked_out = False
            while isinstance(work := scheduler.take(self._clock()), Wait):
                looked_out = self._wait(work.until)
            if looked_out or scheduler.has_ready():
                scheduler.changed.notify()
            return work

    def _wait(self, until: float) -> bool:
        """Wait until woken, or as the lookout until `until`; tells whether it was the lookout."""
        changed = self._scheduler.changed
        if until >= self._lookout_until:
            changed.wait()
            return False
        self._lookout_until = until
        changed.wait(max(0.0, until - self._clock()))
        if self._lookout_until == until:
            self._lookout_until = math.inf
        return True

    def _do(self, work: Work, client: Client) -> None:
        match work:
            case Deliver(task):
                self._deliver(task, client)
            case Bury(task):
                self._dead_letters.write(task)
            case Duplicate(task):
                self._reporter.duplicate(task)
            case Probe():
                self._probe(client)

    def _deliver(self, task: Task, client: Client) -> None:
        outcome = client.post(task.payload, datetime.now(UTC))
        now = self._clock()
        verdict = self._scheduler.complete(task, outcome, now)
        self._reporter.answered(task, outcome, verdict, now - task.sent_at)
        self._reporter.gate(self._scheduler.gate.fault)
        if isinstance(verdict, GiveUp):
            self._dead_letters.write(task)

    def _probe(self, client: Client) -> None:
        self._reload_credentials()
        verdict = client.probe(datetime.now(UTC))
        self._scheduler.probed(verdict, self._clock())
        self._reporter.probed(verdict)
        self._reporter.gate(self._scheduler.gate.fault)
