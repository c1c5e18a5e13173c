"""How long the vendor asks us to wait."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 3600.0  # seconds; what is asked for beyond that is looked at again by then
_SECONDS = re.compile(r"[0-9]+")


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds to wait, from 0 to `LONGEST`; None where the header is missing or makes no sense.

    value -- the header `Retry-After`: seconds or an HTTP date in any of its three forms (RFC 9110, 10.2.3 and 5.6.7)
    now   -- the present, with its time zone
    """
    if value is None:
        return None
    value = value.strip()
    if _SECONDS.fullmatch(value):
        return min(float(value), LONGEST)
    try:
        due = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if due.tzinfo is None:  # asctime's form names no zone; it means UTC
        due = due.replace(tzinfo=UTC)
    return min(max((due - now).total_seconds(), 0.0), LONGEST)
