"""A record on its way through this worker."""

from __future__ import annotations

import pytest

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
def test_a_contact_is_told_apart_by_its_first_identity(identities: tuple[str, ...], contact: str) -> None:
    assert task(OffsetTracker(EVENTS, 0, 0), 0, *identities).contact == contact
