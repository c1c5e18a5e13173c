"""What the delivery threads tell of what they do."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import datetime
from queue import SimpleQueue
from typing import cast

from prometheus_client import CollectorRegistry

from consumer.clicksend.client import Client
from consumer.clicksend.outcome import Outcome
from consumer.delivery.judge import Verdict
from consumer.enrolment.decision import Enrolled, Undeliverable
from consumer.enrolment.disposition import FilterReason
from consumer.stream.counts import ReleaseReason
from consumer.stream.crew import Crew, Delivery
from consumer.stream.record import Partition, Record, Task
from consumer.stream.reporter import Reporter
from consumer.stream.threads import OsThreads
from tests.delivery.answers import DELIVERED
from tests.stream.builders import JANE, Engine

PATIENCE = 30  # seconds


class Notebook:
    """A journal: which offset, and what became of it."""

    def __init__(self) -> None:
        self.notes: SimpleQueue[tuple[int, str]] = SimpleQueue()

    def filtered_wanted(self) -> int:
        return 1

    def filtered(self, record: Record, reason: FilterReason) -> None:
        self.notes.put((record.offset, reason))

    def mapped(self, task: Task, decision: Enrolled | Undeliverable) -> None:
        pass

    def answered(self, task: Task, outcome: Outcome, verdict: Verdict | None, seconds: float) -> None:  # noqa: ARG002 -- the protocol's
        self.notes.put((task.record.offset, "late" if verdict is None else outcome.result))

    def buried(self, task: Task) -> None:
        self.notes.put((task.record.offset, "buried"))

    def bury_failed(self, task: Task, why: str) -> None:
        pass

    def released(self, partitions: Collection[Partition], reason: ReleaseReason) -> None:
        pass


class ClickSend:
    """Takes every contact; stands for a client and its connection."""

    def post(self, _payload: bytes, _now: datetime) -> Outcome:
        return DELIVERED

    def close(self) -> None:
        pass


class NoDeadLetters:
    def write(self, task: Task) -> None:
        raise AssertionError(task)


def test_the_journal_hears_of_a_duplicate_that_was_settled_without_a_request() -> None:
    engine, notebook, crashes = Engine(deduplicate=10), Notebook(), list[BaseException]()
    crew = Crew(
        engine.scheduler,
        Delivery(lambda: cast(Client, ClickSend()), reload_credentials=lambda: None),
        NoDeadLetters(),
        Reporter(CollectorRegistry(), notebook, time.monotonic),
        time.monotonic,
        crashes.append,
        OsThreads(),
    )
    for offset in range(3):
        engine.admit(offset, JANE)
    crew.start(2)
    try:
        heard = [notebook.notes.get(timeout=PATIENCE) for _ in range(3)]
    finally:
        engine.scheduler.close()
        crew.join(PATIENCE)
    assert sorted(heard) == [(0, "delivered"), (1, "duplicate"), (2, "duplicate")]
    assert crashes == []
