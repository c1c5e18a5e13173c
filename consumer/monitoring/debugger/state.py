"""The worker's state, as JSON."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from consumer import __version__
from consumer.delivery.gate import GateState
from consumer.enrolment.disposition import Disposition
from consumer.monitoring.debugger.history import STEP_SECONDS, History, Totals
from consumer.monitoring.server import Report
from consumer.scheduling.counts import Counts, PartitionState
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.task import Stage

IN_FLIGHT = (Stage.IN_FLIGHT, Stage.DEAD_LETTER_IN_FLIGHT)

Json = dict[str, Any]


class StateView:
    """The worker's state for the page, without any record's data. Thread-safe.

    ready -- the report of /readyz
    clock -- monotonic seconds; wall -- seconds since the epoch
    """

    def __init__(
        self,
        scheduler: Scheduler,
        ready: Callable[[], Report],
        clock: Callable[[], float],
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._scheduler = scheduler
        self._ready = ready
        self._clock = clock
        self._wall = wall
        self._history = History()
        self.started_at = wall()

    def tick(self) -> None:
        """Update the rates if due. Call about every second, always from the same thread."""
        now = self._clock()
        if self._history.is_due(now):
            counts, waiting = self._scheduler.counts()
            lag = sum(tracker.lag or 0 for tracker in list(self._scheduler.trackers.values()))
            self._history.note(Totals(**_by_disposition(counts), waiting=waiting, lag=lag), now)

    def consumed(self) -> int:
        """Return the number of records consumed."""
        return self._scheduler.counts()[0].consumed

    def as_json(self) -> Json:
        """Return the whole state."""
        report = self._ready()
        snapshot = self._scheduler.snapshot()
        counts, stages = snapshot.counts, snapshot.stages
        in_flight = sum(stages[stage] for stage in IN_FLIGHT)
        return {
            "now": self._wall(),
            "started_at": self.started_at,
            "version": __version__,
            "ready": report.good,
            **report.body,
            "gate": self._gate(),
            "in_flight": in_flight,
            "waiting": snapshot.in_progress - in_flight,
            "stages": {stage.value: number for stage, number in stages.items() if stage is not Stage.DONE},
            "consumed": counts.consumed,
            "settled": _by_disposition(counts),
            "released": sum(counts.released.values()),
            "partitions": [_partition(each) for each in sorted(snapshot.partitions, key=lambda each: each.partition)],
            "history": {"step": STEP_SECONDS, **self._history.series()},
        }

    def _gate(self) -> Json:
        now = self._clock()
        gate = self._scheduler.report(now)
        probe_in = max(0.0, gate.probe_at - now) if gate.state is GateState.HALTED else None
        return {
            "state": gate.state,
            "fault": gate.fault,
            "hint": gate.fault.hint if gate.fault is not None else None,
            "probe_at": self._wall() + probe_in if probe_in is not None and probe_in < float("inf") else None,
            "requests_per_second": gate.rate if gate.rate < float("inf") else None,
        }


def _by_disposition(counts: Counts) -> dict[str, int]:
    settled = dict.fromkeys(map(str, Disposition), 0)
    for (disposition, _), number in counts.settled.items():
        settled[disposition] += number
    return settled


def _partition(state: PartitionState) -> Json:
    oldest_ms = -1 if state.oldest_ms is None else state.oldest_ms
    return {
        "partition": str(state.partition),
        "lag": state.lag,
        "committed": state.committed if state.committed >= 0 else None,
        "end": state.end if state.end >= 0 else None,
        "unsettled": state.unsettled,
        "oldest_at": oldest_ms / 1000 if oldest_ms >= 0 else None,
        "paused": state.paused,
    }
