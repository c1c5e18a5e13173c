"""The targets of a reset: the scenarios of `kafka-consumer-groups --reset-offsets`. Pure."""

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
    """Forward by so many offsets; backward for a negative number."""

    number: int


@dataclass(frozen=True, slots=True)
class FromFile:
    """The commits in a file, by partition; None: the group had no committed offset."""

    commits: Mapping[Partition, Commit | None]


Scenario = Bound | ShiftBy | FromFile


@dataclass(frozen=True, slots=True)
class Facts:
    """The offsets of one partition.

    current -- the committed offset; None: there is none
    at      -- the offset that Kafka returns for the time of a `Moment`; None: all records are older
    log_end -- the offset of the next record; beyond `ends` while a transaction is open. None: the end of `ends`
    """

    current: int | None
    ends: Ends
    at: int | None = None
    log_end: int | None = None

    @property
    def last(self) -> int:
        """Return the last offset that can be committed."""
        return self.ends.high if self.log_end is None else max(self.log_end, self.ends.high)


def wanted(scenario: Scenario, partition: Partition, facts: Facts) -> int | None:
    """Return the scenario's offset, even one that the log does not have; None: there is none to commit.

    Raises RefusedError for a shift without a committed offset.
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
                raise RefusedError(f"{partition} has no committed offset to shift. Choose another target.")
            return facts.current + number
        case Moment():
            return facts.ends.high if facts.at is None else facts.at
        case FromFile(commits):
            commit = commits[partition]
            return None if commit is None else commit.offset
