from __future__ import annotations

import pytest

from consumer.clicksend.outcome import Cause, Outcome, Result
from consumer.demo.messages import Colours, NoColours, browsing, clock, line
from consumer.demo.observer import (
    About,
    Announced,
    DeadLetterWritten,
    Observation,
    WasDelivered,
    WasFiltered,
    WillRetry,
)
from consumer.enrolment.disposition import DeadLetterReason, FilterReason

AT = 1_700_000_000.0
ABOUT = About("events-1@7", "Signed Up", "j***@example.com", at=AT)
DOWN = Outcome(Result.TRANSIENT, 503, "SERVICE_UNAVAILABLE", cause=Cause.UNAVAILABLE)
RESET = Outcome(Result.TRANSIENT, cause=Cause.RESET)
REJECTED = Outcome(Result.REJECTED, 400, "BAD_REQUEST")
BROKEN = About("events-1@8", note="truncated", at=AT)


@pytest.mark.parametrize(
    ("observation", "text"),
    [
        (WasDelivered(ABOUT, "marketing_opt_in", 1), "Signed Up  j***@example.com    delivered    opt-in"),
        (WasDelivered(ABOUT, "marketing_unknown", 3), "delivered    unknown  after 3 attempts"),
        (WasFiltered(ABOUT, FilterReason.NO_IDENTITY), "filtered     no_identity"),
        (WillRetry(ABOUT, DOWN, 0.84), "retry        503 SERVICE_UNAVAILABLE: retry in 0.8 s"),
        (WillRetry(ABOUT, RESET, 0.0), "retry        reset: waits for ClickSend"),
        (DeadLetterWritten(ABOUT, DeadLetterReason.REJECTED, "", REJECTED), "dead letter  rejected: 400 BAD_REQUEST"),
        (
            DeadLetterWritten(BROKEN, DeadLetterReason.UNDECODABLE, "not JSON", None),
            "undecodable: not JSON  # truncated",
        ),
    ],
    ids=["delivered", "delivered at last", "filtered", "retry", "retry in an outage", "rejected", "undecodable"],
)
def test_what_becomes_of_a_record_is_a_line(observation: Observation, text: str) -> None:
    shown = line(observation, NoColours())
    assert shown.startswith(f"{clock(AT)}  events-1@")
    assert shown.endswith(text)


def test_an_announcement_is_a_rule_across_the_screen() -> None:
    assert line(Announced("A quiet hour", AT), NoColours()).startswith(f"{clock(AT)}  ── A quiet hour ────")


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ({"page": 1}, "1 browsing event               filtered     not_enrolment: 1 page"),
        (
            {"page": 2, "Cart Viewed": 1},
            "3 browsing events              filtered     not_enrolment: 2 page, 1 Cart Viewed",
        ),
    ],
    ids=["one", "several"],
)
def test_browsing_is_summed_up(names: dict[str, int], text: str) -> None:
    assert browsing(names, AT, NoColours()).endswith(text)


def test_a_terminal_gets_colours() -> None:
    assert "\x1b[32mdelivered  \x1b[0m" in line(WasDelivered(ABOUT, "marketing_opt_in", 1), Colours())
