"""Trace enrolment events: sample at the intake, note attempts and waits, make the spans at their ends.

The task holds its trace. It begins on the poll thread; its attempts end on the delivery loop's thread; the record is
settled there, or on the thread of the dead-letter writer, or released on the poll thread. Each end is taken out of
`_open` in one atomic step, so that two threads never export the same span.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from consumer.clicksend.outcome import Outcome
from consumer.delivery.outcome_policy import Action, DeadLetter, Retry, Settle
from consumer.enrolment.decision import Enrolled, Undeliverable
from consumer.enrolment.disposition import DeadLetterReason, Disposition, FilterReason
from consumer.monitoring.tracing.gate_history import GateHistory
from consumer.monitoring.tracing.sampling import TraceSampler
from consumer.monitoring.tracing.trace import RecordTrace, new_id
from consumer.monitoring.tracing.traceparent import Parent, parent_of
from consumer.scheduling.counts import ReleaseReason
from consumer.scheduling.task import WHOLE_RECORD, Partition, Record, Task

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from consumer.monitoring.tracing.spans import SpanBuilder

ENROLMENTS = (FilterReason.NO_IDENTITY, FilterReason.NO_CONSENT)  # the rest is browsing, too old, or empty
RELEASED = "released"  # beside the dispositions: the partition was revoked; its next owner settles the record
GATE_WAIT = "gate_wait"
DEAD_LETTER_FAILED = "dead_letter_failed"


class Tracer:
    """A `consumer.monitoring.observer.RecordObserver`. Of filtered records it observes enrolment events alone.

    put   -- takes the spans; quick, from any thread
    gate  -- the waits of the worker's gate
    clock -- monotonic seconds, the gate's
    """

    def __init__(
        self,
        sampler: TraceSampler,
        spans: SpanBuilder,
        put: Callable[[Span], None],
        gate: GateHistory,
        clock: Callable[[], float],
    ) -> None:
        self._sampler = sampler
        self._spans = spans
        self._put = put
        self._gate = gate
        self._clock = clock
        self._open: dict[RecordTrace, RecordTrace] = {}

    def filtered_wanted(self) -> int:
        """Return none."""
        return 0

    def filtered_in_full(self) -> Collection[FilterReason]:
        """Return the reasons of enrolment events."""
        return ENROLMENTS

    def filtered(self, record: Record, reason: FilterReason) -> None:
        """Make the span of an enrolment event that is filtered at once; others are wanted by another observer."""
        trace = self._sampled(record, WHOLE_RECORD) if reason in ENROLMENTS else None
        if trace is not None:
            self._put(self._spans.record(trace, Disposition.FILTERED, reason, trace.began_at))

    def mapped(self, task: Task, decision: Enrolled | Undeliverable) -> None:  # noqa: ARG002 -- the protocol's
        """Begin a trace, if it is sampled: a child of the producer's span, else a trace of its own."""
        self._sample(task)

    def batch_settled(self, task: Task) -> None:
        """Ignore: each event has its own trace."""

    def batch_mapped(self, task: Task) -> None:
        """Begin the trace of a record with several events if none is delivered: else each of those has its own."""
        if task.batch is not None and task.batch.failed and not task.batch.open:
            self._sample(task)

    def answered(self, task: Task, outcome: Outcome, action: Action | None, seconds: float) -> None:
        trace = task.trace
        if not isinstance(trace, RecordTrace):
            return
        now = self._clock()
        sent_at = now - seconds
        self._note_waits(trace, sent_at)
        trace.attempts += 1
        self._put(self._spans.attempt(trace, outcome, action, sent_at, now))
        trace.due_at = max(now, action.at) if isinstance(action, Retry) else now
        if isinstance(action, Settle):
            self._end(trace, Disposition.DELIVERED, action.reason)
        elif isinstance(action, DeadLetter) and task.is_batch_event:  # its record has the dead letter
            self._end(trace, Disposition.DEAD_LETTERED, action.reason)

    def duplicate(self, task: Task) -> None:
        if isinstance(task.trace, RecordTrace):
            self._end(task.trace, Disposition.FILTERED, FilterReason.DUPLICATE)

    def dead_letter_written(self, task: Task) -> None:
        events = task.batch.failed.values() if task.batch is not None else ()  # those that a probe decided are open
        for each in (task, *events):
            if isinstance(each.trace, RecordTrace):
                self._end(each.trace, Disposition.DEAD_LETTERED, each.reason or DeadLetterReason.REJECTED)

    def dead_letter_failed(self, task: Task, why: str) -> None:
        if isinstance(task.trace, RecordTrace):
            task.trace.add_event(DEAD_LETTER_FAILED, self._clock(), {"error.type": why})

    def released(self, partitions: Collection[Partition], reason: ReleaseReason) -> None:
        gone = frozenset(partitions)
        self._release([trace for trace in list(self._open) if trace.record.partition in gone], reason)

    def close(self) -> None:
        """End every trace that is still open, at a shutdown."""
        self._release(list(self._open), ReleaseReason.SHUTDOWN)

    def _sample(self, task: Task) -> None:
        trace = self._sampled(task.record, task.index)
        if trace is not None:
            task.trace = trace
            self._open[trace] = trace

    def _sampled(self, record: Record, index: int) -> RecordTrace | None:
        parent = parent_of(record.headers) if record.headers else None
        if parent is None:
            trace_id = new_id(128)
            return self._begun(trace_id, None, record, index) if self._sampler.keeps_root(trace_id) else None
        return self._begun(int(parent.trace_id, 16), parent, record, index) if self._sampler.keeps(parent) else None

    def _begun(self, trace_id: int, parent: Parent | None, record: Record, index: int) -> RecordTrace:
        now = self._clock()
        return RecordTrace(trace_id, new_id(64), parent, record, index, now, time.time_ns(), now)

    def _release(self, traces: list[RecordTrace], reason: ReleaseReason) -> None:
        now = self._clock()
        for trace in traces:
            self._note_waits(trace, now)
            self._end(trace, RELEASED, reason)

    def _note_waits(self, trace: RecordTrace, until: float) -> None:
        for wait in self._gate.during(trace.due_at, until):
            seconds = wait.ended - wait.began
            trace.add_event(
                GATE_WAIT, wait.began, {"clicksend.gate.state": wait.state, "clicksend.gate.seconds": seconds}
            )

    def _end(self, trace: RecordTrace, disposition: Disposition | str, reason: str) -> None:
        if self._open.pop(trace, None) is trace:  # else another thread has ended it
            self._put(self._spans.record(trace, disposition, reason, self._clock()))
