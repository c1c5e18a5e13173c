"""Totals of all records: consumed = settled + in progress + released."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct, field

from consumer.enrolment.disposition import REASONS, Disposition, FilterReason, Reason
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Partition, Stage


class ReleaseReason(StrEnum):
    """Why records were released unsettled; the partition's next owner settles them."""

    REVOKED = "revoked"
    LOST = "lost"
    REWOUND = "rewound"  # offsets went backwards within one assignment: the topic was recreated or reset
    SHUTDOWN = "shutdown"


class CommitResult(StrEnum):
    """The result of a commit request."""

    OK = "ok"
    RETRIED = "retried"  # rebalance or coordinator change; the next tick commits the same offsets or later ones
    METADATA_TOO_LONG = "metadata_too_long"  # for this broker; the next commit has none, later ones have less
    FAILED = "failed"


Settlement = tuple[Disposition, Reason]


def _no_settlements() -> dict[Settlement, int]:
    return {(disposition, reason): 0 for disposition, reasons in REASONS.items() for reason in reasons}


class Counts(Struct):
    """Running totals. Guarded by the scheduler's lock; `Scheduler.snapshot` returns a copy."""

    consumed: int = 0
    skipped: int = 0  # consumed again although settled by the offset map: counted only here
    settled: dict[Settlement, int] = field(default_factory=_no_settlements)
    released: dict[ReleaseReason, int] = field(default_factory=lambda: dict.fromkeys(ReleaseReason, 0))
    late: int = 0  # requests that ended after their partition was revoked or lost

    def add_filtered(self, filtered: dict[FilterReason, int]) -> None:
        """Add filtered records by reason; they are settled as soon as they are consumed."""
        for reason, number in filtered.items():
            self.settled[Disposition.FILTERED, reason] += number

    def copy(self) -> Counts:
        """Return an independent copy."""
        return Counts(self.consumed, self.skipped, dict(self.settled), dict(self.released), self.late)


class PartitionState(Struct, frozen=True):
    """A partition at one moment.

    committed, end -- the committed offset and the log end offset; below 0: unknown
    lag            -- records between the two; None while either is unknown
    oldest_ms      -- timestamp of the oldest unsettled record, milliseconds since the epoch; None: nothing is unsettled
    metadata       -- characters of the commit metadata, as acknowledged
    """

    partition: Partition
    committed: int
    end: int
    lag: int | None
    unsettled: int
    oldest_ms: int | None
    paused: bool
    metadata: int

    @classmethod
    def of(cls, tracker: OffsetTracker) -> PartitionState:
        """Read a tracker. The caller holds the scheduler's lock."""
        oldest = tracker.oldest()
        return cls(
            tracker.partition,
            tracker.committed,
            tracker.end,
            tracker.lag,
            len(tracker),
            oldest.record.timestamp_ms if oldest else None,
            tracker.paused,
            len(tracker.committed_map),
        )


class Snapshot(Struct, frozen=True):
    """The scheduler at one moment: consumed = settled + in progress + released.

    stages       -- how many records are at which stage
    longest_lane -- the backlog of the contact with the most records
    """

    counts: Counts
    stages: dict[Stage, int]
    longest_lane: int
    partitions: tuple[PartitionState, ...]

    @classmethod
    def of(cls, trackers: Iterable[OffsetTracker], counts: Counts, longest_lane: int) -> Snapshot:
        """Read the trackers. The caller holds the scheduler's lock."""
        stages, partitions = dict.fromkeys(Stage, 0), []
        for tracker in trackers:
            for task in tracker:
                stages[task.current_stage] += 1
            partitions.append(PartitionState.of(tracker))
        return cls(counts.copy(), stages, longest_lane, tuple(partitions))

    @property
    def in_progress(self) -> int:
        """Return the records that are consumed and not settled."""
        return sum(self.stages.values())

    @property
    def dead_letters_waiting(self) -> int:
        """Return the records whose dead letter is not acknowledged yet."""
        return self.stages[Stage.DEAD_LETTER_PENDING] + self.stages[Stage.DEAD_LETTER_IN_FLIGHT]
