"""The scheduler under its three real threads, interrupted at almost every step: poll, delivery loop, dead letters."""

from __future__ import annotations

import random
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue

import pytest

from consumer.clicksend.fault import OnConfigurationFault
from consumer.clicksend.outcome import Outcome
from consumer.delivery.gate import Gate
from consumer.delivery.outcome_policy import OutcomePolicy, Settle
from consumer.delivery.retry import RetryPolicy
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.offset_map import decode
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.task import Partition, Task
from consumer.scheduling.work import Deliver, PolledRecords, Probe, Stop, Wait, WriteDeadLetter
from consumer.threads import OsThreads
from tests.support.outcomes import DELIVERED, DOWN, FINE, REJECTED, SUSPICIOUS, TIMEOUT, UNAUTHORIZED
from tests.support.records import TOPIC_ID, task

IN_FLIGHT = 16
PATIENCE = 300  # seconds
PARTITIONS = [Partition("events", number) for number in range(4)]
POLICY = RetryPolicy(initial_delay=0.001, max_delay=0.005, max_age=0)
OUTCOMES = [*[DELIVERED] * 30, DOWN, TIMEOUT, REJECTED, SUSPICIOUS, UNAUTHORIZED]
OUTAGE = range(300, 330)  # requests, of every 500, that all fail: long enough for the breaker to open


@pytest.fixture(autouse=True)
def hurried_switching() -> Iterator[None]:
    """Threads take turns after a microsecond instead of five milliseconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


class Sink:
    """ClickSend and the dead-letter topic: fails at random, and notes what went on. Its lock is its own."""

    def __init__(self, expected: int) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(1)  # any numbers will do, but the same ones each time
        self._left = expected
        self._requests = 0
        self._busy: set[str] = set()
        self.overlaps = 0
        self.settled: dict[str, list[tuple[Partition, int]]] = defaultdict(list)  # by identity, as they were settled
        self.done = threading.Event()

    def arrived(self, sent: Task) -> None:
        """A request is in flight."""
        with self._lock:
            self.overlaps += not self._busy.isdisjoint(sent.identities)
            self._busy.update(sent.identities)

    def answer(self, sent: Task) -> Outcome:
        """It ends."""
        with self._lock:
            self._requests += 1
            outcome = DOWN if self._requests % 500 in OUTAGE else self._random.choice(OUTCOMES)
            self._busy.difference_update(sent.identities)
            if outcome is DELIVERED:
                self._note(sent)
        return outcome

    def write(self, dead_letter: Task) -> bool:
        """A dead letter; false if it could not be written."""
        with self._lock:
            written = self._random.random() < 0.8
            if written:
                self._note(dead_letter)
        return written

    def settle(self) -> None:
        """The scheduler counts one more record as settled."""
        with self._lock:
            self._left -= 1
            if not self._left:
                self.done.set()

    def _note(self, settled: Task) -> None:
        for identity in settled.identities:
            self.settled[identity].append((settled.record.partition, settled.record.offset))


class Loop:
    """A delivery loop that answers its requests in any order, with many in flight, and a dead-letter thread beside."""

    def __init__(self, scheduler: Scheduler, sink: Sink) -> None:
        self._scheduler = scheduler
        self._sink = sink
        self._random = random.Random(3)
        self._woken = threading.Event()
        self._dead_letters: SimpleQueue[Task | None] = SimpleQueue()
        scheduler.on_work(self._woken.set)

    def deliver(self) -> None:
        """The loop's thread, until the scheduler is closed."""
        in_flight: list[Deliver] = []
        try:
            while (until := self._begin(in_flight)) is not None:
                if in_flight:
                    sent = in_flight.pop(self._random.randrange(len(in_flight)))
                    self._end(sent)
                else:
                    self._woken.wait(min(until - time.monotonic(), PATIENCE))
                    self._woken.clear()
        except BaseException:
            self._sink.done.set()  # nobody need wait for the rest
            raise
        finally:
            self._dead_letters.put(None)

    def stop(self) -> None:
        """Look once more: the scheduler is closed."""
        self._woken.set()

    def write_dead_letters(self) -> None:
        """The thread that takes the broker's reports."""
        while (task := self._dead_letters.get()) is not None:
            if not self._sink.write(task):
                self._scheduler.dead_letter_failed(task, time.monotonic())
            elif self._scheduler.dead_letter_written(task):
                self._sink.settle()

    def _begin(self, in_flight: list[Deliver]) -> float | None:
        """Until when there is nothing to take; None once there will be nothing any more."""
        while len(in_flight) < IN_FLIGHT:
            match self._scheduler.take(time.monotonic()):
                case Deliver() as sent:
                    self._sink.arrived(sent.task)
                    in_flight.append(sent)
                case WriteDeadLetter(task):
                    self._dead_letters.put(task)
                case Probe():
                    self._scheduler.probed(FINE, time.monotonic())
                case Wait(until):
                    return until
                case Stop():
                    return None
        return time.monotonic()

    def _end(self, sent: Deliver) -> None:
        action = self._scheduler.complete(sent, self._sink.answer(sent.task), time.monotonic())
        if isinstance(action, Settle):
            self._sink.settle()


