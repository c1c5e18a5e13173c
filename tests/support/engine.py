"""A scheduler with a virtual clock, and the records it works on: the words in which the tests of this room are written.

Everything in it is the real thing; only time and the answers are made up.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event

from consumer.clicksend.outcome import Outcome
from consumer.clicksend.probe import ProbeResult
from consumer.delivery.gate import Gate, Permit
from consumer.delivery.outcome_policy import Action, OnConfigurationFault, OutcomePolicy
from consumer.delivery.retry import RetryPolicy
from consumer.enrolment.disposition import DeadLetterReason
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.task import Headers, Partition, Record, Task
from consumer.scheduling.work import Batch, Deliver, Probe, Wait, Work, WriteDeadLetter
from consumer.threads import OsThreads

TOPIC_ID = b"the topic's id......"
EVENTS = Partition("events", 0)
MORE_EVENTS = Partition("events", 1)

JANE, JOE, ANN, KIM, LEE = (f"{name}.doe@example.com" for name in ("jane", "joe", "ann", "kim", "lee"))
PHONE = "+14155550132"
TIMESTAMP_MS = 1_767_225_600_000


def record(
    offset: int = 0,
    partition: Partition = EVENTS,
    key: bytes | None = None,
    value: bytes | None = b"{}",
    headers: Headers | None = None,
    **more: bool,
) -> Record:
    return Record(partition, offset, TIMESTAMP_MS, key, value, headers or [], **more)


def task(
    tracker: OffsetTracker, offset: int, *identities: str, payload: bytes = b"", reason: DeadLetterReason | None = None
) -> Task:
    return Task(record(offset, tracker.partition), tracker, identities, payload, reason=reason)


@dataclass(slots=True)
class Consumed:
    """Stands for a `confluent_kafka.Message` of the partition EVENTS, which only librdkafka makes."""

    at: int
    body: bytes
    name: bytes | None = None
    epoch: int = 0
    own_headers: Headers | None = None

    def leader_epoch(self) -> int:
        return self.epoch

    def error(self) -> None:
        return None

    def topic(self) -> str:
        return EVENTS.topic

    def partition(self) -> int:
        return EVENTS.number

    def offset(self) -> int:
        return self.at

    def value(self) -> bytes:
        return self.body

    def key(self) -> bytes | None:
        return self.name

    def headers(self) -> Headers | None:
        return self.own_headers

    def timestamp(self) -> tuple[int, int]:
        return 1, TIMESTAMP_MS


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
        self, offset: int, *identities: str, partition: Partition = EVENTS, reason: DeadLetterReason | None = None
    ) -> Task:
        """One record arrives: a contact with these identities, or one that can never become a contact."""
        tracker = self.scheduler.trackers[partition]
        arrived = task(tracker, offset, *identities, reason=reason)
        tracker.highest_seen = offset
        self.scheduler.admit(Batch(consumed=1, tasks=[arrived]))
        return arrived

    def take(self) -> Work:
        return self.scheduler.take(self.now)

    def deliver(self) -> Task:
        """Expects a record to POST."""
        work = self.take()
        assert isinstance(work, Deliver), work
        self._sent[work.task] = work
        return work.task

    def permit(self, sent: Task) -> Permit:
        """What the task's last request went out as."""
        return self._sent[sent].permit

    def deliver_when_due(self) -> Task:
        """Lets time pass until there is something to do, and expects that to be a record to POST."""
        while isinstance(work := self.take(), Wait):
            assert self.now < work.until < math.inf
            self.now = work.until
        assert isinstance(work, Deliver), work
        self._sent[work.task] = work
        return work.task

    def dead_letter_work(self) -> Task:
        """Expects a dead letter to write."""
        work = self.take()
        assert isinstance(work, WriteDeadLetter), work
        return work.task

    def dead_letter_work_when_due(self) -> Task:
        """Lets time pass until there is something to do, and expects that to be a dead letter to write."""
        while isinstance(work := self.take(), Wait):
            assert self.now < work.until < math.inf
            self.now = work.until
        assert isinstance(work, WriteDeadLetter), work
        return work.task

    def probe(self, finding: ProbeResult) -> None:
        """Expects a probe, which finds this."""
        assert self.take() == Probe()
        self.probed(finding)

    def probed(self, finding: ProbeResult) -> None:
        self.scheduler.probed(finding, self.now)

    def idle(self) -> float:
        """Expects that there is nothing to do now; gives until when."""
        work = self.take()
        assert isinstance(work, Wait), work
        assert work.until > self.now, "a time that has passed would have the taker take again at once, for ever"
        return work.until

    def answer(self, sent: Task, outcome: Outcome) -> Action | None:
        """The task's request ends so."""
        return self.scheduler.complete(self._sent[sent], outcome, self.now)

    def deliver_and_answer(self, outcome: Outcome) -> Task:
        """Expects a record to POST, which ends so at once."""
        sent = self.deliver()
        self.answer(sent, outcome)
        return sent

    def committable_offset(self) -> int:
        """What would be committed for EVENTS now."""
        return self.tracker.committable_offset(position=0)

    def settled(self) -> dict[str, int]:
        """How many records have ended in which way; the ways in which none has are left out."""
        settled = self.scheduler.snapshot().counts.settled
        return {f"{disposition} {reason}": number for (disposition, reason), number in settled.items() if number}

    def released(self) -> dict[str, int]:
        """How many records were given back why; the reasons for which none was are left out."""
        return {reason: number for reason, number in self.scheduler.snapshot().counts.released.items() if number}

    def _woken(self) -> None:
        self.wake_ups += 1


def wakes(engine: Engine, by: Callable[[], object]) -> bool:
    """Whether a delivery loop that has been told to wait is woken by what `by` does, exactly once."""
    engine.idle()
    before = engine.wake_ups
    by()
    return engine.wake_ups == before + 1


def ends_the_wait(engine: Engine, by: Callable[[], object], partition: Partition = EVENTS) -> bool:
    """Whether a thread that waits for what is in flight is notified by what `by` does."""
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
