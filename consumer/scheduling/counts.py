"""What has become of the records so far: consumed = settled + in progress + released."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from consumer.enrolment.disposition import REASONS, Disposition, FilterReason, Reason


class ReleaseReason(StrEnum):
    """Why records were given back unsettled; whoever owns the partition next settles them."""

    REVOKED = "revoked"
    LOST = "lost"
    REWOUND = "rewound"  # the offsets jumped backwards inside one assignment: the topic was recreated or reset
    SHUTDOWN = "shutdown"


class CommitResult(StrEnum):
    """How a commit request ended."""

    OK = "ok"
    RETRIED = "retried"  # the group or its coordinator was on the move; the next tick commits the same and more
    METADATA_TOO_LONG = "metadata_too_long"  # for this broker; the next one goes without, later ones with less
    FAILED = "failed"


Settlement = tuple[Disposition, Reason]


def _no_settlements() -> dict[Settlement, int]:
    return {(disposition, reason): 0 for disposition, reasons in REASONS.items() for reason in reasons}


@dataclass(slots=True)
class Counts:
    """Running totals. Guarded by the scheduler's lock; `Scheduler.snapshot` gives a consistent copy."""

    consumed: int = 0
    skipped: int = 0  # consumed again though the commit map says settled: counted here and nowhere else
    settled: dict[Settlement, int] = field(default_factory=_no_settlements)
    released: dict[ReleaseReason, int] = field(default_factory=lambda: dict.fromkeys(ReleaseReason, 0))
    late: int = 0  # requests that ended after their partition had gone

    def add_filtered(self, filtered: dict[FilterReason, int]) -> None:
        """Book filtered records by reason; for them, being seen is being settled."""
        for reason, number in filtered.items():
            self.settled[Disposition.FILTERED, reason] += number

    def copy(self) -> Counts:
        """A copy that no longer changes."""
        return Counts(self.consumed, self.skipped, dict(self.settled), dict(self.released), self.late)
