from __future__ import annotations

import pytest

from consumer.operations.staleness import Newest

EMAIL, PHONE = "jane.doe@example.com", "+14155550132"


@pytest.mark.parametrize(("timestamp_ms", "stale"), [(999, True), (1000, False), (1001, False), (-1, False)])
def test_a_record_is_stale_where_its_contact_has_a_newer_one(timestamp_ms: int, stale: bool) -> None:
    newest = Newest()
    newest.note([EMAIL], 1000)
    newest.note([EMAIL], 10)
    assert newest.outdates([EMAIL], timestamp_ms) is stale


def test_one_of_its_identities_is_enough_and_others_are_not_it() -> None:
    newest = Newest()
    newest.note([EMAIL, PHONE], 1000)
    assert newest.outdates(["joe.doe@example.com", PHONE], 1)
    assert not newest.outdates(["joe.doe@example.com"], 1)


def test_no_identity_is_kept() -> None:
    newest = Newest()
    newest.note([EMAIL], 1000)
    assert EMAIL not in str(vars(newest))
