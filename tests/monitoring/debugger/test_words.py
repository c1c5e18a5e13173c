from __future__ import annotations

import pytest

from consumer.clicksend.outcome import Cause, Result
from consumer.delivery.gate import GateState
from consumer.enrolment.disposition import REASONS
from consumer.enrolment.note import NoteKind
from consumer.monitoring.debugger.entry import Standing
from consumer.monitoring.debugger.words import WORDS
from consumer.scheduling.counts import ReleaseReason


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
