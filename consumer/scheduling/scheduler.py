"""Hand out records and settle them: lanes, offset trackers, gate and outcome policy under one lock."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Outcome
from consumer.clicksend.probe import ProbeResult
from consumer.delivery.dead_letter_backoff import DeadLetterBackoff
from consumer.delivery.duplicates import Duplicates
from consumer.delivery.gate import Closed, Gate, GateReport, GateState
from consumer.delivery.outcome_policy import Action, AwaitProbe, DeadLetter, OutcomePolicy, Settle
from consumer.delivery.retry import RetryPolicy
from consumer.enrolment.disposition import DeadLetterReason, DeliveredReason, Disposition, FilterReason, Reason
from consumer.scheduling.counts import Counts, ReleaseReason, Snapshot
from consumer.scheduling.lanes import Lanes
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.ready import ReadyQueue, RetryQueue
from consumer.scheduling.task import WAITING, BatchProgress, Partition, Stage, Task
from consumer.scheduling.work import Deliver, Duplicate, Paced, PolledRecords, Probe, Stop, Wait, Work, WriteDeadLetter
from consumer.threads import Threads


class Scheduler:
    """The state that the poll thread and the delivery loop share. No I/O, no clock: `now` is monotonic seconds.

    Critical sections are short. The loop takes work until `take` returns `Wait` or its slots are used up. `take` notes,
    under the lock, that the loop waits. The next change by another thread that may bring work clears the note and wakes
    the loop once. So no wake-up is lost, and a busy loop is never woken.

    deduplicate -- identities whose last delivered payload is remembered; 0: none
    """

    def __init__(
        self, gate: Gate, outcome_policy: OutcomePolicy, policy: RetryPolicy, threads: Threads, deduplicate: int = 0
    ) -> None:
        # Not reentrant. While partitions are being revoked or the scheduler is closed, each end of a request notifies
        # the condition.
        self._lock, self._request_finished = threads.condition()
        self._wake: Callable[[], None] = lambda: None  # until the delivery loop has started
        self._loop_waits = False  # the last `take` returned Wait, and the loop was not woken since
        self.gate = gate
        # Changed by the poll thread only, which may read it without the lock.
        self.trackers: dict[Partition, OffsetTracker] = {}
        self._outcome_policy = outcome_policy
        self._policy = policy
        self._duplicates = Duplicates(deduplicate)
        self._lanes = Lanes()
        self._ready = ReadyQueue()
        self._retry_queue = RetryQueue()
        self._dead_letters_pending: deque[Task] = deque()
        # Of requests that have just ended, and counted in flight since: a revoke or a drain waits for these, too.
        self._dead_letters_due: deque[Task] = deque()
        self._dead_letter_backoff = DeadLetterBackoff(policy)
        self._in_flight: Counter[Partition] = Counter()  # requests and dead letters
        self._awaiting_probe: list[Task] = []
        self._being_probed: list[Task] | None = None  # the tasks of the probe in flight; None: no probe
        self._counts = Counts()
        self._closed = False

    def on_work(self, wake: Callable[[], None]) -> None:
        """Call `wake`, from any thread and without the lock, when a waiting delivery loop may find work."""
        self._wake = wake

    # Called by the poll thread.

    def assign(self, partition: Partition, start: int, committed: int, topic_id: bytes) -> OffsetTracker:
        """Open an offset tracker for a partition that is consumed from `start` on."""
        with self._lock:
            self._duplicates.forget_all()
            tracker = self.trackers[partition] = OffsetTracker(partition, start, committed, topic_id)
            return tracker

    def admit(self, polled: PolledRecords) -> None:
        """Admit the records of one poll."""
        with self._lock:
            self._counts.consumed += polled.consumed
            self._counts.skipped += polled.skipped
            self._counts.add_filtered(polled.filtered)
            for task in polled.tasks:
                if not task.tracker.live:  # rewound within this poll
                    self._counts.released[ReleaseReason.REWOUND] += 1
                    continue
                task.tracker.admit(task)
                if task.stage is Stage.DEAD_LETTER_PENDING:
                    self._queue_dead_letter(task)
                elif task.stage is not Stage.HELD:  # else until `release_held`
                    for each in task.in_lanes:
                        if self._lanes.enter(each):
                            self._make_ready(each)
            wake = bool(polled.tasks) and self._wake_is_due()
        if wake:
            self._wake()

    def release_held(self, tasks: Iterable[Task]) -> None:
        """Queue the dead letters of held tasks whose partitions are still owned."""
        with self._lock:
            for task in tasks:
                if task.stage is Stage.HELD and task.tracker.live and not task.tracker.leaving:
                    self._queue_dead_letter(task)
            wake = self._wake_is_due()
        if wake:
            self._wake()

    def begin_revoke(self, partitions: Iterable[Partition]) -> None:
        """Hand out no more tasks of these partitions and drop the waiting ones. Requests in flight may end."""
        with self._lock:
            for partition in partitions:
                tracker = self.trackers.get(partition)
                if tracker is not None and not tracker.leaving:
                    self._drop_waiting(tracker)
            wake = self._wake_is_due()
        if wake:
            self._wake()

    def detach(self, partitions: Iterable[Partition], reason: ReleaseReason) -> None:
        """Release the unsettled records of partitions that are no longer owned. Late responses are ignored."""
        partitions = list(partitions)
        self.begin_revoke(partitions)
        with self._lock:
            self._duplicates.forget_all()
            for partition in partitions:
                tracker = self.trackers.pop(partition, None)
                if tracker is not None:
                    tracker.live = False
                    self._counts.released[reason] += len(tracker)

    def rebalanced(self) -> None:
        """Scale the learnt rate limit to the number of partitions owned after a rebalance."""
        with self._lock:
            self.gate.set_owned_partitions(len(self.trackers))
            wake = self._wake_is_due()
        if wake:
            self._wake()

    def in_flight(self, partitions: Iterable[Partition]) -> int:
        """Count requests and dead letters in flight, former trackers included: the next owner must not overtake."""
        with self._lock:
            return sum(self._in_flight[partition] for partition in partitions)

    def commit_candidates(
        self, trackers: Iterable[OffsetTracker], position: Callable[[OffsetTracker], int], limit: int
    ) -> list[tuple[OffsetTracker, int, str]]:
        """Return each tracker with its committable offset and the metadata to commit with it, taken at one moment.

        position -- the consumer's position; asked for where nothing is unsettled, below 0 where it is unknown
        limit    -- characters of metadata
        """
        with self._lock:
            offsets = [(each, each.committable_offset(-1 if len(each) else position(each))) for each in trackers]
            return [(each, offset, each.offset_map(offset, limit)) for each, offset in offsets if offset >= 0]

    def wait_in_flight(self, partitions: Iterable[Partition], seconds: float) -> None:
        """Wait at most `seconds` for one request or dead letter to end. Return at once if none is in flight."""
        with self._request_finished:
            if any(self._in_flight[partition] for partition in partitions):
                self._request_finished.wait(seconds)

    def close(self) -> None:
        """Hand out no more work. Requests in flight may end."""
        with self._lock:
            self._closed = True
            self._request_finished.notify_all()

    # Called by the delivery loop, on its thread. Neither `complete` nor `probed` wakes it: `take` comes next, or soon.

    def take(self, now: float) -> Work:
        """Return the next work, or how long to wait for it."""
        with self._lock:
            work = self._take(now)
            self._loop_waits = isinstance(work, Wait)
            return work

    def complete(self, sent: Deliver, outcome: Outcome, now: float) -> Action | None:
        """Return the action after a request. The next `take` hands out its dead letter, if there is one.

        None: the partition is no longer owned; the response is ignored.
        """
        task = sent.task
        with self._lock:
            self._loop_waits = False
            action = self._outcome_policy.decide(outcome, task.attempts, task.contact, sent.permit, sent.sent_at, now)
            if isinstance(action, DeadLetter) and task.tracker.live and not task.is_batch_event:
                task.stage, task.reason = Stage.DEAD_LETTER_IN_FLIGHT, action.reason
                self._dead_letters_due.append(task)
                return action
            self._request_ended(task)
            if not task.tracker.live:
                self._counts.late += 1
                self._leave_lanes(task)
                return None
            self._apply(task, action, now)
            return action

    def probed(self, result: ProbeResult, now: float) -> None:
        """Apply a probe's result to the tasks that awaited it and to the gate."""
        with self._lock:
            self._loop_waits = False
            tasks, self._being_probed = self._being_probed or [], None
            for task in tasks:
                if task.stage is Stage.AWAITING_PROBE:
                    self._apply(
                        task, self._outcome_policy.decide_after_probe(result, task.attempts, task.contact, now), now
                    )
            self.gate.probed(result, now)

    # Called by the dead-letter writer.

    def dead_letter_written(self, task: Task) -> bool:
        """Settle a task whose dead letter is acknowledged. Return False if its partition is no longer owned."""
        with self._lock:
            self._dead_letter_backoff.written()
            self._request_ended(task)
            live = task.tracker.live
            if live:
                self._settle(task, Disposition.DEAD_LETTERED, task.reason or DeadLetterReason.REJECTED)
            else:
                self._counts.late += 1
                self._leave_lanes(task)
            wake = self._wake_is_due()
        if wake:
            self._wake()
        return live

    def dead_letter_failed(self, task: Task, now: float) -> None:
        """Schedule another attempt to write a dead letter. The record stays unsettled."""
        with self._lock:
            self._dead_letter_backoff.failed(now)
            self._request_ended(task)
            if not task.tracker.live or task.tracker.leaving:
                self._leave_lanes(task)
            else:
                task.failed_writes += 1
                task.stage = Stage.DEAD_LETTER_PENDING
                self._retry_queue.push(task, now + self._policy.delay(task.failed_writes))
            wake = self._wake_is_due()
        if wake:
            self._wake()

    # Called by any thread.

    def counts(self) -> tuple[Counts, int]:
        """Return the totals and the number of records in progress. Cheap: reads no record."""
        with self._lock:
            return self._counts.copy(), sum(map(len, self.trackers.values()))

    def snapshot(self) -> Snapshot:
        """Return totals, stages and partitions, read under one lock. Reads each record: for a scrape, not a loop."""
        with self._lock:
            return Snapshot.of(self.trackers.values(), self._counts, self._lanes.longest())

    def report(self, now: float) -> GateReport:
        """Return the gate's present state."""
        with self._lock:
            return self.gate.report(now)

    # The rest is called under the lock.

    def _wake_is_due(self) -> bool:
        """Return whether the caller must wake the loop after it has released the lock."""
        due, self._loop_waits = self._loop_waits, False
        return due

    def _take(self, now: float) -> Work:
        if self._dead_letters_due:
            return WriteDeadLetter(self._dead_letters_due.popleft())
        if self._closed:
            return Stop()
        if now >= self._retry_queue.next_due:
            for task in self._retry_queue.pop_due(now):
                self._retry_is_due(task)
        fault = self.gate.fault
        # The trials of a mass rejection go to new contacts first: a second refusal of the same one proves nothing.
        self._ready.new_first = fault is Fault.MASS_REJECTION
        if (self._awaiting_probe or fault is not None) and self._probe_is_due(now):
            self._being_probed, self._awaiting_probe = self._awaiting_probe, []
            self.gate.begin_probe(now)
            return Probe()
        if self._dead_letters_pending and now >= self._dead_letter_backoff.next_at:
            self._dead_letter_backoff.begin(now)
            return WriteDeadLetter(self._begin(self._dead_letters_pending.popleft(), Stage.DEAD_LETTER_IN_FLIGHT))
        if (first := self._ready.peek()) is None:
            return Wait(self._next_event())
        if self._duplicates.is_on and self._duplicates.known(first.identities, first.payload):  # takes no permit
            self._settle(self._ready.pop(), Disposition.FILTERED, FilterReason.DUPLICATE)
            return Duplicate(first)
        answer = self.gate.ask(now)
        if isinstance(answer, Closed):
            until = min(answer.until, self._next_event())
            return Paced(until) if answer.state is GateState.LIMITED else Wait(until)
        task = self._begin(self._ready.pop(), Stage.IN_FLIGHT)
        if self._duplicates.is_on:
            self._duplicates.forget(task.identities)
        return Deliver(task, answer, now)

    def _next_event(self) -> float:
        """Return when work may become available without another event."""
        probe_at = self.gate.probe_at if self._being_probed is None else math.inf
        if self._awaiting_probe and self.gate.fault is None and self._being_probed is None:
            probe_at = self.gate.ready_at
        dead_letter_at = self._dead_letter_backoff.next_at if self._dead_letters_pending else math.inf
        return min(self._retry_queue.next_due, probe_at, dead_letter_at)

    def _begin(self, task: Task, stage: Stage) -> Task:
        task.stage = stage
        self._in_flight[task.record.partition] += 1
        return task

    def _request_ended(self, task: Task) -> None:
        self._in_flight[task.record.partition] -= 1
        if task.tracker.leaving or self._closed:
            self._request_finished.notify_all()

    def _apply(self, task: Task, action: Action, now: float) -> None:
        if isinstance(action, Settle):
            if self._duplicates.is_on and action.reason is DeliveredReason.ACCEPTED:
                self._duplicates.remember(task.identities, task.payload)
            self._settle(task, Disposition.DELIVERED, action.reason)
        elif isinstance(action, DeadLetter) and task.is_batch_event:
            self._settle(task, Disposition.DEAD_LETTERED, action.reason)
        elif task.tracker.leaving:
            self._leave_lanes(task)
        elif isinstance(action, AwaitProbe):
            task.stage = Stage.AWAITING_PROBE
            self._awaiting_probe.append(task)
        elif isinstance(action, DeadLetter):
            task.reason = action.reason
            self._queue_dead_letter(task)
        elif action.at > now:
            task.stage = Stage.RETRY_WAIT
            self._retry_queue.push(task, action.at)
        else:
            self._make_ready_again(task)

    def _settle(self, task: Task, disposition: Disposition, reason: Reason) -> None:
        if task.is_batch_event and task.batch is not None:
            self._settle_event(task, task.batch, reason)
            return
        task.tracker.settle(task)
        self._counts.settled[disposition, reason] += 1
        self._leave_lanes(task)

    def _settle_event(self, task: Task, batch: BatchProgress, reason: Reason) -> None:
        """Settle one event of a record, and with the last one the record: one dead letter holds all that failed."""
        task.tracker.event_settled()
        batch.settle(task, reason)
        self._leave_lanes(task)
        if batch.open:
            return
        if batch.failed:
            batch.note_failures()
            self._dead_letters_due.append(self._begin(batch.record, Stage.DEAD_LETTER_IN_FLIGHT))
        else:
            self._settle(batch.record, batch.disposition, batch.reason)

    def _leave_lanes(self, task: Task) -> None:
        """Remove a task from its lanes and make its followers ready."""
        task.stage = Stage.DONE
        for follower in self._lanes.leave(task):
            self._make_ready(follower)

    def _drop_waiting(self, tracker: OffsetTracker) -> None:
        tracker.leaving = True
        self._ready.drop(tracker.partition)
        self._retry_queue.drop(tracker.partition)
        self._dead_letters_pending = deque(task for task in self._dead_letters_pending if task.tracker is not tracker)
        self._awaiting_probe = [task for task in self._awaiting_probe if task.tracker is not tracker]
        for record in reversed(list(tracker)):  # last first, so that none becomes ready in between
            for task in reversed(record.in_lanes):
                if task.stage in WAITING:
                    self._leave_lanes(task)

    def _make_ready(self, task: Task) -> None:
        if task.batch is None or task.is_batch_event:  # of a record with several events, only these are delivered
            task.stage = Stage.READY
            self._ready.push(task)

    def _make_ready_again(self, task: Task) -> None:
        task.stage = Stage.READY
        self._ready.push_again(task)

    def _queue_dead_letter(self, task: Task) -> None:
        task.stage = Stage.DEAD_LETTER_PENDING
        self._dead_letters_pending.append(task)

    def _retry_is_due(self, task: Task) -> None:
        if task.stage is Stage.DEAD_LETTER_PENDING:
            self._queue_dead_letter(task)
        else:
            self._make_ready_again(task)

    def _probe_is_due(self, now: float) -> bool:
        if self._being_probed is not None:
            return False
        if self.gate.fault is not None:
            return now >= self.gate.probe_at
        return bool(self._awaiting_probe) and now >= self.gate.ready_at
