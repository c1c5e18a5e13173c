"""How many records are looked at in full. Beyond that a busy worker has better things to do."""

from __future__ import annotations

from dataclasses import dataclass

SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Records a second: ordinary ones that go to ClickSend, those with trouble, filtered ones."""

    ordinary: int
    trouble: int
    filtered: int


UNWATCHED = Rates(ordinary=10, trouble=50, filtered=10)
WATCHED = Rates(ordinary=300, trouble=300, filtered=100)
WATCHED_SECONDS = 15.0  # so long after somebody has asked


class Budget:
    """So many a second, the first ones. Not exact where several threads take at once: nothing depends on it."""

    def __init__(self) -> None:
        self._until = 0.0
        self._taken = 0
        self.spent_until = 0.0  # before then there is surely none left

    def left(self, now: float, rate: int) -> int:
        """How many may still be taken within this second. now -- monotonic seconds"""
        if now >= self._until:
            self._until = now + SECONDS
            self._taken = 0
        return max(0, rate - self._taken)

    def take(self, now: float, rate: int) -> bool:
        """Take one, if there is one left."""
        if self.left(now, rate):
            self._taken += 1
            return True
        self.spent_until = self._until
        return False
