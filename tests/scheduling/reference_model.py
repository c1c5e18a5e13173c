"""The reference model of a scheduler: a list of all records in order, with their outcomes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from consumer.clicksend.fault import Fault
from consumer.clicksend.probe import ProbeResult
from consumer.delivery.gate import Permit
from consumer.delivery.halt import SHORTEST_TRIAL_INTERVAL
from consumer.enrolment.disposition import Disposition, FilterReason
from consumer.scheduling.back_pressure import Caps, pressure
from consumer.scheduling.counts import Settlement
from consumer.scheduling.offset_map import decode
from consumer.scheduling.offset_tracker import OffsetTracker
from consumer.scheduling.task import Partition, Task
from consumer.scheduling.work import Deliver
from tests.support.recorded_steps import Arrival
from tests.support.records import TOPIC_ID, record


class State(Enum):
    """The state of a record as visible outside the scheduler."""

    WAITING = "waiting"
    POSTING = "posting"
    DEAD_LETTER_IN_FLIGHT = "dead_letter_in_flight"
    SETTLED = "settled"
    GIVEN_UP = "given up"  # its partition leaves, or has left


UNDER_WAY = frozenset({State.POSTING, State.DEAD_LETTER_IN_FLIGHT})


@dataclass(eq=False, slots=True)
class Assignment:
    """One stay of a partition with this worker."""

    tracker: OffsetTracker
    position: int  # where the consumer stands
    settled: set[int]  # offsets, those included that an earlier owner's commit has told of
    leaving: bool = False
    gone: bool = False
    committable_offset: int = 0  # the highest that was ever asked for
    sent: int = -1  # the last offset that was sent to be committed
    share: int = 0  # records that it may hold, when the poll thread last looked

    @property
    def partition(self) -> Partition:
        return self.tracker.partition

    def next_record(self, topic: dict[int, Arrival], gap: int, arrival: Arrival) -> tuple[int, Arrival]:
        """The next one in the topic; where it ends, the given one is written so far beyond the last."""
        ahead = min((offset for offset in topic if offset >= self.position), default=None)
        if ahead is None:
            ahead = self.position + gap - 1
            topic[ahead] = arrival
        return ahead, topic[ahead]


@dataclass(eq=False, slots=True)
class Entry:
    """One record that came and was not filtered."""

    task: Task
    assignment: Assignment
    state: State = State.WAITING
    not_before: float = 0.0  # when its retry is due
    awaits_probe: bool = False
    may_be_buried: bool = False
    attempted: bool = False
    sent: Deliver | None = None  # its last request

    def blocks(self, other: Entry) -> bool:
        """Return whether a later record must wait for this one."""
        alive = self.state in UNDER_WAY or self.state is State.WAITING
        return alive and not set(self.task.identities).isdisjoint(other.task.identities)


@dataclass(slots=True)
class Book:
    """All records, and the totals."""

    entries: list[Entry] = field(default_factory=list)
    consumed: int = 0
    skipped: int = 0
    late: int = 0
    settled: Counter[Settlement] = field(default_factory=Counter)
    released: Counter[str] = field(default_factory=Counter)
    ended: set[tuple[Partition, int]] = field(default_factory=set)  # what was settled, by this owner or an earlier one
    holds: dict[str, bytes] = field(default_factory=dict)  # by identity, what ClickSend holds, where that is certain

    def entry(self, task: Task) -> Entry:
        """The entry of this very task; offsets come again, tasks don't."""
        return next(entry for entry in self.entries if entry.task is task)

    def in_state(self, *states: State) -> list[Entry]:
        return [entry for entry in self.entries if entry.state in states]

    def unsettled(self, assignment: Assignment) -> list[Entry]:
        mine = (entry for entry in self.entries if entry.assignment is assignment)
        return [entry for entry in mine if entry.state is not State.SETTLED]

    def may_post(self, entry: Entry, now: float) -> None:
        """A POST for this record begins: right now?"""
        assert entry.state is State.WAITING, "handed out twice, or after its partition began to leave"
        assert not entry.task.reason
        assert not entry.awaits_probe
        assert now >= entry.not_before, "before its retry was due"
        earlier = self.entries[: self.entries.index(entry)]
        assert not any(other.blocks(entry) for other in earlier), "overtakes an earlier record of the same contact"
        later = (other for other in self.entries if other is not entry and other.state in UNDER_WAY)
        assert not any(other.blocks(entry) for other in later), "two under way for one contact"

    def may_bury(self, entry: Entry) -> None:
        """A dead letter of this record is to be written: right now?"""
        assert entry.state is State.WAITING, "handed out twice, or after its partition began to leave"
        assert entry.may_be_buried
        assert not entry.awaits_probe

    def settle(self, entry: Entry, settlement: Settlement) -> None:
        """The record has its end."""
        assert entry.state in UNDER_WAY, "settled without an answer, or twice"
        assert not entry.assignment.gone, "settled after its partition had gone"
        entry.state = State.SETTLED
        self.end(entry.assignment, entry.task.record.offset, settlement)

    def end(self, assignment: Assignment, offset: int, settlement: Settlement) -> None:
        """The record has its disposition."""
        assignment.settled.add(offset)
        self.ended.add((assignment.partition, offset))
        self.settled[settlement] += 1

    def post(self, entry: Entry) -> None:
        """A request goes out: nobody knows what ClickSend holds until it was delivered."""
        entry.state, entry.attempted = State.POSTING, True
        for identity in entry.task.identities:
            self.holds.pop(identity, None)

    def delivered(self, entry: Entry) -> None:
        """ClickSend has taken the contact, plainly, and the partition is still ours."""
        self.holds |= dict.fromkeys(entry.task.identities, entry.task.payload)

    def is_duplicate(self, entry: Entry) -> bool:
        """Return whether a request could not change ClickSend's contact."""
        return all(self.holds.get(identity) == entry.task.payload for identity in entry.task.identities)

    def skip(self, entry: Entry, now: float) -> None:
        """The record was filtered as a duplicate, by being taken, when it might have gone out."""
        self.may_post(entry, now)
        assert not entry.attempted
        assert self.is_duplicate(entry), "skipped, though ClickSend may hold something else"
        entry.state = State.SETTLED
        self.end(entry.assignment, entry.task.record.offset, (Disposition.FILTERED, FilterReason.DUPLICATE))

    def may_commit(self, mine: Assignment, known: Iterable[int], offset: int, metadata: str) -> frozenset[int]:
        """This is committed: may it be? Gives what is settled from this offset on. `known`: the topic's offsets."""
        assert offset >= mine.sent, "goes back"
        mine.sent = offset
        lost = [each for each in known if each < offset and (mine.partition, each) not in self.ended]
        assert not lost, "passes a record that nobody has settled"
        claim = decode(metadata)
        assert (claim is None) == (not metadata)
        assert claim is None or (claim.topic_id, claim.committed) == (TOPIC_ID, offset)
        beyond = frozenset(each for each in mine.settled if each >= offset)
        assert {each for each in known if claim is not None and claim.says_settled(each)} == beyond
        return beyond

    def wait_again(self, entry: Entry) -> None:
        """The request, or the writing of the dead letter, has ended without settling the record."""
        leaves = entry.assignment.leaving or entry.assignment.gone
        entry.state = State.GIVEN_UP if leaves else State.WAITING

    def give_up_waiting(self, assignment: Assignment) -> None:
        """The partition begins to leave."""
        assignment.leaving = True
        for entry in self.unsettled(assignment):
            if entry.state is State.WAITING:
                entry.state = State.GIVEN_UP

    def release(self, assignment: Assignment, reason: str) -> None:
        """The partition has gone. Its next owner may deliver something else."""
        self.holds.clear()
        self.give_up_waiting(assignment)
        assignment.gone = True
        self.released[reason] += len(self.unsettled(assignment))

    def longest_lane(self) -> int:
        in_lanes = self.in_state(State.WAITING, State.POSTING, State.DEAD_LETTER_IN_FLIGHT)
        return max(Counter(name for entry in in_lanes for name in entry.task.identities).values(), default=0)


