"""Where a group is to be moved: the scenarios of `kafka-consumer-groups --reset-offsets`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from consumer.commands.kafka.cluster import Ends
from consumer.commands.kafka.group import Commit
from consumer.commands.kafka.partitions import Bound, Edge, Moment, Offset
from consumer.errors import RefusedError
from consumer.scheduling.task import Partition


@dataclass(frozen=True, slots=True)
class ShiftBy:
    """So many offsets on, or back where it is negative."""

    number: int


@dataclass(frozen=True, slots=True)
class FromFile:
    """What a file says, by partition; None where the group had no committed offset."""

    commits: Mapping[Partition, Commit | None]


Scenario = Bound | ShiftBy | FromFile


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one partition.

    current -- the committed offset; None: there is none
    at      -- the offset that Kafka gives for a `Moment`; None: all records are older
    log_end -- the offset of the next record; beyond `ends` while a transaction is open. None: the end of `ends`
    """

    current: int | None
    ends: Ends
    at: int | None = None
    log_end: int | None = None

    @property
    def last(self) -> int:
        """The last offset that can be committed."""
        return self.ends.high if self.log_end is None else max(self.log_end, self.ends.high)


def wanted(scenario: Scenario, partition: Partition, facts: Facts) -> int | None:
    """Return the offset that the scenario asks for, whether the log has it or not; None: none that could be committed.

    Raises RefusedError where there is nothing to shift.
    """
    match scenario:
        case Edge.EARLIEST:
            return facts.ends.low
        case Edge.LATEST:
            return facts.ends.high
        case Offset(offset):
            return offset
        case ShiftBy(number):
            if facts.current is None:
                raise RefusedError(f"{partition} has no committed offset that could be shifted. Choose another target.")
            return facts.current + number
        case Moment():
            return facts.ends.high if facts.at is None else facts.at
        case FromFile(commits):
            commit = commits[partition]
            return None if commit is None else commit.offset
