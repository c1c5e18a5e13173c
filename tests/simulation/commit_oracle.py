"""The oracle of commits: what a commit says is settled was settled, and nothing that was settled is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import TopicPartition

from consumer.scheduling.offset_map import LIMIT, UNKNOWN_TOPIC_ID, decode
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Partition
from tests.simulation.assignments import Assignments, claims_settled
from tests.simulation.group import Stored

if TYPE_CHECKING:
    from tests.simulation.cluster import Key
    from tests.simulation.consumer import FakeConsumer
    from tests.simulation.member import Member
    from tests.simulation.watch import Watch


@dataclass(frozen=True, slots=True)
class Part:
    """A commit of one partition."""

    tracker: OffsetTracker | None
    key: Key
    stored: Stored


@dataclass(slots=True)
class Built:
    """A commit on its way: from which offset trackers it was built, with which offsets."""

    member: Member
    parts: list[Part]
    overtaken: bool = False  # by the synchronous commit of a revoke, while librdkafka was repeating it


class CommitOracle:
    """Told of every commit when it is sent, and when the coordinator stores it."""

    def __init__(self, watch: Watch, assignments: Assignments) -> None:
        self._watch = watch
        self._assignments = assignments

    def built(self, consumer: FakeConsumer, offsets: list[TopicPartition]) -> Built:
        """A member sends a commit."""
        member = self._watch.members[consumer]
        parts: list[Part] = []
        if self._watch.losing:
            self._watch.violated("lost", f"{member.name} commits what it has lost")
        for each in offsets:
            key = (each.topic, each.partition)
            stored = Stored(each.offset, each.metadata or "", each.leader_epoch)
            tracker = member.scheduler.trackers.get(Partition(*key))
            parts.append(Part(tracker, key, stored))
            if tracker is None:
                self._watch.violated("ownership", f"{member.name} commits {key}, of which it has no ledger")
                continue
            self._check_claim(member, tracker, (key, stored))
            self._check_completeness(member, tracker, stored)
        told = [(each.key[1], each.stored.offset, "+map" if each.stored.metadata else "") for each in parts]
        self._watch.trace("commit", member.name, told)
        return Built(member, parts)

    def applied(self, built: Built) -> None:
        """The coordinator stores a commit."""
        self._watch.trace("stored", built.member.name, [(each.key[1], each.stored.offset) for each in built.parts])
        for each in built.parts:
            if each.tracker is not None:
                self._check_claim(built.member, each.tracker, (each.key, each.stored))
                seen, offset = self._assignments.of(each.tracker), each.stored.offset
                if offset < seen.applied and not built.overtaken:
                    words = f"takes {each.key} back from {seen.applied} to {offset}"
                    self._watch.violated("regress", f"{built.member.name} {words}")
                seen.applied = offset

    def sent(self, member_name: str, outstanding: int) -> None:
        """An asynchronous commit leaves while so many others are outstanding."""
        if outstanding:
            self._watch.violated("one commit", f"{member_name} sends a commit while another is outstanding")

    def _check_claim(self, member: Member, tracker: OffsetTracker, commit: tuple[Key, Stored]) -> None:
        key, stored = commit
        offset, metadata = stored.offset, stored.metadata
        if tracker.topic_id not in (self._watch.group.topic_id, UNKNOWN_TOPIC_ID):
            return  # the worker has not noticed yet that the topic is another one; at the end nothing of it is missing
        lowest = self._watch.records.lowest_undone(key)
        if self._watch.resumes_at(key, stored) > lowest:
            epoch = stored.leader_epoch
            self._watch.violated(
                "committable_offset", f"{member.name} commits {key} at {offset}/{epoch}, but {lowest} is not done"
            )
        if len(metadata) > LIMIT:
            self._watch.violated("metadata", f"{len(metadata)} characters")
        claim = decode(metadata)
        if claim is None:
            return
        if claim.committed != offset:
            self._watch.violated("metadata", f"{member.name} sends a map for {claim.committed} with offset {offset}")
        for each in self._watch.records.in_partition[key]:
            if claims_settled(claim, each) and not each.done:
                self._watch.violated("offset map", f"{member.name} claims {key} {each.offset}, which is not done")

    def _check_completeness(self, member: Member, tracker: OffsetTracker, stored: Stored) -> None:
        """Check that each commit contains all settled records: a crash repeats only later ones."""
        offset, claim = stored.offset, decode(stored.metadata)
        for settled in self._assignments.of(tracker).settled:
            if settled >= offset and not (claim is not None and claim.says_settled(settled)):
                self._watch.violated(
                    "duplicates", f"{member.name} commits {tracker.partition} at {offset} without {settled}"
                )
