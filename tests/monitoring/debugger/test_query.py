from __future__ import annotations

import pytest

from consumer.enrolment.disposition import DeadLetterReason, FilterReason
from consumer.monitoring.debugger.entry import Standing
from consumer.monitoring.debugger.query import MOST, BadQueryError, Query
from consumer.scheduling.counts import ReleaseReason
from tests.monitoring.debugger.builders import entry
from tests.support.records import MORE_EVENTS

ENTRIES = [
    entry(0),
    entry(1, Standing.FILTERED, FilterReason.NOT_ENROLMENT),
    entry(2, Standing.FILTERED, FilterReason.NO_IDENTITY, MORE_EVENTS),
    entry(3, Standing.DEAD_LETTERED, DeadLetterReason.REJECTED),
    entry(4, Standing.RELEASED, ReleaseReason.LOST),
]


@pytest.mark.parametrize(
    ("text", "offsets"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("disposition=filtered", [1, 2]),
        ("disposition=filtered,dead_lettered", [1, 2, 3]),
        ("disposition=filtered&disposition=dead_lettered", [1, 2, 3]),
        ("disposition=in_progress", [0]),
        ("reason=no_identity", [2]),
        ("reason=lost", [4]),
        ("partition=events-0", [0, 1, 3, 4]),
        ("partition=events-1&disposition=filtered", [2]),
        ("partition=nothing-9", []),
        ("disposition=", [0, 1, 2, 3, 4]),
    ],
)
def test_records_are_wanted_by_disposition_reason_and_partition(text: str, offsets: list[int]) -> None:
    query = Query.parse(text)
    assert [each.offset for each in ENTRIES if query.matches(each)] == offsets


def test_without_a_word_about_it_all_is_wanted() -> None:
    assert (Query.parse("").after, Query.parse("").limit) == (0, MOST)
    assert Query.parse(f"after=7&limit={MOST + 1}") == Query(after=7, limit=MOST)


@pytest.mark.parametrize("text", ["disposition=failed", "reason=nope", "after=-1", "limit=x", "limit=", "token=jane"])
def test_what_is_not_understood_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(BadQueryError) as refused:
        Query.parse(text)
    assert text.partition("=")[2] not in str(refused.value).split() or not text.partition("=")[2]
    assert "jane" not in str(refused.value)
