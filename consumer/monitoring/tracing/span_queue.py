"""Finished spans on their way to the collector: a bounded queue, and one thread that exports it.

Nothing here ever waits for the collector but this thread, and `close` for a bounded time. The SDK's own processor waits
30 seconds at a shutdown, and logs for each span that finds its queue full.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

import structlog

from consumer.log import RepeatFilter
from consumer.monitoring.tracing.options import QueueOptions

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from consumer.monitoring.tracing.exporter import ExportFailure

NAME = "span-export"
PAUSES_SECONDS = (1.0, 2.0, 4.0)  # before another try of the same batch
LOG_SECONDS = 300.0  # between two lines about a failing collector
HINT = "check the collector and OTEL_EXPORTER_OTLP_ENDPOINT; delivery is not affected"
PATIENCE_SECONDS = 1.0  # an export that takes longer is not waited for at the end

log = structlog.get_logger()


class SpanResult(StrEnum):
    """The end of a span."""

    EXPORTED = "exported"
    FAILED = "failed"  # the collector refused its batch, or did not answer
    DROPPED = "dropped"  # the queue was full, or the worker ended before


class SpanExporter(Protocol):
    """Sends spans to the collector: see `consumer.monitoring.tracing.exporter`."""

    def export(self, spans: Sequence[Span]) -> ExportFailure | None:
        """Send a batch once; may block. Return None if it is accepted."""

    def close(self) -> None:
        """Close the idle connections. Any thread may call it."""


class SpanQueue:
    """The queue with its thread.

    count -- called with a result and a number of spans, from any thread
    clock -- monotonic seconds
    """

    def __init__(
        self,
        exporter: SpanExporter,
        options: QueueOptions,
        count: Callable[[SpanResult, int], None],
        clock: Callable[[], float],
    ) -> None:
        self._exporter = exporter
        self._options = options
        self._count = count
        self._clock = clock
        self._spans: deque[Span] = deque()
        self._due = threading.Event()
        self._closing = threading.Event()
        self._failing = False  # the last request failed
        self._began_at = math.inf  # monotonic seconds of the request in progress; infinite: none is
        self._lines = RepeatFilter(every=LOG_SECONDS)
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, span: Span) -> None:
        """Queue a span, or drop it if the queue is full. Never blocks. Thread-safe."""
        if len(self._spans) >= self._options.size or self._closing.is_set():
            self._count(SpanResult.DROPPED, 1)
            return
        self._spans.append(span)
        if len(self._spans) == self._options.batch:
            self._due.set()

    def close(self, timeout: float) -> None:
        """Export what is queued, for at most `timeout` seconds. Do not wait for a failing one."""
        away = self._failing or self._clock() - self._began_at > PATIENCE_SECONDS
        self._closing.set()
        self._due.set()
        self._thread.join(0.0 if away else timeout)
        self._exporter.close()
        if left := len(self._spans):
            self._spans.clear()
            self._count(SpanResult.DROPPED, left)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._due.wait(self._options.delay)
            self._due.clear()
            self._export_all()
        self._export_all()  # of those that were put between the last look and the end

    def _export_all(self) -> None:
        while self._spans and not (self._closing.is_set() and self._failing):
            batch = [self._spans.popleft() for _ in range(min(len(self._spans), self._options.batch))]
            failure = self._export(batch)
            self._count(SpanResult.EXPORTED if failure is None else SpanResult.FAILED, len(batch))
            if failure is not None and (suppressed := self._lines.ask("", self._clock())) is not None:
                log.warning("spans not exported", **failure, spans=len(batch), suppressed=suppressed, hint=HINT)

    def _export(self, batch: list[Span]) -> dict[str, object] | None:
        """Send a batch, again after a pause where that may help. Return None, or why it failed."""
        for pause in (*PAUSES_SECONDS, None):
            failure = self._send(batch)
            if failure is None or failure.is_lasting or pause is None or self._closing.wait(pause):
                break
        return failure.why if failure is not None else None

    def _send(self, batch: list[Span]) -> ExportFailure | None:
        self._began_at = self._clock()
        failure = self._exporter.export(batch)
        self._began_at, self._failing = math.inf, failure is not None
        return failure
