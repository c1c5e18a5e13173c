"""Parse and print the times of operators: date-times with a zone, ISO 8601 durations."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from consumer.number_text import shown_number

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII)
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def parse_moment(text: str) -> datetime:
    """Return a date-time such as `2026-03-29T01:30:00Z` or `2026-03-29T01:30:00.000+01:00`, in UTC.

    Raises ValueError, with what to write instead, for other text or a missing zone. A zone is never guessed: two
    people on call may live in two zones, and a wrong guess would move a group by hours.
    """
    hint = "Write it with its zone: 2026-03-29T01:30:00Z, or 2026-03-29T02:30:00+01:00"
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a date-time. {hint}") from None
    raise ValueError(f"{text!r} has no time zone. {hint}")


def parse_duration(text: str) -> timedelta:
    """Return the duration in a text such as `PT30M` or `P1DT12H` (`PnDTnHnMnS`). Raises ValueError."""
    found = _DURATION.fullmatch(text.upper())
    if found is None or not any(found.groups()):
        raise ValueError(f"{text!r} is not a duration. Write it as PnDTnHnMnS: PT30M, P1DT12H")
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    try:
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        raise ValueError(f"{text!r} is out of range") from None


def milliseconds(moment: datetime) -> int:
    """Return a Kafka timestamp: milliseconds since the epoch."""
    return round(moment.timestamp() * 1000)


def shown_moment(timestamp_ms: int) -> str:
    """Return a Kafka timestamp (milliseconds since the epoch) for an operator, in UTC with its zone."""
    try:
        moment = datetime.fromtimestamp(timestamp_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{timestamp_ms} ms"  # a producer may write any number
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def shown_duration(seconds: float) -> str:
    """Return a duration for an operator in its two largest units: `3 d 4 h`, `12 s`."""
    left = max(0, round(seconds))
    parts: list[str] = []
    for size, unit in _UNITS:
        if left >= size or parts:
            parts.append(f"{left // size} {unit}")
            left %= size
    shown = [part for part in parts[:2] if not part.startswith("0 ")]
    return " ".join(shown) or "0 s"


def pace(records: int, per_second: float, before: str = ", ") -> str:
    """Return how long records take, as the rest of a sentence; empty without a limit: then ClickSend decides.

    Filtered records take no request. per_second -- DELIVERY_MAX_REQUESTS_PER_SECOND, 0 = no limit
    """
    if not per_second or records <= 0:
        return ""
    longest = shown_duration(records / per_second)
    return f"{before}at most {longest} at {shown_number(per_second)} requests a second (one worker)"
