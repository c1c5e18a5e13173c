from __future__ import annotations

from consumer.demo.narrator import summary
from consumer.enrolment.disposition import DeadLetterReason, DeliveredReason, Disposition, FilterReason
from consumer.scheduling.counts import Counts, ReleaseReason


def test_every_record_is_accounted_for_by_reason() -> None:
    counts = Counts(consumed=12)
    counts.settled[Disposition.DELIVERED, DeliveredReason.ACCEPTED] = 5
    counts.settled[Disposition.FILTERED, FilterReason.NOT_ENROLMENT] = 3
    counts.settled[Disposition.FILTERED, FilterReason.NO_IDENTITY] = 1
    counts.settled[Disposition.DEAD_LETTERED, DeadLetterReason.REJECTED] = 1
    counts.released[ReleaseReason.SHUTDOWN] = 1
    assert [" ".join(line.split()) for line in summary(counts, in_progress=1, contacts=4, seconds=41.7)] == [
        "After 42 s:",
        "consumed 12",
        "delivered 5 5 accepted",
        "filtered 4 3 not_enrolment, 1 no_identity",
        "dead-lettered 1 1 rejected",
        "not yet settled 2 not committed: the next worker delivers them",
        "contacts in the list 4",
    ]


def test_nothing_unsettled_is_not_mentioned() -> None:
    assert not any("not yet settled" in line for line in summary(Counts(), 0, 0, 1))
