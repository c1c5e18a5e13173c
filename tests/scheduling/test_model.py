"""Any history of scheduler, offset trackers and offset maps, against a list of records.

Hypothesis is the poll thread, the delivery threads, the dead-letter writer, ClickSend, the broker and the clock.
"""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from consumer.clicksend.fault import OnConfigurationFault
from consumer.clicksend.outcome import Outcome
from consumer.clicksend.probe import ProbeResult
from consumer.delivery.gate import Gate, Permit
from consumer.delivery.outcome_policy import AwaitProbe, DeadLetter, OutcomePolicy, Retry, Settle
from consumer.delivery.retry import RetryPolicy
from consumer.enrolment.disposition import DeadLetterReason, Disposition, FilterReason
from consumer.scheduling.back_pressure import Caps
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.offset_map import decode
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.task import Partition, Stage
from consumer.scheduling.work import Deliver, Duplicate, PolledRecords, Probe, Stop, Wait, Work, WriteDeadLetter
from consumer.threads import OsThreads
from consumer.worker.committer import INTERVAL, Committer
from tests.scheduling.reference_model import UNDER_WAY, Assignment, Book, Entry, State, Trials, permits, regulate
from tests.support.commits import Commits, End
from tests.support.outcomes import (
    DELIVERED,
    EVERY_FINDING,
    FINE,
)
from tests.support.recorded_steps import PHONES, Arrival, Leave, Person, Step, answers, arrivals, numbers, steps
from tests.support.records import JANE, TOPIC_ID, task

PARTITIONS = [Partition("events", number) for number in range(3)]
PLENTY = 1000  # identities to remember: none is ever dropped for lack of room
MANY = 20  # records: below, some rules are left out, that the others get somewhere


