"""How much a worker holds: partitions are paused at their share of the caps, and go on well below it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from consumer.scheduling.offset_tracker import Ledger

RESUME_SHARE = 0.8  # records that wait for a retry count, too: far below, a partition that holds many would never go on
# A partition: what the commit metadata lists, a byte each, where unsettled records lie close together. Of those that
# are far apart it lists half as many, and what was settled beyond them is delivered again after a crash.
MAX_UNSETTLED = 3000


@dataclass(frozen=True, slots=True)
class Caps:
    """The most that one worker holds, shared equally by its partitions, so that none can crowd out the others.

    records -- unsettled records, those that wait for a retry included
    size    -- their keys, values and headers, in bytes
    """

    records: int = 2000
    size: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pressure:
    """What the poll thread does about it."""

    pause: list[Ledger]
    resume: list[Ledger]


def pressure(ledgers: Iterable[Ledger], caps: Caps) -> Pressure:
    """The ledgers whose partitions have reached their share, and those that have come down from it far enough."""
    ledgers = list(ledgers)
    records = min(MAX_UNSETTLED, max(1, caps.records // max(1, len(ledgers))))
    size = max(1, caps.size // max(1, len(ledgers)))
    pause, resume = [], []
    for ledger in ledgers:
        if not ledger.paused and (len(ledger) >= records or ledger.bytes >= size):
            pause.append(ledger)
        elif ledger.paused and len(ledger) <= records * RESUME_SHARE and ledger.bytes <= size * RESUME_SHARE:
            resume.append(ledger)
    return Pressure(pause, resume)
