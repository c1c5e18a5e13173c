from __future__ import annotations

from typing import Any

import pytest

from consumer.commands.dead_letters.filters import Filters
from consumer.dead_letters.format import dead_letter_of
from consumer.enrolment.disposition import DeadLetterReason
from tests.support.dead_letters import message, stored


def test_without_filters_all_are_meant() -> None:
    assert Filters.parse().match(stored())
    assert Filters.parse().match(dead_letter_of(message(None, [])))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"reason": ["rejected"]}, True),
        ({"reason": ["unmappable", "rejected"]}, True),
        ({"reason": ["unmappable"]}, False),
        ({"status": ["400"]}, True),
        ({"status": ["422", "none"]}, False),
        ({"key": "jane"}, True),
        ({"key": "jan"}, False),
        ({"from_datetime": "2026-01-01T00:00:00Z"}, True),
        ({"from_datetime": "2026-01-01T00:00:00.001Z"}, False),
        ({"to_datetime": "2026-01-01T01:00:00+01:00"}, False),
        ({"to_datetime": "2026-01-01T00:00:01Z"}, True),
        ({"source": ["events"]}, True),
        ({"source": ["events:1,3"]}, True),
        ({"source": ["events:1"]}, False),
        ({"source": ["event"]}, False),
        ({"reason": ["rejected"], "status": ["422"]}, False),
    ],
    ids=str,
)
def test_all_that_are_given_must_hold(given: dict[str, Any], meant: bool) -> None:
    assert Filters.parse(**given).match(stored()) is meant


def test_a_dead_letter_that_was_never_sent_has_the_status_none() -> None:
    assert Filters.parse(status=["none"]).match(stored(reason=DeadLetterReason.UNMAPPABLE, status=None))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"reason": ["broken"]}, "not a reason. Choose from undecodable, "),
        ({"status": ["4xx"]}, "not an HTTP status"),
        ({"from_datetime": "2026-01-01T00:00:00"}, "time zone"),
        ({"source": ["events:x"]}, "names no topic"),
    ],
    ids=str,
)
def test_what_means_nothing_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Filters.parse(**given)
