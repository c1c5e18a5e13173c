"""Numbers in texts for people."""

from __future__ import annotations

import math


def shown_number(number: float) -> str:
    """Return a number with three digits at least, thousands apart, and never as a power: 0.0123, 12.3, 2,000."""
    if not math.isfinite(number):
        return "unlimited" if number > 0 else "-"
    if abs(number) >= 100 or number == int(number):
        return f"{number:,.0f}"
    places = 2 - math.floor(math.log10(abs(number)))
    return f"{number:.{places}f}".rstrip("0").rstrip(".")
