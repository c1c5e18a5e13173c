"""Values formatted by unit, as in Grafana (@grafana/data, valueFormats/categories)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

Scale = Sequence[tuple[float, str]]  # what one of it is worth, and its word; the largest first

COUNTS: Scale = [(1e9, " Bil"), (1e6, " Mil"), (1e3, " K"), (1, "")]
BYTES: Scale = [(2.0**30, " GiB"), (2.0**20, " MiB"), (2.0**10, " KiB"), (1, " B")]
SECONDS: Scale = [(86400, " d"), (3600, " h"), (60, " min"), (1, " s"), (1e-3, " ms"), (1e-6, " µs")]


def number(value: float) -> str:
    """Three figures, and no zeros behind them."""
    if value == 0:
        return "0"
    places = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _scaled(scale: Scale) -> Callable[[float], str]:
    def format_(value: float) -> str:
        size, word = next((step for step in scale if abs(value) >= step[0]), scale[-1])
        return number(value / size) + word if value else "0" + dict(scale).get(1, "")

    return format_


def _a_second(what: str) -> Callable[[float], str]:
    return lambda value: f"{_scaled(COUNTS)(value)} {what}/s"


FORMATS: dict[str, Callable[[float], str]] = {
    "short": _scaled(COUNTS),
    "bytes": _scaled(BYTES),
    "s": _scaled(SECONDS),
    "percentunit": lambda value: number(value * 100) + "%",
    "bool_yes_no": lambda value: "Yes" if value else "No",
    "ops": _a_second("ops"),
    "recps": _a_second("rec"),
    "reqps": _a_second("req"),
}


def formatted(value: float, unit: str) -> str:
    """The value in its unit. Raises KeyError for a unit that no dashboard has used so far."""
    return FORMATS[unit](value)
