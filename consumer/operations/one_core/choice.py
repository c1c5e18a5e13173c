"""Which core the interpreter's threads should have, from what others take of each."""

from __future__ import annotations

from collections.abc import Mapping

# Shares of a core's time. Between the first two nothing changes, so that a neighbour who comes and goes moves nobody.
FREE = 0.3  # what others may take of a core that is newly chosen
CROWDED = 0.5  # what others may take of it before the threads are better off on all cores
WORTH_A_MOVE = 0.25  # by so much another core has to be emptier


def choose(current: int | None, taken: Mapping[int, float]) -> int | None:
    """The core to keep to, None: all of them.

    current -- the core kept to so far; None: all of them
    taken   -- what others take of each core that we may use; of equally empty ones the first named is chosen
    """
    emptiest = min(taken, key=taken.__getitem__, default=None)
    if emptiest is None or len(taken) == 1:
        return None
    here = taken.get(current, 1.0) if current is not None else 1.0
    if here <= CROWDED and here - taken[emptiest] < WORTH_A_MOVE:
        return current
    return emptiest if taken[emptiest] <= FREE else None
