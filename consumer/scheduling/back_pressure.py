"""Pause partitions at their share of the caps, and resume them well below it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from consumer.scheduling.offset_tracker import OffsetTracker

RESUME_SHARE = 0.8  # not lower: records in retry_wait count, too, and a partition with many would never resume
# Per partition: as many as the commit metadata can list where unsettled offsets are close together (one byte each).
# It lists half as many that are far apart; records settled beyond those are delivered again after a crash.
MAX_UNSETTLED = 3000


@dataclass(frozen=True, slots=True)
class Caps:
    """Limits of one worker's buffer, shared equally by its partitions so that none starves the others.

    records -- unsettled records, including those in retry_wait
    size    -- their keys, values and headers, in bytes
    """

    records: int = 2000
    size: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pressure:
    """The partitions to pause and to resume."""

    pause: list[OffsetTracker]
    resume: list[OffsetTracker]


def pressure(trackers: Iterable[OffsetTracker], caps: Caps) -> Pressure:
    """Return the partitions that reached their share or wait for a schema, and the paused ones to resume."""
    trackers = list(trackers)
    records = min(MAX_UNSETTLED, max(1, caps.records // max(1, len(trackers))))
    size = max(1, caps.size // max(1, len(trackers)))
    pause, resume = [], []
    for tracker in trackers:
        if not tracker.paused and (tracker.waits or len(tracker) >= records or tracker.bytes >= size):
            pause.append(tracker)
        elif tracker.waits:
            continue
        elif tracker.paused and len(tracker) <= records * RESUME_SHARE and tracker.bytes <= size * RESUME_SHARE:
            resume.append(tracker)
    return Pressure(pause, resume)
