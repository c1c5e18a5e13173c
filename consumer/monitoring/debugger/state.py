"""The worker's state and the rates of the last ten minutes, as JSON."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from msgspec import Struct

from consumer import __version__
from consumer.delivery.gate import GateState
from consumer.enrolment.disposition import Disposition
from consumer.monitoring.server import Report
from consumer.scheduling.counts import Counts, PartitionState
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.task import Stage

IN_FLIGHT = (Stage.IN_FLIGHT, Stage.DEAD_LETTER_IN_FLIGHT)

Json = dict[str, Any]
STEP_SECONDS = 2.0
POINTS = 300  # ten minutes


class Totals(Struct, frozen=True):
    """Totals since the worker started (`delivered`, `dead_lettered`, `filtered`); `waiting` and `lag` are gauges."""

    delivered: int
    dead_lettered: int
    filtered: int
    waiting: int
    lag: int


class History:
    """Written by one thread, read by any."""

    def __init__(self) -> None:
        self._noted: deque[tuple[float, Totals]] = deque(maxlen=POINTS + 1)

    def is_due(self, now: float) -> bool:
        """Return whether the next note is due. `now` is monotonic seconds."""
        return not self._noted or now - self._noted[-1][0] >= STEP_SECONDS

    def note(self, totals: Totals, now: float) -> None:
        """Note the totals as they are now."""
        self._noted.append((now, totals))

    def series(self) -> dict[str, list[float]]:
        """Return the rates between each two notes, and the gauges at the later one; oldest first."""
        noted = list(self._noted)
        rates: dict[str, list[float]] = {name: [] for name in ("delivered", "dead_lettered", "filtered")}
        for (before, old), (after, new) in pairwise(noted):
            for name, series in rates.items():
                series.append(round((getattr(new, name) - getattr(old, name)) / max(after - before, 0.001), 2))
        levels = {name: [float(getattr(totals, name)) for _, totals in noted[1:]] for name in ("waiting", "lag")}
        return {**rates, **levels}


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
