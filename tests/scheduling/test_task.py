"""A record in progress in this worker, and the running totals."""

from __future__ import annotations

import pytest

from consumer.enrolment.disposition import DeadLetterReason, DeliveredReason, Disposition, FilterReason
from consumer.scheduling.counts import Counts, ReleaseReason, Settlement
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Headers, Partition
from tests.support.records import EVENTS, JANE, PHONE, record, task


def test_a_partition_is_as_good_as_the_plain_pair() -> None:
    assert {Partition("events", 3): "found"}[("events", 3)] == "found"  # type: ignore[index]  # that is the point
    assert str(Partition("events", 3)) == "events-3"


@pytest.mark.parametrize(
    ("key", "value", "headers", "size"),
    [
        (b"key", b"value", [], 8),
        (None, b"value", [], 5),
        (b"key", None, [], 3),
        (None, None, [], 0),
        (b"key", b"value", [("trace", b"7"), ("trace", None), ("", b"22")], 21),
    ],
    ids=["both", "no key", "tombstone", "nothing", "headers"],
)
def test_a_record_costs_its_key_its_value_and_its_headers(
    key: bytes | None, value: bytes | None, headers: Headers, size: int
) -> None:
    assert record(key=key, value=value, headers=headers).size == size


@pytest.mark.parametrize(
    ("identities", "contact"), [((JANE, PHONE), JANE), ((PHONE,), PHONE), ((), "")], ids=["both", "phone", "none"]
)
def test_a_contact_is_distinguished_by_its_first_identity(identities: tuple[str, ...], contact: str) -> None:
    assert task(OffsetTracker(EVENTS, 0, 0), 0, *identities).contact == contact


# The running totals.


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
