"""What the demo prints while it runs, and at its end."""

from __future__ import annotations

import io

import pytest

from consumer.demo.messages import clock
from consumer.demo.narrator import ADDRESSES_SECONDS, BROWSING_SECONDS, Narrator, summary
from consumer.demo.observer import About, Announced, WasDelivered, WasFiltered
from consumer.enrolment.disposition import DeadLetterReason, DeliveredReason, Disposition, FilterReason
from consumer.scheduling.counts import Counts, ReleaseReason
from tests.support.terminal import Terminal

AT = 1_700_000_000.0
ADDRESSES = {"sandbox contacts": "http://127.0.0.1:1/", "metrics": "http://127.0.0.1:2/metrics"}


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def narrator(out: io.StringIO) -> Narrator:
    return Narrator(out, ADDRESSES, AT)


def browse(name: str) -> WasFiltered:
    return WasFiltered(About("events-0@1", name, at=AT), FilterReason.NOT_ENROLMENT)


def test_it_begins_with_what_to_look_at(narrator: Narrator, out: io.StringIO) -> None:
    narrator.introduce()
    for address in ADDRESSES.values():
        assert address in out.getvalue()


def test_it_shows_the_addresses_again_after_a_while(narrator: Narrator, out: io.StringIO) -> None:
    narrator.tick(AT + ADDRESSES_SECONDS - 1)
    assert not out.getvalue()
    narrator.tick(AT + ADDRESSES_SECONDS)
    narrator.tick(AT + ADDRESSES_SECONDS + 1)
    assert out.getvalue().count("http://127.0.0.1:2/metrics") == 1


def test_browsing_waits_to_be_summed_up(narrator: Narrator, out: io.StringIO) -> None:
    for name in ("page", "page", "Cart Viewed"):
        narrator.narrate(browse(name))
    narrator.tick(AT + BROWSING_SECONDS - 1)
    assert not out.getvalue()
    narrator.tick(AT + BROWSING_SECONDS)
    narrator.tick(AT + 2 * BROWSING_SECONDS)
    (shown,) = out.getvalue().splitlines()
    assert "3 browsing events" in shown
    assert shown.endswith("2 page, 1 Cart Viewed")


def test_an_announcement_comes_after_the_browsing_before_it(narrator: Narrator, out: io.StringIO) -> None:
    narrator.narrate(browse("page"))
    narrator.narrate(Announced("A quiet hour", AT))
    first, second = out.getvalue().splitlines()
    assert "1 browsing event" in first
    assert "A quiet hour" in second


def test_many_kinds_of_browsing_stay_on_one_short_line(narrator: Narrator, out: io.StringIO) -> None:
    for name in ("a", "b", "c", "d", "e", "f", "", "a"):
        narrator.narrate(browse(name))
    narrator.sum_up(AT)
    assert out.getvalue().endswith("not_enrolment: 2 a, 1 b, 1 c, 1 d, 3 other\n")


def test_other_filtered_events_have_lines_of_their_own(narrator: Narrator, out: io.StringIO) -> None:
    narrator.narrate(WasFiltered(About("events-0@1", "identify", at=AT), FilterReason.NO_IDENTITY))
    assert "no_identity" in out.getvalue()


def test_it_ends_with_the_summary(narrator: Narrator, out: io.StringIO) -> None:
    narrator.narrate(browse("page"))
    narrator.close(["After 3 s:"], AT)
    assert out.getvalue().splitlines()[-2:] == ["", "After 3 s:"]
    assert out.getvalue().startswith(clock(AT))


@pytest.mark.parametrize(
    ("out", "no_color", "painted"),
    [(Terminal(), "", True), (Terminal(), "1", False), (io.StringIO(), "", False)],
    ids=["terminal", "terminal with NO_COLOR", "file"],
)
def test_colours_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, out: io.StringIO, no_color: str, painted: object
) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    Narrator(out, ADDRESSES, AT).narrate(WasDelivered(About("events-0@1", at=AT), "marketing_opt_in", 1))
    assert ("\x1b[" in out.getvalue()) is painted


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