@contextmanager
def running_loop(sink: Sink) -> Iterator[Scheduler]:
    """A scheduler that owns all partitions, with its threads; leaves when everything is settled."""
    gate = Gate(POLICY, requests_per_second=0, probe_interval=0.002)
    scheduler = Scheduler(
        gate, OutcomePolicy(gate, POLICY, OnConfigurationFault.HALT, mass_rejection_limit=20), POLICY, OsThreads()
    )
    for partition in PARTITIONS:
        scheduler.assign(partition, 0, 0, TOPIC_ID)
    loop = Loop(scheduler, sink)
    with ThreadPoolExecutor(2) as pool:
        threads = [pool.submit(loop.deliver), pool.submit(loop.write_dead_letters)]
        try:
            yield scheduler
            finished = sink.done.wait(PATIENCE)
        finally:
            scheduler.close()
            loop.stop()
    for thread in threads:
        thread.result()
    assert finished, scheduler.snapshot().stages


def admit(scheduler: Scheduler, partition: Partition, offset: int, *identities: str) -> None:
    tracker = scheduler.trackers[partition]
    tracker.highest_seen = offset
    if tracker.previously_settled is None or not tracker.previously_settled.says_settled(offset):
        scheduler.admit(PolledRecords(consumed=1, tasks=[task(tracker, offset, *identities)]))


def check(scheduler: Scheduler, sink: Sink, expected: dict[str, list[tuple[Partition, int]]]) -> None:
    """Each record settled exactly once, those of a contact in their order, never two of a contact at once."""
    assert sink.settled == expected
    assert sink.overlaps == 0
    snapshot = scheduler.snapshot()
    counts, in_progress = snapshot.counts, snapshot.in_progress
    assert counts.consumed == sum(counts.settled.values()) + sum(counts.released.values())
    assert (in_progress, counts.late, scheduler.snapshot().longest_lane) == (0, 0, 0)
    assert scheduler.in_flight(PARTITIONS) == 0


def test_everything_is_settled_once_and_each_contacts_records_in_their_order() -> None:
    rng = random.Random(2)
    records = 3000
    sink, expected = Sink(records), defaultdict(list)
    with running_loop(sink) as scheduler:
        for number in range(records):
            partition, offset = PARTITIONS[number % len(PARTITIONS)], number // len(PARTITIONS)
            email, phone = f"{rng.randrange(40)}@example.com", f"+1415555{rng.randrange(100, 130):04}"
            identities = rng.choice([(email,), (phone,), (email, phone)])
            for identity in identities:
                expected[identity].append((partition, offset))
            admit(scheduler, partition, offset, *identities)
    check(scheduler, sink, expected)


def test_rebalances_during_the_trials_lose_nothing_and_repeat_nothing() -> None:
    """A revoke waits for what is under way and commits with its map, so the next owner repeats nothing at all."""
    rounds, a_round = 120, 8
    expected = defaultdict(list)
    for partition in PARTITIONS:
        for offset in range(rounds * a_round):
            expected[contact(partition, offset)].append((partition, offset))
    sink = Sink(rounds * a_round * len(PARTITIONS))
    positions = dict.fromkeys(PARTITIONS, 0)
    with running_loop(sink) as scheduler:
        for turn in range(rounds):
            move(scheduler, PARTITIONS[turn % len(PARTITIONS)], positions)
            for partition, position in positions.items():
                positions[partition] = (turn + 1) * a_round
                for offset in range(position, positions[partition]):
                    admit(scheduler, partition, offset, contact(partition, offset))
    check(scheduler, sink, expected)


def contact(partition: Partition, offset: int) -> str:
    """Eight contacts a partition; each has all its records in one partition, as records with a key have."""
    return f"{offset * 7 % 8}.of.{partition}@example.com"


def move(scheduler: Scheduler, partition: Partition, positions: dict[Partition, int]) -> None:
    """The partition is revoked as it should be, and comes back."""
    scheduler.begin_revoke([partition])
    deadline = time.monotonic() + PATIENCE
    while scheduler.in_flight([partition]):
        assert time.monotonic() < deadline
        scheduler.wait_in_flight([partition], PATIENCE)
    tracker = scheduler.trackers[partition]
    committed = tracker.committable_offset(position=0)
    metadata = tracker.offset_map(committed)
    scheduler.detach([partition], ReleaseReason.REVOKED)
    scheduler.assign(partition, committed, committed, TOPIC_ID).previously_settled = decode(metadata)
    positions[partition] = committed
