"""What `check` says of a topic's last records."""

from __future__ import annotations

import pytest

from consumer.commands.check.input import input_findings
from consumer.commands.check.result import Verdict
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
from consumer.scheduling.task import Partition

RUBBISH, PAGE, TOMBSTONE = b"\x1f\x8b", b'{"type": "page"}', b""
EVENTS = Partition("events", 3)


@pytest.mark.parametrize(
    ("values", "verdict", "detail"),
    [
        pytest.param([RUBBISH] * 3, Verdict.FAILED, "events-3: the last 3 records are no events", id="all"),
        pytest.param([PAGE, RUBBISH, TOMBSTONE, RUBBISH, RUBBISH], Verdict.FAILED, "the last 3 records", id="a run"),
        pytest.param([PAGE, RUBBISH], Verdict.WARNING, "the last 1 records", id="below the limit"),
        pytest.param([RUBBISH, RUBBISH, RUBBISH, PAGE], Verdict.OK, "the last 4 are events", id="an event follows"),
        pytest.param([], Verdict.OK, "none yet", id="an empty topic"),
    ],
)
def test_it_says_before_the_start_what_the_worker_would_do(values: list[bytes], verdict: Verdict, detail: str) -> None:
    decide = Enroller(Rules.of()).decide
    (finding,) = input_findings({EVENTS: [decide(value) for value in values]}, limit=3)
    assert finding.verdict is verdict
    assert detail in finding.detail


def test_with_a_limit_of_zero_it_only_warns() -> None:
    decide = Enroller(Rules.of()).decide
    (finding,) = input_findings({EVENTS: [decide(RUBBISH)] * 30}, limit=0)
    assert finding.verdict is Verdict.WARNING
