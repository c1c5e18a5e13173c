"""The rates of the last minutes: the worker's totals, noted every few seconds."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

STEP_SECONDS = 2.0
POINTS = 300  # ten minutes


@dataclass(frozen=True, slots=True)
class Totals:
    """Totals since the worker started (`delivered`, `dead_lettered`, `filtered`); `waiting` and `lag` are gauges."""

    delivered: int
    dead_lettered: int
    filtered: int
    waiting: int
    lag: int


class History:
    """Written by one thread, read by any."""

    def __init__(self) -> None:
        self._noted: deque[tuple[float, Totals]] = deque(maxlen=POINTS + 1)

    def is_due(self, now: float) -> bool:
        """Return whether the next note is due. `now` is monotonic seconds."""
        return not self._noted or now - self._noted[-1][0] >= STEP_SECONDS

    def note(self, totals: Totals, now: float) -> None:
        """Note the totals as they are now."""
        self._noted.append((now, totals))

    def series(self) -> dict[str, list[float]]:
        """Return the rates between each two notes, and the gauges at the later one; oldest first."""
        noted = list(self._noted)
        rates: dict[str, list[float]] = {name: [] for name in ("delivered", "dead_lettered", "filtered")}
        for (before, old), (after, new) in pairwise(noted):
            for name, series in rates.items():
                series.append(round((getattr(new, name) - getattr(old, name)) / max(after - before, 0.001), 2))
        levels = {name: [float(getattr(totals, name)) for _, totals in noted[1:]] for name in ("waiting", "lag")}
        return {**rates, **levels}
