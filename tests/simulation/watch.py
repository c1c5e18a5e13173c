"""The oracles: invariants that must hold at any time. The first violation ends the run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import orjson

from consumer.clicksend.fault import Fault
from consumer.clicksend.outcome import Outcome, Result
from consumer.clicksend.probe import ProbeResult
from consumer.delivery.gate import GateState
from consumer.delivery.halt import SHORTEST_TRIAL_INTERVAL
from consumer.scheduling.back_pressure import MAX_UNSETTLED
from consumer.scheduling.offset_map import UNKNOWN_TOPIC_ID, OffsetMap, decode
from consumer.scheduling.offset_tracker import OFFSET_UNKNOWN, OffsetTracker
from consumer.scheduling.task import Partition, Task
from consumer.worker.rebalance import revoke_budget
from tests.simulation.assignments import Assignments, claims_settled
from tests.simulation.batch_oracle import BatchOracle
from tests.simulation.commit_oracle import CommitOracle
from tests.simulation.group import Stored
from tests.simulation.hub import START, Hub
from tests.simulation.records import Kind, Produced, Records

if TYPE_CHECKING:
    from tests.simulation.cluster import Key
    from tests.simulation.consumer import FakeConsumer
    from tests.simulation.group import Group
    from tests.simulation.member import Member


class Claim(NamedTuple):
    """What a member has read of its group's commits.

    records -- how many were produced by then
    """

    stored: Stored
    map: OffsetMap | None
    records: int


NOTHING = Claim(Stored(0, ""), None, 0)


class Watching(Enum):
    """The extent of the observation."""

    PROMISES = "only to notice what breaks them"
    HISTORY = "to tell all that has happened, too"


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken."""

    oracle: str
    text: str
    at: float


