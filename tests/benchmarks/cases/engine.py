"""Cost of scheduler, offset tracker and delivery loop: no Kafka, no HTTP, a driver that succeeds at once."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from prometheus_client import CollectorRegistry

from consumer.clicksend.fault import OnConfigurationFault
from consumer.clicksend.outcome import Outcome, Result
from consumer.clicksend.probe import ProbeResult
from consumer.delivery.gate import Gate
from consumer.delivery.outcome_policy import OutcomePolicy
from consumer.delivery.retry import RetryPolicy
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.task import Partition, Record, Task
from consumer.scheduling.work import PolledRecords
from consumer.threads import OsThreads
from consumer.worker.delivery_loop import DeliveryLoop, Timer
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import Rig, Size

CONCURRENCIES = (1, 16, 64)
BATCH = 500
DELIVERED = Outcome(Result.DELIVERED, 200, "SUCCESS")


class InstantDriver:
    """Runs callbacks one after the other on the caller's thread; every contact is taken at once."""

    def __init__(self) -> None:
        self.now = time.monotonic
        self._callbacks: deque[Callable[[], None]] = deque()
        self._answers: deque[Callable[[Outcome], None]] = deque()

    def run(self) -> None:
        """Run until nothing is left to do."""
        while self._callbacks or self._answers:
            while self._callbacks:
                self._callbacks.popleft()()
            for _ in range(len(self._answers)):
                self._answers.popleft()(DELIVERED)

    def start(self, on_crash: Callable[[BaseException], None]) -> None:
        """The caller's thread runs already."""

    def wake(self, callback: Callable[[], None]) -> None:
        """Run it in turn."""
        self._callbacks.append(callback)

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        """Never needed: nothing waits."""
        raise AssertionError(when, callback)

    def send(self, payload: bytes, on_outcome: Callable[[Outcome], None]) -> None:  # noqa: ARG002 -- the real one's signature
        """Success, in turn."""
        self._answers.append(on_outcome)

    def probe(self, on_result: Callable[[ProbeResult], None]) -> None:
        """Never needed."""
        raise AssertionError(on_result)

    def stop(self) -> None:
        """Nothing runs."""

    def join(self, timeout: float) -> None:
        """Nothing runs."""


class NoDeadLetters:
    """There are none."""

    def write(self, task: Task) -> None:
        """Never called."""
        raise AssertionError(task)


def measure(rig: Rig, size: Size) -> list[Figure]:
    """CPU of this process for each record, beside the standard library's thread pool that is given nothing to do."""
    count = size.of(50_000)
    return [
        Figure("engine", f"CPU a record, {each} in flight", _engine(each, count), "us", _pool(each, count), "pool")
        for each in CONCURRENCIES
    ]


def _engine(concurrency: int, count: int) -> float:
    policy = RetryPolicy(0.5, 60, 86_400)
    gate = Gate(policy, 0, 30)
    scheduler = Scheduler(gate, OutcomePolicy(gate, policy, OnConfigurationFault.HALT, 20), policy, OsThreads())
    tracker = scheduler.assign(Partition("events", 0), 0, 0, b"")
    driver, reporter = InstantDriver(), Reporter(CollectorRegistry(), None, time.monotonic)
    DeliveryLoop(scheduler, driver, NoDeadLetters(), reporter, concurrency, _raise).start()
    seconds = 0.0
    for first in range(0, count, BATCH):
        batch = _batch(tracker, first)
        begun = time.process_time()
        scheduler.admit(batch)
        driver.run()
        seconds += time.process_time() - begun
    assert not len(tracker)
    return seconds / count * 1e6


def _raise(crash: BaseException) -> None:
    raise crash


def _batch(tracker: OffsetTracker, first: int) -> PolledRecords:
    tasks = []
    for offset in range(first, first + BATCH):
        record = Record(tracker.partition, offset, 1_767_225_600_000, b"key", b"{}", [])
        tasks.append(Task(record, tracker, (f"u{offset}@example.com", f"+4420{offset:08}"), b"{}", "Signed Up"))
    tracker.highest_seen = first + BATCH - 1
    return PolledRecords(consumed=BATCH, tasks=tasks)


def _pool(threads: int, count: int) -> float:
    begun = time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        for first in range(0, count, BATCH):
            for each in [pool.submit(int) for _ in range(first, first + BATCH)]:
                each.result()
    return (time.process_time() - begun) / count * 1e6
