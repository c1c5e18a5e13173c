"""Estimates how long records take at the configured rate."""

from __future__ import annotations

from consumer.commands.timestamps import shown_duration
from consumer.number_text import shown_number


def pace(records: int, per_second: float) -> str:
    """Return the longest time for so many records, as the rest of a sentence; empty without a limit.

    Filtered records take no request. per_second -- DELIVERY_MAX_REQUESTS_PER_SECOND, 0 = no limit
    """
    if not per_second or records <= 0:
        return ""
    return (
        f"at most {shown_duration(records / per_second)} at {shown_number(per_second)} requests a second (one worker)"
    )
