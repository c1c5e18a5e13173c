"""The worker's state in one glance, as JSON."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from consumer import __version__
from consumer.delivery.gate import GateState
from consumer.enrolment.disposition import Disposition
from consumer.monitoring.debugger.history import STEP_SECONDS, History, Totals
from consumer.monitoring.server import Report
from consumer.scheduling.counts import Counts
from consumer.scheduling.offset_tracker import Ledger
from consumer.scheduling.scheduler import Scheduler
from consumer.scheduling.task import Stage

IN_FLIGHT = (Stage.IN_FLIGHT, Stage.BURYING)

Json = dict[str, Any]


class StateView:
    """Any thread may ask. Nothing in it is of a record.

    ready -- what /readyz says
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
        """Note the rates when it is time. To be called about every second, always from the same thread."""
        now = self._clock()
        if self._history.is_due(now):
            counts, waiting = self._scheduler.counts()
            settled = _by_disposition(counts)
            lag = sum(_lag(ledger) or 0 for ledger in list(self._scheduler.ledgers.values()))
            self._history.note(Totals(**settled, waiting=waiting, lag=lag), now)

    def consumed(self) -> int:
        """Records consumed so far."""
        return self._scheduler.counts()[0].consumed

    def as_json(self) -> Json:
        """All of it."""
        report = self._ready()
        counts, in_progress = self._scheduler.counts()
        stages = self._scheduler.stages()
        in_flight = sum(stages[stage] for stage in IN_FLIGHT)
        return {
            "now": self._wall(),
            "started_at": self.started_at,
            "version": __version__,
            "ready": report.good,
            **report.body,
            "gate": self._gate(),
            "in_flight": in_flight,
            "waiting": in_progress - in_flight,
            "stages": {stage.value: number for stage, number in stages.items() if stage is not Stage.DONE},
            "consumed": counts.consumed,
            "settled": _by_disposition(counts),
            "released": sum(counts.released.values()),
            "partitions": self._partitions(),
            "history": {"step": STEP_SECONDS, **self._history.series()},
        }

    def _gate(self) -> Json:
        now = self._clock()
        with self._scheduler.lock:
            gate = self._scheduler.gate
            state, fault, rate, probe_at = gate.state(now), gate.fault, gate.rate, gate.probe_at
        probe_in = max(0.0, probe_at - now) if state is GateState.HALTED else None
        return {
            "state": state,
            "fault": fault,
            "mend": fault.mend if fault is not None else None,
            "probe_at": self._wall() + probe_in if probe_in is not None and probe_in < float("inf") else None,
            "requests_per_second": rate if rate < float("inf") else None,
        }

    def _partitions(self) -> list[Json]:
        ledgers = sorted(self._scheduler.ledgers.values(), key=lambda ledger: ledger.partition)
        with self._scheduler.lock:
            return [
                {
                    "partition": str(ledger.partition),
                    "lag": _lag(ledger),
                    "committed": ledger.committed if ledger.committed >= 0 else None,
                    "end": ledger.end if ledger.end >= 0 else None,
                    "unsettled": len(ledger),
                    "oldest_at": _written_at(ledger),
                    "paused": ledger.paused,
                }
                for ledger in ledgers
            ]


def _by_disposition(counts: Counts) -> dict[str, int]:
    settled = dict.fromkeys(map(str, Disposition), 0)
    for (disposition, _), number in counts.settled.items():
        settled[disposition] += number
    return settled


def _lag(ledger: Ledger) -> int | None:
    """Records from the committed offset to the end, as Kafka's own tools count them; None: not known yet."""
    if ledger.end < 0 or ledger.committed < 0:
        return None
    return max(0, ledger.end - ledger.committed)


def _written_at(ledger: Ledger) -> float | None:
    """When the oldest unsettled record was written; None where there is none."""
    task = ledger.oldest()
    return task.record.timestamp_ms / 1000 if task and task.record.timestamp_ms >= 0 else None
