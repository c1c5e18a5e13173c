"""Cost of traces, for each contact and for each browsing event.

    python tests/benchmarks/bench_tracing.py [records]

First, what the tracer adds to a contact: its calls alone, and the export up to the network, beside the plain gate's.
The bounds are the product's.

Then the whole path of a record without Kafka and ClickSend, with traces over without, the best of several rounds that
take turns. `off` is measured against itself: its difference is the error of the measurement.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import orjson
from confluent_kafka import Message
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client import CollectorRegistry

from consumer.clicksend.fault import OnConfigurationFault
from consumer.delivery.gate import Gate
from consumer.delivery.outcome_policy import OutcomePolicy, Settle
from consumer.delivery.retry import RetryPolicy
from consumer.enrolment.decision import Enrolled
from consumer.enrolment.disposition import DeliveredReason
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
from consumer.formats.decider import Decider
from consumer.monitoring.reporter import Reporter
from consumer.monitoring.tracing.gate_history import GateHistory, WatchedGate
from consumer.monitoring.tracing.sampling import SamplerName, TraceSampler
from consumer.monitoring.tracing.spans import SpanBuilder, export_request
from consumer.monitoring.tracing.tracer import Tracer
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.task import Headers, Task
from consumer.threads import OsThreads
from consumer.worker.delivery_loop import DeliveryLoop
from consumer.worker.intake import Intake
from tests.benchmarks.cases.engine import DELIVERED, InstantDriver, NoDeadLetters
from tests.support.records import EVENTS, Consumed, record

ROUNDS = 15
BATCH = 500
POLICY = RetryPolicy(initial_delay=0.5, max_delay=60, max_age=86400)
CONTEXT = {"page": {"url": "https://shop.example.com/p/17", "title": "Shoe"}, "padding": "x" * 700}
BROWSING = {"type": "track", "event": "Product Viewed", "properties": {"sku": "A-17"}, "context": CONTEXT}
RATIO = SamplerName.PARENT_BASED_TRACE_ID_RATIO
URL = "https://rest.clicksend.com/v3/lists/428/contacts"
ACCEPTED = Settle(DeliveredReason.ACCEPTED)
RESOURCE = {"service.name": "clicksend-consumer"}


class Worker:
    """A worker's parts, and a driver that runs when it is told to. sampler -- None: no traces."""

    def __init__(self, sampler: TraceSampler | None) -> None:
        history = GateHistory()
        gate = Gate(POLICY, 0, 30) if sampler is None else WatchedGate(history, POLICY, 0, 30, 2000)
        builder = SpanBuilder("group", URL)
        self._spans: list[Span] = []
        tracer = Tracer(sampler, builder, self._spans.append, history, time.monotonic) if sampler is not None else None
        policy = OutcomePolicy(gate, POLICY, OnConfigurationFault.HALT, 20)
        self.scheduler = Scheduler(gate, policy, POLICY, OsThreads())
        self.tracker = self.scheduler.assign(EVENTS, 0, 0, bytes(16))
        self.intake = Intake(Decider(Enroller(Rules.of())), self.scheduler.trackers, self._no_rewind, 0, tracer)
        reporter = Reporter(CollectorRegistry(), tracer, time.monotonic)
        self.driver = InstantDriver()
        DeliveryLoop(self.scheduler, self.driver, NoDeadLetters(), reporter, 1, self._crashed).start()

    def take_in(self, records: Iterable[tuple[bytes, Headers]]) -> None:
        """Consume a batch, and wait until it is settled; then export its spans, as far as without a network."""
        first = self.tracker.highest_seen + 1
        messages = [
            cast(Message, Consumed(first + number, body, b"visitor", own_headers=headers))
            for number, (body, headers) in enumerate(records)
        ]
        batch, _ = self.intake.read(messages, 1_767_225_600_000)
        self.scheduler.admit(batch)
        self.driver.run()
        assert not len(self.tracker)
        if self._spans:
            export_request(RESOURCE, self._spans).SerializeToString()
            self._spans.clear()

    def _no_rewind(self, tracker: OffsetTracker, _offset: int, _lowest: int) -> OffsetTracker:
        return tracker

    def _crashed(self, crash: BaseException) -> None:
        raise crash


