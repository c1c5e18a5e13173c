"""Pause partitions at their share of the caps, and resume them well below it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from consumer.scheduling.offset_tracker import OffsetTracker

# Not lower: librdkafka fetches a resumed partition up to a second later, and 3,000 records may be delivered until then.
# Records in retry_wait count, too, and a partition with many would never resume.
RESUME_SHARE = 0.9
# Per partition: as many as the commit metadata can list where unsettled offsets are close together (one byte each).
# It lists half as many that are far apart; records settled beyond those are delivered again after a crash.
MAX_UNSETTLED = 3000


class Caps(Struct, frozen=True):
    """Limits of one worker's buffer, shared equally by its partitions so that none starves the others.

    records -- unsettled records, including those in retry_wait; each event of a batch counts
    size    -- their keys, values and headers, in bytes
    """

    records: int = 2000
    size: int = 64 * 1024 * 1024

    def share(self, partitions: int) -> Caps:
        """Return the limits of one of so many partitions."""
        return Caps(max(1, self.records // max(1, partitions)), max(1, self.size // max(1, partitions)))


class Pressure(Struct, frozen=True):
    """The partitions to pause and to resume."""

    pause: list[OffsetTracker]
    resume: list[OffsetTracker]


def is_full(tracker: OffsetTracker, share: Caps) -> bool:
    """Return whether the partition has reached its share."""
    return tracker.events >= share.records or len(tracker) >= MAX_UNSETTLED or tracker.bytes >= share.size


def pressure(trackers: Iterable[OffsetTracker], caps: Caps) -> Pressure:
    """Return the partitions that reached their share or hold records unread, and the paused ones to resume."""
    trackers = list(trackers)
    share = caps.share(len(trackers))
    pause, resume = [], []
    for tracker in trackers:
        if not tracker.paused and (tracker.waits or is_full(tracker, share)):
            pause.append(tracker)
        elif tracker.paused and not tracker.waits and tracker.unchecked is None and _is_well_below(tracker, share):
            resume.append(tracker)
    return Pressure(pause, resume)


def _is_well_below(tracker: OffsetTracker, share: Caps) -> bool:
    return (
        tracker.events <= share.records * RESUME_SHARE
        and len(tracker) <= MAX_UNSETTLED * RESUME_SHARE
        and tracker.bytes <= share.size * RESUME_SHARE
    )
