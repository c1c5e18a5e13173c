"""Whether a contact has a newer record elsewhere: an old opt-in must not overwrite a newer opt-out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from confluent_kafka import Message

from consumer.commands.kafka.cluster import Cluster, Ends
from consumer.commands.kafka.decisions import decision_on
from consumer.commands.kafka.records import Range, read
from consumer.commands.progress import bar
from consumer.dead_letters.format import redrives
from consumer.enrolment.consent import Consent
from consumer.enrolment.enroller import Enrolled
from consumer.formats.decider import Decider
from consumer.scheduling.task import Partition, headers_of


class Age(NamedTuple):
    """How new a record is among its contact's records of all partitions; the greater one is newer.

    Equal times of two partitions say nothing of their order: then a refusal counts, then what is not to be sent.

    time_ms -- the record's, or that of one before it in its partition if it is later: a clock may lag
    refused -- whether it is an opt-out
    outside -- whether it is none of those to be sent
    """

    time_ms: int
    refused: bool
    outside: bool
    partition: Partition
    offset: int


class Newest:
    """Each contact's newest record.

    Identities are kept as digests only: a large topic has many, and none of them must show in a memory dump.

    ends     -- how far each partition was looked through
    in_order -- whether what is sent goes out in its partition's order, so that a newer record may follow an older one
    """

    def __init__(self, ends: Mapping[Partition, Ends] | None = None, *, in_order: bool = False) -> None:
        self._newest: dict[bytes, Age] = {}
        self._ends = ends or {}
        self._in_order = in_order

    def note(self, identities: Iterable[str], age: Age) -> None:
        """Take in a record. Those of one partition come in their order."""
        for digest in map(_digest, identities):
            known = self._newest.get(digest)
            if known is not None and known.partition == age.partition:
                self._newest[digest] = age._replace(time_ms=max(age.time_ms, known.time_ms))
            elif known is None or age > known:
                self._newest[digest] = age

    def is_stale(self, identities: Iterable[str], partition: Partition, offset: int, timestamp_ms: int) -> bool:
        """Return whether one of these identities has a newer record than this one, but for one that follows it."""
        return any(
            self._supersedes(known, partition, offset, timestamp_ms)
            for digest in map(_digest, identities)
            if (known := self._newest.get(digest)) is not None
        )

    def outdates(self, identities: Iterable[str], timestamp_ms: int) -> bool:
        """Return whether one of these identities has a record of a later time: for one whose offset tells nothing."""
        return any(
            known.time_ms > timestamp_ms
            for digest in map(_digest, identities)
            if (known := self._newest.get(digest)) is not None
        )

    def _supersedes(self, known: Age, partition: Partition, offset: int, timestamp_ms: int) -> bool:
        end = self._ends.get(partition)
        if known.partition == partition and (end is None or offset < end.high):
            return known.offset > offset and not (self._in_order and not known.outside)
        # Of another partition; or of a topic that was created again, which has not had this offset yet.
        return (known.partition, known.offset) != (partition, offset) and known.time_ms >= timestamp_ms


def look_through(
    cluster: Cluster,
    decider: Decider,
    topics: Iterable[str],
    starts: Mapping[Partition, int],
    since_ms: int,
    sent: Callable[[Partition, int, Enrolled], bool],
    *,
    in_order: bool = False,
) -> Newest:
    """Read all partitions of these topics, once, to the ends that they have now. What arrives later is not seen.

    starts   -- the first offset of those to be sent, by partition; a later one may be newer whatever its time
    since_ms -- the earliest time of those to be sent, milliseconds since the epoch: of records before it none is newer
    sent     -- whether the record with this contact is one of those to be sent
    in_order -- as `Newest` has it

    Raises as Cluster's methods do.
    """
    partitions = [Partition(name, each) for name, numbers in cluster.partitions_of(topics).items() for each in numbers]
    ends = cluster.ends(partitions)
    ranges = {}
    for partition, at in cluster.offsets_at(partitions, max(0, since_ms)).items():
        low, high = ends[partition]
        first = min(high if at is None else at, starts.get(partition, high))
        ranges[partition] = Range(min(max(first, low), high), high)
    newest = Newest(ends, in_order=in_order)
    total = sum(span.stop - span.start for span in ranges.values())
    with bar("Looking for newer records", total) as advance:
        for message in read(cluster, ranges):
            advance(1)
            _note(newest, decider, message, sent)
    return newest


def is_redriven(message: Message) -> bool:
    """Return whether a redrive has put the record there: it is as old as the one that it was, whatever its offset."""
    return redrives(headers_of(message) or []) > 0


def _note(newest: Newest, decider: Decider, message: Message, sent: Callable[[Partition, int, Enrolled], bool]) -> None:
    decision = decision_on(decider, message)
    if not isinstance(decision, Enrolled) or is_redriven(message):
        return
    partition, offset = Partition(message.topic() or "", message.partition() or 0), message.offset() or 0
    refused = decision.contact.custom_1 == Consent.OPT_OUT
    outside = not sent(partition, offset, decision)
    newest.note(decision.identities, Age(message.timestamp()[1], refused, outside, partition, offset))


def _digest(identity: str) -> bytes:
    return hashlib.blake2b(identity.encode(), digest_size=16).digest()
