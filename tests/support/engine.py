"""A real scheduler with a virtual clock: tests admit records, take work, and answer requests."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from consumer.clicksend.fault import OnConfigurationFault
from consumer.clicksend.outcome import Outcome
from consumer.clicksend.probe import ProbeResult
from consumer.delivery.gate import Gate, Permit
from consumer.delivery.outcome_policy import Action, DeadLetter, OutcomePolicy
from consumer.delivery.retry import RetryPolicy
from consumer.enrolment.disposition import DeadLetterReason
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.task import Partition, Task
from consumer.scheduling.work import Deliver, PolledRecords, Probe, Wait, Work, WriteDeadLetter
from consumer.threads import OsThreads
from tests.support.records import EVENTS, TOPIC_ID, task


class Engine:
    """A scheduler that owns the partition EVENTS, and the time on its clock."""

    def __init__(
        self,
        requests_per_second: float = 0,
        on_fault: OnConfigurationFault = OnConfigurationFault.HALT,
        mass_rejection_limit: int = 20,
        policy: RetryPolicy | None = None,
        deduplicate: int = 0,
    ) -> None:
        policy = policy or RetryPolicy(initial_delay=0.5, max_delay=60, max_age=86400)
        self.now = 1000.0
        self.gate = Gate(policy, requests_per_second, probe_interval=30)
        outcome_policy = OutcomePolicy(self.gate, policy, on_fault, mass_rejection_limit)
        self.scheduler = Scheduler(self.gate, outcome_policy, policy, OsThreads(), deduplicate)
        self.tracker = self.assign(EVENTS)
        self.wake_ups = 0
        self.scheduler.on_work(self._woken)
        self._sent: dict[Task, Deliver] = {}  # the requests that are in flight, or have been

    def assign(self, partition: Partition, start: int = 0) -> OffsetTracker:
        return self.scheduler.assign(partition, start, start, TOPIC_ID)

    def admit(
        self,
        offset: int,
        *identities: str,
        partition: Partition = EVENTS,
        payload: bytes = b"",
        reason: DeadLetterReason | None = None,
    ) -> Task:
        """Admit one record: a contact with these identities, or a record that can never become a contact."""
        tracker = self.scheduler.trackers[partition]
        arrived = task(tracker, offset, *identities, payload=payload, reason=reason)
        tracker.highest_seen = offset
        self.scheduler.admit(PolledRecords(consumed=1, tasks=[arrived]))
        return arrived

    def take(self) -> Work:
        return self.scheduler.take(self.now)

    def deliver(self) -> Task:
        """Take a record to POST."""
        return self._delivery(self.take())

    def deliver_when_due(self) -> Task:
        """Let time pass until there is work, and take it: a record to POST."""
        return self._delivery(self._take_when_due())

    def permit(self, sent: Task) -> Permit:
        """Return the permit of the task's last request."""
        return self._sent[sent].permit

    def dead_letter_work(self) -> Task:
        """Take a dead letter to write."""
        return self._dead_letter(self.take())

    def dead_letter_work_when_due(self) -> Task:
        """Let time pass until there is work, and take it: a dead letter to write."""
        return self._dead_letter(self._take_when_due())

    def probe(self, finding: ProbeResult) -> None:
        """Take a probe, and complete it with this finding."""
        assert self.take() == Probe()
        self.probed(finding)

    def probed(self, finding: ProbeResult) -> None:
        self.scheduler.probed(finding, self.now)

    def idle(self) -> float:
        """Take no work, and return until when there is none."""
        work = self.take()
        assert isinstance(work, Wait), work
        assert work.until > self.now, "a time in the past makes the delivery loop spin"
        return work.until

    def answer(self, sent: Task, outcome: Outcome) -> Action | None:
        """The task's request ends so. If a dead letter is due, it is the next work: it is taken, and in flight."""
        action = self.scheduler.complete(self._sent[sent], outcome, self.now)
        if isinstance(action, DeadLetter) and not sent.is_batch_event:
            assert self.dead_letter_work() is sent
        return action

    def deliver_and_answer(self, outcome: Outcome) -> Task:
        """Take a record to POST, and complete its request with this outcome."""
        sent = self.deliver()
        self.answer(sent, outcome)
        return sent

    def committable_offset(self) -> int:
        """Return the offset that would be committed for EVENTS now."""
        return self.tracker.committable_offset(position=0)

    def settled(self) -> dict[str, int]:
        """Return the number of settled records by disposition and reason, without zeros."""
        settled = self.scheduler.snapshot().counts.settled
        return {f"{disposition} {reason}": number for (disposition, reason), number in settled.items() if number}

    def released(self) -> dict[str, int]:
        """Return the number of released records by reason, without zeros."""
        return {reason: number for reason, number in self.scheduler.snapshot().counts.released.items() if number}

    def _take_when_due(self) -> Work:
        while isinstance(work := self.take(), Wait):
            assert self.now < work.until < math.inf
            self.now = work.until
        return work

    def _delivery(self, work: Work) -> Task:
        assert isinstance(work, Deliver), work
        self._sent[work.task] = work
        return work.task

    def _dead_letter(self, work: Work) -> Task:
        assert isinstance(work, WriteDeadLetter), work
        return work.task

    def _woken(self) -> None:
        self.wake_ups += 1


def wakes(engine: Engine, by: Callable[[], object]) -> bool:
    """Return whether `by` wakes a waiting delivery loop exactly once."""
    engine.idle()
    before = engine.wake_ups
    by()
    return engine.wake_ups == before + 1


def ends_the_wait(engine: Engine, by: Callable[[], object], partition: Partition = EVENTS) -> bool:
    """Return whether `by` notifies a thread that waits for the requests in flight."""
    waiting = Event()

    def wait() -> float:
        began = time.monotonic()
        waiting.set()
        engine.scheduler.wait_in_flight([partition], seconds=30)
        return time.monotonic() - began

    with ThreadPoolExecutor(1) as pool:
        waited = pool.submit(wait)
        waiting.wait()
        by()
        return waited.result() < 30
