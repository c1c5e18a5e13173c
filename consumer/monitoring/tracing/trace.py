"""The state of a record's trace until it ends: no span, as most of its fields are not known before."""

from __future__ import annotations

from collections.abc import Mapping
from random import getrandbits

from msgspec import Struct, field

from consumer.monitoring.tracing.traceparent import Parent
from consumer.scheduling.task import Record

MOST_EVENTS = 64  # of one record, which may fail for days; the first ones are kept


class TraceEvent(Struct, frozen=True):
    """Something that happened to the record, at `at` (nanoseconds since the epoch)."""

    name: str
    at: int
    attributes: Mapping[str, str | float]


class RecordTrace(Struct, eq=False):
    """A sampled record, or one event of a record with several.

    Once the record is admitted, the delivery loop's thread alone changes it; any thread may add events.

    span_id   -- of the record's span, the parent of its attempts'
    index     -- of the event in its record; below 0: the record has one
    began_at  -- monotonic seconds; and the same moment as `began_ns`, nanoseconds since the epoch
    due_at    -- monotonic seconds since when it could be delivered, but for the gate and other records
    attempts  -- requests that have ended
    """

    trace_id: int
    span_id: int
    parent: Parent | None
    record: Record
    index: int
    began_at: float
    began_ns: int
    due_at: float
    attempts: int = 0
    events: list[TraceEvent] = field(default_factory=list)

    def wall_ns(self, at: float) -> int:
        """Return a monotonic moment in nanoseconds since the epoch, so that no step of the clock reorders the spans."""
        return self.began_ns + int((at - self.began_at) * 1e9)

    def add_event(self, name: str, at: float, attributes: Mapping[str, str | float]) -> None:
        """Note an event at `at` (monotonic seconds)."""
        if len(self.events) < MOST_EVENTS:
            self.events.append(TraceEvent(name, self.wall_ns(at), attributes))


def new_id(bits: int) -> int:
    """Return a random id of a trace or a span; never 0, which is none."""
    return getrandbits(bits) or 1
