"""Detect contacts with a newer record: an old opt-in must not overwrite a newer opt-out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from confluent_kafka import Message

from consumer.commands.kafka.cluster import Cluster, Ends
from consumer.commands.kafka.records import Range, offsets_in, position_of, read
from consumer.commands.output import bar
from consumer.commands.readings import decisions_on
from consumer.dead_letters.format import redrives
from consumer.enrolment.consent import Consent
from consumer.enrolment.enroller import Decision, Enrolled, Filtered
from consumer.formats.decider import Decider
from consumer.scheduling.task import WHOLE_RECORD, Partition, headers_of


class Age(NamedTuple):
    """The age of a record among its contact's records in all partitions. The greater one is newer.

    Equal times do not order two partitions: then an opt-out counts as newer, then a record that is not to be sent.

    time_ms -- the record's time, or a later one before it in its partition: a clock may lag
    refused -- whether it is an opt-out
    outside -- whether it is not to be sent
    """

    time_ms: int
    refused: bool
    outside: bool
    partition: Partition
    offset: int
    event: int = WHOLE_RECORD  # its index, in a record with several


class Newest:
    """Each contact's newest record.

    Keeps identities only as digests, which are short and reveal nothing in a memory dump.

    ends     -- the offsets up to which each partition was read
    in_order -- whether records are sent in partition order, so that a newer record may follow an older one
    """

    def __init__(self, ends: Mapping[Partition, Ends] | None = None, *, in_order: bool = False) -> None:
        self._newest: dict[bytes, Age] = {}
        self._ends = ends or {}
        self._in_order = in_order

    def note(self, identities: Iterable[str], age: Age) -> None:
        """Add a record. Call in offset order within a partition."""
        for digest in map(_digest, identities):
            known = self._newest.get(digest)
            if known is not None and known.partition == age.partition:
                self._newest[digest] = age._replace(time_ms=max(age.time_ms, known.time_ms))
            elif known is None or age > known:
                self._newest[digest] = age

    def is_stale(
        self, identities: Iterable[str], partition: Partition, offset: int, timestamp_ms: int, index: int = WHOLE_RECORD
    ) -> bool:
        """Return whether an identity has a newer record; with `in_order`, one that is not sent after this one.

        index -- of the event, in a record with several: those that follow in the record are newer
        """
        return any(
            self._supersedes(known, partition, (offset, index), timestamp_ms)
            for digest in map(_digest, identities)
            if (known := self._newest.get(digest)) is not None
        )

    def outdates(self, identities: Iterable[str], timestamp_ms: int) -> bool:
        """Return whether an identity has a later record by time, for a redriven record: its offset has no meaning."""
        return any(
            known.time_ms > timestamp_ms
            for digest in map(_digest, identities)
            if (known := self._newest.get(digest)) is not None
        )

    def _supersedes(self, known: Age, partition: Partition, place: tuple[int, int], timestamp_ms: int) -> bool:
        end = self._ends.get(partition)
        known_place = known.offset, known.event
        if known.partition == partition and (end is None or place[0] < end.high):
            return known_place > place and not (self._in_order and not known.outside)
        # Offsets do not compare across partitions, or with a topic that was created again.
        return (known.partition, known_place) != (partition, place) and known.time_ms >= timestamp_ms


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
    """Read all partitions of these topics up to their present ends. Later records are not read.

    starts   -- by partition, the first offset to be sent; records after it may be newer at any time
    since_ms -- the earliest time to be sent, milliseconds since the epoch; no earlier record is newer
    sent     -- returns whether a record is to be sent
    in_order -- see `Newest`

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
    with bar("Looking for newer records", offsets_in(ranges)) as advance:
        for message in read(cluster, ranges):
            advance(1)
            _note(newest, decider, message, sent)
    return newest


def is_redriven(message: Message) -> bool:
    """Return whether a redrive wrote the record. Its age is that of the original record."""
    return redrives(headers_of(message) or []) > 0


class News(NamedTuple):
    """A record's statement about a contact: its identities, and whether it is an opt-out."""

    identities: tuple[str, ...]
    refused: bool


def news_of(decision: Decision) -> News | None:
    """Return the contact that a record is news of; None if it is news of none.

    An opt-out is also news where the consent policy keeps it from the list: an older opt-in must not follow it.
    """
    if isinstance(decision, Enrolled):
        return News(decision.identities, decision.contact.custom_1 == Consent.OPT_OUT)
    withheld = decision.withheld if isinstance(decision, Filtered) else None
    if withheld is None or withheld.consent is not Consent.OPT_OUT:
        return None
    return News(withheld.identities, refused=True)


def _note(newest: Newest, decider: Decider, message: Message, sent: Callable[[Partition, int, Enrolled], bool]) -> None:
    decisions = decisions_on(decider, message)  # of all records: a schema that can't be fetched ends the command
    if is_redriven(message):
        return
    partition, offset = position_of(message)
    for index, decision in decisions.items():
        if (news := news_of(decision)) is not None:
            outside = not (isinstance(decision, Enrolled) and sent(partition, offset, decision))
            newest.note(news.identities, Age(message.timestamp()[1], news.refused, outside, partition, offset, index))


def _digest(identity: str) -> bytes:
    return hashlib.blake2b(identity.encode(), digest_size=16).digest()
