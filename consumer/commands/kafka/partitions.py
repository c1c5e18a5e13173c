"""Partitions as operators name them, `raw-events` or `raw-events:0,1`, and where in a log they point to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from consumer.errors import RefusedError
from consumer.scheduling.task import Partition

_SCOPE = re.compile(r"([a-zA-Z0-9._-]{1,249})(?::([0-9]{1,9}(?:,[0-9]{1,9})*))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Scope:
    """The value of a `--topic`.

    numbers -- the partitions; empty: all of the topic
    """

    topic: str
    numbers: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Scope:
        """Parse `topic` or `topic:0,1`, as in kafka-consumer-groups. Raises ValueError, with what to write instead."""
        found = _SCOPE.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} names no topic. Write topic, or topic:0,1 for some of its partitions")
        numbers = sorted({int(number) for number in (found[2] or "").split(",") if number})
        return cls(found[1], tuple(numbers))


class Edge(Enum):
    """An end of the log."""

    EARLIEST = "earliest"
    LATEST = "latest"  # the last stable offset as the command starts: an open transaction is beyond it


@dataclass(frozen=True, slots=True)
class Offset:
    """The same offset of every partition."""

    offset: int


@dataclass(frozen=True, slots=True)
class Moment:
    """The first record that is not older; milliseconds since the epoch."""

    timestamp_ms: int


Bound = Edge | Offset | Moment


def chosen(scopes: Iterable[Scope], there: Mapping[str, Iterable[int]]) -> list[Partition]:
    """Return the partitions that the scopes name, each once, in order.

    there -- the partitions of each existing topic

    Raises RefusedError where a topic or partition does not exist.
    """
    found = set()
    for scope in scopes:
        if scope.topic not in there:
            raise RefusedError(f"The topic {scope.topic} does not exist, or this user may not DESCRIBE it.")
        numbers = set(there[scope.topic])
        if missing := [number for number in scope.numbers if number not in numbers]:
            have = f"it has {len(numbers)}, counted from 0"
            raise RefusedError(f"The topic {scope.topic} has no partition {', '.join(map(str, missing))}: {have}.")
        found |= {Partition(scope.topic, number) for number in scope.numbers or numbers}
    return sorted(found)
