from __future__ import annotations

from datetime import UTC, datetime

import pytest

from consumer.clicksend.retry_after import parse_retry_after

NOW = datetime(1994, 11, 6, 8, 49, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("0", 0, id="none"),
        pytest.param("120", 120, id="seconds"),
        pytest.param(" 7 ", 7, id="white space"),
        pytest.param("3601", 3600, id="more than an hour"),
        pytest.param("9" * 60_000, 3600, id="absurdly long"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT", 37, id="date"),
        pytest.param("Sunday, 06-Nov-94 08:49:37 GMT", 37, id="RFC 850 date"),
        pytest.param("Sun Nov  6 08:49:37 1994", 37, id="asctime date"),
        pytest.param("Sun, 06 Nov 1994 08:00:00 GMT", 0, id="past date"),
        pytest.param("Sun, 06 Nov 2094 08:49:37 GMT", 3600, id="far date"),
        pytest.param("4.5", 5, id="fraction"),
        pytest.param("0.2", 1, id="less than a second"),
        pytest.param("4.", 4, id="nothing behind the point"),
        pytest.param(".5", 1, id="nothing before the point"),
        pytest.param("60s", 60, id="with a unit"),
        pytest.param("2 Minutes", 120, id="minutes"),
        pytest.param("1500ms", 2, id="milliseconds"),
        pytest.param("1h", 3600, id="an hour"),
        pytest.param("120, 120", 120, id="twice"),
        pytest.param("5, 10", 10, id="two different ones"),
        pytest.param("soon, 10", 10, id="one of two"),
        pytest.param("5, Sun, 06 Nov 1994 08:49:37 GMT", 37, id="seconds and a date"),
        pytest.param("Sunday, 06-Nov-94 08:49:37 GMT, 50", 50, id="a date and seconds"),
        pytest.param("120, " * 60_000, 120, id="very often"),
    ],
)
def test_both_forms_are_read_and_kept_within_an_hour(value: str, seconds: float) -> None:
    assert parse_retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="missing"),
        pytest.param("", id="empty"),
        pytest.param("-5", id="negative"),
        pytest.param("60 parsecs", id="a unit of something else"),
        pytest.param("1e3", id="an exponent"),
        pytest.param("PT60S", id="a duration of ISO 8601"),
        pytest.param("60;q=1", id="a parameter"),
        pytest.param(".", id="a full stop"),
        pytest.param(",", id="a comma"),
        pytest.param("\u0665", id="a digit of another script"),
        pytest.param("soon", id="a word"),
        pytest.param("Sun, 99 Nov 1994 08:49:37 GMT", id="no such day"),
        pytest.param("Sun, 06 Nov 99999999999999999999 08:49:37 GMT", id="no such year"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 +9999999999999", id="no such zone"),
    ],
)
def test_what_makes_no_sense_is_ignored(value: str | None) -> None:
    assert parse_retry_after(value, NOW) is None
