"""The running totals."""

from __future__ import annotations

from consumer.enrolment.disposition import DeadLetterReason, DeliveredReason, Disposition, FilterReason
from consumer.scheduling.counts import Counts, ReleaseReason, Settlement


def test_every_end_that_a_record_can_have_is_counted_from_the_start() -> None:
    """A series that begins to exist only with its first event hides that event from a rate."""
    counts = Counts()
    ends: list[Settlement] = [(Disposition.DELIVERED, reason) for reason in DeliveredReason]
    ends += [(Disposition.FILTERED, reason) for reason in FilterReason]
    ends += [(Disposition.DEAD_LETTERED, reason) for reason in DeadLetterReason]
    assert counts.settled == dict.fromkeys(ends, 0)
    assert counts.released == dict.fromkeys(ReleaseReason, 0)


def test_a_copy_no_longer_changes() -> None:
    counts = Counts(consumed=3)
    copy = counts.copy()
    counts.consumed += 1
    counts.released[ReleaseReason.LOST] += 1
    counts.add_filtered({FilterReason.TOMBSTONE: 2})
    assert copy == Counts(consumed=3)