class SchedulerMachine(RuleBasedStateMachine):
    """The rules are what can happen; the invariants are what the scheduler promises at any time."""

    @initialize(
        rate=st.sampled_from([0, 5]),
        on_fault=st.sampled_from(OnConfigurationFault),
        max_age=st.sampled_from([0, 60]),
        mass_rejection_limit=st.sampled_from([0, 3]),
        deduplicate=st.sampled_from([0, 3, PLENTY]),
        caps=st.sampled_from([Caps(), Caps(records=40), Caps(size=80)]),
    )
    def start(
        self,
        rate: float,
        on_fault: OnConfigurationFault,
        max_age: float,
        mass_rejection_limit: int,
        deduplicate: int,
        caps: Caps,
    ) -> None:
        policy = RetryPolicy(initial_delay=0.5, max_delay=60, max_age=max_age)
        self.gate = Gate(policy, rate, probe_interval=30)
        outcome_policy = OutcomePolicy(self.gate, policy, on_fault, mass_rejection_limit)
        self.scheduler = Scheduler(self.gate, outcome_policy, policy, OsThreads(), deduplicate)
        self.deduplicate, self.caps = deduplicate, caps
        self.commits = Commits(PARTITIONS, lambda partition: self.assigned[partition].position, self.may_commit)
        self.committer = Committer(self.scheduler, lambda _result: None, lambda _failure: None)
        self.now = 1000.0
        self.book = Book()
        self.assigned: dict[Partition, Assignment] = {}
        self.topic: dict[Partition, dict[int, Arrival]] = {partition: {} for partition in PARTITIONS}
        self.probing = self.closed = False
        self.waiting_until: float | None = None  # what the loop was totals, and nobody has woken it since
        self.scheduler.on_work(self.woken)
        self.trials = Trials()
        self.stable_until = MANY // 2
        self.asked_about: list[Entry] = []  # the suspects that the probe under way decides about
        self.assign(0)
        self.assign(0)

    # The poll thread and the broker.

    @precondition(lambda self: len(self.assigned) < len(PARTITIONS))
    @rule(which=numbers)
    def assign(self, which: int) -> None:
        """A partition comes, and is consumed from what its last owner has committed."""
        missing = [partition for partition in PARTITIONS if partition not in self.assigned]
        self.take_on(missing[which % len(missing)])

    @precondition(lambda self: self.flowing())
    @rule(batch=st.lists(st.tuples(numbers, st.integers(1, 3), arrivals), min_size=3, max_size=12))
    def consume(self, batch: list[tuple[int, int, Arrival]]) -> None:
        """Records arrive: new ones, or those that come again after a rebalance."""
        taken_in, flowing = PolledRecords(), self.flowing()
        for which, gap, arrival in batch:
            assignment = flowing[which % len(flowing)]
            self.take_in(assignment, *assignment.next_record(self.topic[assignment.partition], gap, arrival), taken_in)
        self.scheduler.admit(taken_in)
        for mine in flowing:
            new = sum(task.tracker is mine.tracker for task in taken_in.tasks)
            assert len(mine.tracker) < mine.share + max(1, new), "more than its share and a batch"
        self.regulate()

    @precondition(lambda self: self.assigned)
    @rule()
    def commit(self) -> None:
        """Frontiers and offset maps are sent to the broker, if it has answered the last time."""
        self.now += INTERVAL
        self.committer.tick(self.commits.consumer, self.now)

    @precondition(lambda self: self.commits.outstanding)
    @rule(end=st.sampled_from(End))
    def a_commit_is_answered(self, end: End) -> None:
        believed = [mine.tracker.committed for mine in self.assigned.values()]
        self.commits.answer(self.committer, end)
        assert end is End.STORED or believed == [mine.tracker.committed for mine in self.assigned.values()]

    @precondition(lambda self: self.assigned and self.book.consumed >= self.stable_until)
    @rule(which=numbers, how=st.sampled_from(Leave))
    def a_partition_leaves(self, which: int, how: Leave) -> None:
        for _ in range(4):  # with something under way, as a rule
            self.take()
        self.commit()
        leaving = list(self.assigned.values())[which % len(self.assigned)]
        self.stable_until = self.book.consumed + MANY // 2
        match how:
            case Leave.BEGINS:
                self.scheduler.begin_revoke([leaving.partition])
                self.book.give_up_waiting(leaving)
            case Leave.REVOKED:
                self.committer.commit_now(self.commits.consumer, [leaving.partition])
                self.let_go(leaving, ReleaseReason.REVOKED)
            case Leave.LOST:
                self.let_go(leaving, ReleaseReason.LOST)
            case Leave.BACK_AT_ONCE:
                self.let_go(leaving, ReleaseReason.LOST)
                self.take_on(leaving.partition)
            case Leave.REWOUND:
                offset = max(0, leaving.position - 10)
                self.let_go(leaving, ReleaseReason.REWOUND)
                tracker = self.scheduler.assign(leaving.partition, offset, offset, TOPIC_ID)
                self.assigned[leaving.partition] = Assignment(tracker, offset, set())
                self.book.ended |= {(leaving.partition, before) for before in range(offset)}  # of a topic that is gone
        self.regulate()

    @precondition(lambda self: not self.closed and len(self.book.entries) >= 2 * MANY)
    @rule()
    def close(self) -> None:
        self.scheduler.close()
        self.closed = True

    # The delivery threads, ClickSend and the dead-letter writer.

    @rule(steps=st.lists(st.one_of(st.none(), st.tuples(numbers, answers)), min_size=4, max_size=20))
    def delivery_threads_work(self, steps: list[tuple[int, Outcome] | None]) -> None:
        """They take something to do (None), or one of the requests under way ends."""
        for step in steps:
            posting = self.book.in_state(State.POSTING)
            if step is None or not posting:
                self.take_or_wait(seconds=2)
            else:
                which, outcome = step
                self.end_request(posting[which % len(posting)], outcome)

    @rule(outcome=answers)
    def several_requests_go_out_and_end_alike(self, outcome: Outcome) -> None:
        for _ in range(8):
            self.take_or_wait(seconds=2)
        for entry in self.book.in_state(State.POSTING):
            self.end_request(entry, outcome)

    @precondition(lambda self: self.flowing() and not self.closed)
    @rule(which=numbers, who=st.sampled_from([(JANE,), (JANE, PHONES[0])]), steps=st.lists(steps, min_size=3))
    def one_person_comes_again(self, which: int, who: tuple[str, ...], steps: list[Step]) -> None:
        """Repeat the last delivery or change it, during rebalances."""
        for step in steps:
            match step:
                case Leave() if len(self.flowing()) > 1:
                    self.a_partition_leaves(which, step)
                case None if len(self.assigned) < len(PARTITIONS):
                    self.assign(which)
                case (version, outcome) if self.flowing():
                    self.consume([(which, 1, Person(who, version))])
                    if outcome is not None:
                        self.several_requests_go_out_and_end_alike(outcome)
            for entry in self.book.in_state(State.DEAD_LETTER_IN_FLIGHT):
                self.acknowledge(entry)

    @precondition(lambda self: self.probing)
    @rule(finding=st.sampled_from([FINE, *EVERY_FINDING]))
    def probe_comes_back(self, finding: ProbeResult) -> None:
        self.waiting_until = None
        self.scheduler.probed(finding, self.now)
        self.probing = False
        self.trials.probed(finding, self.gate.fault)
        for entry in self.asked_about:
            entry.awaits_probe = False
            entry.may_be_buried = True

    @precondition(lambda self: self.gate.fault is not None)
    @rule(finding=st.sampled_from([FINE, *EVERY_FINDING]), outcome=answers)
    def a_halt_is_probed_and_a_trial_ends(self, finding: ProbeResult, outcome: Outcome) -> None:
        self.now = max(self.now, self.gate.probe_at)
        self.take()
        if self.probing:
            self.probe_comes_back(finding)
        self.several_requests_go_out_and_end_alike(outcome)

    @precondition(lambda self: self.book.in_state(State.DEAD_LETTER_IN_FLIGHT))
    @rule(which=numbers, written=st.booleans())
    def a_dead_letter_ends(self, which: int, written: bool) -> None:
        burying = self.book.in_state(State.DEAD_LETTER_IN_FLIGHT)
        entry = burying[which % len(burying)]
        if written:
            self.acknowledge(entry)
        else:
            self.scheduler.dead_letter_failed(entry.task, self.now)
            self.book.wait_again(entry)

    # Time.

    @rule(seconds=st.sampled_from([0.1, 1.0, 10.0, 31.0, 100.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: not self.closed and len(self.book.in_state(State.WAITING)) >= MANY)
    @rule()
    def everything_is_delivered(self) -> None:
        """ClickSend, the broker and the key are all well: whatever is ours comes to its end."""
        for _ in range(10 * len(self.book.entries) + 10):
            for entry in self.book.in_state(State.POSTING):
                self.end_request(entry, DELIVERED)
            for entry in self.book.in_state(State.DEAD_LETTER_IN_FLIGHT):
                self.acknowledge(entry)
            if self.probing:
                self.probe_comes_back(FINE)
            if self.take_or_wait(math.inf) == Wait(math.inf):
                break
        for assignment in self.open():
            assert self.book.unsettled(assignment) == [], "lost, or stuck"
        self.regulate()
        assert self.flowing() == self.open(), "paused for ever"
        self.commits.catch_up(self.committer, self.commit)
        assert all(mine.tracker.committed == mine.position for mine in self.open()), "never committed"

    # What is promised at any time.

    @invariant()
    def the_books_balance(self) -> None:
        snapshot = self.scheduler.snapshot()
        counts, in_progress = snapshot.counts, snapshot.in_progress
        assert self.scheduler.counts() == (counts, in_progress)
        assert counts.consumed == sum(counts.settled.values()) + in_progress + sum(counts.released.values())
        assert in_progress == sum(len(self.book.unsettled(mine)) for mine in self.assigned.values())
        assert {way: number for way, number in counts.settled.items() if number} == self.book.settled
        assert {reason: number for reason, number in counts.released.items() if number} == +self.book.released
        totals = (counts.consumed, counts.skipped, counts.late)
        assert totals == (self.book.consumed, self.book.skipped, self.book.late)

    @invariant()
    def no_frontier_passes_an_unsettled_record_or_goes_back(self) -> None:
        for mine in self.assigned.values():
            committable_offset = mine.tracker.committable_offset(mine.position)
            unsettled = [entry.task.record.offset for entry in self.book.unsettled(mine)]
            assert committable_offset == min(unsettled, default=mine.position)
            assert committable_offset >= mine.committable_offset
            assert mine.tracker.committed <= committable_offset, (
                "believes in a commit that was none of this offset tracker's"
            )
            mine.committable_offset = committable_offset

    @invariant()
    def what_is_under_way_is_known(self) -> None:
        """Also that of an earlier stay: the next owner must not begin before it has ended."""
        under_way = Counter(entry.assignment.partition for entry in self.book.in_state(*UNDER_WAY))
        assert {each: self.scheduler.in_flight([each]) for each in PARTITIONS} == {
            each: under_way[each] for each in PARTITIONS
        }
        stages = self.scheduler.snapshot().stages
        for stage, state in (
            (Stage.IN_FLIGHT, State.POSTING),
            (Stage.DEAD_LETTER_IN_FLIGHT, State.DEAD_LETTER_IN_FLIGHT),
        ):
            assert stages[stage] == sum(not entry.assignment.gone for entry in self.book.in_state(state))
        assert self.scheduler.snapshot().longest_lane == self.book.longest_lane()

    # The steps that the rules share.

    def open(self) -> list[Assignment]:
        """The partitions of which records may be taken."""
        return [assignment for assignment in self.assigned.values() if not assignment.leaving]

    def flowing(self) -> list[Assignment]:
        """Those of them that are not paused."""
        return [assignment for assignment in self.open() if not assignment.tracker.paused]

    def regulate(self) -> None:
        regulate(list(self.assigned.values()), self.caps)

    def may_commit(self, partition: Partition, offset: int, metadata: str) -> frozenset[int]:
        return self.book.may_commit(self.assigned[partition], self.topic[partition], offset, metadata)

    def take_in(self, assignment: Assignment, offset: int, arrival: Arrival, batch: PolledRecords) -> None:
        """Process one record as the poll thread does."""
        tracker, book = assignment.tracker, self.book
        assignment.position = offset + 1
        tracker.highest_seen = offset
        skipped = tracker.previously_settled is not None and tracker.previously_settled.says_settled(offset)
        assert skipped == (offset in assignment.settled), "exactly what was settled at the last commit is skipped"
        if skipped:
            batch.skipped += 1
            book.skipped += 1
            return
        batch.consumed += 1
        book.consumed += 1
        if isinstance(arrival, FilterReason):
            batch.filtered[arrival] = batch.filtered.get(arrival, 0) + 1
            book.end(assignment, offset, (Disposition.FILTERED, arrival))
        elif isinstance(arrival, DeadLetterReason):
            batch.tasks.append(task(tracker, offset, reason=arrival))
            book.entries.append(Entry(batch.tasks[-1], assignment, may_be_buried=True))
        else:
            batch.tasks.append(task(tracker, offset, *arrival.identities, payload=arrival.payload))
            book.entries.append(Entry(batch.tasks[-1], assignment))

    def take_on(self, partition: Partition) -> None:
        stored = self.commits.stored[partition]
        tracker = self.scheduler.assign(partition, stored.offset, stored.offset, TOPIC_ID)
        tracker.previously_settled = decode(stored.metadata)
        self.assigned[partition] = Assignment(tracker, stored.offset, set(stored.settled))
        self.book.holds.clear()  # others may have delivered something else
        self.regulate()

    def let_go(self, assignment: Assignment, reason: ReleaseReason) -> None:
        del self.assigned[assignment.partition]
        self.scheduler.detach([assignment.partition], reason)
        self.book.release(assignment, reason)

    def end_request(self, entry: Entry, outcome: Outcome) -> None:
        assert entry.sent is not None
        self.waiting_until = None  # the loop's own doing: it looks for work by itself
        action = self.scheduler.complete(entry.sent, outcome, self.now)
        self.trials.request_ended(entry.sent.permit, self.gate.fault, self.now)
        assert (action is None) == entry.assignment.gone
        self.book.late += action is None
        if outcome is DELIVERED and action is not None:
            self.book.delivered(entry)
        match action:
            case Settle(reason):
                self.book.settle(entry, (Disposition.DELIVERED, reason))
            case DeadLetter():
                entry.state, entry.may_be_buried = State.DEAD_LETTER_IN_FLIGHT, True
                due = self.scheduler.take(self.now)  # even where the scheduler is closed
                assert isinstance(due, WriteDeadLetter)
                assert due.task is entry.task
            case _:
                self.book.wait_again(entry)
                entry.not_before = action.at if isinstance(action, Retry) else 0.0
                entry.awaits_probe = isinstance(action, AwaitProbe)

    def woken(self) -> None:
        assert self.waiting_until is not None, "a busy loop is never woken"
        self.waiting_until = None

    def acknowledge(self, entry: Entry) -> None:
        """The broker has the dead letter."""
        counted = self.scheduler.dead_letter_written(entry.task)
        assert counted == (not entry.assignment.gone)
        if counted:
            assert entry.task.reason is not None
            self.book.settle(entry, (Disposition.DEAD_LETTERED, entry.task.reason))
        else:
            self.book.late += 1
            self.book.wait_again(entry)

    def take_or_wait(self, seconds: float) -> Work:
        """Take work as the delivery loop does; without work, let a bounded time pass."""
        work = self.take()
        if isinstance(work, Wait) and work.until < self.now + seconds:
            self.now = work.until
        return work

    def take(self) -> Work:
        work = self.scheduler.take(self.now)
        assert isinstance(work, Stop) == self.closed
        if self.waiting_until is not None and self.now < self.waiting_until:
            new = not isinstance(work, Wait | Stop) or (isinstance(work, Wait) and work.until < self.waiting_until)
            assert not new, "there was something to do, and nobody has woken the loop"
        self.waiting_until = work.until if isinstance(work, Wait) else None
        match work:
            case Deliver(task):
                entry = self.book.entry(task)
                entry.sent = work
                self.book.may_post(entry, self.now)
                assert self.deduplicate < PLENTY or not self.book.is_duplicate(entry), "a needless request"
                self.book.post(entry)
                self.may_go_out(entry)
            case Duplicate(task):
                assert self.deduplicate
                self.book.skip(self.book.entry(task), self.now)
            case WriteDeadLetter(task):
                entry = self.book.entry(task)
                self.book.may_bury(entry)
                entry.state = State.DEAD_LETTER_IN_FLIGHT
            case Probe():
                assert not self.probing, "two probes under way"
                self.probing = True
                self.asked_about = [entry for entry in self.book.entries if entry.awaits_probe]
            case Wait(until):
                self.may_wait(until)
        return work

    def may_go_out(self, entry: Entry) -> None:
        """The gate has let a request out: as what?"""
        assert entry.sent is not None
        permit = entry.sent.permit
        assert (permit is Permit.HALT_TRIAL) == (self.gate.fault is not None), "only a trial may go out of a halt"
        if permit is Permit.HALT_TRIAL:
            self.trials.begin(self.now)
        under_way = permits(self.book.in_state(State.POSTING))
        assert under_way[Permit.HALT_TRIAL] <= 1
        assert under_way[Permit.BREAKER_TRIAL] <= 1

    def may_wait(self, until: float) -> None:
        """There is nothing to do until then: is that so?"""
        assert until > self.now, "would ask again at once, for ever"
        waiting = self.book.in_state(State.WAITING)
        if waiting and not self.book.in_state(State.POSTING, State.DEAD_LETTER_IN_FLIGHT) and not self.probing:
            assert until < math.inf, "records wait and nothing will ever wake them"


pytestmark = pytest.mark.timeout(600)  # a failure is made as short as it can be, which takes longer than the test

TestScheduler = SchedulerMachine.TestCase
TestScheduler.settings = settings(max_examples=40, stateful_step_count=60, deadline=None)


class LongSchedulerMachine(SchedulerMachine):
    """The same, for many more histories."""


TestSchedulerAtLength = pytest.mark.slow(LongSchedulerMachine.TestCase)
TestSchedulerAtLength.settings = settings(max_examples=250, stateful_step_count=60, deadline=None)
