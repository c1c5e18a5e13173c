"""What a scheduler has to do, said with a list: every record that came, in its order, and what has become of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum

from consumer.delivery.gate import Permit
from consumer.stream.counts import Settlement
from consumer.stream.ledger import Ledger
from consumer.stream.record import Partition, Task


class State(Enum):
    """What has become of a record, as far as anybody outside the scheduler can tell."""

    WAITING = "waiting"
    POSTING = "posting"
    BURYING = "burying"
    SETTLED = "settled"
    GIVEN_UP = "given up"  # its partition leaves, or has left


UNDER_WAY = frozenset({State.POSTING, State.BURYING})


@dataclass(eq=False, slots=True)
class Assignment:
    """One stay of a partition with this worker."""

    ledger: Ledger
    position: int  # where the consumer stands
    settled: set[int]  # offsets, those included that an earlier owner's commit has told of
    leaving: bool = False
    gone: bool = False
    frontier: int = 0  # the highest that was ever asked for

    @property
    def partition(self) -> Partition:
        return self.ledger.partition


@dataclass(eq=False, slots=True)
class Entry:
    """One record that came and was not filtered."""

    task: Task
    assignment: Assignment
    state: State = State.WAITING
    not_before: float = 0.0  # when its retry is due
    awaits_probe: bool = False
    may_be_buried: bool = False

    def blocks(self, other: Entry) -> bool:
        """Whether the other, which came later, has to wait for this one."""
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
        entry.assignment.settled.add(entry.task.record.offset)
        self.settled[settlement] += 1

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
        """The partition has gone."""
        self.give_up_waiting(assignment)
        assignment.gone = True
        self.released[reason] += len(self.unsettled(assignment))

    def longest_lane(self) -> int:
        in_lanes = self.in_state(State.WAITING, State.POSTING, State.BURYING)
        return max(Counter(name for entry in in_lanes for name in entry.task.identities).values(), default=0)


def permits(entries: Iterable[Entry]) -> Counter[Permit]:
    """What the requests under way went out as."""
    return Counter(entry.task.permit for entry in entries)
