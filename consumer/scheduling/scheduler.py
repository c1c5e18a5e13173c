"""Which record goes out next, and how it is settled: lanes, ledgers, gate and judge under one lock."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Outcome
from consumer.clicksend.probe import ProbeVerdict
from consumer.delivery.dead_letter_backoff import Burials
from consumer.delivery.duplicates import Duplicates
from consumer.delivery.gate import Closed, Gate
from consumer.delivery.outcome_policy import AwaitProbe, GiveUp, Judge, Settle, Verdict
from consumer.delivery.retry import RetryPolicy
from consumer.enrolment.disposition import DeadLetterReason, DeliveredReason, Disposition, FilterReason, Reason
from consumer.scheduling.counts import Counts, ReleaseReason
from consumer.scheduling.lanes import Lanes
from consumer.scheduling.offset_tracker import Ledger
from consumer.scheduling.ready import ParkedTasks, ReadyQueue
from consumer.scheduling.task import Partition, Stage, Task
from consumer.scheduling.work import Bury, Deliver, Duplicate, Probe, Stop, Wait, Work
from consumer.threads import Threads

WAITING = frozenset({Stage.QUEUED, Stage.READY, Stage.PARKED, Stage.SUSPECT, Stage.HELD, Stage.TO_BURY})


@dataclass(slots=True)
class Batch:
    """What one look at Kafka brought: tasks in the order of their arrival, the rest as numbers."""

    consumed: int = 0
    skipped: int = 0
    filtered: dict[FilterReason, int] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)


class Scheduler:
    """The heart of the worker. No I/O and no clock of its own: the caller passes `now` (monotonic seconds).

    The poll thread and the delivery loop meet here, in short critical sections under `lock`. The invariant: the loop
    takes work until it is told to wait or its slots are used up. When `take` returns `Wait` it notes, under the lock,
    that the loop waits; the next change by another thread that may bring work sooner clears the note and wakes the
    loop once. So no wake-up is lost, and a busy loop is never woken.

    deduplicate -- identities whose last delivered payload is remembered; 0: none
    """

    def __init__(self, gate: Gate, judge: Judge, policy: RetryPolicy, threads: Threads, deduplicate: int = 0) -> None:
        # Not reentrant. The condition is notified when something in flight has ended, once partitions leave or the
        # scheduler is closed.
        self.lock, self._request_finished = threads.condition()
        self._wake: Callable[[], None] = _nobody
        self._loop_waits = False  # the loop has been told to wait and not been woken since
        self.gate = gate
        self.ledgers: dict[Partition, Ledger] = {}  # changed by the poll thread only, which may read without the lock
        self._judge = judge
        self._policy = policy
        self._duplicates = Duplicates(deduplicate)
        self._lanes = Lanes()
        self._ready = ReadyQueue()
        self._parked = ParkedTasks()
        self._to_bury: deque[Task] = deque()
        self._burials = Burials(policy)
        self._in_flight: Counter[Partition] = Counter()  # requests and dead letters
        self._suspects: list[Task] = []
        self._probed_suspects: list[Task] | None = None  # those the probe under way decides about; None: no probe
        self._counts = Counts()
        self._closed = False

    def on_work(self, wake: Callable[[], None]) -> None:
        """Call `wake`, from any thread and without the lock, when a waiting delivery loop may find work."""
        self._wake = wake

    # What the poll thread calls.

    def assign(self, partition: Partition, start: int, committed: int, topic_id: bytes) -> Ledger:
        """A new ledger for a partition that is consumed from `start` on."""
        with self.lock:
            self._duplicates.forget_all()
            ledger = self.ledgers[partition] = Ledger(partition, start, committed, topic_id)
            return ledger

    def admit(self, batch: Batch) -> None:
        """Take over what was consumed."""
        with self.lock:
            self._counts.consumed += batch.consumed
            self._counts.skipped += batch.skipped
            self._counts.add_filtered(batch.filtered)
            for task in batch.tasks:
                if not task.ledger.live:  # rewound in the middle of this very batch
                    self._counts.released[ReleaseReason.REWOUND] += 1
                    continue
                task.ledger.admit(task)
                if task.stage is Stage.HELD:
                    continue  # until `release_held`
                if task.reason is not None:
                    self._bury_soon(task)
                elif self._lanes.enter(task):
                    self._make_ready(task)
            wake = bool(batch.tasks) and self._wake_is_due()
        if wake:
            self._wake()

    def release_held(self, tasks: Iterable[Task]) -> None:
        """Write the dead letters of tasks that were held, as far as their partitions are still ours."""
        with self.lock:
            for task in tasks:
                if task.stage is Stage.HELD and task.ledger.live and not task.ledger.leaving:
                    self._bury_soon(task)
            wake = self._wake_is_due()
        if wake:
            self._wake()

    def begin_revoke(self, partitions: Iterable[Partition]) -> None:
        """Take nothing more of these partitions. What waits is given up at once, what is under way may end."""
        with self.lock:
            for partition in partitions:
                ledger = self.ledgers.get(partition)
                if ledger is not None and not ledger.leaving:
                    self._give_up_waiting(ledger)
            wake = self._wake_is_due()
        if wake:
            self._wake()

    def detach(self, partitions: Iterable[Partition], reason: ReleaseReason) -> None:
        """The partitions are no longer ours: what of them is unsettled is released, late answers change nothing."""
        partitions = list(partitions)
        self.begin_revoke(partitions)
        with self.lock:
            self._duplicates.forget_all()
            for partition in partitions:
                ledger = self.ledgers.pop(partition, None)
                if ledger is not None:
                    ledger.live = False
                    self._counts.released[reason] += len(ledger)

    def share(self) -> None:
        """A rebalance is over: this worker's part of ClickSend's limit goes with the partitions that it has now."""
        with self.lock:
            self.gate.own(len(self.ledgers))
            wake = self._wake_is_due()
        if wake:
            self._wake()

    def in_flight(self, partitions: Iterable[Partition]) -> int:
        """Count the requests and dead letters of these partitions that are in flight, those of former ledgers included:
        while one is, the next owner's could overtake it.
        """
        with self.lock:
            return sum(self._in_flight[partition] for partition in partitions)

    def wait_in_flight(self, partitions: Iterable[Partition], seconds: float) -> None:
        """Wait until something in flight has ended, at most `seconds`. Return at once where nothing of these
        partitions is in flight.
        """
        with self._request_finished:
            if any(self._in_flight[partition] for partition in partitions):
                self._request_finished.wait(seconds)

    def close(self) -> None:
        """Hand nothing out any more. What is in flight may end."""
        with self.lock:
            self._closed = True
            self._request_finished.notify_all()

    # What the delivery loop calls, on its thread. After `complete` and `probed` it takes again by itself.

    def take(self, now: float) -> Work:
        """Return the next thing to do, or until when there is none."""
        with self.lock:
            work = self._take(now)
            self._loop_waits = isinstance(work, Wait)
            return work

    def complete(self, sent: Deliver, outcome: Outcome, now: float) -> Verdict | None:
        """Note that the request has ended, and return what follows. After `GiveUp` the caller must write the dead
        letter. None: the partition is no longer ours, the answer changes nothing.
        """
        task = sent.task
        with self.lock:
            self._loop_waits = False
            verdict = self._judge.judge(outcome, task.attempts, task.contact, sent.permit, sent.sent_at, now)
            if isinstance(verdict, GiveUp) and task.ledger.live:
                task.stage, task.reason = Stage.BURYING, verdict.reason
                return verdict
            self._request_ended(task)
            if not task.ledger.live:
                self._counts.late += 1
                self._leave_lanes(task)
                return None
            self._apply(task, verdict, now)
            return verdict

    def probed(self, verdict: ProbeVerdict, now: float) -> None:
        """The probe has come back: decide about the suspects that waited for it."""
        with self.lock:
            self._loop_waits = False
            suspects, self._probed_suspects = self._probed_suspects or [], None
            for task in suspects:
                if task.stage is Stage.SUSPECT:
                    self._apply(task, self._judge.judge_suspect(verdict, task.attempts, task.contact, now), now)
            self.gate.probed(verdict, now)

    # What the dead-letter writer calls.

    def buried(self, task: Task) -> bool:
        """Note that the broker has acknowledged the dead letter. False: the partition is no longer ours."""
        with self.lock:
            self._burials.written()
            self._request_ended(task)
            live = task.ledger.live
            if live:
                self._settle(task, Disposition.DEAD_LETTERED, task.reason or DeadLetterReason.REJECTED)
            else:
                self._counts.late += 1
                self._leave_lanes(task)
            wake = self._wake_is_due()
        if wake:
            self._wake()
        return live

    def bury_failed(self, task: Task, now: float) -> None:
        """The dead letter could not be written: the record stays unsettled and it is tried again later."""
        with self.lock:
            self._burials.failed(now)
            self._request_ended(task)
            if not task.ledger.live or task.ledger.leaving:
                self._leave_lanes(task)
            else:
                task.burials += 1
                self._park(task, now + self._policy.delay(task.burials))
            wake = self._wake_is_due()
        if wake:
            self._wake()

    # What everybody may ask.

    def counts(self) -> tuple[Counts, int]:
        """The totals and the number of records in progress, taken at one moment."""
        with self.lock:
            return self._counts.copy(), sum(len(ledger) for ledger in self.ledgers.values())

    def stages(self) -> dict[Stage, int]:
        """How many records stand at which stage."""
        with self.lock:
            stages = dict.fromkeys(Stage, 0)
            for ledger in self.ledgers.values():
                for task in ledger:
                    stages[task.stage] += 1
            return stages

    def dead_letters_waiting(self) -> int:
        """Of how many records the dead letter is not acknowledged yet."""
        with self.lock:
            tasks = (task for ledger in self.ledgers.values() for task in ledger)
            return sum(task.reason is not None and task.stage is not Stage.HELD for task in tasks)

    def longest_lane(self) -> int:
        """The backlog of the contact with the most records."""
        with self.lock:
            return self._lanes.longest()

    # The rest runs under the lock.

    def _wake_is_due(self) -> bool:
        """Whether the caller, once it has released the lock, must wake the loop."""
        due, self._loop_waits = self._loop_waits, False
        return due

    def _take(self, now: float) -> Work:
        if self._closed:
            return Stop()
        if now >= self._parked.next_due:
            for task in self._parked.pop_due(now):
                self._unpark(task)
        fault = self.gate.fault
        # A contact that was refused says nothing new: the trials of a mass rejection go to others first.
        self._ready.new_first = fault is Fault.MASS_REJECTION
        if (self._suspects or fault is not None) and self._probe_is_due(now):
            self._probed_suspects, self._suspects = self._suspects, []
            self.gate.begin_probe(now)
            return Probe()
        if self._to_bury and now >= self._burials.next_at:
            self._burials.begin(now)
            return Bury(self._begin(self._to_bury.popleft(), Stage.BURYING))
        first = self._ready.peek()
        if first is None:
            return Wait(self._next_event())
        if self._duplicates and self._duplicates.known(first.identities, first.payload):  # before a permit is used up
            self._settle(self._ready.pop(), Disposition.FILTERED, FilterReason.DUPLICATE)
            return Duplicate(first)
        answer = self.gate.ask(now)
        if isinstance(answer, Closed):
            return Wait(min(answer.until, self._next_event()))
        task = self._begin(self._ready.pop(), Stage.IN_FLIGHT)
        if self._duplicates:
            self._duplicates.forget(task.identities)
        return Deliver(task, answer, now)

    def _next_event(self) -> float:
        """When there may be something to do, even if nobody reports anything."""
        probe_at = self.gate.probe_at if self._probed_suspects is None else math.inf
        if self._suspects and self.gate.fault is None and self._probed_suspects is None:
            probe_at = self.gate.ready_at
        bury_at = self._burials.next_at if self._to_bury else math.inf
        return min(self._parked.next_due, probe_at, bury_at)

    def _begin(self, task: Task, stage: Stage) -> Task:
        task.stage = stage
        self._in_flight[task.record.partition] += 1
        return task

    def _request_ended(self, task: Task) -> None:
        self._in_flight[task.record.partition] -= 1
        if task.ledger.leaving or self._closed:
            self._request_finished.notify_all()

    def _apply(self, task: Task, verdict: Verdict, now: float) -> None:
        if isinstance(verdict, Settle):
            if verdict.reason is DeliveredReason.ACCEPTED:
                self._duplicates.remember(task.identities, task.payload)
            self._settle(task, Disposition.DELIVERED, verdict.reason)
        elif task.ledger.leaving:
            self._leave_lanes(task)
        elif isinstance(verdict, AwaitProbe):
            task.stage = Stage.SUSPECT
            self._suspects.append(task)
        elif isinstance(verdict, GiveUp):
            task.reason = verdict.reason
            self._bury_soon(task)
        elif verdict.at > now:
            self._park(task, verdict.at)
        else:
            self._make_ready_again(task)

    def _settle(self, task: Task, disposition: Disposition, reason: Reason) -> None:
        task.ledger.settle(task)
        self._counts.settled[disposition, reason] += 1
        self._leave_lanes(task)

    def _leave_lanes(self, task: Task) -> None:
        """The task leaves its lanes; those behind it may go."""
        task.stage = Stage.DONE
        for follower in self._lanes.leave(task):
            self._make_ready(follower)

    def _give_up_waiting(self, ledger: Ledger) -> None:
        ledger.leaving = True
        self._ready.drop(ledger.partition)
        self._parked.drop(ledger.partition)
        self._to_bury = deque(task for task in self._to_bury if task.ledger is not ledger)
        self._suspects = [task for task in self._suspects if task.ledger is not ledger]
        for task in reversed(list(ledger)):  # from the back: then none of them becomes first only to leave
            if task.stage in WAITING:
                self._leave_lanes(task)

    def _make_ready(self, task: Task) -> None:
        task.stage = Stage.READY
        self._ready.push(task)

    def _make_ready_again(self, task: Task) -> None:
        task.stage = Stage.READY
        self._ready.push_again(task)

    def _park(self, task: Task, due: float) -> None:
        task.stage = Stage.PARKED
        self._parked.push(task, due)

    def _bury_soon(self, task: Task) -> None:
        task.stage = Stage.TO_BURY
        self._to_bury.append(task)

    def _unpark(self, task: Task) -> None:
        if task.reason is not None:
            self._bury_soon(task)
        else:
            self._make_ready_again(task)

    def _probe_is_due(self, now: float) -> bool:
        if self._probed_suspects is not None:
            return False
        if self.gate.fault is not None:
            return now >= self.gate.probe_at
        return bool(self._suspects) and now >= self.gate.ready_at


def _nobody() -> None:
    """Stand in for a delivery loop that is not there yet."""
