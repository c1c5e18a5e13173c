"""Cost of the event debugger while no page is open: the path of a record without Kafka and ClickSend.

    python tests/benchmarks/bench_debugger.py [records]

CPU of this process for each record, with the debugger and without it, the best of several rounds that take turns, so
that a busy machine disturbs all alike. What ClickSend and Kafka would cost is left out, so the shares are upper bounds.
The bound is the product's: 2 %.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from typing import cast

import orjson
from confluent_kafka import Message
from prometheus_client import CollectorRegistry

from consumer.clicksend.fault import OnConfigurationFault
from consumer.delivery.gate import Gate
from consumer.delivery.outcome_policy import OutcomePolicy
from consumer.delivery.retry import RetryPolicy
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
from consumer.formats.decider import Decider
from consumer.monitoring.debugger.recorder import Recorder
from consumer.monitoring.debugger.ring import Ring
from consumer.monitoring.reporter import Reporter
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.scheduler import Scheduler
from consumer.threads import OsThreads
from consumer.worker.delivery_loop import DeliveryLoop
from consumer.worker.intake import Intake
from tests.benchmarks.cases.engine import InstantDriver, NoDeadLetters
from tests.support.records import EVENTS, Consumed

ROUNDS = 9
BATCH = 500
CONTEXT = {"page": {"url": "https://shop.example.com/p/17", "title": "Shoe"}, "padding": "x" * 700}
BROWSING = {"type": "track", "event": "Product Viewed", "properties": {"sku": "A-17"}, "context": CONTEXT}


class Worker:
    """A worker's parts, and a driver that runs when it is told to."""

    def __init__(self, observer: Recorder | None) -> None:
        self.recorder = observer
        policy = RetryPolicy(initial_delay=0.5, max_delay=60, max_age=86400)
        gate = Gate(policy, requests_per_second=0, probe_interval=30)
        self.scheduler = Scheduler(
            gate, OutcomePolicy(gate, policy, OnConfigurationFault.HALT, 20), policy, OsThreads()
        )
        self.tracker = self.scheduler.assign(EVENTS, 0, 0, bytes(16))
        decider = Decider(Enroller(Rules.of()))
        self.intake = Intake(decider, self.scheduler.trackers, self._no_rewind, 0, observer)
        reporter = Reporter(CollectorRegistry(), observer, time.monotonic)
        self.driver = InstantDriver()
        DeliveryLoop(self.scheduler, self.driver, NoDeadLetters(), reporter, 1, self._crashed).start()

    def take_in(self, bodies: Iterable[bytes]) -> None:
        """Consume a batch, and wait until it is settled."""
        first = self.tracker.highest_seen + 1
        messages = [cast(Message, Consumed(first + number, body, b"visitor")) for number, body in enumerate(bodies)]
        batch, _ = self.intake.read(messages, 1_767_225_600_000)
        self.scheduler.admit(batch)
        self.driver.run()
        assert not len(self.tracker)
        if self.recorder is not None:
            self.recorder.tick()  # as the monitor does

    def _no_rewind(self, tracker: OffsetTracker, _offset: int, _lowest: int) -> OffsetTracker:
        return tracker

    def _crashed(self, crash: BaseException) -> None:
        raise crash


def sign_ups() -> list[bytes]:
    """Return sign-ups of different contacts."""
    traits = [{"email": f"u{n}@example.com", "phone": f"+44 20 7946 {n:04}", "first_name": "Jo"} for n in range(BATCH)]
    return [orjson.dumps({**BROWSING, "event": "Signed Up", "traits": each}) for each in traits]


def main(count: int) -> None:
    """Measure and print."""
    print(f"{'':28}{'us without':>12}{'us with':>10}{'share':>9}{'bound':>8}")  # noqa: T201 -- its output
    for name, bodies in (("sign-up, delivered", sign_ups()), ("browsing event, filtered", browsing())):
        without, with_it = measure([lambda: None, lambda: Recorder(Ring(300), time.monotonic)], bodies, count)
        share = with_it / without - 1
        print(f"{name:28}{without:12.2f}{with_it:10.2f}{share:9.1%}{0.02:8.0%}")  # noqa: T201 -- the same


def browsing() -> list[bytes]:
    """Return browsing events, the majority of a topic."""
    return [orjson.dumps(BROWSING)] * BATCH


def measure(observers: list[Callable[[], Recorder | None]], bodies: list[bytes], count: int) -> list[float]:
    """Microseconds for each record, by journal."""
    best = [float("inf")] * len(observers)
    for turn in range(ROUNDS * len(observers)):
        index = turn % len(observers)
        worker = Worker(observers[index]())
        worker.take_in(bodies)
        began = time.process_time()
        for _ in range(max(1, count // BATCH)):
            worker.take_in(bodies)
        best[index] = min(best[index], (time.process_time() - began) / (max(1, count // BATCH) * BATCH) * 1e6)
    return best


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
