"""Whether a contact has a newer record elsewhere: an old opt-in must not overwrite a newer opt-out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from confluent_kafka import Message

from consumer.enrolment.enroller import Enrolled, Enroller
from consumer.operations.cluster import Cluster
from consumer.operations.progress import bar
from consumer.operations.records import Range, read
from consumer.stream.record import Partition


class Newest:
    """When each contact's newest record was written. Identities are kept as digests only: of a large topic there are
    many, and none of them is to be found in a memory dump.
    """

    def __init__(self) -> None:
        self._newest: dict[bytes, int] = {}

    def note(self, identities: Iterable[str], timestamp_ms: int) -> None:
        """There is a record of these identities, written then."""
        for digest in map(_digest, identities):
            if timestamp_ms > self._newest.get(digest, -1):
                self._newest[digest] = timestamp_ms

    def outdates(self, identities: Iterable[str], timestamp_ms: int) -> bool:
        """Whether one of these identities has a newer record. A time below 0 (none) is not judged."""
        return timestamp_ms >= 0 and any(
            self._newest.get(digest, -1) > timestamp_ms for digest in map(_digest, identities)
        )


def look_through(
    cluster: Cluster,
    enroller: Enroller,
    topics: Iterable[str],
    since_ms: int,
    counts: Callable[[Message, Enrolled], bool],
) -> Newest:
    """One pass over all partitions of these topics, from `since_ms` (milliseconds since the epoch) to the ends they
    have now. What arrives later is not seen.

    counts -- whether a record, with the contact it makes, is one that others are older than

    Raises as Cluster's methods do.
    """
    partitions = [Partition(name, each) for name, numbers in cluster.partitions_of(topics).items() for each in numbers]
    ends = cluster.ends(partitions)
    starts = cluster.offsets_at(partitions, max(0, since_ms))
    ranges = {
        partition: Range(ends[partition].high if start is None else start, ends[partition].high)
        for partition, start in starts.items()
    }
    newest = Newest()
    total = sum(max(0, span.stop - span.start) for span in ranges.values())
    with bar("Looking for newer records", total) as advance:
        for message in read(cluster, ranges):
            advance(1)
            decision = enroller.decide(message.value())
            if isinstance(decision, Enrolled) and counts(message, decision):
                newest.note(decision.identities, message.timestamp()[1])
    return newest


def _digest(identity: str) -> bytes:
    return hashlib.blake2b(identity.encode(), digest_size=16).digest()