Records = Sequence[tuple[bytes, Headers]]


def traceparent(flags: bytes) -> Headers:
    """Return the header of a producer's span with these flags."""
    return [("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-" + flags)]


def sign_ups(headers: Headers) -> Records:
    """Return sign-ups of different contacts."""
    traits = [{"email": f"u{n}@example.com", "phone": f"+44 20 7946 {n:04}", "first_name": "Jo"} for n in range(BATCH)]
    return [(orjson.dumps({**BROWSING, "event": "Signed Up", "traits": each}), headers) for each in traits]


def main(count: int) -> None:
    """Measure and print."""
    ten, none, every = TraceSampler(RATIO, 0.1), TraceSampler(RATIO, 0), TraceSampler()
    added: Mapping[str, tuple[TraceSampler, Headers, str]] = {
        "unsampled": (none, [], "3"),
        "unsampled by its producer": (every, traceparent(b"00"), "3"),
        "one in ten sampled": (ten, [], "15"),
        "every one sampled": (every, traceparent(b"01"), ""),
    }
    print(f"{'a contact':30}{'us more':>10}{'bound':>10}")  # noqa: T201 -- its output
    for name, (sampler, headers, bound) in added.items():
        print(f"{name:30}{calls(sampler, headers):10.2f}{bound:>10}")  # noqa: T201 -- the same
    paths: Mapping[str, tuple[TraceSampler | None, Records]] = {
        "contact, off": (None, sign_ups([])),
        "contact, unsampled": (none, sign_ups([])),
        "contact, one in ten sampled": (ten, sign_ups([])),
        "browsing event": (every, [(orjson.dumps(BROWSING), [])] * BATCH),
    }
    print(f"\n{'the path':30}{'us off':>10}{'us':>10}{'ratio':>10}")  # noqa: T201 -- the same
    for name, (path_sampler, records) in paths.items():
        off, on = measure([None, path_sampler], records, count)
        print(f"{name:30}{off:10.2f}{on:10.2f}{on / off:10.3f}")  # noqa: T201 -- the same


def calls(sampler: TraceSampler, headers: Headers) -> float:
    """Return the microseconds of the tracer's calls for a contact, and of its share of an export."""
    history, spans = GateHistory(), list[Span]()
    plain, gate = Gate(POLICY, 0, 30), WatchedGate(history, POLICY, 0, 30, 2000)
    tracer = Tracer(sampler, SpanBuilder("group", URL), spans.append, history, time.monotonic)
    tracker, decision = OffsetTracker(EVENTS, 0, 0), cast(Enrolled, None)
    best = float("inf")
    for _ in range(4 * ROUNDS):
        tasks = [Task(record(offset, headers=headers), tracker) for offset in range(BATCH)]
        began = time.process_time()
        for task in tasks:
            tracer.mapped(task, decision)
            gate.ask(1.0)
            tracer.answered(task, DELIVERED, ACCEPTED, 0.1)
        if spans:
            export_request(RESOURCE, spans).SerializeToString()
            spans.clear()
        between = time.process_time()
        for _task in tasks:
            plain.ask(1.0)
        best = min(best, (between - began) - (time.process_time() - between))
    return best / BATCH * 1e6


def measure(samplers: Sequence[TraceSampler | None], records: Records, count: int) -> list[float]:
    """Microseconds for each record, by sampler."""
    best = [float("inf")] * len(samplers)
    rounds = max(1, count // BATCH)
    for turn in range(ROUNDS * len(samplers)):
        index = turn % len(samplers)
        worker = Worker(samplers[index])
        worker.take_in(records)
        began = time.process_time()
        for _ in range(rounds):
            worker.take_in(records)
        best[index] = min(best[index], (time.process_time() - began) / (rounds * BATCH) * 1e6)
    return best


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)
