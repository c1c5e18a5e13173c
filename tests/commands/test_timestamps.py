from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from consumer.commands.timestamps import milliseconds, parse_duration, parse_moment, shown_duration, shown_moment

MOMENT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-03-29T01:30:00Z", "2026-03-29T02:30:00+01:00", "2026-03-29T01:30:00.000+00:00", "2026-03-28T20:30-0500"],
)
def test_a_date_time_with_its_zone_is_read(text: str) -> None:
    assert parse_moment(text) == MOMENT


@pytest.mark.parametrize("text", ["2026-03-29T01:30:00", "2026-03-29", "2026-03-29 01:30"])
def test_a_date_without_a_zone_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"has no time zone.*2026-03-29T01:30:00Z"):
        parse_moment(text)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "1711670400", "0001-01-01T00:00:00+23:00"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date-time"):
        parse_moment(text)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("PT30M", timedelta(minutes=30)),
        ("P1DT12H", timedelta(days=1, hours=12)),
        ("P7D", timedelta(days=7)),
        ("pt1.5s", timedelta(seconds=1.5)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_a_duration_is_read_as_kafka_consumer_groups_takes_it(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize("text", ["", "P", "PT", "P1", "30m", "P1M", "-PT1H", "P1DT", "P99999999999D"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|out of range"):
        parse_duration(text)


def test_kafka_counts_milliseconds_since_the_epoch() -> None:
    assert milliseconds(MOMENT) == 1_774_747_800_000
    assert shown_moment(1_774_747_800_000) == "2026-03-29T01:30:00Z"


def test_a_time_that_is_none_is_shown_as_it_stands() -> None:
    assert shown_moment(10**18) == "1000000000000000000 ms"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (12.4, "12 s"), (60, "1 min"), (3725, "1 h 2 min"), (3600, "1 h"), (90_000, "1 d 1 h"), (-3, "0 s")],
)
def test_a_duration_is_shown_by_its_two_greatest_units(seconds: float, text: str) -> None:
    assert shown_duration(seconds) == text