class Watch:
    """Told of everything; `violations` stays empty."""

    def __init__(self, hub: Hub, watching: Watching) -> None:
        self.violations: list[Violation] = []
        self.history: list[str] = []
        self.records: Records  # set once, by the world
        self.group: Group  # the same
        self.members: dict[FakeConsumer, Member] = {}
        self.troubled: frozenset[str] = frozenset()  # contacts that may end as a dead letter
        self.excused: set[str] = set()  # identities for which somebody sent who no longer owned the partition
        self.last_processed: dict[str, int] = {}
        self.crashes: list[BaseException] = []
        self.losing = False  # an `on_lost` is running
        self.posts = 0
        self.duplicates = 0
        self.settled_at = hub.now
        self._hub = hub
        self._traced = watching is Watching.HISTORY
        self._assignments = Assignments()
        self.commits = CommitOracle(self, self._assignments)
        self.batches = BatchOracle(self, self._assignments)
        self._claims: dict[tuple[FakeConsumer | None, Key], Claim] = {}
        self._recreated = False  # a stored offset may be of the topic that was deleted
        self._closed: set[FakeConsumer] = set()

    @property
    def now(self) -> float:
        """The time, in seconds."""
        return self._hub.now

    def trace(self, what: str, *details: object) -> None:
        """A line of the history."""
        if self._traced:
            self.history.append(f"{self._hub.now - START:9.3f}  {what}  {' '.join(map(str, details))}")

    def violated(self, oracle: str, text: str) -> None:
        """A promise is broken. Only the first counts: what follows comes of it."""
        if self.violations:
            return
        self.trace("VIOLATED", oracle, text)
        self.violations.append(Violation(oracle, text, self._hub.now - START))

    # The consumer.

    def closed(self, consumer: FakeConsumer) -> None:
        """Note that the consumer has left the group, or is about to."""
        self._closed.add(consumer)

    def is_closed(self, consumer: FakeConsumer) -> bool:
        """Return whether the member has left."""
        return consumer in self._closed

    def polled(self, consumer: FakeConsumer) -> None:
        """The poll thread comes round: whatever has reached its cap is paused."""
        member = self.members[consumer]
        self.batches.polled(member)
        trackers = member.scheduler.trackers
        if member.health.stopping or not trackers:
            return
        cap = max(1, member.settings.worker.max_buffered_records // len(trackers))
        for tracker in trackers.values():
            if (tracker.events >= cap or len(tracker) >= MAX_UNSETTLED) and not tracker.paused:
                self.violated(
                    "caps", f"{member.name} holds {tracker.events} of {tracker.partition}, cap {cap}, not paused"
                )

    def revoked(self, consumer: FakeConsumer, partitions: list[Key]) -> None:
        """A revoke ends: what was in flight has landed, as a request takes less than the revoke waits."""
        member = self.members[consumer]
        if member.driver.broken:
            return  # a callback that raised may have been the answer's: the worker ends with it
        out = [number for number in member.in_flight if self.records.all[number].partition in partitions]
        if out and self._hub.now - member.process.thaws_at > revoke_budget(member.settings):
            self.violated("revoke", f"{member.name} lets go of {partitions} with {out} in flight")

    def looked_up(self, consumer: FakeConsumer, stored: Mapping[Key, Stored | None]) -> None:
        """A member reads what the group has stored, at the beginning of its stay."""
        for key, each in stored.items():
            self._claims.pop((consumer, key), None)
            if each is None:
                continue
            claim = decode(each.metadata)
            valid = claim is not None and claim.committed == each.offset and claim.topic_id == self.group.topic_id
            if valid or not self._recreated:
                self._claims[consumer, key] = Claim(each, claim if valid else None, len(self.records.all))

    def begins(self, consumer: FakeConsumer, key: Key, offset: int) -> None:
        """A member says from where a partition that it was given is consumed; below 0: the client is to find out."""
        tracker = self.members[consumer].scheduler.trackers.get(Partition(*key))
        if tracker is not None and _unverified(tracker):  # the topic could not be looked up: no map is believed
            self._claims.pop((consumer, key), None)
        stored = self.group.stored.get(key) if self.group.owners.get(key) is consumer else None
        if stored is not None and 0 <= offset < self._begins_from(key, stored, tracker) and not self._recreated:
            self.violated("start", f"{consumer.name} begins {key} at {offset}, the group has committed {stored.offset}")

    def _begins_from(self, key: Key, stored: Stored, tracker: OffsetTracker | None) -> int:
        """Return the lowest offset at which a partition may begin: within a stay, what was moved back, or lost its
        records, is consumed again, whatever was committed before.
        """
        lowest = self.resumes_at(key, stored)
        if tracker is None or tracker.assigned_at is None:
            return lowest
        unsettled = min(lowest, tracker.committable_offset(OFFSET_UNKNOWN))
        return self.group.log(key).part(unsettled, tracker.leader_epoch)

    def jumped_back(self, consumer: FakeConsumer, key: Key) -> None:
        """Records come again that were committed: nobody's fault."""
        self.trace("jumped back", consumer.name, key)
        for produced in self.records.in_partition[key]:  # after a crash right now, the old ones may be the last
            self.excused.update(produced.identities)
        self._claims.pop((consumer, key), None)

    def recreated(self) -> None:
        """The topic is another one now; nobody knows it at first."""
        self._claims.clear()
        self._recreated = True

    def resumes_at(self, key: Key, stored: Stored) -> int:
        """Return the offset at which a client resumes: the epoch shows where the log has changed."""
        return self.group.log(key).part(stored.offset, stored.leader_epoch)

    # ClickSend.

    def post_begins(self, member: Member, payload: bytes) -> tuple[int, str]:
        """The delivery loop sends a contact; gives the event's number and the contact's name."""
        contact = orjson.loads(payload)
        produced = self.records.all[int(contact["last_name"][1:])]
        self.posts += 1
        self.trace("post", member.name, f"#{produced.number}", produced.partition[1], produced.offset, produced.contact)
        if produced.kind is not Kind.CONTACT:
            self.violated("filter", f"{member.name} sends {produced.value!r}")
        self._check_order(member, produced)
        self._check_gate(member, produced.number)
        self._check_claimed(member, produced)
        if produced.answered:
            self.duplicates += 1
        member.delivered.discard(produced.number)
        member.in_flight[produced.number] = produced.identities
        if len(member.in_flight) > member.settings.delivery.concurrency:
            self.violated("concurrency", f"{member.name} has {len(member.in_flight)} requests in flight")
        return produced.number, produced.contact

    def processed(self, member: Member, number: int) -> bool:
        """ClickSend takes the contact; whether it had it before."""
        produced = self.records.all[number]
        self.trace("processed", member.name, f"#{number}")
        owner = self.group.owners.get(produced.partition)
        if owner is not member.consumer:
            self.excused.update(produced.identities)
        known = any(identity in self.last_processed for identity in produced.identities)
        for identity in produced.identities:
            self.last_processed[identity] = number
        return known

    def post_ends(self, member: Member, number: int, outcome: Outcome) -> None:
        """The answer is there."""
        produced = self.records.all[number]
        self.trace("answer", member.name, f"#{number}", outcome.result.value, outcome.status)
        del member.in_flight[number]
        member.trials.discard(number)
        delivered = outcome.result in (Result.DELIVERED, Result.ALREADY_EXISTS)
        if number in member.halt_trials:
            member.halt_trials.discard(number)
            member.trial_ended_at = self._hub.now
            member.halted = member.halted and not delivered
        if delivered:
            produced.answered = True
            member.delivered.add(number)
            self.settled_at = self._hub.now
        elif outcome.result is Result.SUSPICIOUS:
            produced.suspected = True

    def probed(self, member: Member, action: ProbeResult) -> None:
        """A probe has come back."""
        self.trace("probe", member.name, action.result.value, action.fault)
        member.trial_free = member.probe_allows = action.allows_trial

    def _check_order(self, member: Member, produced: Produced) -> None:
        tracker = member.scheduler.trackers.get(Partition(*produced.partition))
        if tracker is None:
            self.violated("ownership", f"{member.name} sends #{produced.number} of a partition that it has not")
            return
        for identities in member.in_flight.values():
            if not set(identities).isdisjoint(produced.identities):
                self.violated("order", f"{member.name}: two requests for one contact in flight, #{produced.number}")
        highest = self._assignments.of(tracker).posted_up_to
        for identity in produced.identities:
            if (produced.offset, produced.index) < highest.get(identity, (-1, -1)):
                self.violated("order", f"{member.name} sends #{produced.number} after a later one of {identity}")
            highest[identity] = (produced.offset, produced.index)

    def _check_gate(self, member: Member, number: int) -> None:
        gate = member.scheduler.gate
        if gate.fault is not None or member.halted:
            if not member.trial_free and not self._may_try_again(member):
                self.violated("halt", f"{member.name} sends while halted for {gate.fault}")
            member.trial_free = False
            member.halt_trials.add(number)
        elif gate.report(self._hub.now).state is GateState.BREAKER:
            if member.trials:
                self.violated("breaker", f"{member.name} sends two requests while the breaker is open")
            member.trials.add(number)

    def _may_try_again(self, member: Member) -> bool:
        """Return whether trials follow each other without a probe: bad contacts must pass within minutes."""
        rested = self._hub.now >= member.trial_ended_at + SHORTEST_TRIAL_INTERVAL
        mass_rejection = member.scheduler.gate.fault is Fault.MASS_REJECTION
        return mass_rejection and member.probe_allows and not member.halt_trials and rested

    def _check_claimed(self, member: Member, produced: Produced) -> None:
        claim = self._claims.get((member.consumer, produced.partition), NOTHING)
        tracker = member.scheduler.trackers.get(Partition(*produced.partition))
        if tracker is not None and _unverified(tracker):  # its offset was read late, and its map is not believed yet
            claim = self._claims[member.consumer, produced.partition] = claim._replace(map=None)
        if produced.number >= claim.records:
            return  # it came later, in place of one that a truncated log has lost
        committed = not produced.deleted and produced.offset < self.resumes_at(produced.partition, claim.stored)
        if committed or (claim.map is not None and claims_settled(claim.map, produced)):
            self.violated("duplicates", f"{member.name} sends #{produced.number} again, which was committed as settled")

    # The observer of each worker.

    def settled(self, member: Member, task: Task) -> None:
        """A record has its end in this worker, or one event of a batch."""
        if task.is_batch_event and not self.batches.event_ended(member, task):
            return
        stay = self._assignments.of(task.tracker)
        offset = task.record.offset
        if offset in stay.settled:
            self.violated("one disposition", f"{member.name} settles {task.record.partition} {offset} twice")
        stay.settled.add(offset)

    def check_counts(self, member: Member) -> None:
        """consumed = settled + in progress + released, in records; and no event without a record fills the buffer."""
        counts, in_progress = member.scheduler.counts()
        settled, released = sum(counts.settled.values()), sum(counts.released.values())
        if counts.consumed != settled + in_progress + released:
            self.violated(
                "conservation",
                f"{member.name}: consumed {counts.consumed}, settled {settled}, released {released}, now {in_progress}",
            )
        for tracker in member.scheduler.trackers.values():
            if tracker.events < 0 or (tracker.events and not len(tracker)):
                self.violated(
                    "conservation", f"{member.name}: {tracker.events} events in {len(tracker)} records in progress"
                )


def _unverified(tracker: OffsetTracker) -> bool:
    return tracker.topic_id == UNKNOWN_TOPIC_ID or tracker.unverified is not None