@dataclass(slots=True)
class Trials:
    """The trials of a halt: one for each probe that allows it; in a mass rejection, also between the probes."""

    fault: Fault | None = None  # when the last request or probe ended
    not_before: float = math.inf  # infinite: a probe has to allow the next trial

    def probed(self, finding: ProbeResult, fault: Fault | None) -> None:
        """A probe has ended."""
        self._follow(fault)
        if not finding.allows_trial:
            self.not_before = math.inf
        elif fault is not None and self.not_before == math.inf:
            self.not_before = -math.inf

    def begin(self, now: float) -> None:
        """A trial goes out: right now?"""
        assert self.not_before < math.inf, "a second trial, or one without a probe"
        assert now >= self.not_before, "too soon after the last trial"
        if self.fault is not Fault.MASS_REJECTION:
            self.not_before = math.inf

    def request_ended(self, permit: Permit, fault: Fault | None, now: float) -> None:
        """A request has ended, and may have begun a halt, changed its reason or ended it."""
        self._follow(fault)
        in_mass_rejection = self.fault is Fault.MASS_REJECTION
        if permit is Permit.HALT_TRIAL and in_mass_rejection and self.not_before < math.inf:
            self.not_before = now + SHORTEST_TRIAL_INTERVAL

    def _follow(self, fault: Fault | None) -> None:
        if fault is not self.fault:
            self.fault, self.not_before = fault, math.inf


def regulate(assignments: list[Assignment], caps: Caps) -> None:
    """Check the poll thread's back-pressure: sufficient and not excessive."""
    decision = pressure([mine.tracker for mine in assignments], caps)
    for tracker in decision.pause:
        tracker.paused = True
    for tracker in decision.resume:
        tracker.paused = False
    for mine in assignments:
        held, number = len(mine.tracker), len(assignments)
        mine.share = min(caps.records // number, caps.size // number // record().size)  # they are all of one size
        assert mine.tracker.paused or held < mine.share, "at its cap, and not paused"
        assert mine.tracker not in decision.resume or held <= 0.9 * mine.share, "goes on too early"


def permits(entries: Iterable[Entry]) -> Counter[Permit]:
    """Return the permits of the requests in flight."""
    return Counter(entry.sent.permit for entry in entries if entry.sent is not None)
