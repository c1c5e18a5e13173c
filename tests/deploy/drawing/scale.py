"""Axes: from values and times to pixels, and the grid lines."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

MOST_LINES = 5
TIMES = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)  # seconds


@dataclass(frozen=True, slots=True)
class Window:
    """The time that is shown. Seconds since the epoch; `step` lies between two values of a series."""

    start: float
    end: float
    step: float


@dataclass(frozen=True, slots=True)
class Axis:
    """A line from pixel `origin` to pixel `far`, for values from `low` to `high`."""

    low: float
    high: float
    origin: float
    far: float

    def at(self, value: float) -> float:
        """The value's pixel."""
        return self.origin + (value - self.low) / (self.high - self.low) * (self.far - self.origin)


def grid(top: float, unit: str) -> list[float]:
    """Round values from 0 to at least `top`, a few of them, in equal steps."""
    if top <= 0:
        top = 1.0
    step = next(each for each in _steps(unit) if top / each <= MOST_LINES)
    lines = [0.0]
    while lines[-1] < top:
        lines.append(step * len(lines))
    return lines


def _steps(unit: str) -> Iterator[float]:
    """All steps that read well, the smallest first."""
    if unit == "bytes":
        yield from (2.0**power for power in itertools.count())
    decimal = (mantissa * 10.0**power for power in itertools.count(-6) for mantissa in (1, 2, 5))
    if unit == "s":
        yield from itertools.takewhile(lambda step: step < 1, decimal)
        yield from TIMES
        yield from (86400.0 * days for days in itertools.count(2))
    yield from decimal


def moments(window: Window, most: int) -> list[float]:
    """Round times within the window, at most so many."""
    step = next((each for each in TIMES if (window.end - window.start) / each < most), TIMES[-1])
    first = -(-window.start // step) * step
    return [first + step * n for n in range(int((window.end - first) // step) + 1)]
