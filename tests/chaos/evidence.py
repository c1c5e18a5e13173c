"""The verdict's input: the sandbox's log, the topics, and the actions with their times; not the workers' reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

import orjson

from consumer.enrolment.decision import Decision, Enrolled
from consumer.enrolment.enroller import Enroller
from consumer.enrolment.rules import Rules
from consumer.scheduling.offset_map import decode
from tests.chaos.history import Line, serial_of

HARMLESS = (None, "pace", "slow")  # the fault rules whose answers arrive in full


class Place(NamedTuple):
    """The position of an event.

    generation -- how often its topic was recreated before
    event      -- its index in a record that holds several, from 0; below 0: it is the record
    """

    generation: int
    partition: int
    offset: int
    event: int = -1


@dataclass(frozen=True, slots=True)
class Produced:
    """An event whose record the broker has acknowledged.

    batch -- the value of its record, if that holds several
    """

    serial: int
    place: Place
    value: bytes | None
    batch: bytes | None = None

    @classmethod
    def of(cls, line: Line, place: Place) -> list[Produced]:
        """Return the events of a record."""
        if not line.events:
            return [cls(line.serial, place, line.value)]
        return [
            cls(line.serial + index, place._replace(event=index), event, line.value)
            for index, event in enumerate(line.events)
        ]


@dataclass(frozen=True, slots=True)
class Request:
    """A POST that the sandbox received and after which it held the contact.

    number -- in the order in which the contacts were stored
    worker -- which one sent it; each has a list of its own
    at, answered_at -- seconds since the epoch; answered_at is None where no answer went out
    clean -- the whole of a good answer was sent, and no fault came after it
    """

    number: int
    worker: int
    at: float
    answered_at: float | None
    serial: int
    contact: Mapping[str, str]
    clean: bool


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the group for one partition. at -- seconds since the epoch, by the broker's clock."""

    at: float
    generation: int
    partition: int
    offset: int
    metadata: str

    def claimed(self, records: Sequence[Produced]) -> list[Produced]:
        """Those of one partition's records, in the order of their offsets, that it says are settled."""
        beyond = decode(self.metadata)
        reach = max(self.offset, beyond.reach if beyond else 0)
        below = takewhile(lambda record: record.place.offset < reach, records)
        return [
            record
            for record in below
            if record.place.offset < self.offset or (beyond and beyond.says_settled(record.place.offset))
        ]


# What was done. Times in seconds since the epoch.


@dataclass(frozen=True, slots=True)
class Killed:
    """SIGKILL of a worker."""

    worker: int
    at: float


@dataclass(frozen=True, slots=True)
class Frozen:
    """SIGSTOP of a worker, and SIGCONT after its session was over."""

    worker: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class BrokerAway:
    """The broker was killed or stopped, and answered again at `end`."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class OffsetsReset:
    """The group's offsets were set to 0: all that stands in the topic is to be delivered again."""

    at: float


@dataclass(frozen=True, slots=True)
class Destroyed:
    """Kafka deleted records, by retention or with their topic.

    below -- of one generation, by partition: the first offset that was left
    """

    at: float
    generation: int
    below: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Recreated:
    """The topic was created again, a moment after it was deleted."""

    at: float


@dataclass(frozen=True, slots=True)
class Committed:
    """A transaction's commit was asked for at this time: no consumer may have its records before."""

    at: float
    serials: frozenset[int]


Deed = Killed | Frozen | BrokerAway | OffsetsReset | Destroyed | Recreated | Committed


@dataclass(frozen=True)
class Evidence:
    """All that is known about one run.

    produced     -- the events that count: none of an aborted transaction
    refused      -- the serials that the sandbox answered with a 400
    dead_letters -- the places of the events that have one
    aborted      -- the records of aborted transactions
    """

    produced: Sequence[Produced]
    requests: Sequence[Request]
    refused: frozenset[int]
    dead_letters: frozenset[Place]
    commits: Sequence[Commit]
    deeds: Sequence[Deed] = ()
    aborted: Sequence[Produced] = ()

    @cached_property
    def decisions(self) -> dict[int, Decision]:
        """Return the expected outcome of each record."""
        enroller = Enroller(Rules.of())
        return {record.serial: enroller.decide(record.value) for record in self.produced}

    @cached_property
    def by_serial(self) -> dict[int, Produced]:
        """The records."""
        return {record.serial: record for record in self.produced}

    @cached_property
    def batches(self) -> dict[tuple[int, int, int], list[Produced]]:
        """The events of records that hold several, by the record's place."""
        found: dict[tuple[int, int, int], list[Produced]] = {}
        for record in self.produced:
            if record.batch is not None:
                found.setdefault(record.place[:3], []).append(record)
        return found

    @cached_property
    def stored(self) -> dict[int, list[Request]]:
        """By record, the requests that brought it, in the order in which it was stored."""
        found: dict[int, list[Request]] = {}
        for request in sorted(self.requests, key=lambda each: each.number):
            found.setdefault(request.serial, []).append(request)
        return found

    @cached_property
    def streams(self) -> dict[tuple[str, int, int], list[Produced]]:
        """The enrolled records in the order of production: by identity, generation and partition."""
        found: dict[tuple[str, int, int], list[Produced]] = {}
        for record in sorted(self.produced, key=lambda each: each.place):
            decision = self.decisions[record.serial]
            if isinstance(decision, Enrolled):
                for identity in decision.identities:
                    stream = (identity, record.place.generation, record.place.partition)
                    found.setdefault(stream, []).append(record)
        return found


def read_log(path: Path) -> tuple[list[Request], frozenset[int]]:
    """The sandbox's log: the requests that stored something, and the serials of the contacts that it refused."""
    requests, refused = [], set()
    for entry in map(orjson.loads, path.read_bytes().splitlines()):
        if entry["method"] != "POST":
            continue
        serial = serial_of(entry["contact"])
        if entry["status"] == 400:
            refused.add(serial)
        if entry["stored"] is not None:
            requests.append(
                Request(
                    number=entry["number"],
                    worker=int(entry["path"].split("/")[3]),
                    at=entry["received_at"],
                    answered_at=entry["answered_at"],
                    serial=serial,
                    contact=entry["contact"],
                    clean=entry["ending"] == "answered" and entry["status"] == 200 and entry["fault"] in HARMLESS,
                )
            )
    return requests, frozenset(refused)


def claims(evidence: Evidence) -> Iterator[tuple[Produced, Commit]]:
    """Each record that a commit says is settled, with the first commit that says so; anew after a reset."""
    resets = [deed.at for deed in evidence.deeds if isinstance(deed, OffsetsReset)]
    by_partition: dict[tuple[int, int], list[Produced]] = {}
    for record in sorted(evidence.produced, key=lambda each: each.place):
        by_partition.setdefault(record.place[:2], []).append(record)
    for (generation, partition), records in by_partition.items():
        commits = [each for each in evidence.commits if (each.generation, each.partition) == (generation, partition)]
        for start, end in zip([0.0, *resets], [*resets, float("inf")], strict=True):
            unclaimed = records
            for commit in sorted((each for each in commits if start < each.at <= end), key=lambda each: each.at):
                if claimed := commit.claimed(unclaimed):
                    yield from ((record, commit) for record in claimed)
                    gone = {record.serial for record in claimed}
                    unclaimed = [record for record in unclaimed if record.serial not in gone]
