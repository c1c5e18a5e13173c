"""What scheduler, ledger and crew cost by themselves: no Kafka, no HTTP, a client that succeeds at once."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import cast

from prometheus_client import CollectorRegistry

from consumer.clicksend.client import Client
from consumer.clicksend.outcome import Outcome, Result
from consumer.delivery.gate import Gate
from consumer.delivery.judge import Judge, OnConfigurationFault
from consumer.delivery.retry import RetryPolicy
from consumer.operations.run import SWITCH_SECONDS
from consumer.stream.crew import Crew, Delivery
from consumer.stream.ledger import Ledger
from consumer.stream.record import Partition, Record, Task
from consumer.stream.reporter import Reporter
from consumer.stream.scheduler import Batch, Scheduler
from consumer.stream.threads import OsThreads
from tests.benchmarks.figures import Figure
from tests.benchmarks.rig import Rig, Size

THREADS = (1, 16, 64)
BATCH = 500
MOST = 1000  # unsettled records at a time
DELIVERED = Outcome(Result.DELIVERED, 200, "SUCCESS")


class InstantClient:
    """Takes every contact at once."""

    def post(self, payload: bytes, now: datetime) -> Outcome:  # noqa: ARG002 -- the real one's signature
        """Success."""
        return DELIVERED

    def close(self) -> None:
        """Nothing to close."""


class NoDeadLetters:
    """There are none."""

    def write(self, task: Task) -> None:
        """Never called."""
        raise AssertionError(task)


def measure(rig: Rig, size: Size) -> list[Figure]:
    """CPU of this process for each record, beside the standard library's thread pool that is given nothing to do."""
    sys.setswitchinterval(SWITCH_SECONDS)  # as in a worker
    count = size.of(50_000)
    return [
        Figure(
            "engine", f"CPU a record, {threads} threads", _engine(threads, count), "us", _pool(threads, count), "pool"
        )
        for threads in THREADS
    ]


def _engine(threads: int, count: int) -> float:
    policy = RetryPolicy(0.5, 60, 86_400)
    gate = Gate(policy, 0, 30)
    scheduler = Scheduler(gate, Judge(gate, policy, OnConfigurationFault.HALT, 20), policy, OsThreads())
    ledger = scheduler.assign(Partition("events", 0), 0, 0, b"")
    reporter = Reporter(CollectorRegistry(), None, time.monotonic)
    crew = Crew(
        scheduler,
        Delivery(lambda: cast(Client, InstantClient()), reload_credentials=lambda: None),
        NoDeadLetters(),
        reporter,
        time.monotonic,
        lambda crash: print(repr(crash)),  # noqa: T201 -- nobody else would hear of it
        OsThreads(),
    )
    crew.start(threads)
    begun = time.process_time()
    for first in range(0, count, BATCH):
        while len(ledger) > MOST - BATCH:
            time.sleep(0.0005)
        scheduler.admit(_batch(ledger, first))
    while len(ledger):
        time.sleep(0.0005)
    seconds = time.process_time() - begun
    scheduler.close()
    crew.join(10)
    return seconds / count * 1e6


def _batch(ledger: Ledger, first: int) -> Batch:
    tasks = []
    for offset in range(first, first + BATCH):
        record = Record(ledger.partition, offset, 1_767_225_600_000, b"key", b"{}", [])
        tasks.append(Task(record, ledger, (f"u{offset}@example.com", f"+4420{offset:08}"), b"{}", "Signed Up"))
    ledger.highest_seen = first + BATCH - 1
    return Batch(consumed=BATCH, tasks=tasks)


def _pool(threads: int, count: int) -> float:
    client, now = InstantClient(), datetime.now().astimezone()
    begun = time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        for first in range(0, count, BATCH):
            for each in [pool.submit(client.post, b"{}", now) for _ in range(first, first + BATCH)]:
                each.result()
    return (time.process_time() - begun) / count * 1e6
