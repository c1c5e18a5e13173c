"""What each offset tracker has seen since its partition was assigned, and what an offset map says of a record."""

from __future__ import annotations

from dataclasses import dataclass, field

from consumer.scheduling.offset_map import EPOCH_UNKNOWN, OffsetMap
from consumer.scheduling.task import Tracker
from tests.simulation.records import Produced


@dataclass(slots=True)
class Seen:
    """One offset tracker's observations, kept with the tracker so that its id is not reused."""

    tracker: Tracker
    settled: set[int] = field(default_factory=set)  # offsets
    events: set[tuple[int, int]] = field(default_factory=set)  # of batches, that have ended: offset and index
    posted_up_to: dict[str, tuple[int, int]] = field(default_factory=dict)  # by identity: offset and index
    applied: int = -1


class Assignments:
    """By offset tracker, what was seen of its partition."""

    def __init__(self) -> None:
        self._seen: dict[int, Seen] = {}

    def of(self, tracker: Tracker) -> Seen:
        """Return what this offset tracker has seen."""
        seen = self._seen.get(id(tracker))
        if seen is None:
            seen = self._seen[id(tracker)] = Seen(tracker)
        return seen


def claims_settled(claim: OffsetMap, produced: Produced) -> bool:
    """Return whether a map covers this record, not one of a former leader at its offset."""
    told = claim.committed <= produced.offset < claim.reach and produced.offset not in claim.unsettled
    return told and not EPOCH_UNKNOWN < claim.leader_epoch < produced.epoch
