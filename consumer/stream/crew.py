"""The delivery threads: each takes work from the scheduler, does its I/O, and reports back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from consumer.clicksend.client import Client
from consumer.delivery.judge import GiveUp
from consumer.stream.record import Task
from consumer.stream.reporter import Reporter
from consumer.stream.scheduler import Scheduler
from consumer.stream.threads import Thread, Threads
from consumer.stream.work import Bury, Deliver, Duplicate, Probe, Stop, Wait, Work

NAME = "delivery"  # of the threads, with a number


class DeadLetterWriter(Protocol):
    """Writes dead letters; reports to the scheduler when the broker has answered."""

    def write(self, task: Task) -> None:
        """Hand the task's dead letter over. Never raises; a failure reaches the scheduler as `bury_failed`."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the delivery threads work with.

    clients            -- makes a client, one for each thread
    reload_credentials -- reads them again from where they came
    """

    clients: Callable[[], Client]
    reload_credentials: Callable[[], None]


class Crew:
    """A fixed number of delivery threads, each with a client of its own.

    Waiting costs nothing: one thread, the lookout, waits with the time of the next event, the others until they are
    woken; whoever finds work wakes the next. An unexpected exception in any thread is given to `on_crash`.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        delivery: Delivery,
        dead_letters: DeadLetterWriter,
        reporter: Reporter,
        clock: Callable[[], float],
        on_crash: Callable[[BaseException], None],
        threads: Threads,
    ) -> None:
        self._scheduler = scheduler
        self._delivery = delivery
        self._dead_letters = dead_letters
        self._reporter = reporter
        self._clock = clock
        self._on_crash = on_crash
        self._lookout_until = math.inf  # guarded by the scheduler's lock; infinite: nobody looks out
        self._threads = threads
        self._members: list[Thread] = []
        # By thread, which alone writes it: when it began what it does; infinite: nothing.
        self.busy_since: list[float] = []

    def start(self, size: int) -> None:
        """Start so many threads."""
        self.busy_since = [math.inf] * size
        for number in range(size):
            self._members.append(self._threads.start(partial(self._run, number), f"{NAME}-{number}"))

    def join(self, timeout: float) -> None:
        """Wait, at most `timeout` seconds in all, for the threads to end after the scheduler was closed."""
        deadline = self._clock() + timeout
        for member in self._members:
            member.join(max(0.0, deadline - self._clock()))

    def _run(self, number: int) -> None:
        try:
            client = self._delivery.clients()
            try:
                while not isinstance(work := self._next(), Stop):
                    self.busy_since[number] = self._clock()
                    self._do(work, client)
                    self.busy_since[number] = math.inf
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
        sent_at = task.sent_at  # it changes when another thread takes the task again
        outcome = client.post(task.payload, datetime.now(UTC))
        now = self._clock()
        verdict = self._scheduler.complete(task, outcome, now)
        self._reporter.answered(task, outcome, verdict, now - sent_at)
        self._reporter.gate(self._scheduler.gate.fault)
        if isinstance(verdict, GiveUp):
            self._dead_letters.write(task)

    def _probe(self, client: Client) -> None:
        self._delivery.reload_credentials()
        verdict = client.probe(datetime.now(UTC))
        self._scheduler.probed(verdict, self._clock())
        self._reporter.probed(verdict)
        self._reporter.gate(self._scheduler.gate.fault)
