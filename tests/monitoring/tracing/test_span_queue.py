"""The way of spans to the collector: whatever it does, nothing else waits for it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from structlog.testing import capture_logs

from consumer.monitoring.tracing.exporter import ExportFailure
from consumer.monitoring.tracing.options import QueueOptions
from consumer.monitoring.tracing.span_queue import PATIENCE_SECONDS, SpanQueue, SpanResult
from tests.support.waiting import HANG_SECONDS, wait_until

AT_ONCE = QueueOptions(delay=0.001, size=100, batch=10)
ON_DEMAND = QueueOptions(delay=3600.0, size=100, batch=10)  # at a full batch, and at the end
REFUSED = ExportFailure({"status": 400}, is_lasting=True)
AWAY = ExportFailure({"cause": "ConnectionError"}, is_lasting=False)


class Exports:
    """An exporter that answers as told. hold -- whether it waits for `go` before it answers"""

    def __init__(self, *answers: ExportFailure | None) -> None:
        self.answers = list(answers)
        self.batches: list[int] = []
        self.begun, self.go = threading.Event(), threading.Event()
        self.hold = False
        self.closed = 0

    def export(self, spans: Sequence[Span]) -> ExportFailure | None:
        self.batches.append(len(spans))
        self.begun.set()
        if self.hold:
            assert self.go.wait(HANG_SECONDS)
        return self.answers.pop(0) if self.answers else None

    def close(self) -> None:
        self.closed += 1


Make = Callable[[Exports, QueueOptions], SpanQueue]


@pytest.fixture
def counts() -> Counter[SpanResult]:
    return Counter()


@pytest.fixture
def make(counts: Counter[SpanResult]) -> Iterator[Make]:
    made: list[tuple[SpanQueue, Exports]] = []

    def make(exports: Exports, options: QueueOptions) -> SpanQueue:
        queue = SpanQueue(exports, options, lambda result, number: counts.update({result: number}), time.monotonic)
        queue.start()
        made.append((queue, exports))
        return queue

    yield make
    for queue, exports in made:
        exports.go.set()
        queue.close(HANG_SECONDS)


def put(queue: SpanQueue, number: int) -> None:
    for _ in range(number):
        queue.put(Span())


def test_spans_are_exported_in_batches_once_a_batch_is_full(make: Make, counts: Counter[SpanResult]) -> None:
    exports = Exports()
    queue = make(exports, ON_DEMAND)
    put(queue, 10)
    wait_until(lambda: counts[SpanResult.EXPORTED] == 10)
    put(queue, 9)
    queue.close(HANG_SECONDS)
    assert exports.batches == [10, 9]
    assert counts == {SpanResult.EXPORTED: 19}


def test_a_few_spans_are_exported_after_the_delay(make: Make, counts: Counter[SpanResult]) -> None:
    put(make(Exports(), AT_ONCE), 3)
    wait_until(lambda: counts[SpanResult.EXPORTED] == 3)


def test_a_full_queue_drops_and_counts_and_never_blocks(make: Make, counts: Counter[SpanResult]) -> None:
    exports = Exports()
    exports.hold = True
    queue = make(exports, ON_DEMAND)
    put(queue, 10)
    assert exports.begun.wait(HANG_SECONDS)
    put(queue, 130)
    assert counts == {SpanResult.DROPPED: 30}
    exports.go.set()
    wait_until(lambda: counts[SpanResult.EXPORTED] == 110)


def test_a_refused_batch_is_lost_and_the_next_one_is_tried(make: Make, counts: Counter[SpanResult]) -> None:
    exports = Exports(REFUSED)
    queue = make(exports, ON_DEMAND)
    with capture_logs() as lines:
        put(queue, 10)
        wait_until(lambda: counts[SpanResult.FAILED] == 10)
        put(queue, 10)
        wait_until(lambda: counts[SpanResult.EXPORTED] == 10)
    assert exports.batches == [10, 10]
    (line,) = lines
    assert (line["event"], line["status"], line["spans"]) == ("spans not exported", 400, 10)


def test_a_collector_that_is_away_for_a_moment_gets_the_same_batch_again(
    make: Make, counts: Counter[SpanResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumer.monitoring.tracing.span_queue.PAUSES_SECONDS", (0.0, 0.0))
    exports = Exports(AWAY, AWAY)
    put(make(exports, ON_DEMAND), 10)
    wait_until(lambda: counts[SpanResult.EXPORTED] == 10)
    assert exports.batches == [10, 10, 10]


def test_a_collector_that_stays_away_is_one_line_in_minutes(
    make: Make, counts: Counter[SpanResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumer.monitoring.tracing.span_queue.PAUSES_SECONDS", ())
    with capture_logs() as lines:
        put(make(Exports(*[AWAY] * 10), ON_DEMAND), 100)
        wait_until(lambda: counts[SpanResult.FAILED] == 100)
    assert len(lines) == 1


def test_at_the_end_a_collector_that_failed_is_not_waited_for(make: Make, counts: Counter[SpanResult]) -> None:
    exports = Exports(AWAY)
    queue = make(exports, ON_DEMAND)
    put(queue, 15)
    wait_until(lambda: queue._failing)  # in the pause before another try
    queue.close(HANG_SECONDS)
    wait_until(lambda: counts.total() == 15)
    assert counts == {SpanResult.FAILED: 10, SpanResult.DROPPED: 5}
    assert exports.batches == [10]
    assert exports.closed


def test_at_the_end_a_collector_that_does_not_answer_is_not_waited_for(counts: Counter[SpanResult]) -> None:
    exports = Exports()
    exports.hold = True
    now = [100.0]
    queue = SpanQueue(exports, ON_DEMAND, lambda result, number: counts.update({result: number}), lambda: now[0])
    queue.start()
    put(queue, 15)
    assert exports.begun.wait(HANG_SECONDS)
    now[0] += PATIENCE_SECONDS + 1
    queue.close(HANG_SECONDS)  # else this would take as long
    assert counts == {SpanResult.DROPPED: 5}
    exports.go.set()


def test_after_the_end_spans_are_dropped(make: Make, counts: Counter[SpanResult]) -> None:
    queue = make(Exports(), ON_DEMAND)
    queue.close(HANG_SECONDS)
    put(queue, 2)
    assert counts == {SpanResult.DROPPED: 2}
