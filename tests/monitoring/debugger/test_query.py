"""What can be asked of the event debugger, and the words that it answers with."""

from __future__ import annotations

import pytest

from consumer.clicksend.outcome import Cause, Result
from consumer.delivery.gate import GateState
from consumer.enrolment.disposition import REASONS, DeadLetterReason, FilterReason
from consumer.enrolment.note import NoteKind
from consumer.monitoring.debugger.entry import Standing
from consumer.monitoring.debugger.query import MOST, BadQueryError, Query
from consumer.monitoring.debugger.state import POINTS, STEP_SECONDS, History, Totals
from consumer.monitoring.debugger.words import WORDS
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


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dispositions", set(Standing)),
        ("reasons", {*(reason for reasons in REASONS.values() for reason in reasons), *ReleaseReason}),
        ("gate", set(GateState)),
        ("results", set(Result)),
        ("causes", set(Cause)),
        ("notes", set(NoteKind)),
    ],
)
def test_every_word_that_can_be_shown_is_explained(name: str, expected: set[str]) -> None:
    assert set(WORDS[name]) == expected
    assert all(WORDS[name].values())


def test_rates_are_what_came_between_two_notes() -> None:
    history = History()
    history.note(Totals(delivered=0, dead_lettered=0, filtered=0, waiting=0, lag=0), 100.0)
    history.note(Totals(delivered=10, dead_lettered=1, filtered=40, waiting=3, lag=7), 104.0)
    history.note(Totals(delivered=10, dead_lettered=1, filtered=50, waiting=0, lag=2), 106.0)
    assert history.series() == {
        "delivered": [2.5, 0.0],
        "dead_lettered": [0.25, 0.0],
        "filtered": [10.0, 5.0],
        "waiting": [3.0, 0.0],
        "lag": [7.0, 2.0],
    }


def test_there_is_no_rate_before_the_second_note() -> None:
    history = History()
    history.note(Totals(5, 5, 5, 5, 5), 100.0)
    assert not any(history.series().values())


def test_a_note_is_due_after_a_step() -> None:
    history = History()
    assert history.is_due(100.0)
    history.note(Totals(0, 0, 0, 0, 0), 100.0)
    assert not history.is_due(100.0 + STEP_SECONDS - 0.1)
    assert history.is_due(100.0 + STEP_SECONDS)


def test_the_oldest_is_forgotten() -> None:
    history = History()
    for number in range(POINTS * 2):
        history.note(Totals(0, 0, 0, waiting=number, lag=0), float(number))
    assert len(history.series()["waiting"]) == POINTS
    assert history.series()["waiting"][-1] == POINTS * 2 - 1
