"""Open the tracer of a worker, if the environment asks for traces."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from functools import partial

import structlog
from msgspec import Struct
from prometheus_client import CollectorRegistry

from consumer.delivery.gate import Gate
from consumer.monitoring import metrics
from consumer.monitoring.observer import RecordObserver
from consumer.monitoring.tracing.gate_history import GateHistory, WatchedGate
from consumer.monitoring.tracing.options import TraceOptions
from consumer.monitoring.tracing.span_queue import SpanQueue, SpanResult
from consumer.monitoring.tracing.tracer import Tracer

log = structlog.get_logger()


class Tracing(Struct, frozen=True):
    """The parts of a worker that traces.

    observer -- of every record
    gate     -- builds the worker's gate, with the arguments of `Gate`
    close    -- ends open traces and exports what is queued, for at most so many seconds
    """

    observer: RecordObserver
    gate: Callable[..., Gate]
    close: Callable[[float], None]


def open_tracing(
    options: TraceOptions, group: str, url: str, registry: CollectorRegistry, clock: Callable[[], float]
) -> Tracing:
    """Return the tracer; its thread runs. The packages of the extra `otel` are imported here and nowhere else.

    group -- the consumer group
    url   -- that contacts are sent to
    clock -- monotonic seconds
    """
    from consumer.monitoring.tracing.exporter import OtlpExporter  # noqa: PLC0415 -- only where it is asked for
    from consumer.monitoring.tracing.spans import SpanBuilder  # noqa: PLC0415 -- the same

    counter = metrics.SPANS.counter(registry, SpanResult)

    def count(result: SpanResult, number: int) -> None:
        counter.labels(result).inc(number)

    history = GateHistory()
    resource = {"service.instance.id": str(uuid.uuid4()), **options.resource}
    queue = SpanQueue(OtlpExporter(options.otlp, resource), options.queue, count, clock)
    tracer = Tracer(options.sampler, SpanBuilder(group, url), queue.put, history, clock)
    queue.start()
    log.info("traces enabled", endpoint=options.otlp.shown_endpoint, sampler=str(options.sampler))

    def close(timeout: float) -> None:
        tracer.close()
        queue.close(timeout)

    return Tracing(tracer, partial(WatchedGate, history), close)
