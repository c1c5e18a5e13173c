"""Parse `Retry-After`."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 3600.0  # seconds; longer values are cut
_LONGEST_TEXT = 200  # characters; enough for several dates
_SECONDS = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*([a-z]*)", re.ASCII)
_UNITS = {
    **dict.fromkeys(("", "s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
}
# Between the values of a repeated header (RFC 9110, 5.3), but not after a date's day.
_COMMA = re.compile(r"(?<!mon)(?<!tue)(?<!wed)(?<!thu)(?<!fri)(?<!sat)(?<!sun)(?<!day),")


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds to wait, from 0 to `LONGEST`; None if the header is missing or invalid.

    value -- the header: seconds or an HTTP date in any of its three forms (RFC 9110, 10.2.3 and 5.6.7). Fractions and
             units, which some servers send, are accepted. The longest of several values counts. Fractions are rounded
             up, as too long a wait is better than too short a one.
    now   -- with a time zone
    """
    if value is None:
        return None
    waits = [_one(each.strip(), now) for each in _COMMA.split(value[:_LONGEST_TEXT].strip().lower())]
    return max((wait for wait in waits if wait is not None), default=None)


def _one(text: str, now: datetime) -> float | None:
    if number := _SECONDS.fullmatch(text):
        unit = _UNITS.get(number[2])
        return None if unit is None else float(math.ceil(min(float(number[1]) * unit, LONGEST)))
    try:
        due = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if due.tzinfo is None:  # asctime's form names no zone; it means UTC
        due = due.replace(tzinfo=UTC)
    return min(max((due - now).total_seconds(), 0.0), LONGEST)
