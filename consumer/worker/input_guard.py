"""Hold a partition whose records are not events: a wrong topic, or an unknown format, but not a thousand dead letters.

A run of such records without an event between them is judged as one. Its records are held until an event follows or the
partition is quiet, then they become dead letters. Once the run reaches the limit, the partition is held. It is consumed
up to the buffer's caps, and no record of the run is settled: a restart consumes it again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from enum import Enum

import structlog
from msgspec import Struct, field

from consumer.dead_letters.format import REDRIVE_COUNT
from consumer.enrolment.decision import Decision, Enrolled, Filtered
from consumer.enrolment.disposition import FilterReason
from consumer.monitoring.health import Health, HealthState
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Headers, Stage, Task

QUIET_SECONDS = 5.0  # after this time without a record, a short run becomes dead letters

log = structlog.get_logger()


class Evidence(Enum):
    """The evidence of a record about its partition's input."""

    EVENT = "the input is right"
    NO_EVENT = "it may be wrong"
    NONE = "nothing"


def evidence(decision: Decision) -> Evidence:
    """Return what this decision proves. The caller excludes records that are redriven."""
    if isinstance(decision, Enrolled):
        return Evidence.EVENT
    if isinstance(decision, Filtered):
        return Evidence.NONE if decision.reason is FilterReason.TOMBSTONE else Evidence.EVENT
    return Evidence.EVENT if decision.is_event else Evidence.NO_EVENT


class UnrecognisedRun(Struct):
    """Consecutive records of one partition that are not events.

    quiet_since -- monotonic seconds since which nothing was added, as far as `tick` has noted it
    """

    tasks: list[Task] = field(default_factory=list)
    quiet_since: float | None = None
    held: bool = False


class InputGuard:
    """Used by the poll thread only.

    limit -- ENROLMENT_UNRECOGNISED_LIMIT; 0: off
    """

    def __init__(self, limit: int, health: Health) -> None:
        self.runs: dict[OffsetTracker, UnrecognisedRun] = {}  # mostly empty: the hot path checks only that
        self._limit = limit
        self._health = health
        self._released: list[Task] = []

    def add(self, task: Task, tracker: OffsetTracker, decision: Decision) -> None:
        """Hold the task of a record that is not an event, until its run is evaluated."""
        if not self._limit or evidence(decision) is not Evidence.NO_EVENT or _is_redriven(task.record.headers):
            return
        task.stage = Stage.HELD
        run = self.runs.setdefault(tracker, UnrecognisedRun())
        run.tasks.append(task)
        run.quiet_since = None
        if len(run.tasks) == self._limit and not run.held:
            self._hold(tracker, run)

    def followed(self, tracker: OffsetTracker, decision: Decision, headers: Callable[[], Headers | None]) -> None:
        """Release a run that an event follows. `headers` reads the event's headers; it is called only if needed."""
        if evidence(decision) is Evidence.EVENT and not _is_redriven(headers() or []):
            self._release(tracker)

    def tick(self, now: float) -> list[Task]:
        """Return the released tasks, whose dead letters are due. `now` is monotonic seconds."""
        for tracker, run in list(self.runs.items()):
            if not tracker.live:
                self._forget(tracker)
            elif not run.held:
                self._judge(tracker, run, now)
        released, self._released = self._released, []
        return released

    def _judge(self, tracker: OffsetTracker, run: UnrecognisedRun, now: float) -> None:
        full = tracker.paused and not tracker.waits
        if full and len(run.tasks) >= len(tracker):  # the caps are below the limit: no more would be fetched
            self._hold(tracker, run)
        elif run.quiet_since is None or tracker.paused:
            run.quiet_since = now
        elif now - run.quiet_since >= QUIET_SECONDS:
            self._release(tracker)

    def _hold(self, tracker: OffsetTracker, run: UnrecognisedRun) -> None:
        run.held = True
        hint = _looks_like(run)
        self._health.held = {**self._health.held, tracker.partition: hint}
        log.error(
            "partition held",
            partition=str(tracker.partition),
            reason=HealthState.UNRECOGNISED_RECORDS,
            records=len(run.tasks),
            first_offset=run.tasks[0].record.offset,
            hint=hint,
        )

    def _release(self, tracker: OffsetTracker) -> None:
        run = self.runs[tracker]
        if run.held:
            log.info("partition released", partition=str(tracker.partition), dead_letters=len(run.tasks))
        self._released += run.tasks
        self._forget(tracker)

    def _forget(self, tracker: OffsetTracker) -> None:
        del self.runs[tracker]
        self._health.held = {each: hint for each, hint in self._health.held.items() if each != tracker.partition}


def _is_redriven(headers: Headers) -> bool:
    return any(name == REDRIVE_COUNT for name, _value in headers)


def _looks_like(run: UnrecognisedRun) -> str:
    """Return the most frequent detail of the run's decisions; it quotes nothing of the records."""
    ((detail, _number),) = Counter(task.detail for task in run.tasks).most_common(1)
    return detail
